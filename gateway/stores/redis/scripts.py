"""The steps of the lease authority on Redis or Valkey, each a script that runs as one."""

from __future__ import annotations

STATE = """
local nonce = redis.call('HGET', KEYS[1], 'nonce')
if not nonce then
  if ARGV[1] == '' then return redis.error_reply('ABSENT') end
  nonce = ARGV[1]
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'nonce', nonce, 'head', '0', 'leases', '{}')
end
redis.call('PEXPIRE', KEYS[1], 86400000)
local head = tonumber(redis.call('HGET', KEYS[1], 'head'))
"""

_LEASES = "local leases = cjson.decode(redis.call('HGET', KEYS[1], 'leases'))\n"

RENEW = (
    STATE
    + _LEASES
    + """
local known = ARGV[3] == nonce
local applied = tonumber(ARGV[4])
local held = leases[ARGV[2]]
local before = held and held[1] or 0
leases[ARGV[2]] = {math.max(before, known and applied or 0), head}
redis.call('HSET', KEYS[1], 'leases', cjson.encode(leases))
for at = 6, #ARGV, 2 do
  local heard = KEYS[1] .. ':heard:' .. ARGV[at]
  redis.call('HSET', heard, ARGV[2], ARGV[at + 1])
  redis.call('PEXPIRE', heard, 60000)
end
if not known or head - applied > tonumber(ARGV[5]) then return {nonce, head} end
local answer = {nonce, head, 'all'}
for number = applied + 1, head do
  local keys = redis.call('HGET', KEYS[1], string.format('%d', number))
  if not keys then return {nonce, head} end
  answer[#answer + 1] = keys
end
return answer
"""
)

PUBLISH = (
    STATE
    + """
head = head + 1
local number = string.format('%d', head)
redis.call('HSET', KEYS[1], 'head', number, number, ARGV[2])
for _, key in ipairs(cjson.decode(string.match(ARGV[2], '%[.*'))) do
  redis.call('DEL', KEYS[1] .. ':' .. nonce .. ':' .. key)
end
redis.call('HDEL', KEYS[1], string.format('%d', head - tonumber(ARGV[3])))
redis.call('PUBLISH', ARGV[4], nonce .. ' ' .. number .. ' ' .. ARGV[2])
return {nonce, head}
"""
)

BEHIND = (
    STATE
    + _LEASES
    + """
if ARGV[2] ~= nonce then return false end
local late = {}
for worker, held in pairs(leases) do
  if held[1] < tonumber(ARGV[3]) then late[#late + 1] = worker end
end
return {late, redis.call('HGETALL', KEYS[1] .. ':heard:' .. ARGV[4])}
"""
)

EXPIRE = (
    STATE
    + _LEASES
    + """
if ARGV[2] ~= nonce then return 0 end
for worker, held in pairs(leases) do
  if held[2] < tonumber(ARGV[3]) then leases[worker] = nil end
end
redis.call('HSET', KEYS[1], 'leases', cjson.encode(leases))
return 1
"""
)

IS_BEGUN = "return redis.call('EXISTS', KEYS[1])"

RECALL = (
    STATE
    + """
local place = KEYS[1] .. ':' .. nonce .. ':' .. ARGV[2]
return {nonce, unpack(redis.call('HMGET', place, 'version', 'packed', 'mark'))}
"""
)

# What was read before a change may not be shared after it: the log tells, and where the log is too
# short the answer is no.
SHARE = (
    STATE
    + """
local since = tonumber(ARGV[3])
if ARGV[2] ~= nonce or head - since > tonumber(ARGV[7]) then return 0 end
for number = since + 1, head do
  local keys = redis.call('HGET', KEYS[1], string.format('%d', number))
  if not keys then return 0 end
  local listed = string.match(keys, '%[.*')
  if not listed then return 0 end
  for _, key in ipairs(cjson.decode(listed)) do
    if key == ARGV[4] then return 0 end
  end
end
local place = KEYS[1] .. ':' .. nonce .. ':' .. ARGV[4]
local shared = redis.call('HGET', place, 'version')
if shared and tonumber(shared) > tonumber(ARGV[5]) then return 0 end
redis.call('HSET', place, 'version', ARGV[5], 'packed', ARGV[6], 'mark', ARGV[9])
redis.call('PEXPIRE', place, ARGV[8])
return 1
"""
)
