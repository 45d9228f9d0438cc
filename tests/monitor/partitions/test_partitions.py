"""On PostgreSQL the history lies in partitions by time, and nothing is lost between them."""

import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec
import psycopg
import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from monitor.history.listing.about_count import about_count
from monitor.history.listing.filters import parse
from monitor.history.listing.keyset import page_of
from monitor.models import AttemptLog, Body, RequestLog
from monitor.partitions import dropping, making, tables
from monitor.partitions.days import DAY_SECONDS
from monitor.partitions.making import make_ahead
from monitor.partitions.tables import KEYS, partitions_of
from monitor.record.records import BodyKind, BodyRecord, Outcome, RequestRecord
from monitor.retention.housekeeping import Housekeeper
from monitor.retention.pruner import ROW_BYTES, Limits, planned, prune
from monitor.store.writer import RecordWriter
from tests import stores
from tests.monitor.shelf import ENDED, attempt_of
from tests.served.world import PATIENCE_SECONDS

pytestmark = pytest.mark.skipif(
    not stores.wanted(), reason="needs TEST_STORES=postgres: SQLite has no partitions"
)

NewRecord = Callable[..., RequestRecord]
MIDNIGHT = 1_790_000_000 // DAY_SECONDS * DAY_SECONDS  # of 21 September 2026
DAYS = 6


@pytest.fixture
def put(writer: RecordWriter, request_record: NewRecord) -> Callable[..., RequestRecord]:
    """Stores an exchange that has ended, at a moment, with an attempt and a body."""

    def put(started_at: float, **fields: object) -> RequestRecord:
        row = request_record(**{**ENDED, **fields}, started_at=started_at)
        writer.submit(row)
        writer.submit(attempt_of(row))
        writer.submit(BodyRecord(request_id=row.id, kind=BodyKind.RESPONSE, content=b"x" * 100))
        assert writer.flush(20)
        return row

    return put


def rows_in(partition: str) -> list[str]:
    """The keys that this table itself holds, in order."""
    key = KEYS[partition.rpartition("_")[0]]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {key} FROM {partition} ORDER BY {key}")
        return [found for (found,) in cursor.fetchall()]


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """All that the four tables hold, but for the numbers of attempts and bodies."""
    found = {}
    with connection.cursor() as cursor:
        for table, key in KEYS.items():
            cursor.execute(f"SELECT * FROM {table} ORDER BY {key}")
            names = [column.name for column in cursor.description]
            numbered = key == "request_id" and "id" in names
            found[table] = [
                tuple(
                    value for name, value in zip(names, row, strict=True) if not (numbered and name == "id")
                )
                for row in cursor.fetchall()
            ]
    return found


@contextmanager
def a_reader(table: str, name: str) -> Iterator[None]:
    """Somebody reads the table in a transaction that goes on, as an export of hours does."""
    url = urlunsplit(urlsplit(stores.database_url())._replace(path=f"/{name}"))
    with psycopg.connect(url) as other:
        other.execute(f"SELECT count(*) FROM {table}")
        yield


def test_midnight_divides_an_exchange_s_rows_from_the_next_s(
    put: Callable[..., RequestRecord], store: str
) -> None:
    """Row, attempt, body and words are in the partition of their day; a page shows both days."""
    assert make_ahead(MIDNIGHT - 1, 30) == 4 * len(KEYS)
    last, first = put(MIDNIGHT - 0.001), put(MIDNIGHT)
    for table in KEYS:
        assert rows_in(f"{table}_20260920") == [last.id]
        assert rows_in(f"{table}_20260921") == [first.id]
        assert rows_in(f"{table}_default") == []
    assert [row.id for row in page_of(parse({})).rows] == [first.id, last.id]
    assert [row.id for row in page_of(parse({"q": "hello"})).rows] == [first.id, last.id]


def test_a_day_takes_its_rows_out_of_the_default_partition(
    put: Callable[..., RequestRecord], store: str
) -> None:
    """What came before there was a partition moves into it whole; written again it is still one row."""
    row, other = put(MIDNIGHT + 5), put(MIDNIGHT - 9 * DAY_SECONDS)
    before = everything()
    assert rows_in("monitor_requestlog_default") == [other.id, row.id]
    make_ahead(MIDNIGHT + 10, 30)
    assert everything() == before
    for table in KEYS:
        assert rows_in(f"{table}_20260921") == [row.id]
        assert rows_in(f"{table}_default") == [other.id]
    put(MIDNIGHT + 5, error="late", outcome=Outcome.ERROR, status=500)
    assert RequestLog.objects.get(id=row.id).error == "late"
    assert [len(rows) for rows in everything().values()] == [2] * 4
    assert make_ahead(MIDNIGHT + 10, 30) == 0


def test_rows_that_come_while_a_day_is_made_are_there_once(
    writer: RecordWriter, request_record: NewRecord, store: str
) -> None:
    """Between the default partition and the day none is lost, none doubled, none left out."""
    sent: list[str] = []
    is_over = threading.Event()

    def send() -> None:
        at = float(MIDNIGHT)
        while not is_over.is_set() or len(sent) < 200:
            at += 0.5
            row = request_record(**ENDED, started_at=at, id=f"{int(at * 1000):012x}{len(sent):020x}")
            writer.submit(row)
            writer.submit(attempt_of(row))
            sent.append(row.id)
            is_over.wait(0.001)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        for day in range(5):
            make_ahead(MIDNIGHT + day * DAY_SECONDS, 30)
    finally:
        is_over.set()
        thread.join()
    assert writer.flush(60)
    assert make_ahead(MIDNIGHT, 30) == 0
    assert list(RequestLog.objects.order_by("id").values_list("id", flat=True)) == sent
    assert list(AttemptLog.objects.order_by("request_id").values_list("request_id", flat=True)) == sent
    assert rows_in("monitor_requestlog_20260921") == sent
    assert writer.stats().rows_dropped == 0


@pytest.mark.parametrize(
    ("days", "bytes_left"),
    [(3.5, 0), (2, 0), (0, 6 * ROW_BYTES), (0, 3 * ROW_BYTES + 500), (4.5, 2600), (0.01, 0)],
)
def test_by_partitions_as_much_goes_as_by_rows(
    put: Callable[..., RequestRecord], store: str, days: float, bytes_left: int
) -> None:
    """Whatever the limits are, the same is left, and the same number is told."""
    outcomes = []
    now = MIDNIGHT + DAYS * DAY_SECONDS
    for is_divided in (False, True):
        if is_divided:
            for day in range(DAYS):
                make_ahead(MIDNIGHT + day * DAY_SECONDS, 30)
        for day in range(DAYS):
            put(MIDNIGHT + day * DAY_SECONDS + 60)
        partitions = len(partitions_of("monitor_body"))
        removed = sum(prune(planned(Limits(days, bytes_left), now)))
        outcomes.append((removed, everything()))
        assert (len(partitions_of("monitor_body")) < partitions) == is_divided
        list(prune(planned(Limits(0, 1), now)))
        assert all(not rows for rows in everything().values())
        for table in KEYS:
            assert partitions_of(table) == [] or is_divided
    assert outcomes[0] == outcomes[1]


def test_what_comes_late_for_a_day_that_is_gone_is_kept(
    put: Callable[..., RequestRecord], store: str
) -> None:
    """A row of a dropped partition goes to the default one, and retention finds it there."""
    make_ahead(MIDNIGHT, 30)
    put(MIDNIGHT + 1)
    now = MIDNIGHT + 2 * DAY_SECONDS
    assert sum(prune(planned(Limits(1, 0), now))) == 3
    late = put(MIDNIGHT + 2)
    assert [row.id for row in page_of(parse({})).rows] == [late.id]
    assert sum(prune(planned(Limits(1, 0), now))) == 3
    assert RequestLog.objects.count() == 0


def put_many(row: RequestRecord, number: int) -> None:
    """So many more exchanges within a second of that one, by the database itself."""
    columns = ", ".join(name for name in msgspec.structs.asdict(row) if name != "id")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO monitor_requestlog (id, {columns})"
            f" SELECT left(id, 12) || lpad(g::text, 20, '0'), {columns}"
            " FROM monitor_requestlog, generate_series(1, %s) g WHERE id = %s",
            [number, row.id],
        )


@contextmanager
def told_by_postgresql() -> Iterator[list[str]]:
    """What PostgreSQL tells at its lowest level."""
    told: list[str] = []

    def hear(notice: psycopg.errors.Diagnostic) -> None:
        told.append(notice.message_primary or "")

    connection.ensure_connection()
    connection.connection.add_notice_handler(hear)
    with connection.cursor() as cursor:
        cursor.execute("SET client_min_messages = debug1")
        yield told
        cursor.execute("RESET client_min_messages")


def test_a_long_default_partition_keeps_its_day_and_tomorrow_has_its_own(
    put: Callable[..., RequestRecord], store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits until it is read through: it was looked through before, and no check is left."""
    monkeypatch.setattr(making, "MOST_MOVED", 20)
    row = put(MIDNIGHT + 5)
    put_many(row, 30)
    with told_by_postgresql() as told:
        assert make_ahead(MIDNIGHT + 10, 30) == 4 * len(KEYS)
    names = [one.name for one in partitions_of("monitor_requestlog")]
    assert names == [f"monitor_requestlog_{day}" for day in (20260922, 20260923, 20260924, 20260925)]
    believed = 'updated partition constraint for default partition "monitor_requestlog_default" is implied'
    assert sum(message.startswith(believed) for message in told) == 4
    assert len(rows_in("monitor_requestlog_default")) == 31
    assert partitions_of("monitor_body")[0].name == "monitor_body_20260921"  # that of bodies is short
    late = put(MIDNIGHT + DAY_SECONDS)
    assert rows_in("monitor_requestlog_20260922") == [late.id]
    assert make_ahead(MIDNIGHT + 10, 30) == 0
    assert checks_left() == []


def test_a_row_of_a_day_that_is_being_made_waits_and_is_stored(
    writer: RecordWriter, request_record: NewRecord, store: str
) -> None:
    """A check that a killed process left refuses rows of its day; they are kept until it is taken away."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE monitor_requestlog_default ADD CONSTRAINT monitor_requestlog_default_apart"
            " CHECK (id < '0') NOT VALID"
        )
    row = request_record(**ENDED, started_at=MIDNIGHT + 1)
    writer.submit(row)
    assert not writer.flush(1)
    assert writer.stats().is_failing
    make_ahead(MIDNIGHT + 10, 30)
    assert writer.flush(PATIENCE_SECONDS)
    assert rows_in("monitor_requestlog_20260921") == [row.id]
    assert writer.stats().rows_dropped == 0


@pytest.mark.parametrize(("begun_at", "made_before"), [(MIDNIGHT, 0), (MIDNIGHT - 1, 1)])
def test_a_row_on_its_way_when_its_day_is_made_is_stored(
    writer: RecordWriter,
    request_record: NewRecord,
    store: str,
    monkeypatch: pytest.MonkeyPatch,
    begun_at: float,
    made_before: int,
) -> None:
    """It waits until there is its day and goes there at once: the writer meets no failure.

    The day may have begun while others were made.
    """
    monkeypatch.setattr(making, "KEYS", {"monitor_searchindex": "request_id"})
    passed_seconds = [0.0]
    monkeypatch.setattr(making, "time", SimpleNamespace(monotonic=lambda: passed_seconds[0]))
    locks = 0
    row = request_record(**ENDED, started_at=MIDNIGHT + 1)
    waited: list[bool] = []

    def write_behind(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        nonlocal locks
        answer = execute(sql, *args)
        is_lock = sql.startswith("LOCK TABLE monitor_searchindex_default")
        if is_lock:
            locks += 1
            passed_seconds[0] = 2.0
        if is_lock and locks > made_before and not waited:
            writer.submit(row)
            ends_at = time.monotonic() + PATIENCE_SECONDS
            waiting = "SELECT FROM pg_locks WHERE NOT granted AND relation IN (%s::regclass, %s::regclass)"
            while not waited and time.monotonic() < ends_at:
                with connection.cursor() as cursor:
                    cursor.execute(waiting, ["monitor_searchindex", "monitor_searchindex_default"])
                    waited.extend([True] * cursor.rowcount)
        return answer

    with connection.execute_wrapper(write_behind):
        assert make_ahead(begun_at, 30) == 4
    assert waited
    assert writer.flush(PATIENCE_SECONDS)
    assert (writer.stats().rows_dropped, writer.stats().last_error) == (0, "")
    assert rows_in("monitor_searchindex_20260921") == [row.id]


def test_who_may_make_no_more_ends(store: str) -> None:
    """It is asked before each partition; the others are made by whoever may."""
    answers = iter([True, True, False, False, True])
    assert make_ahead(MIDNIGHT, 30, lambda: next(answers, False)) == 3
    assert make_ahead(MIDNIGHT, 30) == 4 * len(KEYS) - 3


def checks_left() -> list[str]:
    """The checks that keep a day's rows out of a default partition."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE conname LIKE '%\\_apart'")
        return [name for (name,) in cursor.fetchall()]


def test_a_check_that_a_reader_keeps_delays_that_table_only(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other tables get their days; that a check is left is told, and the next try takes it away."""
    monkeypatch.setattr(tables, "LOCK_SECONDS", 0.05)
    first = next(iter(KEYS))
    with connection.cursor() as cursor:
        cursor.execute(
            f"ALTER TABLE {first}_default ADD CONSTRAINT {first}_default_apart CHECK (false) NOT VALID"
        )
    with a_reader(f"{first}_default", store), pytest.raises(OperationalError, match=first):
        make_ahead(MIDNIGHT, 30)
    assert {table: len(partitions_of(table)) for table in KEYS} == {**dict.fromkeys(KEYS, 4), first: 0}
    assert make_ahead(MIDNIGHT, 30) == 4
    assert checks_left() == []


def test_who_begins_to_read_while_a_day_is_looked_through_leaves_no_check(
    put: Callable[..., RequestRecord], store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check cannot be taken away at once; it is when the reader is gone, some tries later."""
    monkeypatch.setattr(making, "MOST_MOVED", 20)
    monkeypatch.setattr(tables, "LOCK_SECONDS", 0.05)
    put_many(put(MIDNIGHT + 5), 30)
    reading = ExitStack()
    pauses: list[float] = []

    def read_behind(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        answer = execute(sql, *args)
        if "VALIDATE" in sql:
            reading.enter_context(a_reader("monitor_requestlog_default", store))
        return answer

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == making.TRIES - 1:
            reading.close()

    monkeypatch.setattr(making, "time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))
    with reading, connection.execute_wrapper(read_behind):
        assert make_ahead(MIDNIGHT + 10, 30) == 4 * (len(KEYS) - 1)
    assert pauses == [making.PAUSE_SECONDS] * (making.TRIES - 1)
    assert checks_left() == []
    assert make_ahead(MIDNIGHT + 10, 30) == 4


@pytest.mark.parametrize(("hours_left", "first_day"), [(0.5, "20260923"), (2, "20260922")])
def test_a_day_that_begins_soon_is_not_kept_apart(
    put: Callable[..., RequestRecord],
    store: str,
    monkeypatch: pytest.MonkeyPatch,
    hours_left: float,
    first_day: str,
) -> None:
    """A long default partition may be looked through past midnight, and the check would refuse rows."""
    monkeypatch.setattr(making, "MOST_MOVED", 20)
    put_many(put(MIDNIGHT + 5), 30)
    make_ahead(MIDNIGHT + DAY_SECONDS - hours_left * 3600, 30)
    assert partitions_of("monitor_requestlog")[0].name == f"monitor_requestlog_{first_day}"
    assert making.LOOKING_SECONDS < making.NEAR_SECONDS


def test_rows_of_a_day_to_come_keep_only_that_one_from_being_made(
    put: Callable[..., RequestRecord], store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host whose clock is ahead has left rows in a long default partition: the days behind are made."""
    monkeypatch.setattr(making, "MOST_MOVED", 20)
    put_many(put(MIDNIGHT + 5), 30)
    ahead = put(MIDNIGHT + DAY_SECONDS + 5)
    make_ahead(MIDNIGHT + 10, 30)
    names = [one.name for one in partitions_of("monitor_requestlog")]
    assert names == [f"monitor_requestlog_{day}" for day in (20260923, 20260924, 20260925)]
    put(MIDNIGHT + DAY_SECONDS + 6)
    assert RequestLog.objects.filter(id__gte=ahead.id).count() == 2


def test_ids_made_by_hand_do_no_harm(put: Callable[..., RequestRecord], store: str) -> None:
    """An id that is no time has a place, is found, and does not keep a day from being made."""
    odd = ["0", "f" * 32, "ffffffff-not-an-id", "Z", "é", uuid.UUID(int=7).hex, uuid.UUID(int=2**128 - 9).hex]
    for at, name in enumerate(odd):
        put(MIDNIGHT + at, id=name)
    assert make_ahead(MIDNIGHT, 30) == 4 * len(KEYS)
    row = put(MIDNIGHT + 50)
    assert set(RequestLog.objects.values_list("id", flat=True)) == {*odd, row.id}
    for name in odd:
        assert RequestLog.objects.get(id=name).attempt_logs.get().account == "ada@example.com"
    assert rows_in("monitor_requestlog_20260921") == [row.id]
    list(prune(planned(Limits(0, 1), MIDNIGHT)))
    assert not RequestLog.objects.filter(id__lt="g").exists()


def test_who_reads_for_long_keeps_neither_retention_nor_new_days(
    put: Callable[..., RequestRecord], store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A partition that is read is not dropped: its rows go singly. One that cannot be made comes later."""
    monkeypatch.setattr(tables, "LOCK_SECONDS", 0.05)
    monkeypatch.setattr(dropping, "PAUSE_SECONDS", 0.0)
    make_ahead(MIDNIGHT, 30)
    put(MIDNIGHT + 1)
    there = partitions_of("monitor_requestlog")
    with a_reader("monitor_requestlog", store):
        assert make_ahead(MIDNIGHT + DAY_SECONDS, 30) == len(KEYS) - 1
        assert sum(prune(planned(Limits(1, 0), MIDNIGHT + 2 * DAY_SECONDS))) == 3
        assert partitions_of("monitor_requestlog") == there
        assert RequestLog.objects.count() == 0
    assert make_ahead(MIDNIGHT + DAY_SECONDS, 30) == 1
    list(prune(planned(Limits(1, 0), MIDNIGHT + 2 * DAY_SECONDS)))
    assert partitions_of("monitor_requestlog")[0].begin == there[1].begin


@pytest.mark.parametrize("moment", ["SELECT count(", "LOCK TABLE"])
def test_a_partition_that_another_process_drops_first_is_no_failure(
    put: Callable[..., RequestRecord], store: str, moment: str
) -> None:
    """Between the look and the count, or between the count and the lock: the next oldest is dropped then."""
    url = urlunsplit(urlsplit(stores.database_url())._replace(path=f"/{store}"))
    make_ahead(MIDNIGHT, 30)
    put(MIDNIGHT + DAY_SECONDS + 1)
    oldest, second, third = partitions_of("monitor_body")[:3]
    dropped: list[str] = []

    def drop_before_it(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if sql.startswith(moment) and not dropped:
            dropped.append(oldest.name)
            with psycopg.connect(url) as other:
                other.execute(f"DROP TABLE {oldest.name}")
        return execute(sql, *args)

    with connection.execute_wrapper(drop_before_it):
        assert list(dropping.drop_before("monitor_body", second.end)) == [0, 1]
    assert dropped
    assert partitions_of("monitor_body")[0] == third


def test_the_housekeeper_makes_and_drops_them(put: Callable[..., RequestRecord], store: str) -> None:
    """It makes those of the next days; a day goes with all that is in it when all of it is too old."""
    now = float(MIDNIGHT)
    housekeeper = Housekeeper(set, Limits(days=2, size_bytes=0))
    housekeeper.tick(now)
    row = put(now + 1)
    for hour in range(1, 8 * 24):
        housekeeper.tick(now + hour * 3600)
        assert RequestLog.objects.filter(id=row.id).exists() == (hour < 3 * 24)
    names = [one.name for one in partitions_of("monitor_attemptlog")]
    days = ("20260926", "20260927", "20260928", "20260929", "20260930", "20261001")
    assert names == [f"monitor_attemptlog_{day}" for day in days]
    assert not Body.objects.exists()


def test_the_number_of_all_rows_is_that_of_all_partitions(
    put: Callable[..., RequestRecord], store: str
) -> None:
    """The history's "about N" adds up what PostgreSQL believes of each."""
    make_ahead(MIDNIGHT, 30)
    first, second = put(MIDNIGHT + 1), put(MIDNIGHT + DAY_SECONDS + 1)
    for row in (first, second):
        put_many(row, 3000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE monitor_requestlog")
    counted = about_count(parse({}))
    assert counted is not None
    assert (counted.number, counted.is_estimate) == (6002, True)


@pytest.mark.parametrize("asked", [{}, {"outcome": "ok"}, {"outcome": "ok", "since": "2020-01-01"}])
def test_the_newest_page_asks_few_partitions(
    writer: RecordWriter, request_record: NewRecord, store: str, asked: dict[str, str]
) -> None:
    """A page looks at the last days, or those before its cursor, and then only at what lies before them."""
    now = time.time() // DAY_SECONDS * DAY_SECONDS + 60
    for day in range(20, -1, -1):
        make_ahead(now - day * DAY_SECONDS, 30)
    rows = []
    for day in (20, 11, 10, 1, 0):
        for number in range(4):
            row = request_record(**ENDED, started_at=now - day * DAY_SECONDS + number)
            writer.submit(row)
            rows.insert(0, row)
    assert writer.flush(20)
    for before, limit, first, queries in (
        ("", 5, 0, 1),
        (rows[8].id, 5, 9, 1),
        (rows[7].id, 5, 8, 2),  # nothing in the two days before
        ("", 9, 0, 2),
        ("", 60, 0, 2),
    ):
        with CaptureQueriesContext(connection) as executed:
            page = page_of(parse(asked), before=before, limit=limit)
        assert [row.id for row in page.rows] == [row.id for row in rows[first : first + limit]]
        plans = []
        with connection.cursor() as cursor:
            for query in executed:
                cursor.execute("EXPLAIN " + query["sql"])
                plans.append(set(re.findall(r"monitor_requestlog_\d{8}", str(cursor.fetchall()))))
        assert len(plans) == queries
        assert len(plans[0]) <= 6
        assert len(set.intersection(*plans)) <= 1 or queries == 1  # the day that the two divide


def test_what_seldom_happens_is_asked_of_all_at_once(
    writer: RecordWriter, request_record: NewRecord, store: str
) -> None:
    """The last days may have none of it: two questions would cost more than one."""
    now = time.time() // DAY_SECONDS * DAY_SECONDS + 60
    row = request_record(
        **{**ENDED, "outcome": Outcome.ERROR, "status": 500}, started_at=now - 9 * DAY_SECONDS
    )
    writer.submit(row)
    assert writer.flush(20)
    with CaptureQueriesContext(connection) as executed:
        assert [found.id for found in page_of(parse({"outcome": "error"})).rows] == [row.id]
    assert len(executed) == 1


def test_a_span_of_time_is_all_that_is_asked(
    writer: RecordWriter, request_record: NewRecord, store: str
) -> None:
    """Of the last day nothing before it is looked at; of a day long ago nothing since."""
    now = time.time() // DAY_SECONDS * DAY_SECONDS + 60
    for day in range(20, -1, -1):
        make_ahead(now - day * DAY_SECONDS, 30)
    old, new = (request_record(**ENDED, started_at=at) for at in (now - 10 * DAY_SECONDS, now))
    writer.submit(old)
    writer.submit(new)
    assert writer.flush(20)
    day_before = datetime.fromtimestamp(now - 11 * DAY_SECONDS, UTC).isoformat()
    day_after = datetime.fromtimestamp(now - 9 * DAY_SECONDS, UTC).isoformat()
    for asked, found in (({"within": "24"}, new), ({"since": day_before, "until": day_after}, old)):
        with CaptureQueriesContext(connection) as executed:
            assert [row.id for row in page_of(parse({**asked, "outcome": "ok"})).rows] == [found.id]
        with connection.cursor() as cursor:
            for query in executed:
                cursor.execute("EXPLAIN " + query["sql"])
                assert len(set(re.findall(r"monitor_requestlog_\d{8}", str(cursor.fetchall())))) <= 6
