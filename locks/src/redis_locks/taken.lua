-- Whether a show has a seat that is not free.
-- KEYS: the show's seats. ARGV: now.
if redis.call('EXISTS', KEYS[1]) == 0 then return 'unknown' end
local now, cursor = tonumber(ARGV[1]), '0'
repeat
    local page = redis.call('HSCAN', KEYS[1], cursor, 'COUNT', 500)
    for i = 1, #page[2], 2 do
        local deadline = string.match(page[2][i + 1], '^(%w+):')
        local is_seat = string.sub(page[2][i], 1, 1) ~= '#'
        if is_seat and (deadline == 'sold' or (tonumber(deadline or '') or 0) > now) then return 'taken' end
    end
    cursor = page[1]
until cursor == '0'
return 'free'
