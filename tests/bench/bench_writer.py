"""What recording costs: CPU of an exchange with its start, end and attempt, and of its bodies.

Run with ``python -m tests.bench.bench_writer``; ``TEST_STORES=postgres`` measures PostgreSQL. CPU is that of
this process; PostgreSQL's own processes are not in it.
"""

# ruff: noqa: E402  Django has to be set up before its models are imported

import os
import random
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

import msgspec
from django.core.management import call_command
from django.db import connections

from monitor.record.records import (
    AttemptRecord,
    BodyKind,
    BodyRecord,
    EndedBy,
    Outcome,
    Phase,
    RequestRecord,
)
from monitor.record.redacting.redaction import mask_body
from monitor.record.request_id import new_request_id
from monitor.store.writer import RecordWriter
from tests import stores

EXCHANGES = 6_000
PER_SECOND = 600
TICK_SECONDS = 0.01


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def admitted(number: int) -> RequestRecord:
    now = time.time()
    return RequestRecord(
        id=new_request_id(int(now * 1000), os.urandom(10)),
        started_at=now,
        process_id="bench",
        dialect="anthropic",
        method="POST",
        path="/v1/messages?beta=true",
        client_key=f"key {number % 20}",
        client_model="claude-opus-5-5",
        is_stream=True,
        preview=f"Please look at file number {number} and tell what is wrong with it.",
        session_hash=f"{number % 500:064x}",
        request_bytes=76_000,
        in_flight=True,
    )


def ended(record: RequestRecord, number: int) -> RequestRecord:
    return msgspec.structs.replace(
        record,
        in_flight=False,
        mapped_model="claude-opus-5-5",
        account=f"user{number % 40}@example.com",
        status=200,
        outcome=Outcome.OK,
        ended_by=EndedBy.UPSTREAM,
        ended_in=Phase.AFTER_STOP,
        attempts=1,
        first_data_ms=700,
        duration_ms=4000,
        tokens_in=1200,
        tokens_out=300,
        tokens_cached=20_000,
        stop_reason="end_turn",
        response_bytes=6_500,
    )


def attempt(record: RequestRecord, number: int) -> AttemptRecord:
    return AttemptRecord(
        request_id=record.id,
        number=1,
        account=f"user{number % 40}@example.com",
        account_kind="anthropic",
        upstream_model="claude-opus-5-5",
        started_offset_ms=1,
        phase=Phase.CONNECT,
    )


def measure_rows(title: str, *, lasting_seconds: float, priced: bool = False) -> None:
    """Exchanges at a steady pace, each with two records of its row and two of its attempt."""
    writer = RecordWriter(body_cap_bytes=1_000_000)
    writer.start()
    starts = [admitted(number) for number in range(EXCHANGES)]
    ends = [ended(record, number) for number, record in enumerate(starts)]
    if not priced:
        ends = [msgspec.structs.replace(end, tokens_in=None) for end in ends]
    attempts = [attempt(record, number) for number, record in enumerate(starts)]
    attempts_ended = [msgspec.structs.replace(record, status=200, end_ms=4000) for record in attempts]
    writer.submit(starts[0])
    writer.flush(10)
    behind = int(PER_SECOND * lasting_seconds)
    at_once = int(PER_SECOND * TICK_SECONDS)
    submitting = 0.0
    before = cpu_seconds()
    for begin in range(0, EXCHANGES + behind, at_once):
        began = time.perf_counter()
        for index in range(begin, min(begin + at_once, EXCHANGES)):
            writer.submit(starts[index])
            writer.submit(attempts[index])
        for index in range(max(begin - behind, 0), min(begin - behind + at_once, EXCHANGES)):
            writer.submit(attempts_ended[index])
            writer.submit(ends[index])
        submitting += time.perf_counter() - began
        time.sleep(TICK_SECONDS)
    writer.flush(60)
    spent = cpu_seconds() - before
    writer.stop(10)
    assert writer.stats().rows_written >= 2 * EXCHANGES
    print(
        f"{title:<48}{spent / EXCHANGES * 1000:8.3f} ms CPU/exchange"
        f"{submitting / EXCHANGES / 4 * 1e6:8.2f} µs/submit"
    )


def measure_bodies(title: str, content: bytes, count: int, chunks: int = 0) -> None:
    """Bodies of one size, one after another."""
    writer = RecordWriter(body_cap_bytes=1_000_000, max_queued_body_bytes=10**9)
    writer.start()
    step = len(content) // chunks if chunks else 0
    pieces = tuple((at, content[at * step : (at + 1) * step]) for at in range(chunks))
    before = cpu_seconds()
    for number in range(count):
        record = BodyRecord(
            request_id=new_request_id(number, os.urandom(10)),
            kind=BodyKind.RESPONSE,
            headers=(("content-type", "text/event-stream"), ("authorization", "Bearer abc")),
            content=b"" if chunks else content,
            chunks=pieces,
        )
        writer.submit(record)
    writer.flush(120)
    spent = cpu_seconds() - before
    writer.stop(10)
    assert writer.stats().bodies_written == count
    per_body = spent / count * 1000
    print(f"{title:<48}{per_body:8.3f} ms CPU/body{per_body / len(content) * 1e6:12.2f} ms/MB")


def measure_masking(title: str, content: bytes) -> None:
    """Masking alone."""
    rounds = max(1, 3_000_000 // len(content))
    before = cpu_seconds()
    for _ in range(rounds):
        mask_body(content)
    spent = (cpu_seconds() - before) / rounds * 1000
    print(f"{title:<48}{spent:8.3f} ms CPU/body{spent / len(content) * 1e6:12.2f} ms/MB")


def measure_stall(body: bytes) -> None:
    """How long another thread waits for the interpreter while large bodies and many rows are stored."""
    writer = RecordWriter(body_cap_bytes=1_000_000, max_queued_body_bytes=10**9)
    writer.start()
    waits: list[float] = []
    is_over = threading.Event()

    def tick() -> None:
        while not is_over.is_set():
            at = time.perf_counter()
            time.sleep(0.001)
            waits.append((time.perf_counter() - at - 0.001) * 1000)

    thread = threading.Thread(target=tick)
    thread.start()
    for number in range(2_000):
        record = admitted(number)
        writer.submit(record)
        if number % 40 == 0:
            writer.submit(BodyRecord(request_id=record.id, kind=BodyKind.CLIENT_REQUEST, content=body))
    writer.flush(120)
    is_over.set()
    thread.join()
    writer.stop(10)
    waits.sort()
    print(f"{'stall of another thread (2,000 rows, 50 MB)':<48}{statistics.median(waits):8.2f} ms median"
          f"{waits[int(len(waits) * 0.99)]:8.2f} ms p99{waits[-1]:8.2f} ms worst")  # fmt: skip


def text_of(size: int) -> bytes:
    """A request as coding clients send them: escaped code and prose in JSON."""
    rng = random.Random(1)
    words = 'def return if token key value self None import class for in of and to a \\n\\t \\" = ( ) : ,'
    pool = words.split()
    text = " ".join(rng.choice(pool) + str(rng.randrange(1000)) for _ in range(size // 8))
    return ('{"messages":[{"role":"user","content":"' + text + '"}]}').encode()[:size]


def main() -> None:
    """Measure on a fresh store and print a table."""
    if stores.wanted():
        name = f"bench_{os.getpid()}"
        stores.create_database(name)
    else:
        name = str(Path(tempfile.mkdtemp(prefix="evenkeel-bench-")) / "proxy.sqlite3")
    connections.settings["default"]["NAME"] = name
    call_command("migrate", verbosity=0)
    event = b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"word "}}\n\n'
    steps: list[Callable[[], None]] = [
        lambda: measure_rows("start, attempt, end; merged (short exchanges)", lasting_seconds=0.01),
        lambda: measure_rows("start, attempt, end; lasting 0.2 s", lasting_seconds=0.2),
        lambda: measure_rows("the same with its price", lasting_seconds=0.2, priced=True),
        lambda: measure_bodies("request body, 2 kB", text_of(2_000), 2_000),
        lambda: measure_bodies("request body, 76 kB", text_of(76_000), 300),
        lambda: measure_bodies("request body, 1 MB", text_of(1_000_000), 30),
        lambda: measure_bodies("response of 50 events in 20 pieces", event * 50, 2_000, chunks=20),
        lambda: measure_masking("masking alone, request of 76 kB", text_of(76_000)),
        lambda: measure_masking("masking alone, SSE of 1 MB", event * 9_500),
        lambda: measure_stall(text_of(1_000_000)),
    ]
    print(f"store: {connections['default'].vendor}")
    for step in steps:
        step()
    connections["default"].close()
    if stores.wanted():
        stores.drop_database(name)


if __name__ == "__main__":
    sys.exit(main())
