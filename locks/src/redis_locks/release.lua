-- Frees what a booking has of some seats, and refuses its late locks for a while.
-- KEYS: the show's seats, the booking's tombstone. ARGV: booking, until when it is refused, for how long, the seats...
local booking = ARGV[1]
for i = 4, #ARGV do
    local value = redis.call('HGET', KEYS[1], ARGV[i])
    if value and string.match(value, ':(.*)$') == booking then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 'OK'
