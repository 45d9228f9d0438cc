"""The scripts by which Redis counts what keys use: each is done as one step, and nothing comes between."""

from typing import Final

# KEYS: the windows, then marks. ARGV: how many windows; four for each: limit, what a request adds, seconds to
# live, opening ("": none); the marks' seconds to live; for each mark what each opening has of it. A window
# that is opened here has them already: whoever still tells them counts what is more. Gives what each window
# had before ("" for one that is not opened).
ADMIT: Final = """
local windows, before, opened, goes = tonumber(ARGV[1]), {}, {}, true
for at = 1, windows do
  local key, base = KEYS[at], (at - 1) * 4 + 1
  local used = redis.call('GET', key)
  if not used and ARGV[base + 4] ~= '' then
    used, opened[at] = ARGV[base + 4], true
    redis.call('SET', key, used, 'EX', ARGV[base + 3])
  end
  before[at] = used or ''
  if not used or tonumber(used) >= tonumber(ARGV[base + 1]) then goes = false end
end
local lives = windows * 4 + 2
for of = windows + 1, #KEYS do
  for at = 1, windows do
    local had = ARGV[lives + (of - windows - 1) * windows + at]
    if opened[at] and tonumber(had) > tonumber(redis.call('HGET', KEYS[of], KEYS[at]) or '0') then
      redis.call('HSET', KEYS[of], KEYS[at], had)
      redis.call('EXPIRE', KEYS[of], ARGV[lives])
    end
  end
end
if goes then
  for at = 1, windows do
    local adds = ARGV[(at - 1) * 4 + 3]
    if adds ~= '0' then redis.call('INCRBY', KEYS[at], adds) end
  end
end
return before
"""

# KEYS: a mark, and the windows. ARGV: the mark's seconds to live; three for each window: how much, seconds to
# live, 1 if it may be begun here. The mark keeps the most that was told for each window: the same once more
# counts nothing, more counts the difference. (Lua alone would write great numbers with an exponent.)
SPEND: Final = """
for at = 2, #KEYS do
  local key, base = KEYS[at], (at - 2) * 3 + 1
  local more = tonumber(ARGV[base + 1]) - tonumber(redis.call('HGET', KEYS[1], key) or '0')
  if more > 0 then
    redis.call('HSET', KEYS[1], key, ARGV[base + 1])
    if ARGV[base + 3] == '1' or redis.call('EXISTS', key) == 1 then
      redis.call('INCRBY', key, string.format('%.0f', more))
      redis.call('EXPIRE', key, ARGV[base + 2])
    end
  end
end
if redis.call('TTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
"""
