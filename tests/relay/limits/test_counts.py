"""What keys have used, counted in one process."""

import asyncio
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest

from accounts.keys.limits import Limit
from relay.limits import counts
from relay.limits.counts import RETRY_SECONDS, Counts, Unknown
from relay.limits.opening import OpenedWindows
from relay.limits.standing import Standing

RATE = Limit("requests", "minute", 2)
TOKENS = Limit("tokens", "day", 100)
DOLLARS = Limit("usd", "month", 1000)
NOON = 1_800_014_400.0  # 2027-01-15T12:00 UTC


class Ledger:
    """What was used before; it can be out of order."""

    def __init__(self, used: int = 0) -> None:
        self.used = used
        self.works = True
        self.hangs = False
        self.asked = 0

    async def __call__(self, key: int, standings: Sequence[Standing]) -> OpenedWindows:
        self.asked += 1
        await (asyncio.Event().wait() if self.hangs else asyncio.sleep(0))
        if not self.works:
            raise OSError("the store is away")
        return OpenedWindows([self.used for _ in standings])


class World:
    """Counts with a clock that is set by hand."""

    def __init__(self, ledger: Ledger | None = None, *, is_open: bool = True) -> None:
        self.now = NOON
        self.ledger = ledger or Ledger()
        self.counts = Counts(ZoneInfo("UTC"), self.ledger, is_open=is_open, now=lambda: self.now)

    async def ask(self, *limits: Limit) -> list[Standing] | None:
        """One more request: how the key stands, or None where it is over."""
        standings, over = await self.counts.admit(1, limits)
        return None if over else standings


async def test_a_rate_begins_anew_with_the_minute() -> None:
    """Two of this minute, and again two of the next; nothing of it is looked up in the ledger."""
    world = World()
    assert [bool(await world.ask(RATE)) for _ in range(4)] == [True, True, False, False]
    world.now += 60
    assert [bool(await world.ask(RATE)) for _ in range(3)] == [True, True, False]
    assert world.ledger.asked == 0


async def test_a_refused_request_is_not_counted() -> None:
    """What one limit refuses takes nothing of another one."""
    world = World(Ledger(100))
    assert await world.ask(RATE, TOKENS) is None
    assert await world.ask(RATE) is not None
    assert await world.ask(RATE) is not None
    assert await world.ask(RATE) is None


async def test_what_is_spent_counts_in_the_day_of_the_admission() -> None:
    """Also when the answer ends behind midnight; a rate counts it in the minute of its end."""
    world = World()
    per_minute = Limit("tokens", "minute", 50)
    admitted = await world.ask(TOKENS, per_minute)
    assert admitted is not None
    world.now = NOON + 12 * 3600 + 5
    world.counts.spend(1, admitted, 100, 0)
    assert [one.used for one in world.counts.standings(1, (TOKENS, per_minute))] == [0, 100]
    assert await world.ask(per_minute) is None
    assert await world.ask(TOKENS) is not None
    world.now = NOON + 60
    assert await world.ask(TOKENS) is None


async def test_a_clock_that_is_set_back_finds_its_window_again() -> None:
    """What was used of it before is still used."""
    world = World()
    admitted = await world.ask(TOKENS, DOLLARS)
    assert admitted is not None
    world.counts.spend(1, admitted, 100, 10)
    assert await world.ask(TOKENS) is None
    world.now += 86400
    assert await world.ask(TOKENS) is not None
    world.now -= 86400
    assert await world.ask(TOKENS) is None


async def test_a_process_begins_with_what_the_ledger_says() -> None:
    """Once for each window, however many ask at the same time; below the budget nobody is refused."""
    world = World(Ledger(99))
    answers = await asyncio.gather(*(world.ask(TOKENS) for _ in range(20)))
    assert all(answer is not None for answer in answers)
    assert world.ledger.asked == 1
    admitted = answers[0]
    assert admitted is not None
    world.counts.spend(1, admitted, 1, 0)
    assert await world.ask(TOKENS) is None


async def test_without_the_ledger_open_lets_in_and_closed_does_not() -> None:
    """Open counts what it knows, and asks again a moment later; rates need no ledger."""
    ledger = Ledger(100)
    ledger.works = False
    world = World(ledger)
    assert await world.ask(TOKENS) is not None
    assert await world.ask(TOKENS) is not None
    assert ledger.asked == 1
    assert world.counts.away == "ledger"
    ledger.works = True
    world.now += RETRY_SECONDS
    assert await world.ask(TOKENS) is None
    ledger.works = False
    world = World(ledger, is_open=False)
    with pytest.raises(Unknown):
        await world.ask(TOKENS)
    assert await world.ask(RATE) is not None
    ledger.works, ledger.used = True, 0
    assert await world.ask(TOKENS) is not None


async def test_a_ledger_that_hangs_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """No admission waits for it for long; open leaves it alone for a while, closed asks it each time."""
    monkeypatch.setattr(counts, "LEDGER_SECONDS", 0.01)
    for is_open, asked in ((True, 1), (False, 2)):
        ledger = Ledger()
        ledger.hangs = True
        world = World(ledger, is_open=is_open)
        for key in (1, 2):
            if is_open:
                assert not (await world.counts.admit(key, (TOKENS,)))[1]
            else:
                with pytest.raises(Unknown):
                    await world.counts.admit(key, (TOKENS,))
        assert world.counts.away == "ledger"
        assert ledger.asked == asked


async def test_old_windows_are_forgotten() -> None:
    """A process that runs for a year does not remember each of its minutes."""
    world = World()
    for _ in range(100):
        await world.ask(RATE, TOKENS)
        world.now += 86400
    assert len(world.counts._used) <= 4


async def test_what_a_dead_process_could_not_tell_counts_in_the_budgets_that_run() -> None:
    """The ledger has it by then: a budget that was begun from the ledger before gets it, and no other."""
    world = World()
    limits = (TOKENS, DOLLARS, Limit("tokens", "minute", 100))
    world.counts.spend(1, world.counts.budgets(limits, NOON), 60, 600)
    assert await world.ask(*limits)  # begun from the ledger
    world.counts.spend(1, world.counts.budgets(limits, NOON), 60, 600)
    assert [one.used for one in world.counts.standings(1, limits)] == [60, 600, 0]
    world.counts.spend(
        1, world.counts.budgets(limits, NOON - 86400), 30, 300
    )  # of yesterday, and of this month
    assert [one.used for one in world.counts.standings(1, limits)] == [60, 900, 0]
