-- Publishes changes of a show's seats.
-- KEYS: the show's stream. ARGV: the seats, how many publications are kept, for how long the key stays.
-- Positions are `<when the stream began>-<microseconds since then>`, so no two publications ever get the same: neither in
-- a stream that was lost and begun anew, nor in one that was set back to an older copy.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local newest = last and last[1]
if not newest then
    newest = string.format('%.0f', math.floor(now / 1000)) .. '-0'
    redis.call('XADD', KEYS[1], newest, 'begins', '')
end
local began, count = string.match(newest, '^(%d+)-(%d+)$')
local id = began .. '-' .. string.format('%.0f', math.max(tonumber(count) + 1, now - tonumber(began) * 1000))
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], id, 'seats', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return id
