"""The totals of keys that are asked for every few seconds are the ledger's, and cost the hours of now."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitor.ledger.booking import Amounts, LedgerCell
from monitor.ledger.hours import HOUR_SECONDS
from monitor.ledger.totals import KEPT_SECONDS, SETTLED_AFTER_SECONDS, Totals
from monitor.ledger.writing import add

pytestmark = pytest.mark.django_db

NOW = 1_700_000_000.0


def book(hours_ago: int, tokens: int, name: str = "team") -> None:
    hour = (NOW - hours_ago * HOUR_SECONDS) // HOUR_SECONDS * HOUR_SECONDS
    add({LedgerCell(1, hour, name, "a", "m"): Amounts(requests=1, tokens_in=tokens)})


def test_what_is_booked_now_is_seen_at_once() -> None:
    """Also in an hour that is over, and of a key that is new."""
    book(1000, 7)
    totals = Totals(lambda: NOW)
    assert totals.by_client_key() == {"team": Amounts(requests=1, tokens_in=7)}
    book(0, 10)
    book(int(SETTLED_AFTER_SECONDS // HOUR_SECONDS), 100)
    book(0, 1, "new")
    assert totals.by_client_key() == {
        "new": Amounts(requests=1, tokens_in=1),
        "team": Amounts(requests=3, tokens_in=117),
    }


def test_a_late_correction_is_seen_within_the_hour() -> None:
    """The sum of what is long over is kept for so long, and no longer; a clock set back ends it too."""
    clock = [NOW]
    totals = Totals(lambda: clock[0])
    book(1000, 7)
    assert totals.by_client_key()["team"].tokens == 7
    book(1000, 5)
    assert totals.by_client_key()["team"].tokens == 7
    clock[0] = NOW + KEPT_SECONDS
    assert totals.by_client_key()["team"].tokens == 12
    book(1000, 1)
    clock[0] = NOW
    assert totals.by_client_key()["team"].tokens == 13


def test_the_ledger_is_not_summed_again_each_time() -> None:
    """The second look asks for the last hours alone, which an index finds."""
    book(1000, 7)
    totals = Totals(lambda: NOW)
    totals.by_client_key()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        totals.by_client_key()
    [query] = queries.captured_queries
    assert "hour" in query["sql"]
    assert ">= '2023-11-14 16:00:00" in query["sql"]
