"""What one process's door for keys counts, from the admission of an exchange to its end."""

from collections.abc import Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest

from accounts.keys.limits import UNITS_PER_DOLLAR, KeyLimits, Limit
from accounts.loaded.client_keys import CallerKey
from monitor.record.records import RequestRecord
from relay.limits.allowance import Allowance
from relay.limits.counts import Counts
from relay.limits.key_counter import KeyCounter
from relay.limits.opening import OpenedWindows
from relay.limits.standing import Standing

NOON = 1_800_014_400.0  # 2027-01-15T12:00 UTC
RATE = Limit("requests", "minute", 100)
BUDGETS = (
    Limit("requests", "day", 100),
    Limit("tokens", "week", 1000),
    Limit("usd", "month", 1000 * UNITS_PER_DOLLAR),
    RATE,
)
ROW = RequestRecord(
    id="1" * 32, started_at=NOON, process_id="p", dialect="anthropic", method="POST", path="/v1/messages",
    client_key="team", client_key_id=1, client_model="m", in_flight=False, attempts=1, tokens_in=3,
    tokens_out=4,
)  # fmt: skip


class Door:
    """A key whose limits change; the ledger had 10 of everything."""

    def __init__(self, *limits: Limit) -> None:
        async def ledger(key: int, standings: Sequence[Standing]) -> OpenedWindows:
            return OpenedWindows([10 for _ in standings])

        self.limits = KeyLimits(limits=limits) if limits else None
        self.priced = 0
        counts = Counts(ZoneInfo("UTC"), ledger, now=lambda: NOON + 1)
        self.counter = KeyCounter(counts, self._with_cost, limits_of=lambda key: self.limits)

    def _with_cost(self, row: RequestRecord) -> RequestRecord:
        self.priced += 1
        return msgspec.structs.replace(row, cost=Decimal("0.5"))

    async def admit(self) -> Allowance:
        """Begin an exchange under the limits of now."""
        caller = CallerKey(1, "team", True, self.limits)
        allowance = await self.counter.admit(caller, self.limits)
        assert isinstance(allowance, Allowance)
        return allowance

    def used(self) -> list[int]:
        """Of each budget of ``BUDGETS``, as this process knows it."""
        return [standing.used for standing in self.counter.counts.standings(1, BUDGETS)][:3]


@pytest.mark.parametrize("before", [(), (RATE,), BUDGETS[:1], BUDGETS])
async def test_a_budget_set_meanwhile_counts_what_runs(before: tuple[Limit, ...]) -> None:
    """Whatever the key was limited by at the admission: its running exchange counts once in each budget."""
    door = Door(*before)
    running = await door.admit()
    door.limits = KeyLimits(limits=BUDGETS)
    other = await door.admit()
    assert door.used() == [11 + (BUDGETS[0] in before), 10, 10]
    for allowance in (running, running, other):
        allowance.settle(ROW)
    assert door.used() == [12, 24, 10 + UNITS_PER_DOLLAR]
    assert door.priced == 2


async def test_what_ends_before_anybody_begins_a_budget_is_the_ledgers() -> None:
    """The budget is begun from the ledger then, which has the exchange."""
    door = Door()
    running = await door.admit()
    door.limits = KeyLimits(limits=BUDGETS)
    running.settle(ROW)
    assert door.used() == [0, 0, 0]
    await door.admit()
    assert door.used() == [11, 10, 10]


async def test_without_a_budget_in_money_nothing_is_priced() -> None:
    """Nor counted, where there is no limit; what the server gives back was no exchange."""
    door = Door()
    (await door.admit()).settle(ROW)
    door = Door(RATE, *BUDGETS[:2])
    (await door.admit()).settle(ROW)
    running = await door.admit()
    door.limits = KeyLimits(limits=BUDGETS)
    running.give_back()
    assert (door.priced, door.used()) == (0, [12, 17, 0])


async def test_what_the_dead_used_counts_once_however_often_it_is_told() -> None:
    """A process that is only slow opens its row again, which is closed again."""
    door = Door(*BUDGETS)
    await door.admit()
    for _ in range(3):
        door.counter.settle_for(CallerKey(1, "team", True, door.limits), ROW)
    assert door.used() == [11, 17, 10]


async def test_what_a_row_is_closed_with_later_counts_too() -> None:
    """A row closed before its first word was only a slow process's: its death may come after it."""
    door = Door(*BUDGETS)
    await door.admit()
    caller = CallerKey(1, "team", True, door.limits)
    for said, used in [(0, 10), (4, 14), (900, 910), (4, 910), (901, 911)]:
        door.counter.settle_for(caller, msgspec.structs.replace(ROW, tokens_in=0, tokens_out=said))
        assert door.used() == [11, used, 10]
