-- Takes a claim back where it is still as it was made.
-- KEYS: the show's seats. ARGV: the claim as it is stored, the seats...
for i = 2, #ARGV do
    if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[1] then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
return 'OK'
