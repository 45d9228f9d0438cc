"""What the plots show, bucket by bucket."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client

from monitor.history.listing.filters import HistoryFilter
from monitor.models import RequestLog
from monitor.record.records import Outcome
from monitor.statistics import series
from monitor.statistics.series import outcomes_by_bucket, plotted, times_by_bucket
from monitor.statistics.totals import by_bucket
from tests.monitor.shelf import Shelf, operator, shelf
from tests.monitor.statistics.test_statistics import fill

__all__ = ["operator", "shelf"]

NOW = datetime(2026, 11, 29, 12, 30, tzinfo=UTC)
HOUR = NOW.replace(minute=0)


def put(shelf: Shelf, hours_ago: int, minute: int = 5, **fields: Any) -> None:
    """An exchange of some hours ago."""
    shelf.put(started_at=(HOUR - timedelta(hours=hours_ago, minutes=-minute)).timestamp(), **fields)


def test_outcomes_are_stacked_hour_by_hour(store: str, shelf: Shelf) -> None:
    """One value for each bucket, the plain ones first, and none that did not occur."""
    put(shelf, 0)
    put(shelf, 0, 6, outcome=Outcome.ERROR, status=500)
    put(shelf, 2)
    fill(NOW.timestamp())
    buckets = by_bucket(1, NOW)
    told = plotted(1, buckets, outcomes_by_bucket(1, NOW))
    assert [one["name"] for one in told["outcomes"]] == ["ok", "error"]
    ok, error = (one["values"] for one in told["outcomes"])
    assert (ok[-1], ok[-2], ok[-3]) == (1, 0, 1)
    assert (error[-1], sum(error)) == (1, 1)
    assert len(told["starts"]) == len(told["labels"]) == len(ok) == len(told["cost"])
    assert datetime.fromisoformat(told["starts"][-1]) == HOUR


@pytest.mark.parametrize(
    ("zone", "now"),
    [
        ("Asia/Kolkata", NOW),  # half an hour beside UTC
        ("America/New_York", datetime(2026, 11, 1, 9, 30, tzinfo=UTC)),  # 1 o'clock stood there twice
        ("America/New_York", datetime(2026, 3, 8, 9, 30, tzinfo=UTC)),  # there was no 2 o'clock
    ],
)
def test_a_bar_has_the_requests_that_it_leads_to(
    store: str, shelf: Shelf, settings: Any, zone: str, now: datetime
) -> None:
    """Whatever the server's zone is: each hour of a day is one bar, which begins where its hour does."""
    settings.TIME_ZONE = zone
    for hours_ago in range(8):
        for minute in range(0, 60, 60 // (hours_ago + 1)):
            shelf.put(started_at=(now - timedelta(hours=hours_ago, minutes=minute)).timestamp())
    fill(now.timestamp())
    told = plotted(1, by_bucket(1, now), outcomes_by_bucket(1, now))
    starts = [datetime.fromisoformat(start) for start in told["starts"]]
    ends = [*starts[1:], now + timedelta(seconds=1)]
    [ok] = told["outcomes"]
    assert len(starts) == 24
    assert {end - start for start, end in pairwise(starts)} == {timedelta(hours=1)}
    led_to = [
        RequestLog.objects.filter(HistoryFilter({"since": a.isoformat(), "until": b.isoformat()}).condition())
        for a, b in zip(starts, ends, strict=True)
    ]
    assert [rows.count() for rows in led_to] == ok["values"]
    assert sum(ok["values"]) == RequestLog.objects.count()


def test_waits_are_those_of_the_newest_rows(
    store: str, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """p50 and p95 of each bucket; None where nothing was asked."""
    for minute, wait in enumerate((100, 200, 300, 400)):
        put(shelf, 1, minute, first_data_ms=wait, duration_ms=wait * 10)
    starts = [HOUR - timedelta(hours=1), HOUR]
    told = times_by_bucket(starts, NOW)
    assert told["first_data_p50"] == [200, None]
    assert told["duration_p95"] == [4000, None]
    monkeypatch.setattr(series, "SAMPLED_ROWS", 2)
    assert times_by_bucket(starts, NOW)["first_data_p50"] == [400, None]


def test_the_waits_are_for_operators(operator: Client) -> None:
    """As the page is that asks for them."""
    assert set(operator.get("/monitor/statistics/times/?days=1").json()) == {
        "first_data_p50",
        "first_data_p95",
        "duration_p50",
        "duration_p95",
    }
    assert Client().get("/monitor/statistics/times/").status_code == 302
