"""What waits to be stored is merged and bounded: bodies are left out first, ended rows last."""

from collections.abc import Callable

import msgspec
import pytest
import zstandard

from monitor.record.records import AttemptRecord, BodyKind, BodyRecord, Outcome, RequestRecord
from monitor.store.bodies import queued_bytes, stored_body
from monitor.store.queue import RecordQueue

NewRecord = Callable[..., RequestRecord]


def attempt(request_id: str, number: int = 1) -> AttemptRecord:
    """An attempt of that exchange."""
    return AttemptRecord(
        request_id=request_id,
        number=number,
        account="a",
        account_kind="gemini",
        upstream_model="g",
        started_offset_ms=0,
    )


def body(request_id: str, size: int = 10, kind: BodyKind = BodyKind.RESPONSE) -> BodyRecord:
    """A body of that exchange."""
    return BodyRecord(request_id=request_id, kind=kind, content=bytes(size))


def ended(record: RequestRecord) -> RequestRecord:
    """The same exchange at its end."""
    return msgspec.structs.replace(record, in_flight=False, outcome=Outcome.OK)


@pytest.fixture
def queue() -> RecordQueue:
    """A queue for ten rows and a hundred bytes of bodies."""
    return RecordQueue(max_rows=10, max_body_bytes=100)


def test_records_of_one_row_are_merged_and_requests_come_first(
    queue: RecordQueue, request_record: NewRecord
) -> None:
    """The latest record of each row is handed out once, requests before attempts."""
    first, second = request_record(), request_record()
    for record in (attempt(first.id), first, second, ended(first), attempt(first.id)):
        queue.put(record)
    assert queue.rows == 3
    assert queue.take_rows() == [ended(first), second, attempt(first.id)]
    assert queue.take_rows() == []


def test_what_was_taken_counts_until_it_is_stored(queue: RecordQueue, request_record: NewRecord) -> None:
    """Rows on their way to the disk are still to be waited for."""
    queue.put(request_record())
    assert not queue.is_empty
    queue.take_rows()
    assert not queue.is_empty
    assert queue.rows == 1
    queue.count_stored(1)
    assert queue.is_empty


def test_what_is_put_back_does_not_replace_what_is_newer(
    queue: RecordQueue, request_record: NewRecord
) -> None:
    """After a failed batch the record that came meanwhile stays, in the place of the older."""
    first, second = request_record(), request_record()
    for record in (first, second, attempt(first.id)):
        queue.put(record)
    taken = queue.take_rows()
    queue.put(ended(first))
    queue.put_back_rows(taken)
    assert queue.rows == 3
    assert queue.take_rows() == [ended(first), second, attempt(first.id)]


def test_bodies_are_handed_out_oldest_first_and_about_as_much_as_asked(queue: RecordQueue) -> None:
    """A batch of bodies is bounded by number and size, and never empty while one waits."""
    bodies = [body(str(number), size) for number, size in enumerate((10, 60, 10, 10))]
    for record in bodies:
        queue.put(record)
    assert queue.body_bytes == 90
    assert queue.take_bodies(50, 50) == bodies[:2]
    assert queue.take_bodies(1, 50) == bodies[2:3]
    assert queue.take_bodies(50, 1) == bodies[3:]
    assert (queue.body_bytes, queue.has_bodies) == (0, False)


def test_bodies_put_back_come_first_again(queue: RecordQueue) -> None:
    """After a failed batch the bodies are there again, the newer of the same one staying."""
    queue.put(body("a", 20))
    queue.put(body("b", 20))
    taken = queue.take_bodies(50, 1000)
    queue.put(body("b", 30))
    queue.put_back_bodies(taken)
    assert queue.body_bytes == 50
    assert queue.take_bodies(50, 1000) == [body("a", 20), body("b", 30)]


def test_a_row_given_back_takes_the_place_of_an_earlier_one_only(queue: RecordQueue) -> None:
    """The rows of one body come back in order: the later stays, but for a body that was recorded since."""
    compressor = zstandard.ZstdCompressor()
    earlier, later = (stored_body(body("a", size), 1_000, compressor) for size in (10, 40))
    queue.give_back(earlier)
    queue.give_back(later)
    assert queue.body_bytes == queued_bytes(later)
    assert queue.take_bodies(50, 1_000) == [later]
    queue.put(body("a", 20))
    queue.give_back(later)
    assert queue.body_bytes == 20
    assert queue.take_bodies(50, 1_000) == [body("a", 20)]


def test_of_a_body_in_hand_nothing_earlier_stays(queue: RecordQueue) -> None:
    """What is given back beside a later writing that was taken out goes; a body recorded since stays."""
    compressor = zstandard.ZstdCompressor()
    rows = {name: stored_body(body(name), 1_000, compressor) for name in ("a", "b", "c")}
    queue.give_back(rows["a"])
    queue.give_back(rows["b"])
    queue.put(body("c", 20))
    queue.forget_earlier([body("a"), rows["b"], body("c"), body("d")])
    assert queue.body_bytes == queued_bytes(rows["b"]) + 20
    assert queue.take_bodies(50, 1_000) == [rows["b"], body("c", 20)]


def test_bodies_beyond_the_bytes_are_left_out(queue: RecordQueue) -> None:
    """When the bytes are used up a body is left out and counted; a single one of any size is taken."""
    queue.put(body("huge", 5000))
    queue.put(body("a", 1))
    assert (queue.bodies_dropped, queue.body_bytes) == (1, 5000)
    queue.take_bodies(1, 1)
    queue.put(body("a", 60))
    queue.put(body("b", 60))
    queue.put(body("c", 40))
    assert (queue.bodies_dropped, queue.body_bytes) == (2, 100)


def test_a_newer_body_takes_the_bytes_of_the_older(queue: RecordQueue) -> None:
    """Replacing a body does not leak its size."""
    for size in (50, 20, 30):
        queue.put(body("a", size))
    assert queue.body_bytes == 30


def test_bodies_go_before_any_row_does(queue: RecordQueue, request_record: NewRecord) -> None:
    """As soon as the rows are half of what may wait, waiting bodies go, and no more are taken."""
    queue.put(body("early"))
    for _ in range(5):
        queue.put(request_record())
    assert queue.bodies_dropped == 0
    queue.put(body("late"))
    assert (queue.bodies_dropped, queue.body_bytes, queue.has_bodies) == (2, 0, False)
    assert queue.rows_dropped == 0


def test_rows_go_last_and_ended_ones_last_of_all(queue: RecordQueue, request_record: NewRecord) -> None:
    """When rows are too many, attempts and rows in flight are left out; ended rows have twice the room."""
    records = [request_record() for _ in range(25)]
    for record in records[:10]:
        queue.put(record)
    queue.put(records[10])
    queue.put(attempt(records[0].id))
    assert (queue.rows, queue.rows_dropped) == (10, 2)
    for record in records[:21]:
        queue.put(ended(record))
    assert (queue.rows, queue.rows_dropped) == (20, 3)
    assert queue.take_rows() == [ended(record) for record in records[:20]]


def test_a_row_that_waits_is_brought_up_to_date_however_full_it_is(
    queue: RecordQueue, request_record: NewRecord
) -> None:
    """Merging needs no room: a newer record for a waiting row is always taken."""
    records = [request_record() for _ in range(9)]
    for record in records:
        queue.put(record)
    queue.put(attempt("a"))
    newer = msgspec.structs.replace(attempt("a"), status=500)
    queue.put(newer)
    newest = msgspec.structs.replace(records[0], attempts=2)
    queue.put(newest)
    assert queue.rows_dropped == 0
    taken = queue.take_rows()
    assert newer in taken
    assert newest in taken


def test_a_closed_queue_counts_what_comes(queue: RecordQueue, request_record: NewRecord) -> None:
    """Closed, nothing more is taken and what waits stays; opened again, it takes."""
    queue.put(body("a"))
    queue.close()
    record = request_record()
    for late in (record, ended(record), attempt("a"), body("b")):
        queue.put(late)
    assert (queue.rows_dropped, queue.bodies_dropped, queue.rows) == (3, 1, 0)
    assert queue.take_bodies(1, 1) == [body("a")]
    queue.open()
    queue.put(record)
    assert queue.rows == 1


def test_what_can_never_be_stored_is_counted(queue: RecordQueue, request_record: NewRecord) -> None:
    """A record given up by the writer counts as left out, by its sort."""
    queue.drop(request_record())
    queue.drop(attempt("a"))
    queue.drop(body("a"))
    assert (queue.rows_dropped, queue.bodies_dropped) == (2, 1)
