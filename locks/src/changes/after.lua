-- What was published after a position.
-- KEYS: the show's stream. ARGV: the position.
-- Answers false where the position is not known or what followed it is no longer kept, else the publications.
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if #last == 0 then
    if ARGV[1] == '0-0' then return {} end
    return false
end
if last[1][1] == ARGV[1] then return {} end
local began, count = string.match(ARGV[1], '^(%d+)-(%d+)$')
local last_began, last_count = string.match(last[1][1], '^(%d+)-(%d+)$')
local _, first_count = string.match(redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1][1], '^(%d+)-(%d+)$')
if ARGV[1] ~= '0-0' and (began ~= last_began or tonumber(count) > tonumber(last_count)) then return false end
if tonumber(first_count) > tonumber(count) + 1 then return false end
return redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+')
