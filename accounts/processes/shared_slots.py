"""In-flight limits over all processes: each account's running requests counted in Redis, to the unit.

For every account with a limit a hash says how many requests each process runs on it. One script takes a slot,
gives one back and renews what is held: the process tells its own number, and the script refuses a number that
would pass the limit. So a call that is repeated or lost puts nothing wrong for longer than ``RENEW_SECONDS``.
A process that died renews nothing: its numbers run out.

While Redis is away nobody can count: each process then keeps to its share of the limits (``is_exact``).
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from redis import asyncio as redis_asyncio

from accounts.processes.bus import Bus
from accounts.processes.redis_client import PATIENT_SECONDS, redis_client, redis_errors, what_redis_said

logger = logging.getLogger(__name__)

T = TypeVar("T")

SLOTS: Final = "slots"
"""The accounts' slots, and the topic on which it is told that one came free."""

RENEW_SECONDS: Final = 3.0
LIVES_SECONDS: Final = 15
"""After this long without a word of its process a slot counts as free."""

SETTLE_SECONDS: Final = 4.0
"""After Redis came back each process says first what it runs; only then is anything taken by its count."""

# KEYS: the account's counts. ARGV: the process, its new number, the limit (0: any), the account, seconds,
# and the topic.
# Gives {1 if so, how many the process had}. A field that begins with "!" is a process that was refused.
SCRIPT: Final = """
local now = tonumber(redis.call('TIME')[1])
local wanted, limit = tonumber(ARGV[2]), tonumber(ARGV[3])
local had, others, waiting = 0, 0, false
local fields = redis.call('HGETALL', KEYS[1])
for at = 1, #fields, 2 do
  local name = fields[at]
  local count, ends_at = string.match(fields[at + 1], '^(%d+) (%d+)$')
  if tonumber(ends_at) < now then
    redis.call('HDEL', KEYS[1], name)
  elseif string.sub(name, 1, 1) == '!' then
    waiting = waiting or name ~= '!' .. ARGV[1]
  elseif name == ARGV[1] then
    had = tonumber(count)
  else
    others = others + tonumber(count)
  end
end
local ends_at = string.format(' %d', now + tonumber(ARGV[5]))
if limit > 0 and wanted > had and others + wanted > limit then
  redis.call('HSET', KEYS[1], '!' .. ARGV[1], '0' .. ends_at)
  return {0, had}
end
if wanted > 0 then
  redis.call('HSET', KEYS[1], ARGV[1], wanted .. ends_at)
else
  redis.call('HDEL', KEYS[1], ARGV[1])
end
redis.call('EXPIRE', KEYS[1], 2 * tonumber(ARGV[5]))
if waiting and wanted < had then
  for at = 1, #fields, 2 do
    if string.sub(fields[at], 1, 1) == '!' then redis.call('HDEL', KEYS[1], fields[at]) end
  end
  redis.call('PUBLISH', 'evenkeel.' .. ARGV[6], ARGV[1] .. '\\n' .. ARGV[4])
end
return {1, had}
"""


class RedisSlots:
    """The slots that this process holds, and its word with Redis about them."""

    def __init__(self, process_id: str, redis_url: str, bus: Bus, name: str = SLOTS) -> None:
        """Nothing is connected yet; until ``start`` has reached Redis it counts as away.

        ``name`` keeps slots of another sort than the accounts' apart.
        """
        self._name = name
        self._process_id = process_id
        self._redis_url = redis_url
        self._held: dict[int, int] = {}
        self._told: dict[int, int] = {}
        """What Redis was last told of each account, and should still know."""
        self._locks: dict[int, asyncio.Lock] = {}
        self._to_tell: set[int] = set()
        self._given: set[int] = set()
        """Of these, where a slot came free."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._client: redis_asyncio.Redis | None = None
        self._script: Callable[..., Awaitable[Any]] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._exact_from: float | None = None
        self._on_freed: Callable[[int], None] = lambda account_id: None
        self._on_change: Callable[[], None] = lambda: None
        bus.subscribe(name, lambda payload: self._on_freed(int(payload)))

    @property
    def is_exact(self) -> bool:
        """Whether Redis counts now; else each process keeps to its share."""
        return self._exact_from is not None and asyncio.get_running_loop().time() >= self._exact_from

    def when_freed(self, callback: Callable[[int], None]) -> None:
        """``callback`` is called with an account's id when a slot on it came free, here or elsewhere."""
        self._on_freed = callback

    def when_changed(self, callback: Callable[[], None]) -> None:
        """``callback`` is called when ``is_exact`` changed."""
        self._on_change = callback

    async def start(self) -> None:
        """Begins to count; Redis need not be there yet."""
        self._client = redis_client(self._redis_url, PATIENT_SECONDS)
        self._script = self._client.register_script(SCRIPT)
        if await self._renew():
            self._exact_from = 0.0
        else:
            self._say_away()
        self._keeping = asyncio.create_task(self._keep(), name="slots-renew")

    async def stop(self) -> None:
        """Gives every slot back and ends."""
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            keeping.cancel()
            await asyncio.gather(keeping, *self._tasks, return_exceptions=True)
        for account_id in self._held:
            self._held[account_id] = 0
        if self._exact_from is not None:
            await self._renew()
        self._exact_from = None
        if self._client is not None:
            with contextlib.suppress(Exception):
                await self._client.aclose()

    async def take(self, account_id: int, limit: int) -> bool:
        """One more slot of ``limit``; False when there is none, or when Redis went away over the question.

        While Redis is away every slot is granted: the caller keeps to its share.
        """
        if not self.is_exact:
            self._held[account_id] = self._held.get(account_id, 0) + 1
            if self._exact_from is not None:  # others will soon go by the count
                self._tell_later(account_id)
            return True
        asked = self._spawn(self._take(account_id, limit))
        try:
            return await asyncio.shield(asked)
        except asyncio.CancelledError:  # its client has gone; Redis may have counted it all the same
            asked.add_done_callback(lambda asked: self.give(account_id) if asked.result() else None)
            raise

    async def _take(self, account_id: int, limit: int) -> bool:
        async with self._lock(account_id):
            answer = await self._tell(account_id, self._held.get(account_id, 0) + 1, limit)
            if answer is None or not answer[0]:
                return False
            self._held[account_id] = self._held.get(account_id, 0) + 1  # others gave theirs back meanwhile
            return True

    def give(self, account_id: int) -> None:
        """A slot is free again; returns at once."""
        self._held[account_id] = max(self._held.get(account_id, 0) - 1, 0)
        if self._exact_from is None:
            self._on_freed(account_id)
        else:
            self._given.add(account_id)
            self._tell_later(account_id)

    def _tell_later(self, account_id: int) -> None:
        if account_id not in self._to_tell:
            self._to_tell.add(account_id)
            self._spawn(self._tell_soon(account_id))

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _tell_soon(self, account_id: int) -> None:
        async with self._lock(account_id):
            self._to_tell.discard(account_id)
            came_free = account_id in self._given
            self._given.discard(account_id)
            await self._tell(account_id, self._held.get(account_id, 0), 0)
        if came_free:
            self._on_freed(account_id)

    def _lock(self, account_id: int) -> asyncio.Lock:
        return self._locks.setdefault(account_id, asyncio.Lock())

    async def _tell(self, account_id: int, count: int, limit: int) -> tuple[int, int] | None:
        """Tells the process's number of slots: whether it is granted, and what Redis knew before."""
        assert self._script is not None
        try:
            granted, had = await self._script(
                keys=[f"evenkeel:{self._name}:{{{account_id}}}"],
                args=[self._process_id, count, limit, account_id, LIVES_SECONDS, self._name],
            )
        except redis_errors() as error:
            if self._exact_from is not None:
                self._exact_from = None
                self._say_away(what_redis_said(error))
                self._on_change()
            return None
        if granted:
            self._told[account_id] = count
        return int(granted), int(had)

    async def _renew(self) -> bool:
        """Says again what is held; False when Redis is away or had lost it."""
        kept = True
        for account_id in list(self._held) or [0]:
            async with self._lock(account_id):
                held, told = self._held.get(account_id, 0), self._told.get(account_id, 0)
                answer = await self._tell(account_id, held, 0)
                if answer is None:
                    return False
                kept = kept and answer[1] >= told
                if not held:
                    self._held.pop(account_id, None)
                    self._told.pop(account_id, None)
        return kept

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        was_exact = self.is_exact
        while True:
            waits = RENEW_SECONDS if self._exact_from is not None else RENEW_SECONDS / 3
            await asyncio.sleep(waits)
            is_here = await self._renew()
            if self._exact_from is None:
                if is_here or await self._renew():  # the first time Redis may have known less
                    self._exact_from = loop.time() + SETTLE_SECONDS
            elif not is_here:
                self._exact_from = loop.time() + SETTLE_SECONDS
            if self.is_exact != was_exact:
                was_exact = self.is_exact
                if was_exact:
                    logger.info("Redis is back: in-flight limits are counted over all processes again")
                self._on_change()

    def _say_away(self, why: str = "") -> None:
        logger.warning(
            "Redis is away%s: until it is back each process keeps to its share of the in-flight limits",
            f" ({why})" if why else "",
        )
