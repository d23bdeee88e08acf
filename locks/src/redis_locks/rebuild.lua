-- Makes the locks of some seats of a show say what the database says.
-- KEYS: the show's seats, what the tombstones of its bookings begin with. ARGV: now, when locks end that the database does
-- not know, for how long the key stays, whether these are the last seats, then for each seat its id, what the database
-- says (a deadline, `sold`, or nothing) and of which booking.
local now, orphans_end = tonumber(ARGV[1]), tonumber(ARGV[2])
for i = 5, #ARGV, 3 do
    local seat, wanted, booking = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    local value, deadline, owner = redis.call('HGET', KEYS[1], seat), nil, nil
    if value then deadline, owner = string.match(value, '^(%w+):(.*)$') end
    if wanted == 'sold' then
        redis.call('HSET', KEYS[1], seat, 'sold:' .. booking)
    else
        -- What nobody of ours has written goes as well.
        if value and (deadline == 'sold' or (tonumber(deadline or '') or 0) <= now) then
            redis.call('HDEL', KEYS[1], seat)
            deadline, owner = nil, nil
        elseif deadline and owner ~= booking and tonumber(deadline) > orphans_end then
            -- Perhaps a claim on its way to the database.
            redis.call('HSET', KEYS[1], seat, ARGV[2] .. ':' .. owner)
        end
        -- A hold that was released after the database was read would refuse everybody until its deadline.
        local gone = wanted ~= '' and redis.call('GET', KEYS[2] .. booking)
        local stands = wanted ~= '' and now < tonumber(wanted) and not (gone and now < tonumber(gone))
        if stands and not (owner == booking and tonumber(deadline) >= tonumber(wanted)) then
            redis.call('HSET', KEYS[1], seat, wanted .. ':' .. booking)
        end
    end
end
if ARGV[4] == '1' then redis.call('HSET', KEYS[1], '#filled', '1') end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 'OK'
