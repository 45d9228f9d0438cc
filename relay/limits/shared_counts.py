"""The counts of all processes, in Redis: one script looks at every limit of a key and counts the request.

Whatever is refused is not counted, and nothing comes between the look and the count. A window's key outlives
it by a day, for clocks that differ; what Redis has lost is opened again from the ledger.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from accounts.processes.redis_client import redis_client, redis_errors
from relay.limits.counts import Unknown
from relay.limits.plan import Spot
from relay.limits.standing import Standing

logger = logging.getLogger(__name__)

AWAY_SECONDS: Final = 2.0
"""How long it is not asked again then."""
MOST_OWED: Final = 100_000
"""Windows for which it is kept what was used while Redis is away."""
LONGEST_SECONDS: Final = 40 * 86400
DAY_SECONDS: Final = 86400

# KEYS: the windows. ARGV, four for each: limit, what a request adds, seconds to live, opening ("": none).
# Gives what each had before ("" for one that is not opened).
ADMIT: Final = """
local before, goes = {}, true
for at, key in ipairs(KEYS) do
  local used = redis.call('GET', key)
  local base = (at - 1) * 4
  if not used and ARGV[base + 4] ~= '' then
    used = ARGV[base + 4]
    redis.call('SET', key, used, 'EX', ARGV[base + 3])
  end
  before[at] = used or ''
  if not used or tonumber(used) >= tonumber(ARGV[base + 1]) then goes = false end
end
if goes then
  for at, key in ipairs(KEYS) do
    local adds = ARGV[(at - 1) * 4 + 2]
    if adds ~= '0' then redis.call('INCRBY', key, adds) end
  end
end
return before
"""

# KEYS: a mark, and the windows. ARGV: the mark's seconds to live; three for each window: how much, seconds to
# live, 1 if it may be begun here. What is told once more under its mark counts once.
SPEND: Final = """
if not redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1]) then return end
for at = 2, #KEYS do
  local key = KEYS[at]
  local base = (at - 2) * 3 + 1
  if ARGV[base + 3] == '1' or redis.call('EXISTS', key) == 1 then
    redis.call('INCRBY', key, ARGV[base + 1])
    redis.call('EXPIRE', key, ARGV[base + 2])
  end
end
"""


MARK_SECONDS: Final = 600
"""For so long Redis knows what it was told, for an answer may be late where the count was made."""
MOST_UNSURE: Final = 10_000
"""So much that Redis may have been told is kept to be told again."""


class _Unsure(Unknown):
    """It was asked, and no answer came: it may have counted or not."""


class _Debt(NamedTuple):
    """What one window is still to be told, in the order of SPEND's arguments."""

    amount: int
    seconds_to_live: int
    may_begin: int


class RedisCounts:
    """See ``relay.limits.counts.SharedCounts``."""

    def __init__(self, redis_url: str) -> None:
        """Nothing is connected yet."""
        self._client = redis_client(redis_url)
        self._admit: Callable[..., Awaitable[Any]] = self._client.register_script(ADMIT)
        self._spend: Callable[..., Awaitable[Any]] = self._client.register_script(SPEND)
        self._away_until = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._owed: dict[Spot, _Debt] = {}
        self._unsure: dict[str, dict[Spot, _Debt]] = {}
        """By their marks."""
        self._telling = asyncio.Lock()

    @property
    def is_away(self) -> bool:
        """Did Redis not answer lately?"""
        return time.monotonic() < self._away_until

    async def admit(
        self, spots: Sequence[Spot], standings: Sequence[Standing], openings: Sequence[int | None]
    ) -> list[int | None]:
        """What each window had before; raises Unknown when Redis is away."""
        if not spots:
            return []
        if self._owed or self._unsure or self._telling.locked():
            await self._tell_owed()
        arguments: list[int | str] = []
        for standing, opening in zip(standings, openings, strict=True):
            adds = 1 if standing.limit.measure == "requests" else 0
            told = "" if opening is None else opening
            arguments += [standing.limit.amount, adds, _seconds_to_live(standing), told]
        before = await self._asked(self._admit, list(map(_name, spots)), arguments)
        return [int(used) if used else None for used in before]

    def spend(self, spots: Sequence[Spot], standings: Sequence[Standing], amounts: Sequence[int]) -> None:
        """Count so much more in each; where Redis is away it is told when it is back."""
        debts = {
            spot: _Debt(amount, _seconds_to_live(standing), 0 if standing.is_budget else 1)
            for spot, standing, amount in zip(spots, standings, amounts, strict=True)
        }
        task = asyncio.create_task(self._spend_quietly(debts))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Tell what is still to be told, and end."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(Unknown):
            await self._tell_owed()
        await self._client.aclose()

    async def _spend_quietly(self, debts: "dict[Spot, _Debt]") -> None:
        with suppress(Unknown):  # it would be missing for good: it is told when Redis is back
            await self._tell(uuid.uuid4().hex, debts)

    async def _tell(self, mark: str, debts: "dict[Spot, _Debt]") -> None:
        """Tell it under its mark; what was not told, or may not have been, is kept."""
        arguments = [MARK_SECONDS, *(told for debt in debts.values() for told in debt)]
        names = [f"evenkeel:told:{{{next(iter(debts))[0]}}}:{mark}", *map(_name, debts)]
        try:
            await self._asked(self._spend, names, arguments)
        except (_Unsure, asyncio.CancelledError):
            if len(self._unsure) >= MOST_UNSURE:
                del self._unsure[next(iter(self._unsure))]
            self._unsure[mark] = debts
            raise
        except Unknown:
            for spot, debt in debts.items():
                self._owe(spot, debt)
            raise

    def _owe(self, spot: Spot, debt: "_Debt") -> None:
        if spot not in self._owed and len(self._owed) >= MOST_OWED:
            del self._owed[next(iter(self._owed))]
        before = self._owed.get(spot)
        self._owed[spot] = debt if before is None else debt._replace(amount=before.amount + debt.amount)

    async def _tell_owed(self) -> None:
        """Tell what was used while Redis was away; one at a time, so that nothing is told twice."""
        async with self._telling:
            while self._unsure and not self.is_away:
                await self._tell(*self._unsure.popitem())
            while self._owed and not self.is_away:
                spot, debt = self._owed.popitem()
                await self._tell(uuid.uuid4().hex, {spot: debt})

    async def _asked(
        self, script: Callable[..., Awaitable[Any]], names: Sequence[str], arguments: Sequence[int | str]
    ) -> Any:
        if self.is_away:
            raise Unknown
        try:
            return await script(keys=list(names), args=list(arguments))
        except redis_errors() as error:
            self._away_until = time.monotonic() + AWAY_SECONDS
            logger.warning("Redis does not count what keys use: %s", type(error).__name__)
            raise _Unsure from error


def _name(spot: Spot) -> str:
    key, measure, period, start = spot
    return f"evenkeel:used:{{{key}}}:{measure}:{period}:{start:.0f}"


def _seconds_to_live(standing: Standing) -> int:
    """Of a window's key: a day longer than the window."""
    return int(min(standing.window.end - time.time(), LONGEST_SECONDS)) + DAY_SECONDS
