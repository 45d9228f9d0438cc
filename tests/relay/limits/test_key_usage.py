"""What the holder of a key is shown: as JSON and CSV."""

import csv
import io
from datetime import UTC, datetime
from math import inf

from accounts.keys.limits import UNITS_PER_DOLLAR, Limit
from monitor.ledger.booking import Amounts
from relay.limits.key_usage import Hour, KeyUsage, Rules, as_csv, as_json, with_the_ledger
from relay.limits.limit_windows import LimitWindow
from relay.limits.standing import Standing

DAY = LimitWindow(1_799_971_200.0, 1_800_057_600.0)
STANDINGS = (
    Standing(Limit("requests", "minute", 3), LimitWindow(1_800_000_000.0, 1_800_000_060.0), 1),
    Standing(Limit("usd", "day", 5 * UNITS_PER_DOLLAR), DAY, 0),
    Standing(Limit("tokens", "total", 100), LimitWindow(0, inf), 0),
)
EIGHT, NINE = (datetime(2027, 1, 15, hour, tzinfo=UTC) for hour in (8, 9))
HOURS = (
    Hour(EIGHT, "cheap", Amounts(requests=1, tokens_in=10, tokens_out=5, cost_units=UNITS_PER_DOLLAR)),
    Hour(EIGHT, "=dear", Amounts(requests=2, unpriced=1, tokens_cached=7, cost_units=3 * UNITS_PER_DOLLAR)),
    Hour(NINE, "cheap", Amounts(requests=1, tokens_in=1, cost_units=1)),
)
BOOKED = (Amounts(), Amounts(cost_units=UNITS_PER_DOLLAR), Amounts(tokens_in=90, tokens_out=20))
USAGE = KeyUsage(
    name="ci",
    shown_as="sk-…abcd",
    at=1_800_000_000.0,
    time_zone="UTC",
    rules=Rules(allowed_models=("cheap", "=d*"), expires_at=DAY.end),
    standings=with_the_ledger(STANDINGS, BOOKED),
    hours=HOURS,
)


def test_a_budget_shows_what_the_ledger_has() -> None:
    """A rate what is counted; nothing is left of what is passed; what never begins anew has no reset."""
    told = as_json(USAGE)["limits"]
    assert [(one["measure"], one["used"], one["left"]) for one in told] == [
        ("requests", 1, 2),
        ("usd", "1.0000000000", "4.0000000000"),
        ("tokens", 110, 0),
    ]
    assert [one["resets_at"] for one in told] == ["2027-01-15T08:01:00Z", "2027-01-16T00:00:00Z", None]


def test_the_sums_are_those_of_the_hours() -> None:
    """In all, by model with the dearest first, and hour by hour; money to the last digit."""
    told = as_json(USAGE)
    assert told["total"]["cost_usd"] == "4.0000000001"
    assert (told["total"]["requests"], told["total"]["unpriced"]) == (4, 1)
    assert [(one["model"], one["cost_usd"]) for one in told["models"]] == [
        ("=dear", "3.0000000000"),
        ("cheap", "1.0000000001"),
    ]
    assert [one["hour"] for one in told["hours"]] == ["2027-01-15T08:00:00Z"] * 2 + ["2027-01-15T09:00:00Z"]
    assert told["key"]["allowed_models"] == ("cheap", "=d*")
    assert told["key"]["expires_at"] == "2027-01-16T00:00:00Z"


def test_the_table_is_no_formula() -> None:
    """A row for each hour and model; a model's name is never one that a spreadsheet would work out."""
    rows = list(csv.DictReader(io.StringIO(as_csv(USAGE))))
    assert [row["model"] for row in rows] == ["cheap", "'=dear", "cheap"]
    assert sum(int(row["tokens_in"]) for row in rows) == 11
    assert {row["cost_usd"] for row in rows} == {"1.0000000000", "3.0000000000", "0.0000000001"}
