-- Makes the locks of a show say what the database says.
-- KEYS: the show's seats, what the tombstones of its bookings begin with. ARGV: now, when locks end that the database does not know, for how long the key stays, how many
-- seats are held, then for each of those seat, deadline and booking, then for each sold one seat and booking.
local now, orphans_end, stay, holds = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local held, sold, first_sold = {}, {}, 5 + 3 * holds
for i = 5, first_sold - 1, 3 do held[ARGV[i]] = ARGV[i + 2] end
for i = first_sold, #ARGV, 2 do sold[ARGV[i]] = ARGV[i + 1] end

local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
    local seat = all[i]
    local deadline, owner = string.match(all[i + 1], '^(%w+):(.*)$')
    if string.sub(seat, 1, 1) ~= '#' then
        if deadline == 'sold' then
            if sold[seat] ~= owner then redis.call('HDEL', KEYS[1], seat) end
        elseif tonumber(deadline) <= now then
            redis.call('HDEL', KEYS[1], seat)
        elseif held[seat] ~= owner and tonumber(deadline) > orphans_end then
            -- Perhaps a claim on its way to the database.
            redis.call('HSET', KEYS[1], seat, ARGV[2] .. ':' .. owner)
        end
    end
end
for i = 5, first_sold - 1, 3 do
    local wanted, booking = tonumber(ARGV[i + 1]), ARGV[i + 2]
    -- Released after the database was read: it would refuse everybody until its deadline.
    local gone = redis.call('GET', KEYS[2] .. booking)
    if now < wanted and not (gone and now < tonumber(gone)) then
        local value, later = redis.call('HGET', KEYS[1], ARGV[i]), false
        if value then
            local deadline, owner = string.match(value, '^(%w+):(.*)$')
            later = owner == booking and (deadline == 'sold' or tonumber(deadline) >= wanted)
        end
        if not later then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1] .. ':' .. booking) end
    end
end
for i = first_sold, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], 'sold:' .. ARGV[i + 1]) end
redis.call('HSET', KEYS[1], '#filled', '1')
redis.call('PEXPIRE', KEYS[1], stay)
return 'OK'
