"""What a row puts into the ledger, and what its later versions change there."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.ledger import booking, hours
from monitor.ledger.booking import Amounts, Booked, LedgerCell, booked, dollars, spent_by, units_of
from monitor.record.attempt_use import AttemptUse
from monitor.record.records import Outcome, RequestRecord

ROW = RequestRecord(
    id="1" * 32, started_at=7205.0, process_id="p", dialect="anthropic", method="POST", path="/v1/messages",
    client_key="team", client_key_id=3, client_model="asked", in_flight=False, mapped_model="m", account="a",
    outcome=Outcome.OK, tokens_in=1, tokens_out=2, tokens_cached=3, tokens_cache_write=4, cost=Decimal("0.5"),
)  # fmt: skip
CELL = LedgerCell(3, 7200.0, "team", "a", "m")


def hour_of(moment: float) -> float:
    return moment // 3600 * 3600


def with_changes(**changes: object) -> Booked | None:
    entries = booked(msgspec.structs.replace(ROW, **changes), hour_of)
    assert len(entries) <= 1
    return entries[0] if entries else None


def differences(changes: list[tuple[Booked | None, Booked | None]]) -> dict[LedgerCell, Amounts]:
    """Of rows of which one attempt used all."""
    return booking.differences(tuple((entry,) if entry else () for entry in change) for change in changes)


def test_what_is_booked_of_a_row() -> None:
    """Tokens and money of an exchange that has ended, by the hour of its admission."""
    assert with_changes() == (CELL, Amounts(1, 0, 1, 2, 3, 4, 5 * 10**9))
    assert with_changes(cost=None) == (CELL, Amounts(1, 1, 1, 2, 3, 4, 0))
    assert with_changes(client_key_id=None) == (CELL._replace(key_id=0), Amounts(1, 0, 1, 2, 3, 4, 5 * 10**9))
    nothing = {"tokens_in": None, "tokens_out": None, "tokens_cached": None, "tokens_cache_write": None}
    for left_out in (
        {"in_flight": True},
        {"is_simulated": True},
        {"path": "/v1/messages/count_tokens?beta=true"},
        {"path": "/v1beta/models/m:countTokens"},
        {**nothing, "cost": None},
        {**nothing, "cost": Decimal(0)},
    ):
        assert with_changes(**left_out) is None
    assert with_changes(path="/v1/messages?note=/count_tokens") == with_changes()
    nothing |= {"cost": None}
    cut = {**nothing, "tokens_in": 7}
    guess = {"estimated_tokens_in": 99, "estimated_tokens_out": 20}
    assert with_changes(**cut, diagnostics=guess) == (CELL, Amounts(1, 1, 7, tokens_estimated=20))
    assert with_changes(**nothing, diagnostics=guess) == (
        CELL,
        Amounts(1, 1, tokens_estimated=119),
    )
    assert with_changes(diagnostics=guess) == with_changes()
    assert with_changes(**nothing, diagnostics={"estimated_tokens_in": -1}) is None
    absurd = with_changes(tokens_in=2**62, tokens_out=-5)
    assert absurd is not None
    assert absurd[1].tokens_in == absurd[1].tokens_out == 0


FIRST = AttemptUse(number=1, account="b", model="other", tokens_in=10, cost=Decimal("0.1"), failed=True)
LAST = AttemptUse(number=3, account="a", model="m", tokens_in=1, tokens_out=2, cost=Decimal("0.5"))


def test_what_failed_attempts_used_is_booked_with_their_accounts() -> None:
    """Each attempt's use stands with its own account and model, the request where it ended, once.

    What one account used in several attempts is together; of an attempt without a price its cell is unpriced.
    A budget counts all of it.
    """
    again = msgspec.structs.replace(FIRST, number=2, cost=None)
    row = msgspec.structs.replace(ROW, used_by_attempt=(FIRST, again, LAST), cost=Decimal("0.6"))
    entries = dict(booked(row, hour_of))
    assert entries == {
        CELL: Amounts(1, 0, 1, 2, cost_units=5 * 10**9),
        CELL._replace(account="b", model="other"): Amounts(0, 1, 20, cost_units=10**9),
    }
    assert spent_by(row) == (23, 6 * 10**9)
    assert units_of(row.cost) == sum(amounts.cost_units for amounts in entries.values())
    alone = msgspec.structs.replace(row, used_by_attempt=(FIRST,), cost=Decimal("0.1"))
    assert dict(booked(alone, hour_of)) == {
        CELL: Amounts(1),
        CELL._replace(account="b", model="other"): Amounts(0, 0, 10, cost_units=10**9),
    }
    assert booking.differences([(booked(row, hour_of), booked(row, hour_of))]) == {}
    assert booked(msgspec.structs.replace(row, is_simulated=True), hour_of) == ()


def test_an_exchange_is_unpriced_once() -> None:
    """However many of its attempts have no known price: where it ended, else where the first of them was."""
    nobody_knows = [
        msgspec.structs.replace(FIRST, cost=None),
        msgspec.structs.replace(FIRST, number=2, account="c", cost=None),
        msgspec.structs.replace(LAST, cost=None),
    ]
    other, third = (CELL._replace(account=account, model="other") for account in "bc")
    for uses, where in ((nobody_knows, CELL), ([*nobody_knows[:2], LAST], other), (nobody_knows[:2], other)):
        row = msgspec.structs.replace(ROW, used_by_attempt=tuple(uses), cost=None)
        entries = dict(booked(row, hour_of))
        assert set(entries) == {CELL, other, third}
        assert [cell for cell, amounts in entries.items() if amounts.unpriced] == [where]
        assert Amounts().plus(*entries.values())[:2] == (1, 1)
        assert entries[other].tokens_in == entries[third].tokens_in == 10


def test_a_later_version_changes_the_difference() -> None:
    """Nothing when it says the same; the old cell gives back what the new one gets when it moved."""
    first, more = with_changes(), with_changes(tokens_out=12)
    assert differences([(None, first)]) == {CELL: Amounts(1, 0, 1, 2, 3, 4, 5 * 10**9)}
    assert differences([(first, first)]) == {}
    assert differences([(first, more)]) == {CELL: Amounts(tokens_out=10)}
    moved = differences([(first, with_changes(account="b"))])
    assert moved[CELL].requests == -1
    assert moved[CELL._replace(account="b")].requests == 1
    assert differences([(first, None)]) == {CELL: Amounts(-1, 0, -1, -2, -3, -4, -5 * 10**9)}


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_however_often_it_is_corrected_the_last_word_counts(told: list[int]) -> None:
    """The sum of all differences is what the last version says."""
    before, sums = None, 0
    for tokens in told:
        now = with_changes(tokens_out=tokens)
        change = differences([(before, now)])
        sums += change.get(CELL, Amounts()).tokens_out
        before = now
    assert sums == told[-1]


def test_money_is_exact() -> None:
    """What a row's cost can say, the ledger keeps to the last digit."""
    for text in ("0.0000000001", "0.1", "123.4567890123", "0.0000123456"):
        assert dollars(units_of(Decimal(text))) == Decimal(text)
    assert units_of(None) == 0


@pytest.mark.parametrize(
    ("zone", "moment", "hour"),
    [
        ("UTC", 7205.0, 7200.0),
        ("Asia/Kolkata", 7205.0, 5400.0),  # 07:30 there: its hour began at 07:00, which is 01:30 UTC
        ("America/St_Johns", 1_700_000_000.0, 1_699_997_400.0),
        ("Asia/Tokyo", 7199.0, 3600.0),
    ],
)
def test_hours_are_those_of_the_servers_zone(
    zone: str, moment: float, hour: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that its days are made of whole hours, whatever the zone's offset."""
    monkeypatch.setattr(hours.timezone, "get_default_timezone", lambda: ZoneInfo(zone))
    assert hours.hour_of(moment) == hour
