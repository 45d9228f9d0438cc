"""The counts of all processes, in Redis: one script looks at every limit of a key and counts the request.

Whatever is refused is not counted, and nothing comes between the look and the count. A window's key outlives
it by a day, for clocks that differ; what Redis has lost is opened again from the ledger.
"""

import asyncio
import logging
import time
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Final, NamedTuple

from accounts.processes.redis_client import (
    PATIENT_SECONDS,
    Patience,
    redis_client,
    redis_errors,
    was_never_reached,
    what_redis_said,
)
from accounts.processes.redis_url import redis_address
from relay.limits.counting_scripts import ADMIT, SPEND
from relay.limits.counts import Unknown
from relay.limits.opening import NOTHING_BOOKED
from relay.limits.plan import Spot
from relay.limits.standing import Standing

logger = logging.getLogger(__name__)

AWAY_SECONDS: Final = 2.0
"""How long it is not asked again then."""
MOST_OWED: Final = 100_000
"""Windows for which it is kept what was used while Redis is away."""
LONGEST_SECONDS: Final = 40 * 86400
DAY_SECONDS: Final = 86400

MARK_SECONDS: Final = 600
"""For so long Redis knows what it was told, for an answer may be late where the count was made."""
MOST_UNSURE: Final = 10_000
"""So much that Redis may have been told is kept to be told again."""
TOLD_AT_ONCE: Final = 16
"""Of what is owed, on as many connections: half of what there are."""
TELLING_SECONDS: Final = 1.0
"""So long a request waits for what is owed to be told."""
RETELLING_SECONDS: Final = 5.0
"""How often what is owed is told where nobody asks: whoever tells the same must still find its mark."""


class _Unsure(Unknown):
    """It was asked, and no answer came: it may have counted or not."""


class _Debt(NamedTuple):
    """What one window is still to be told, in the order of SPEND's arguments."""

    amount: int
    seconds_to_live: int
    may_begin: int


class _Told(NamedTuple):
    """What is told under one mark, and how long that is to live. Is it told by others too?"""

    mark_seconds: int
    debts: dict[Spot, _Debt]
    is_told_by_others: bool = False


class RedisCounts:
    """See ``relay.limits.counts.SharedCounts``."""

    def __init__(self, redis_url: str) -> None:
        """Nothing is connected yet."""
        self._client = redis_client(redis_url, PATIENT_SECONDS)
        self._patience = Patience()
        self._admit: Callable[..., Awaitable[Any]] = self._client.register_script(ADMIT)
        self._spend: Callable[..., Awaitable[Any]] = self._client.register_script(SPEND)
        self._away_until = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._owed: dict[Spot, _Debt] = {}
        self._unsure: OrderedDict[str, _Told] = OrderedDict()
        """By their marks, the oldest first: theirs expire first."""
        self._telling = asyncio.Lock()
        self._teller: asyncio.Task[None] | None = None
        self._reteller: asyncio.Task[None] | None = None
        self._asks_once = redis_address(redis_url).kind != "cluster" and "retry_on_" not in redis_url
        """A cluster's client asks again by itself, as others do that the URL tells to: the last error says
        nothing of the first.
        """

    @property
    def is_away(self) -> bool:
        """Did Redis not answer lately?"""
        return time.monotonic() < self._away_until

    async def admit(
        self,
        spots: Sequence[Spot],
        standings: Sequence[Standing],
        openings: Sequence[int | None],
        booked: Mapping[str, Sequence[int]] = NOTHING_BOOKED,
    ) -> list[int | None]:
        """What each window had before; raises Unknown when Redis is away."""
        if not spots:
            return []
        if self._owed or self._unsure or self._telling.locked():
            await self._wait_for_the_telling()
        arguments: list[int | str] = [len(spots)]
        for standing, opening in zip(standings, openings, strict=True):
            adds = 1 if standing.limit.measure == "requests" else 0
            told = "" if opening is None else opening
            arguments += [standing.limit.amount, adds, _seconds_to_live(standing), told]
        names = list(map(_name, spots))
        if booked:
            names += [_mark_name(spots[0], mark) for mark in booked]
            arguments += [DAY_SECONDS, *(amount for amounts in booked.values() for amount in amounts)]
        before = await self._asked(self._admit, names, arguments)
        return [int(used) if used else None for used in before]

    def spend(
        self,
        spots: Sequence[Spot],
        standings: Sequence[Standing],
        amounts: Sequence[int],
        mark: str = "",
        is_late: bool = False,
    ) -> None:
        """Count so much more in each; where Redis is away it is told when it is back."""
        debts = {
            spot: _Debt(amount, _seconds_to_live(standing), 0 if standing.is_budget else 1)
            for spot, standing, amount in zip(spots, standings, amounts, strict=True)
        }
        told = _Told(DAY_SECONDS if is_late else MARK_SECONDS, debts, is_told_by_others=bool(mark))
        self._started(self._spend_quietly(mark or uuid.uuid4().hex, told))

    async def stop(self) -> None:
        """Tell what is still to be told, and end."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._reteller is not None:
            async with self._telling:  # not amid telling, which would lose what it has taken in hand
                self._reteller.cancel()
            await asyncio.gather(self._reteller, return_exceptions=True)
        with suppress(Unknown):
            await self._tell_owed()
        await self._client.aclose()

    async def _spend_quietly(self, mark: str, told: _Told) -> None:
        with suppress(Unknown):  # it would be missing for good: it is told when Redis is back
            await self._tell(mark, told)
        if (self._owed or self._unsure) and (self._reteller is None or self._reteller.done()):
            self._reteller = asyncio.create_task(self._retell())

    async def _retell(self) -> None:
        while self._owed or self._unsure:
            await asyncio.sleep(RETELLING_SECONDS)
            await self._tell_quietly()

    async def _tell(self, mark: str, told: _Told, *, again: bool = False) -> None:
        """Tell it under its mark; what was not told, or may not have been, is kept.

        ``again``: Redis may have counted it before, under the same mark.
        """
        debts = told.debts
        arguments = [told.mark_seconds, *(number for debt in debts.values() for number in debt)]
        names = [_mark_name(next(iter(debts)), mark), *map(_name, debts)]
        try:
            await self._asked(self._spend, names, arguments)
        except (_Unsure, asyncio.CancelledError):
            self._doubt(mark, told, again=again)
            raise
        except Unknown:
            if again or told.is_told_by_others:  # who takes it for dead, or opens the window from the ledger
                self._doubt(mark, told, again=again)
            else:
                self._owe(debts)
            raise

    def _doubt(self, mark: str, told: _Told, *, again: bool) -> None:
        """Keep it under its mark. Of too many the oldest is owed: rather told twice than never.

        What was to be told anew meanwhile is the more. Others may tell the same as late.
        """
        if not again or mark not in self._unsure:
            self._unsure[mark] = told._replace(mark_seconds=DAY_SECONDS) if told.is_told_by_others else told
        self._unsure.move_to_end(mark, last=not again)
        if len(self._unsure) > MOST_UNSURE:
            self._owe(self._unsure.popitem(last=False)[1].debts)

    def _owe(self, debts: "dict[Spot, _Debt]") -> None:
        for spot, debt in debts.items():
            if spot not in self._owed and len(self._owed) >= MOST_OWED:
                lost = next(iter(self._owed))
                logger.error(
                    "Redis is away for too long: %d of %r are not counted", self._owed[lost][0], lost
                )
                del self._owed[lost]
            before = self._owed.get(spot)
            self._owed[spot] = debt if before is None else debt._replace(amount=before.amount + debt.amount)

    async def _wait_for_the_telling(self) -> None:
        """What is owed goes first; but nobody waits for all of a long outage."""
        if self._teller is None or self._teller.done():
            self._teller = self._started(self._tell_quietly())
        await asyncio.wait({self._teller}, timeout=TELLING_SECONDS)

    async def _tell_quietly(self) -> None:
        with suppress(Unknown):  # who asks next is told so
            await self._tell_owed()

    async def _tell_owed(self) -> None:
        """Tell what was used while Redis was away, the oldest first; one lot at a time, so that nothing is
        told twice. Raises Unknown.
        """
        async with self._telling:
            while self._unsure and not self.is_away:
                count = min(len(self._unsure), TOLD_AT_ONCE)
                doubted = [self._unsure.popitem(last=False) for _ in range(count)]
                await _all(self._tell(mark, told, again=True) for mark, told in reversed(doubted))
            while self._owed and not self.is_away:
                spots = list(islice(self._owed, TOLD_AT_ONCE))
                lot = [{spot: self._owed.pop(spot)} for spot in spots]
                await _all(self._tell(uuid.uuid4().hex, _Told(MARK_SECONDS, debts)) for debts in lot)

    def _started(self, doing: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _asked(
        self, script: Callable[..., Awaitable[Any]], names: Sequence[str], arguments: Sequence[int | str]
    ) -> Any:
        if self.is_away:
            raise Unknown
        try:
            async with self._patience.asking():
                return await script(keys=list(names), args=list(arguments))
        except redis_errors() as error:
            if not self.is_away:  # of many that were asking one says so
                logger.warning("Redis does not count what keys use: %s", what_redis_said(error))
            self._away_until = time.monotonic() + AWAY_SECONDS
            raise (Unknown if self._asks_once and was_never_reached(error) else _Unsure) from error


async def _all(doings: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Each of them is done, whatever comes of the others; then the first's error is raised."""
    for error in await asyncio.gather(*doings, return_exceptions=True):
        if error is not None:
            raise error


def _mark_name(spot: Spot, mark: str) -> str:
    return f"evenkeel:counted:{{{spot[0]}}}:{mark}"


def _name(spot: Spot) -> str:
    key, measure, period, start = spot
    return f"evenkeel:used:{{{key}}}:{measure}:{period}:{start:.0f}"


def _seconds_to_live(standing: Standing) -> int:
    """Of a window's key: a day longer than the window."""
    return int(min(standing.window.end - time.time(), LONGEST_SECONDS)) + DAY_SECONDS
