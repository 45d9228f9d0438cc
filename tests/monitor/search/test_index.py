"""The index of words: what goes in, what is found, what goes out, and what was there before it."""

from collections.abc import Callable

import pytest
from django.db import connection

from monitor.history.listing.filters import parse
from monitor.history.listing.keyset import page_of
from monitor.models import RequestLog
from monitor.record.records import EndedBy, Outcome, Phase, RequestRecord
from monitor.record.request_id import first_request_id, new_request_id
from monitor.retention import pruner
from monitor.retention.housekeeping import Housekeeper
from monitor.retention.orphans import close_orphans
from monitor.retention.pruner import Limits
from monitor.search import index, postgres, sqlite
from monitor.search.models import SearchProgress
from monitor.store.writer import RecordWriter

NewRecord = Callable[..., RequestRecord]
ENDED = {
    "in_flight": False,
    "outcome": Outcome.OK,
    "status": 200,
    "ended_by": EndedBy.UPSTREAM,
    "ended_in": Phase.AFTER_STOP,
}
Put = Callable[..., RequestRecord]


@pytest.fixture
def put(writer: RecordWriter, request_record: NewRecord) -> Put:
    """Stores one exchange that has ended, but for ``fields``."""

    def store(**fields: object) -> RequestRecord:
        record = request_record(**{**ENDED, **fields})
        writer.submit(record)
        assert writer.flush(10)
        return record

    return store


def found(text: str, **filters: str) -> list[str]:
    return [row.id for row in page_of(parse({"q": text, **filters})).rows]


def entries() -> int:
    """How many exchanges the index holds words of, the row in it or not."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT count(*) FROM monitor_searchindex WHERE monitor_searchindex MATCH 'v1'")
        else:
            cursor.execute("SELECT count(*) FROM monitor_searchindex")
        return int(cursor.fetchone()[0])


def forget_the_index(indexed_from: str) -> None:
    """A database from before there was an index."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("INSERT INTO monitor_searchindex(monitor_searchindex) VALUES ('delete-all')")
        else:
            cursor.execute("DELETE FROM monitor_searchindex")
    SearchProgress.objects.create(indexed_from=indexed_from)


FIELDS: list[tuple[dict[str, object], str]] = [
    ({"path": "/v1beta/models/gemini-3:countTokens"}, "counttokens"),
    ({"client_model": "claude-haiku-9"}, "HAIKU 9"),
    ({"mapped_model": "gemini-3-flash"}, "flash"),
    ({"account": "zoe@example.com"}, "zoe@example"),
    ({"client_key": "laptop of Zoe"}, "laptop"),
    ({"error": "upstream said: Überlastet"}, "überlast"),
    ({"preview": "請求書の合計を計算して"}, "合計"),
    ({"preview": "請求書の合計を計算して"}, "て"),
    ({"preview": "ＦＩＸ the tests"}, "fix test"),
]


@pytest.mark.parametrize(("fields", "text"), FIELDS, ids=[text for _, text in FIELDS])
def test_each_text_of_a_row_finds_it(fields: dict[str, object], text: str, put: Put) -> None:
    """Path, models, account, key, error and preview, by the beginnings of their words, in any script."""
    put()
    row = put(**fields)
    put()
    assert found(text) == [row.id]
    assert found(text, stream="yes") == [row.id]
    assert found(text, stream="no") == []


@pytest.mark.parametrize(
    "text", ["hello nothing", "ello", "求合", "'", '"', "hello*'", "NOT", "v1 OR x", ":*"]
)
def test_what_is_not_there_is_not_found(text: str, put: Put) -> None:
    """All words must be there, each from its beginning; what means something to a store is just text."""
    row = put(preview="hello 請求書の合計")
    assert found(text) == ([row.id] if text == "hello*'" else [])


def test_a_row_in_flight_is_found_before_it_is_indexed(put: Put, writer: RecordWriter) -> None:
    """It is looked at directly until it ends, and is in the index once, from then on."""
    row = put(in_flight=True, outcome=None, status=None, ended_by=None, ended_in=None, preview="needle now")
    assert (found("needle"), entries()) == ([row.id], 0)
    for _ in range(2):
        put(id=row.id, started_at=row.started_at, preview=row.preview, account="b@x")
        assert found("b@x") == [row.id]
    assert found("needle") == [row.id]
    assert entries() == 1


def test_an_orphan_is_indexed_when_it_is_closed(put: Put) -> None:
    """What it ended with is found too."""
    row = put(in_flight=True, outcome=None, status=None, ended_by=None, ended_in=None)
    assert len(close_orphans([], row.started_at + 100)) == 1
    assert found("unexpectedly hello") == [row.id]
    assert entries() == 1


def test_removed_exchanges_leave_nothing_in_the_index(put: Put) -> None:
    """Retention takes the words out with the rows."""
    rows = [put(preview=f"needle {number}") for number in range(5)]
    before = rows[2].id + "0"
    pruning = pruner.Pruning(before, before, 3, 0, 0, 0)
    assert sum(pruner.prune(pruning)) == 3
    assert entries() == 2
    assert found("needle") == [rows[4].id, rows[3].id]


def test_what_was_there_before_the_index_is_added_step_by_step(put: Put) -> None:
    """Newest first; meanwhile a search looks at the rest row by row, and says so; the end is as if always."""
    rows = [put(preview=f"needle {number}") for number in range(6)]
    then = first_request_id(int(rows[5].started_at * 1000) + 1)
    forget_the_index(then)
    put(preview="fresh needle")
    first = page_of(parse({"q": "needle"}))
    assert len(first.rows) == 1
    assert first.searched_to == first.older == then
    rest = page_of(parse({"q": "needle"}), before=first.older)
    assert [row.id for row in rest.rows] == [row.id for row in reversed(rows)]
    assert index.add_older(2) == 2
    assert index.indexed_from() == rows[4].id
    assert len(page_of(parse({"q": "needle"})).rows) == 3
    assert sum(pruner.prune(pruner.Pruning(rows[0].id + "0", "", 1, 0, 0, 0))) == 1
    while index.add_older(2):
        pass
    assert index.indexed_from() == ""
    assert len(found("needle")) == 6
    assert entries() == 6


def test_the_housekeeper_fills_the_index(put: Put) -> None:
    """An upgraded server does it by itself."""
    row = put(preview="needle")
    forget_the_index("f" * 32)
    Housekeeper(list, Limits(0, 0)).tick(row.started_at)
    assert (index.indexed_from(), entries()) == ("", 1)


def test_hits_are_the_newest_and_say_how_far_they_reach(put: Put) -> None:
    """A limit cuts the oldest off; time range and cursor are kept to."""
    rows = [put(preview="needle") for _ in range(6)]
    ids = [row.id for row in reversed(rows)]
    hits = index.newest("needle", limit=4)
    assert hits.ids == ids[:4]
    assert ids[4] < hits.searched_to <= ids[3]
    assert index.newest("needle", before=hits.searched_to, limit=9).ids == ids[4:]
    assert index.newest("needle", since=ids[3], before=ids[0], limit=9).ids == ids[1:4]
    moment = first_request_id(int(rows[2].started_at * 1000))
    assert index.newest("needle", before=moment, limit=9).ids == ids[4:]
    assert index.newest("needle", before="fff", limit=9).ids == ids
    assert index.newest("needle", before="0", limit=9).ids == []


def test_common_words_with_other_filters_walk_the_filter(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the index has too many to look up, the rarer filter leads; nothing is missed or doubled."""
    monkeypatch.setattr(index, "MOST_HITS", 3)
    rows = [put(preview="needle", account=f"a{number % 4}@x") for number in range(16)]
    wanted = [row.id for row in reversed(rows) if row.account == "a1@x"]
    assert found("needle", account="a1@x") == wanted
    seen: list[str] = []
    cursor = ""
    while True:
        page = page_of(parse({"q": "needle"}), before=cursor)
        seen += [row.id for row in page.rows]
        cursor = page.older
        if not cursor:
            break
    assert seen == [row.id for row in reversed(rows)]


@pytest.mark.parametrize("limit", [1, 3, 9, 40])
def test_common_and_rare_words_are_told_apart(
    limit: int, put: Put, monkeypatch: pytest.MonkeyPatch, writer: RecordWriter, request_record: NewRecord
) -> None:
    """What a sample shows to be common is looked for by its beginning and checked: the rows are the same."""
    monkeypatch.setattr(sqlite, "MOST_CHECKED", 12)
    for finder in (sqlite, postgres):
        monkeypatch.setattr(finder, "SAMPLE", 4)
        monkeypatch.setattr(finder, "COMMON_IN", 3)
    texts = ["needless haystack" if number % 5 else "needles in haymarket" for number in range(40)]
    rows = [request_record(**{**ENDED, "preview": text}) for text in texts]
    for row in rows:
        writer.submit(row)
    assert writer.flush(10)
    asked = {"needles": "", "needless": "needless", "haymark needle": "haymarket", "hays": "stack"}
    for text, preview in asked.items():
        wanted = [row.id for row in reversed(rows) if preview in row.preview]
        seen: list[str] = []
        before = ""
        while True:
            hits = index.newest(text, before=before, limit=limit)
            seen += hits.ids
            before = hits.searched_to
            if not before:
                break
        assert seen == wanted, text


def test_row_numbers_keep_the_order_of_ids() -> None:
    """So the index walks its matches as the page shows them."""
    ids = sorted(
        new_request_id(ms, bytes([random] * 10))
        for ms in (0, 1, 1_790_000_000_000, (1 << 45) - 1)
        for random in range(0, 256, 5)
    )
    numbers = [index.number_of(request_id) for request_id in ids]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == len(ids)
    assert max(numbers) < 1 << 63


def test_an_index_of_another_version_does_not_stop_retention(put: Put) -> None:
    """Words that were never added are taken out without harm, and rows that are there stay found."""
    rows = [put(preview="needle") for _ in range(3)]
    RequestLog.objects.filter(id=rows[0].id).update(preview="other words than were indexed")
    assert sum(pruner.prune(pruner.Pruning(rows[0].id + "0", "", 1, 0, 0, 0))) == 1
    assert found("needle") == [rows[2].id, rows[1].id]
