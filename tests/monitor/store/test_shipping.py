"""Bodies on their way to a store of objects: none is lost, whatever store and process do meanwhile."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import pytest
from django.db import OperationalError
from prometheus_client import REGISTRY

from monitor.models import Body
from monitor.object_store.store import StoreAway
from monitor.record.records import BodyKind, BodyRecord
from monitor.record.request_id import new_request_id
from monitor.store import shipping
from monitor.store import writer as writing
from monitor.store.bodies import StoredBody
from monitor.store.shipping import LANES, Shipper
from monitor.store.upsert import Row, upsert
from monitor.store.writer import RecordWriter
from tests.served.world import PATIENCE_SECONDS

KEPT_BACK = "evenkeel_bodies_kept_back_total"
NOON_MS = 1_790_000_000_000


class Gate:
    """A store of objects that takes nothing until it is opened."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.begun = threading.Semaphore(0)
        self.kept: list[bytes] = []

    def put(self, key: str, content: bytes) -> None:
        self.begun.release()
        assert self.opened.wait(PATIENCE_SECONDS)
        self.kept.append(content)

    def get(self, key: str) -> bytes:
        raise NotImplementedError

    def days(self) -> list[str]:
        raise NotImplementedError

    def delete_day(self, day: str) -> Iterator[int]:
        raise NotImplementedError


def raising(error: BaseException) -> Callable[..., NoReturn]:
    """A function that does nothing else."""

    def fail(*_: object) -> NoReturn:
        raise error

    return fail


class Failing(Gate):
    """A store of objects whose ``put`` raises that."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def put(self, key: str, content: bytes) -> None:
        raise self.error


class Ships:
    """A shipper, what it gave back and what it dropped."""

    def __init__(self, store: Gate) -> None:
        self.rows: list[StoredBody] = []
        self.dropped: list[BodyRecord] = []
        self.shipper = Shipper(store, 1_000_000, self.rows.append, self.dropped.append)

    def wait(self) -> None:
        """Until nothing is on its way."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while not self.shipper.is_empty:
            assert time.monotonic() < ends_at
            time.sleep(0.01)


def body(number: int, content: bytes = b"x") -> BodyRecord:
    """The response of that exchange."""
    name = new_request_id(NOON_MS, number.to_bytes(10))
    return BodyRecord(request_id=name, kind=BodyKind.RESPONSE, content=content)


def test_closed_it_gives_back_what_waits_for_a_slow_store() -> None:
    """Only what is being put when it closes goes there; the rest, and what still comes, to the database."""
    gate = Gate()
    ships = Ships(gate)
    assert ships.shipper.take([body(number) for number in range(200)]) == []
    assert gate.begun.acquire(timeout=PATIENCE_SECONDS)
    ships.shipper.close()
    late = [body(number) for number in range(200, 210)]
    assert ships.shipper.take(late) == late
    gate.opened.set()
    ships.wait()
    assert 1 <= len(gate.kept) <= LANES
    assert len(ships.rows) == 200
    assert sum(not row.content for row in ships.rows) == len(gate.kept)
    ships.shipper.open()
    assert ships.shipper.take([body(300)]) == []
    ships.wait()
    assert not ships.rows[-1].content


def test_a_writer_that_stops_leaves_no_body_on_its_way(
    new_writer: Callable[..., RecordWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are recorded in the end, also those that waited for a slow store; it is asked no more."""
    gate = Gate()
    close = Shipper.close
    monkeypatch.setattr(Shipper, "close", lambda shipper: (close(shipper), gate.opened.set()))
    writer = new_writer(object_store=gate)
    for number in range(300):
        writer.submit(body(number))
    assert gate.begun.acquire(timeout=PATIENCE_SECONDS)
    assert writer.stop(PATIENCE_SECONDS)
    assert Body.objects.count() == 300
    assert Body.objects.exclude(content=b"").count() >= 300 - LANES
    assert writer.stats().bodies_dropped == 0


def test_a_later_writing_of_a_body_never_overtakes_the_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is on its way a later one follows it: without room, with the store away, at the end."""
    reasons: dict[str, Callable[[Shipper], None]] = {
        "no room": lambda _: monkeypatch.setattr(shipping, "MOST_BYTES", 0),
        "away": lambda shipper: setattr(shipper, "_away_until", float("inf")),
        "closed": lambda shipper: shipper.close(),
    }
    for reason, happen in reasons.items():
        gate = Gate()
        ships = Ships(gate)
        assert ships.shipper.take([body(1, b"first")]) == []
        assert gate.begun.acquire(timeout=PATIENCE_SECONDS)
        happen(ships.shipper)
        other = body(2)
        assert ships.shipper.take([body(1, b"the second"), other]) == [other], reason
        gate.opened.set()
        ships.wait()
        assert [row.total_bytes for row in ships.rows] == [5, 10], reason
        again = body(1, b"the third")
        assert ships.shipper.take([again]) == [again], reason
        monkeypatch.undo()


@contextmanager
def a_database_that_fails(monkeypatch: pytest.MonkeyPatch, times: int) -> Iterator[list[float | None]]:
    """It takes no body so many times; how many bodies were counted as kept back at each of them."""
    failed: list[float | None] = []

    def store(rows: Sequence[Row]) -> None:
        if isinstance(rows[0], StoredBody) and len(failed) < times:
            failed.append(REGISTRY.get_sample_value(KEPT_BACK))
            raise OperationalError("the connection is lost")
        upsert(rows)

    with monkeypatch.context() as patched:
        patched.setattr(writing, "upsert", store)
        yield failed


@pytest.mark.parametrize("failures", [0, 2])
def test_an_earlier_writing_that_fails_never_takes_the_place_of_a_later(
    new_writer: Callable[..., RecordWriter], monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    """It comes back when the later is out of the queue and not on its way: the later is what is stored."""
    gate = Gate()
    in_hand = threading.Event()
    take = Shipper.take

    def put(key: str, content: bytes) -> None:
        gate.begun.release()
        assert in_hand.wait(PATIENCE_SECONDS)
        raise StoreAway("503")

    def take_when_the_first_is_back(
        shipper: Shipper, records: list[BodyRecord | StoredBody]
    ) -> list[BodyRecord | StoredBody]:
        if any(isinstance(record, BodyRecord) and record.content == b"second" for record in records):
            in_hand.set()
            ends_at = time.monotonic() + PATIENCE_SECONDS
            while not shipper.is_empty:
                assert time.monotonic() < ends_at
                time.sleep(0.01)
        return take(shipper, records)

    monkeypatch.setattr(gate, "put", put)
    monkeypatch.setattr(Shipper, "take", take_when_the_first_is_back)
    writer = new_writer(object_store=gate)
    writer.submit(body(1, b"first"))
    assert gate.begun.acquire(timeout=PATIENCE_SECONDS)
    with a_database_that_fails(monkeypatch, failures) as failed:
        writer.submit(body(1, b"second"))
        assert writer.flush(PATIENCE_SECONDS)
    assert len(failed) == failures
    assert Body.objects.get().data() == b"second"
    assert writer.stats().queued_body_bytes == 0


def test_what_is_kept_back_is_counted_when_the_database_has_it(
    new_writer: Callable[..., RecordWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, however often it was tried: what came back and what was never taken, nothing that is shipped."""
    writer = new_writer(object_store=Failing(StoreAway("503")))
    before = REGISTRY.get_sample_value(KEPT_BACK) or 0
    with a_database_that_fails(monkeypatch, 3) as failed:
        writer.submit(body(1))
        assert writer.flush(PATIENCE_SECONDS)  # it came back, the store being away
    assert failed == [before] * 3
    assert REGISTRY.get_sample_value(KEPT_BACK) == before + 1
    with a_database_that_fails(monkeypatch, 3) as failed:
        for number in (2, 3):
            writer.submit(body(number))
        assert writer.flush(PATIENCE_SECONDS)  # they were left, the store still being away
    assert failed == [before + 1] * 3
    assert REGISTRY.get_sample_value(KEPT_BACK) == before + 3
    open_gate = Gate()
    open_gate.opened.set()
    writer = new_writer(object_store=open_gate)
    writer.submit(body(4))
    assert writer.flush(PATIENCE_SECONDS)
    assert REGISTRY.get_sample_value(KEPT_BACK) == before + 3
    assert Body.objects.filter(content=b"").count() == 1


class Panic(BaseException):
    """What a library in Rust raises when it fails; no Exception, as PyO3's is none."""


def test_a_put_that_fails_in_any_way_costs_no_body(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever it raises, the body goes to the database, and the lanes carry on."""
    for error in (ValueError("hush"), Panic("hush"), StoreAway("503")):
        ships = Ships(Failing(error))
        for number in range(2 * LANES):
            assert ships.shipper.take([body(number)]) == []
            ships.wait()
            ships.shipper._away_until = 0.0
        assert len(ships.rows) == 2 * LANES
        assert all(row.content for row in ships.rows)
        assert ships.dropped == []
    assert "ValueError" in caplog.text
    assert "503" in caplog.text
    assert "hush" not in caplog.text


def test_a_body_that_cannot_be_made_a_row_is_dropped_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted, and the next one in its lane is kept."""
    gate = Gate()
    gate.opened.set()
    ships = Ships(gate)
    for error in (ValueError("bad"), Panic("bad")):
        with monkeypatch.context() as patched:
            patched.setattr(shipping, "stored_body", raising(error))
            assert ships.shipper.take([body(1)]) == []
            ships.wait()
    assert ships.dropped == [body(1), body(1)]
    assert ships.shipper.take([body(1)]) == []
    ships.wait()
    assert len(ships.rows) == 1
