"""The history in another order, about how many rows it has, and what of an address means nothing."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitor.history.listing import about_count as counting
from monitor.history.listing import sorting
from monitor.history.listing.about_count import AboutCount, about_count
from monitor.history.listing.filters import parse
from monitor.history.listing.misunderstood import misunderstood
from monitor.history.listing.sorting import ordered_page
from monitor.record.records import Outcome
from tests.monitor.shelf import Shelf, shelf

__all__ = ["shelf"]


def test_rows_are_ordered_by_a_column_either_way(store: str, shelf: Shelf) -> None:
    """Highest or lowest first; what is not known stands last, and filters hold."""
    for duration in (20, None, 10, 30):
        shelf.put(duration_ms=duration)
    shelf.put(duration_ms=40, outcome=Outcome.ERROR, status=500)
    for sort, wanted in (
        ("-duration", [40, 30, 20, 10, None]),
        ("duration", [10, 20, 30, 40, None]),
    ):
        assert [row.duration_ms for row in ordered_page(parse({}), sort).rows] == wanted
    assert [row.duration_ms for row in ordered_page(parse({"failed": "1"}), "-duration").rows] == [40]


def test_only_the_newest_are_ordered_and_that_is_said(
    store: str, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order of a million rows would be no page any more."""
    monkeypatch.setattr(sorting, "ORDERED_ROWS", 2)
    ids = [shelf.put(duration_ms=duration).id for duration in (99, 1, 2)]
    ordered = ordered_page(parse({}), "-duration")
    assert [row.duration_ms for row in ordered.rows] == [2, 1]
    assert (ordered.back_to, ordered.among) == (ids[1], 2)


def test_about_how_many_rows_costs_bounded_work(
    store: str, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exact for few, "more than" for many, and said of how many where they were looked at one by one."""
    for _ in range(6):
        shelf.put()
    shelf.put(outcome=Outcome.ERROR, status=500)
    assert about_count(parse({})) == AboutCount(7)
    assert about_count(parse({"failed": "1"})) == AboutCount(1)
    assert about_count(parse({"body": "x"})) is None
    monkeypatch.setattr(counting, "COUNTED_ROWS", 4)
    assert about_count(parse({"account": "ada@example.com"})) == AboutCount(4, is_more=True)
    monkeypatch.setattr(counting, "LOOKED_AT_ROWS", 3)
    both = {"account": "ada@example.com", "client_model": "claude-opus-5-5"}
    counted = about_count(parse(both))
    assert counted is not None
    assert counted.among == 3
    with CaptureQueriesContext(connection) as queries:
        about_count(parse({}))
    assert all("LIMIT" in one["sql"] or "max(" in one["sql"] or "pg_class" in one["sql"] for one in queries)


def test_what_means_nothing_is_named() -> None:
    """An unknown value or name, and a range of time without time; orders and cursors are known."""
    given = {
        "outcome": "exploded",
        "status": "2000",
        "since": "yesterday",
        "failed": "yes",
        "modle": "x",
        "sort": "-colour",
        "client_model": "claude",
        "before": "ff",
    }
    assert dict(misunderstood(given, parse(given))) == {
        name: given[name] for name in ("outcome", "status", "since", "failed", "modle", "sort")
    }
    assert misunderstood({"sort": "-cost", "q": "a"}, parse({"q": "a"})) == []
    backwards = {"since": "2026-02-01T00:00:00", "until": "2026-01-01T00:00:00"}
    assert misunderstood(backwards, parse(backwards)) == [("until", "2026-01-01T00:00:00")]
