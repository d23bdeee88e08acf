-- What was published after a position.
-- KEYS: the show's stream. ARGV: the position.
-- Answers false where the position is no longer kept, or never was in this stream, else the publications. The oldest are
-- dropped first, so what is kept after a position that is kept is all there was.
if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then return false end
return redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+')
