-- Locks the seats of a show for a booking until a moment: all of them, or none.
-- KEYS: the show's seats, the booking's tombstone. ARGV: now, until, booking, the seats...
-- Answers what came of it, whether the show was filled from the database, and the seats that others have.
local now, wanted, booking = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local filled = redis.call('HEXISTS', KEYS[1], '#filled')
local gone = redis.call('GET', KEYS[2])
if gone and now < tonumber(gone) then return {'released', filled} end

-- What has expired takes no memory for long: once a minute all of the show is looked through.
local sweep = redis.call('HGET', KEYS[1], '#sweep')
if not sweep or now >= tonumber(sweep) then
    local all = redis.call('HGETALL', KEYS[1])
    for i = 1, #all, 2 do
        local deadline = string.match(all[i + 1], '^(%d+):')
        if string.sub(all[i], 1, 1) ~= '#' and deadline and tonumber(deadline) <= now then
            redis.call('HDEL', KEYS[1], all[i])
        end
    end
    redis.call('HSET', KEYS[1], '#sweep', string.format('%.0f', now + 60000))
end

local answer, own = {'taken', filled}, {}
for i = 4, #ARGV do
    local value = redis.call('HGET', KEYS[1], ARGV[i])
    if value then
        local deadline, owner = string.match(value, '^(%w+):(.*)$')
        -- What nobody of ours has written counts as free.
        if deadline == 'sold' or now < (tonumber(deadline or '') or 0) then
            if owner ~= booking then answer[#answer + 1] = ARGV[i] else own[ARGV[i]] = deadline end
        end
    end
end
if #answer > 2 then return answer end

for i = 4, #ARGV do
    local deadline = own[ARGV[i]]
    -- What is sold stays sold, and no deadline gets earlier.
    if deadline ~= 'sold' and not (deadline and tonumber(deadline) >= wanted) then
        redis.call('HSET', KEYS[1], ARGV[i], ARGV[2] .. ':' .. booking)
    end
end
-- The key may end by itself a minute after its last lock.
local stay = wanted - now + 60000
if redis.call('PTTL', KEYS[1]) < stay then redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(stay, 60000))) end
return {'locked', filled}
