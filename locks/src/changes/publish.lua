-- Publishes changes of a show's seats.
-- KEYS: the show's stream. ARGV: the seats, how many publications are kept, for how long the key stays.
-- Positions are `<when the stream began>-<count>`: a stream that was lost begins anew with another first part.
local last, id = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1), nil
if #last == 0 then
    local now = redis.call('TIME')
    id = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000)) .. '-1'
else
    local began, count = string.match(last[1][1], '^(%d+)-(%d+)$')
    id = began .. '-' .. string.format('%.0f', tonumber(count) + 1)
end
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], id, 'seats', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return id
