"""Misses of prompt caches by cause, what is said of them on the pages, and when they are a collapse."""

import time

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitor.history.cache_miss_sums import Collapse, collapses, misses_of, misses_since
from monitor.record.records import RequestRecord
from proxyproject.pages.start_page import cache_warnings
from tests.monitor.shelf import Shelf, operator, shelf

__all__ = ["operator", "shelf"]

C, OTHER = "c" * 32, "d" * 32
NOW = 1_700_000_100.0  # a little behind the first rows


def put(
    shelf: Shelf, cause: str = "", tokens: int = 0, *, read: int = 0, conversation: str = C, **more: float
) -> RequestRecord:
    missed = {"cache_miss": cause, "cache_miss_tokens": tokens, "tokens_cache_write": tokens} if cause else {}
    return shelf.put(
        conversation=conversation, agent=conversation, role="main", tokens_cached=read, **missed, **more
    )


def test_misses_by_cause(shelf: Shelf) -> None:
    """How often, how many tokens and how much money, the dearest first; of one conversation, and of all."""
    for _ in range(3):
        put(shelf, "tools", 1000)
    put(shelf, "expired", 9000, conversation=OTHER)
    put(shelf, read=5000)
    at = NOW - 120
    assert [(one.cause, one.count, one.tokens) for one in misses_since(at)] == [
        ("expired", 1, 9000),
        ("tools", 3, 3000),
    ]
    (of_one,) = misses_of(C)
    assert (of_one.cause, of_one.count) == ("tools", 3)
    assert of_one.cost is not None
    assert of_one.cost > 0
    assert misses_since(NOW) == []


def test_only_the_misses_of_the_span_are_read(shelf: Shelf) -> None:
    """SQLite finds them in the index by cause and id, however many there ever were, and reads no row."""
    if connection.vendor != "sqlite":
        return
    with CaptureQueriesContext(connection) as asked:
        misses_since(NOW - 3600)
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + asked[0]["sql"])
        plan = " ".join(str(row[-1]) for row in cursor.fetchall())
    assert "COVERING INDEX request_missed (cache_miss=? AND id>" in plan, plan


def test_a_collapse_is_told_on_the_start_page(shelf: Shelf) -> None:
    """More lost than read in an hour, of much: the model and the conversation; not of little, not of one."""
    for _ in range(5):
        put(shelf, "system", 30_000, read=10_000)
    put(shelf, "account", 400_000, conversation=OTHER)
    found = collapses(NOW)
    model = Collapse("mapped_model", "claude-opus-5-5", 6, 550_000, 50_000, "account")
    assert found == [model, Collapse("conversation", C, 5, 150_000, 50_000, "system")]
    said = [warning.text for warning in cache_warnings(found)]
    assert "claude-opus-5-5" in said[0]
    assert "5 requests sent 150,000 tokens as new that were cached, and 50,000 came from the cache" in said[1]
    assert said[1].endswith(" (the system prompt changed).")
    put(shelf, read=600_000)
    assert collapses(NOW) == []


def test_the_pages_say_why(shelf: Shelf, operator: Client) -> None:
    """Statistics have a table of causes, the conversation and the request say it where it happened."""
    row = put(shelf, "tools", 12_000, started_at=time.time() - 60)
    statistics = operator.get("/monitor/statistics/").content.decode()
    assert "cache_miss=tools" in statistics
    assert "12,000" in statistics
    conversation = operator.get(f"/monitor/conversations/{C}/").content.decode()
    assert conversation.count("the tools changed") == 2
    history = operator.get("/monitor/history/?cache_miss=tools").content.decode()
    assert row.id in history
    assert row.id not in operator.get("/monitor/history/?cache_miss=system").content.decode()
    page = operator.get(f"/monitor/history/{row.id}/").content.decode()
    assert "Let the client offer the same tools" in page
