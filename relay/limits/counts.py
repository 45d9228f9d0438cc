"""What keys have used in each window: counted in this process's memory, or in Redis for all processes.

What a window had before anybody counted in it is read from the ledger, once. Where the ledger or Redis cannot
be asked, a setting says whether what this process knows is good enough (open), or nothing is known (closed).
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Final, Literal, Protocol

from accounts.keys.limits import Limit
from relay.limits.limit_windows import window_at
from relay.limits.opening import NOTHING_BOOKED, OpenedWindows, Opening
from relay.limits.plan import LimitPlan, Spot, plan_at, spot_of, standings_of, with_request
from relay.limits.standing import Standing

logger = logging.getLogger(__name__)

RETRY_SECONDS: Final = 5.0
"""How long after a failed look into the ledger it is asked again."""
LEDGER_SECONDS: Final = 2.0
"""How long an admission waits for the ledger; one that hangs counts as away."""
TOLD_SECONDS: Final = 60.0
"""How long the start page still speaks of it."""
KEPT_WINDOWS: Final = 2
"""Of each limit: the running one, and one more for a clock that is set back."""


class Unknown(Exception):
    """What was used cannot be known now."""


class SharedCounts(Protocol):
    """The counts of all processes."""

    async def admit(
        self,
        spots: Sequence[Spot],
        standings: Sequence[Standing],
        openings: Sequence[int | None],
        booked: Mapping[str, Sequence[int]] = NOTHING_BOOKED,
    ) -> list[int | None]:
        """What each window had before; the request is counted where none is over.

        None for a window that nobody has opened, and for which there is no opening. Of what is ``booked`` the
        openings have so much, by its mark, in the order of ``spots``. Raises Unknown.
        """
        ...

    def spend(
        self,
        spots: Sequence[Spot],
        standings: Sequence[Standing],
        amounts: Sequence[int],
        mark: str,
        is_late: bool,
    ) -> None:
        """Count so much more in each, soon; returns at once. Under one ``mark`` the most that is told counts,
        whoever tells it; ``is_late``: who should have told it may do so in hours.
        """
        ...

    @property
    def is_away(self) -> bool:
        """Could nobody be asked lately?"""
        ...

    async def stop(self) -> None:
        """Tell what is still to be told, and end."""
        ...


class Counts:
    """The counts of one process. ``is_open``: what it knows by itself is enough where more is not known."""

    def __init__(
        self,
        zone: tzinfo,
        opening: Opening,
        *,
        is_open: bool = True,
        shared: SharedCounts | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._zone = zone
        self._opening = opening
        self._is_open = is_open
        self._shared = shared
        self.now = now
        self._used: dict[Spot, int] = {}
        self._kept: dict[tuple[int, str, str], list[Spot]] = {}
        self._asked_again_at: dict[Spot, float] = {}
        self._ledger_away_until = 0.0
        self._unread_until = 0.0
        self._locks: dict[int, asyncio.Lock] = {}
        self._plans: dict[int, LimitPlan] = {}

    async def admit(self, key: int, limits: Sequence[Limit]) -> tuple[list[Standing], list[Standing]]:
        """Count one more request, unless a limit is reached: how the key stands, and those that are.

        Raises Unknown where it is not known and that is not good enough.
        """
        plan = self._plan(key, limits)
        if self._shared is not None:
            standings = standings_of(plan, [0] * len(plan.spots))
            try:
                return self._take_over(plan, await self._asked_of_all(key, plan.spots, standings))
            except Unknown:
                if not self._is_open:
                    raise
        used = None if self._asked_again_at else self._known(plan)
        if used is None:
            await self._open(key, plan)
            used = [self._used[spot] for spot in plan.spots]
        told, over = with_request(plan, used)
        for at in () if over else plan.of_requests:
            self._used[plan.spots[at]] += 1
        return told, over

    async def stop(self) -> None:
        """Tell what is still to be told."""
        if self._shared is not None:
            await self._shared.stop()

    @property
    def away(self) -> Literal["", "redis", "ledger"]:
        """Who could not be asked lately what was used."""
        if self._shared is not None and self._shared.is_away:
            return "redis"
        now = self.now()
        return "ledger" if now < self._ledger_away_until else ""

    @property
    def is_open(self) -> bool:
        """Is a key let through on what this process knows, where more is not known?"""
        return self._is_open

    def standings(self, key: int, limits: Sequence[Limit]) -> list[Standing]:
        """How the key stands now as far as this process knows; nothing is counted."""
        plan = self._plan(key, limits)
        return standings_of(plan, [self._used.get(spot, 0) for spot in plan.spots])

    def spend(
        self,
        key: int,
        admitted: Sequence[Standing],
        tokens: int,
        units: int,
        since: Sequence[Standing] = (),
        mark: str = "",
        is_late: bool = False,
        known: tuple[int, int] = (0, 0),
    ) -> None:
        """An exchange that was admitted has ended. A rate counts it in the minute of its end.

        ``since``: budgets that did not count its admission. ``mark`` and ``is_late``: see ``SharedCounts``.
        ``known``: so many of its tokens and units were told here before, under its mark.
        """
        told: list[tuple[Spot, Standing, int]] = []
        for at, standing in enumerate((*admitted, *since)):
            limit, window = standing.limit, standing.window
            amount, before = int(at >= len(admitted)), 0
            if limit.measure != "requests":
                amount, before = (tokens, known[0]) if limit.measure == "tokens" else (units, known[1])
            if not amount:
                continue
            if limit.period == "minute" and not window.holds(now := self.now()):
                window = window_at("minute", now, self._zone)
                standing = Standing(limit, window, 0)
            spot = spot_of(key, limit, window)
            if spot in self._used:
                self._used[spot] += amount - before
            elif limit.period == "minute":
                self._keep(spot, amount - before)
            if self._shared is not None:
                told.append((spot, standing, amount))
        if self._shared is not None and told:
            spots, spent, amounts = zip(*told, strict=True)
            self._shared.spend(spots, spent, amounts, mark, is_late)

    def budgets(self, limits: Sequence[Limit], at: float) -> list[Standing]:
        """Those that count what was admitted at ``at`` (epoch seconds), and run still."""
        now = self.now()
        budgets = [Standing(limit, window_at(limit.period, at, self._zone), 0) for limit in limits]
        return [one for one in budgets if one.is_budget and one.window.holds(now)]

    def _plan(self, key: int, limits: Sequence[Limit]) -> LimitPlan:
        """What the limits come to now."""
        now = self.now()
        plan = self._plans.get(key)
        if plan is None or not plan.is_for(limits, now):
            plan = self._plans[key] = plan_at(key, limits, now, self._zone)
        return plan

    def _known(self, plan: LimitPlan) -> list[int] | None:
        """What each window had before; None where that is not known of all."""
        known = self._used
        try:
            return [known[spot] for spot in plan.spots]
        except KeyError:
            return None

    def _take_over(self, plan: LimitPlan, used: Sequence[int]) -> tuple[list[Standing], list[Standing]]:
        """What all processes had in each window before, and the request, where no limit is reached."""
        told, over = with_request(plan, used)
        for spot, standing in zip(plan.spots, told, strict=True):
            if spot in self._used:
                self._used[spot] = standing.used
            else:
                self._keep(spot, standing.used)
        return told, over

    async def _opened(self, key: int, standings: Sequence[Standing]) -> OpenedWindows:
        """What the ledger has for each; raises Unknown when it cannot be read.

        Where what this process knows is good enough, it is left alone for a while then.
        """
        if (
            self._is_open and 0 < self._unread_until - self.now() <= RETRY_SECONDS
        ):  # more: a clock was set back
            raise Unknown
        try:
            async with asyncio.timeout(LEDGER_SECONDS):
                return await self._opening(key, standings)
        except Exception as error:
            self._unread_until = self.now() + RETRY_SECONDS
            self._ledger_away_until = self.now() + TOLD_SECONDS
            logger.warning("The ledger cannot be read: %s", type(error).__name__)
            raise Unknown from error

    async def _asked_of_all(
        self, key: int, spots: Sequence[Spot], standings: Sequence[Standing]
    ) -> list[int]:
        assert self._shared is not None
        openings: list[int | None] = [None if standing.is_budget else 0 for standing in standings]
        used = await self._shared.admit(spots, standings, openings)
        if None in used:
            missing = [standing for standing, number in zip(standings, used, strict=True) if number is None]
            openings, booked = (await self._opened(key, missing)).among(used)
            used = await self._shared.admit(spots, standings, openings, booked)
        return [number or 0 for number in used]

    async def _open(self, key: int, plan: LimitPlan) -> None:
        """Know what each window had before; what is not known by now the ledger is asked for."""
        if not self._missing(plan):
            return
        async with self._locks.setdefault(key, asyncio.Lock()):
            missing = self._missing(plan)
            asked = [standing for _, standing in missing if standing.is_budget]
            opened: list[int] = []
            has_failed = False
            if asked:
                try:
                    opened = (await self._opened(key, asked)).used
                except Unknown:
                    if not self._is_open:
                        raise
                    has_failed = True
                    opened = [0] * len(asked)
            told = iter(opened)
            for spot, standing in missing:
                number = next(told) if standing.is_budget else 0
                self._keep(spot, max(self._used.get(spot, 0), number))
                self._asked_again_at.pop(spot, None)
                if has_failed and standing.is_budget:
                    self._asked_again_at[spot] = self.now() + RETRY_SECONDS

    def _missing(self, plan: LimitPlan) -> list[tuple[Spot, Standing]]:
        now = self.now()
        again = self._asked_again_at
        return [
            (spot, standing)
            for spot, standing in zip(plan.spots, standings_of(plan, [0] * len(plan.spots)), strict=True)
            if spot not in self._used or (spot in again and now >= again[spot])
        ]

    def _keep(self, spot: Spot, number: int) -> None:
        if spot not in self._used:
            kept = self._kept.setdefault(spot[:3], [])
            kept.append(spot)
            if len(kept) > KEPT_WINDOWS:
                gone = kept.pop(0)
                self._used.pop(gone, None)
                self._asked_again_at.pop(gone, None)
        self._used[spot] = number
