-- The newest position of a show's stream. One in which nothing was published begins here: it could not be told later
-- whether it was lost if it were not kept.
-- KEYS: the show's stream. ARGV: for how long the key stays.
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if last then return last[1] end
local time = redis.call('TIME')
local id = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)) .. '-0'
redis.call('XADD', KEYS[1], id, 'begins', '')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return id
