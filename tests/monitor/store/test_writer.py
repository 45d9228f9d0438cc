"""The writer stores what it was given: merged, in batches, whatever the store does meanwhile."""

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import msgspec
import psycopg
import pytest
from django.db import connection

from monitor.models import AttemptLog, Body, RequestLog
from monitor.record.records import (
    AttemptRecord,
    BodyKind,
    BodyRecord,
    EndedBy,
    Outcome,
    Phase,
    RequestRecord,
)
from monitor.store.writer import RecordWriter
from tests import stores

NewRecord = Callable[..., RequestRecord]
NewWriter = Callable[..., RecordWriter]


def ended(record: RequestRecord, **fields: object) -> RequestRecord:
    """The record of the same exchange when it has ended."""
    return msgspec.structs.replace(
        record,
        **{
            "in_flight": False,
            "outcome": Outcome.OK,
            "status": 200,
            "ended_by": EndedBy.UPSTREAM,
            "ended_in": Phase.AFTER_STOP,
            "attempts": 1,
            **fields,
        },
    )


def attempt(record: RequestRecord, number: int = 1, **fields: object) -> AttemptRecord:
    """An attempt of that exchange."""
    return AttemptRecord(
        **{
            "request_id": record.id,
            "number": number,
            "account": "ada@example.com",
            "account_kind": "anthropic",
            "upstream_model": "claude-opus-5-5",
            "started_offset_ms": 2,
            **fields,
        }
    )


@contextmanager
def locked(store: str) -> Iterator[None]:
    """Meanwhile somebody else holds the store so that nothing can be written."""
    if stores.wanted():
        settings = connection.get_connection_params()
        with psycopg.connect(**{**settings, "cursor_factory": psycopg.Cursor}) as other:
            other.execute("LOCK TABLE monitor_requestlog IN ACCESS EXCLUSIVE MODE")
            yield
            other.rollback()
    else:
        other = sqlite3.connect(store, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            other.close()


class Heard(logging.Handler):
    """Lets a test wait for a line of the writer's log."""

    def __init__(self, phrase: str) -> None:
        super().__init__()
        self.phrase = phrase
        self.happened = threading.Event()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        if self.phrase in record.getMessage():
            self.happened.set()


@contextmanager
def listening(phrase: str) -> Iterator[Heard]:
    """Listen for a phrase in the writer's log."""
    handler = Heard(phrase)
    logger = logging.getLogger("monitor.store.writer")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def test_a_row_exists_from_admission_without_anybody_flushing(
    writer: RecordWriter, request_record: NewRecord
) -> None:
    """A record that was submitted is stored soon by itself, in flight, with what is known by then."""
    stored = threading.Event()
    writer.on_committed(lambda rows: stored.set())
    record = request_record()
    writer.submit(record)
    assert stored.wait(10)
    row = RequestLog.objects.get()
    assert (row.id, row.in_flight, row.outcome, row.tokens_out) == (record.id, True, None, None)
    assert row.started_at.timestamp() == record.started_at


def test_every_field_of_a_record_is_stored(writer: RecordWriter, request_record: NewRecord) -> None:
    """What the relay hands over is what the row says, field by field; unknown stays NULL."""
    record = ended(
        request_record(
            session_hash="5e", request_bytes=12, replay_of="0" * 32, dialect="gemini", method="POST"
        ),
        mapped_model="gemini-3-pro-preview",
        account="ada@example.com",
        status=200,
        outcome=Outcome.HEALED,
        attempts=2,
        first_data_ms=850,
        duration_ms=4200,
        tokens_in=10,
        tokens_out=20,
        tokens_cached=30,
        tokens_cache_write=0,
        tokens_thinking=5,
        cost=Decimal("0.00123"),
        stop_reason="end_turn",
        response_bytes=99,
        error="é \x00 \ud800",
        cached_tokens_lost=7,
        healed=True,
        continued=True,
        seams=(12, 40),
        changes=("temperature dropped", "thinking → text"),
        diagnostics={"legs": 2, "why": None},
    )
    writer.submit(record)
    assert writer.flush(10)
    row = RequestLog.objects.get()
    for field in msgspec.structs.fields(RequestRecord):
        stored, given = getattr(row, field.name), getattr(record, field.name)
        match field.name:
            case "started_at":
                assert stored.timestamp() == given
            case "seams" | "changes":
                assert stored == list(given)
            case "error":
                assert stored == "é � ?"
            case _:
                assert stored == given, field.name
    assert row.status_class == 2


def test_every_field_of_an_attempt_is_stored(writer: RecordWriter, request_record: NewRecord) -> None:
    """What the relay hands over about an attempt is what its row says, field by field."""
    record = request_record()
    given = attempt(
        record,
        number=2,
        status=429,
        phase=Phase.HEADERS,
        failure_kind="rate_limited",
        failure_text="slow down",
        strategy="FixedDelay",
        delay_ms=200,
        rotate=True,
        heal="drop_block",
        connect_ms=1,
        headers_ms=2,
        first_data_ms=3,
        end_ms=4,
        upstream_request_id="req_1",
        tokens_in=1,
        tokens_out=2,
        tokens_cached=3,
        tokens_cache_write=4,
        tokens_thinking=5,
    )
    writer.submit(record)
    writer.submit(given)
    assert writer.flush(10)
    row = AttemptLog.objects.get()
    assert {f.name: getattr(row, f.name) for f in msgspec.structs.fields(AttemptRecord)} == (
        msgspec.structs.asdict(given)
    )


def test_a_later_record_takes_the_place_of_the_earlier(
    writer: RecordWriter, request_record: NewRecord
) -> None:
    """Start, changes and end of an exchange make one row, whether they meet in one batch or not."""
    first, second = request_record(), request_record()
    writer.submit(first)
    assert writer.flush(10)
    writer.submit(ended(first, outcome=Outcome.RETRIED, tokens_out=7))
    writer.submit(second)
    writer.submit(ended(second))
    writer.submit(attempt(second))
    writer.submit(attempt(second, end_ms=40))
    assert writer.flush(10)
    assert list(RequestLog.objects.values_list("id", "outcome", "in_flight", "tokens_out")) == [
        (second.id, "ok", False, None),
        (first.id, "retried", False, 7),
    ]
    assert AttemptLog.objects.get().end_ms == 40


def test_the_committed_rows_are_handed_on_as_stored(writer: RecordWriter, request_record: NewRecord) -> None:
    """Listeners get the rows after the commit, with secrets masked and the cost worked out."""
    heard: list[object] = []
    writer.on_committed(heard.extend)
    record = ended(
        request_record(path="/v1beta/models/g:generateContent?key=abc", preview="Bearer abcdefgh12345"),
        mapped_model="claude-opus-4-5",
        tokens_in=1_000_000,
        tokens_out=0,
        error="bad key sk-0123456789abcdefABCDEF",
    )
    writer.submit(record)
    failed = attempt(record, failure_text="https://h/?key=abcdefgh")
    writer.submit(failed)
    assert writer.flush(10)
    assert heard == [
        msgspec.structs.replace(
            record,
            path="/v1beta/models/g:generateContent?key=[masked]",
            preview="Bearer [masked]",
            error="bad key sk-[masked]",
            cost=Decimal("5.0000000000"),
        ),
        msgspec.structs.replace(failed, failure_text="https://h/?key=[masked]"),
    ]
    assert RequestLog.objects.get().path == "/v1beta/models/g:generateContent?key=[masked]"


def test_a_listener_that_fails_harms_nobody(writer: RecordWriter, request_record: NewRecord) -> None:
    """An exception in a listener is logged, and the next listener and the next row come all the same."""
    heard: list[object] = []

    def fail(rows: object) -> None:
        raise RuntimeError("listener")

    writer.on_committed(fail)
    writer.on_committed(heard.extend)
    with listening("listener") as log:
        writer.submit(request_record())
        assert writer.flush(10)
        writer.submit(request_record())
        assert writer.flush(10)
    assert len(heard) == 2
    assert log.happened.is_set()


def test_many_rows_are_stored_in_small_batches(writer: RecordWriter, request_record: NewRecord) -> None:
    """However much waits, no transaction has more than 50 rows, and nothing is missing."""
    sizes: list[int] = []
    writer.on_committed(lambda rows: sizes.append(len(rows)))
    records = [request_record() for _ in range(130)]
    for record in records:
        writer.submit(record)
        writer.submit(attempt(record))
    assert writer.flush(30)
    assert max(sizes) <= 50
    assert sum(sizes) == 260
    assert RequestLog.objects.count() == AttemptLog.objects.count() == 130
    stats = writer.stats()
    assert (stats.rows_written, stats.queued_rows, stats.rows_dropped) == (260, 0, 0)


def test_a_batch_that_fails_is_tried_again_with_what_came_meanwhile(
    store: str, writer: RecordWriter, request_record: NewRecord
) -> None:
    """While the store is locked rows wait; afterwards they are stored as the latest record says."""
    record, other = request_record(), request_record()
    if stores.wanted():
        with connection.cursor() as cursor:  # PostgreSQL waits for locks; here it shall tell at once
            cursor.execute(f"ALTER DATABASE {connection.ops.quote_name(store)} SET lock_timeout = '50ms'")
    with listening("failed") as log:
        with locked(store):
            writer.submit(record)
            writer.submit(other)
            assert log.happened.wait(20)
            writer.submit(ended(record))
            assert not writer.flush(0.01)
            assert writer.stats().queued_rows == 2
            assert writer.stats().last_error.startswith("OperationalError: ")
            assert writer.stats().last_error_at is not None
        assert writer.flush(20)
    assert list(RequestLog.objects.values_list("id", "outcome")) == [(other.id, None), (record.id, "ok")]
    assert writer.stats().rows_dropped == 0
    assert len(log.lines) == 2, "failing and working again are told once each"


def test_bodies_that_could_not_be_stored_are_tried_again(
    store: str, writer: RecordWriter, request_record: NewRecord
) -> None:
    """A locked store costs no body either."""
    record = request_record()
    if stores.wanted():
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {connection.ops.quote_name(store)} SET lock_timeout = '50ms'")
    with listening("failed") as log:
        with locked(store):
            writer.submit(record)
            writer.submit(BodyRecord(request_id=record.id, kind=BodyKind.RESPONSE, content=b"kept"))
            assert log.happened.wait(20)
        assert writer.flush(20)
    assert Body.objects.get().data() == b"kept"


def test_a_vanished_connection_is_made_anew(writer: RecordWriter, request_record: NewRecord) -> None:
    """A connection that breaks under the writer costs no row."""

    def break_connection(rows: object) -> None:
        connection.connection.close()  # in the writer's thread: the socket or file goes, Django does not know

    writer.on_committed(break_connection)
    for _ in range(3):
        writer.submit(request_record())
        assert writer.flush(20)
    assert RequestLog.objects.count() == 3


def test_a_record_that_no_store_takes_is_left_out_alone(
    writer: RecordWriter, request_record: NewRecord
) -> None:
    """One impossible record among good ones is dropped, counted and named; the others are stored."""
    good = [request_record() for _ in range(3)]
    impossible = request_record(started_at=1e18)
    with listening("left out") as log:
        for record in [*good[:2], msgspec.structs.replace(impossible, id="x"), good[2]]:
            writer.submit(record)
        assert writer.flush(20)
    assert sorted(RequestLog.objects.values_list("id", flat=True)) == [record.id for record in good]
    assert writer.stats().rows_dropped == 1
    assert log.happened.is_set()


def test_a_row_that_breaks_a_rule_of_the_table_is_left_out_alone(
    writer: RecordWriter, request_record: NewRecord
) -> None:
    """The table's own constraints hold (an ended row has an outcome) and cost only the row at fault."""
    good, bad = request_record(), msgspec.structs.replace(request_record(), in_flight=False)
    writer.submit(bad)
    writer.submit(good)
    assert writer.flush(20)
    assert RequestLog.objects.get().id == good.id
    assert writer.stats().rows_dropped == 1
    assert "team" not in writer.stats().last_error, "an error of the store must not quote the row"


def test_numbers_beyond_reason_do_not_cost_the_row(writer: RecordWriter, request_record: NewRecord) -> None:
    """An upstream that reports an absurd number of tokens is recorded with the largest that fits."""
    writer.submit(ended(request_record(), tokens_out=10**30, tokens_in=-(10**30)))
    assert writer.flush(20)
    assert RequestLog.objects.get().tokens_out == 2**63 - 1


def test_texts_are_cut_to_their_columns(writer: RecordWriter, request_record: NewRecord) -> None:
    """A model name or error of any length is stored, cut, on every database."""
    writer.submit(
        ended(
            request_record(client_model="m" * 10_000, path="/" + "p" * 10_000, preview="v" * 10_000),
            error="e" * 100_000,
            mapped_model="n" * 10_000,
        )
    )
    assert writer.flush(20)
    row = RequestLog.objects.get()
    assert (len(row.client_model), len(row.mapped_model or ""), len(row.path)) == (200, 200, 2000)
    assert (len(row.preview), len(row.error or "")) == (300, 4000)


def test_a_store_that_works_again_after_stop_gets_what_is_left(
    new_writer: NewWriter, request_record: NewRecord
) -> None:
    """``stop`` stores everything and then takes nothing more; what still comes is counted."""
    writer = new_writer()
    records = [request_record() for _ in range(70)]
    for record in records:
        writer.submit(record)
    assert writer.stop(30)
    assert RequestLog.objects.count() == 70
    writer.submit(request_record())
    assert writer.stats().rows_dropped == 1
    writer.start()
    writer.submit(request_record())
    assert writer.flush(10)
    assert RequestLog.objects.count() == 71


def test_a_mistake_of_our_own_does_not_end_the_thread(
    writer: RecordWriter, request_record: NewRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong in the thread is logged, and the next row is stored."""
    take_rows = writer._queue.take_rows

    def fail_once() -> object:
        monkeypatch.setattr(writer._queue, "take_rows", take_rows)
        raise RuntimeError("bug")

    monkeypatch.setattr(writer._queue, "take_rows", fail_once)
    with listening("writer of the log failed") as log:
        writer.submit(request_record())
        assert log.happened.wait(10)
        assert writer.flush(20)
    assert RequestLog.objects.count() == 1


def test_flush_before_start_tells_whether_anything_waits(store: str, request_record: NewRecord) -> None:
    """Without its thread the writer stores nothing and does not pretend."""
    writer = RecordWriter(body_cap_bytes=1)
    assert writer.flush(0)
    writer.submit(request_record())
    assert not writer.flush(0)


def test_bodies_are_not_taken_when_recording_is_off(new_writer: NewWriter, request_record: NewRecord) -> None:
    """Switched off, bodies are neither stored nor counted as lost."""
    writer = new_writer(record_bodies=False)
    writer.submit(BodyRecord(request_id=request_record().id, kind=BodyKind.RESPONSE, content=b"x"))
    assert writer.flush(10)
    assert not Body.objects.exists()
    assert writer.stats().bodies_dropped == 0


KILLED = """
import itertools, sys, time
import django
django.setup()
from django.db import connections
connections.settings["default"]["NAME"] = sys.argv[1]
from monitor.record.records import RequestRecord
from monitor.record.request_id import new_request_id
from monitor.store.writer import RecordWriter
writer = RecordWriter(body_cap_bytes=1)
writer.on_committed(lambda rows: print(*(row.id for row in rows), flush=True))
writer.start()
for number in itertools.count():
    writer.submit(RequestRecord(
        id=new_request_id(number, number.to_bytes(10)), started_at=float(number), process_id="p",
        dialect="gemini", method="POST", path="/", in_flight=True))
    time.sleep(0.001)
"""


@pytest.mark.outside
def test_what_was_committed_survives_a_kill(store: str) -> None:
    """After kill -9 in the middle of writing, every row that was reported as stored is there."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    if stores.wanted():
        environment["TEST_STORES"] = "postgres"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, store], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    reported = [process.stdout.readline() for _ in range(5)]
    process.send_signal(signal.SIGKILL)
    reported += process.stdout.read().splitlines(keepends=True)
    process.wait(20)
    ids = {word for line in reported if line.endswith("\n") for word in line.split()}
    assert ids
    assert ids <= set(RequestLog.objects.values_list("id", flat=True))
