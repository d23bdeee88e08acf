-- Marks seats as sold, whatever was there.
-- KEYS: the show's seats. ARGV: the mark, for how long the key stays, the seats...
for i = 3, #ARGV do redis.call('HSET', KEYS[1], ARGV[i], ARGV[1]) end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 'OK'
