"""The Lua scripts that Redis runs atomically, and the names of keys.

A build is merged in Python and written only if no other process was faster: each build has a revision, which `PUT`
compares. All keys share one hash tag, because on a cluster a script may only use keys of one hash slot
(https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/, "Hash tags").
"""

from __future__ import annotations

from hashlib import sha1

from ci_mcp_kit.redis_client import PREFIX

FACTS = PREFIX + "facts"  # hash: the feed's name and end, the times of FeedHealth
FEED = PREFIX + "feed"  # stream of changes; the id of entry n is "n-0"
OPEN = PREFIX + "open"  # sorted set: builds that are not settled, by creation
AGE = PREFIX + "age"  # sorted set: all builds, by creation
SLUGS = PREFIX + "slugs"  # set: repositories that have builds
REPOS = PREFIX + "repos"  # hash: the newest state of repositories


# KEYS: the facts.
PROBE = "redis.call('HSET', KEYS[1], 'probe', '')"


def build_key(slug: str, number: int) -> str:
    """Return the key of a build (a hash)."""
    return f"{build_prefix(slug)}{number}"


def build_prefix(slug: str) -> str:
    """Return the prefix of the keys of a repository's builds."""
    return f"{PREFIX}build:{slug}#"


def repo_key(slug: str) -> str:
    """Return the key of the numbers of a repository's builds (a sorted set)."""
    return f"{PREFIX}repo:{slug}"


def ref_key(slug: str, ref: str) -> str:
    """Return the key of the numbers of a ref's builds (a sorted set)."""
    return f"{PREFIX}ref:{slug} {ref}"


_NOTE_EVENT = """
local function note_event(facts, at)
  local last = redis.call('HGET', facts, 'last_event')
  if at ~= '' and (not last or tonumber(last) < tonumber(at)) then redis.call('HSET', facts, 'last_event', at) end
end
"""

# Writes many builds, each only if no other process was faster.
# KEYS: facts, feed, open, age, slugs; then of each write the build and, where its place in the indexes changes, the
#       repository's numbers, the ref's numbers and the former ref's
# ARGV: one JSON text of strings (few arguments, since packing each one costs the writer more than the rest); then the
#       body of each write
#       the text: time of the last event, name for a nameless feed, length of the feed, writes
#       a write: revision, next revision, source, seen_at, slug, number, change; and, where its place in the indexes
#       changes, ref, created, settled
# Returns the feed's name, then for each write the place of the build's last change, or nothing if another was faster.
PUT = (
    _NOTE_EVENT
    + """
local facts, feed, open, age, slugs = unpack(KEYS)
local at, name, length, writes = unpack(cjson.decode(ARGV[1]))
local taken = 5
local function next_key()
  taken = taken + 1
  return KEYS[taken]
end
local function index(slug, number, ref, created, settled, of_repo, of_ref, of_former_ref)
  if of_former_ref ~= of_ref then redis.call('ZREM', of_former_ref, number) end
  redis.call('ZADD', of_repo, number, number)
  redis.call('ZADD', of_ref, number, number)
  redis.call('ZADD', age, created, slug .. '#' .. number)
  redis.call('SADD', slugs, slug)
  if settled == '1' then redis.call('ZREM', open, slug .. '#' .. number)
  else redis.call('ZADD', open, created, slug .. '#' .. number) end
end
local function put(build, body, revision, next_revision, source, seen_at, slug, number, change, ref, created, settled)
  local of_repo, of_ref, of_former_ref
  if ref then of_repo, of_ref, of_former_ref = next_key(), next_key(), next_key() end
  local known = redis.call('HMGET', build, 'revision', 'place')
  if (known[1] or '') ~= revision then return false end
  local place = known[2] or '0'
  if change ~= '' then
    place = string.format('%.0f', redis.call('HINCRBY', facts, 'place', 1))
    redis.call('XADD', feed, 'MAXLEN', '~', length, place .. '-0', 'slug', slug, 'number', number, 'change', change)
  end
  redis.call('HSET', build, 'revision', next_revision, 'body', body, 'source', source, 'seen_at', seen_at,
             'place', place)
  if ref then
    redis.call('HSET', build, 'ref', ref)
    index(slug, number, ref, created, settled, of_repo, of_ref, of_former_ref)
  end
  return place
end
redis.call('HSETNX', facts, 'feed', name)
note_event(facts, at)
local answer = {redis.call('HGET', facts, 'feed')}
for i, write in ipairs(writes) do answer[i + 1] = put(next_key(), ARGV[i + 1], unpack(write)) end
return answer
"""
)

# Sent with every delivery in place of the script, which has 2 KB.
PUT_SHA = sha1(PUT.encode(), usedforsecurity=False).hexdigest()

# KEYS: build, open, age, slugs, the repository's numbers, the ref's numbers; ARGV: slug, number
DROP = """
local build, open, age, slugs, of_repo, of_ref = unpack(KEYS)
local slug, number = unpack(ARGV)
redis.call('ZREM', open, slug .. '#' .. number)
redis.call('ZREM', age, slug .. '#' .. number)
redis.call('ZREM', of_repo, number)
redis.call('ZREM', of_ref, number)
if redis.call('EXISTS', of_repo) == 0 then redis.call('SREM', slugs, slug) end
return redis.call('DEL', build)
"""

# KEYS: repos, facts; ARGV: slug, id, version, active, time of the event
PUT_REPO = (
    _NOTE_EVENT
    + """
note_event(KEYS[2], ARGV[5])
local known = redis.call('HGET', KEYS[1], ARGV[1])
local id, version = 0, -1
if known then id, version = string.match(known, '(%d+) (%d+)') end
id, version = tonumber(id), tonumber(version)
if id < tonumber(ARGV[2]) or (id == tonumber(ARGV[2]) and version < tonumber(ARGV[3])) then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4])
end
"""
)

# KEYS: numbers of a repository or a ref, facts; ARGV: the prefix of the keys of builds, fields
# Returns the feed's name and the fields of the build with the highest number; nothing if there is none.
LATEST = """
local number = redis.call('ZREVRANGE', KEYS[1], 0, 0)[1]
if not number then return false end
local row = redis.call('HMGET', ARGV[1] .. number, unpack(ARGV, 2))
table.insert(row, 1, redis.call('HGET', KEYS[2], 'feed') or '')
return row
"""

# KEYS: facts; ARGV: time of the event
EVENT = _NOTE_EVENT + "note_event(KEYS[1], ARGV[1])"
