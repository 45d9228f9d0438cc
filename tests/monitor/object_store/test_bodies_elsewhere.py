"""Bodies in a real server of objects: stored, read through by everybody, removed; and while it is away."""

import time
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.test import override_settings

from monitor.export.reading import _whole
from monitor.history.listing.filters import parse
from monitor.history.listing.keyset import page_of, records_by_id
from monitor.history.one_exchange.detail import detail_of, whole_body
from monitor.models import Body
from monitor.object_store import reading
from monitor.object_store.pruning import forget_days
from monitor.object_store.reading import BodyUnreachable
from monitor.object_store.store import ObjectStore, configured
from monitor.record.records import BodyKind, BodyRecord, RequestRecord
from monitor.retention.pruner import Limits, planned, prune
from monitor.store import shipping
from monitor.store.writer import RecordWriter
from relay.replay.resend import CannotReplay, recorded_call
from tests.monitor.object_store.object_store import CREDENTIALS, Bucket, served_bucket
from tests.monitor.shelf import ENDED, attempt_of
from tests.served.world import PATIENCE_SECONDS

NewRecord = Callable[..., RequestRecord]
ASKED = b'{"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "the needle, please"}]}'
DAY_SECONDS = 86_400


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """An empty bucket which the settings name."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(reading, "_away_until", 0.0)
    with served_bucket() as bucket:
        environment = settings.ENVIRONMENT.model_copy(update={"monitor_body_store": bucket.url})
        with override_settings(ENVIRONMENT=environment):
            configured.cache_clear()
            yield bucket
        configured.cache_clear()


@pytest.fixture
def elsewhere(bucket: Bucket) -> ObjectStore:
    """The store as the server makes it of the setting."""
    found = configured()
    assert found is not None
    return found


@pytest.fixture
def put(
    new_writer: Callable[..., RecordWriter], request_record: NewRecord, elsewhere: ObjectStore
) -> Callable[[float], RequestRecord]:
    """Stores an exchange of that moment with two bodies, and waits until all of it is there."""
    writer = new_writer(object_store=elsewhere)

    def put(at: float) -> RequestRecord:
        row = request_record(
            **{**ENDED, "dialect": "anthropic", "path": "/v1/messages", "method": "POST"}, started_at=at
        )
        writer.submit(row)
        writer.submit(attempt_of(row))
        writer.submit(BodyRecord(request_id=row.id, kind=BodyKind.CLIENT_REQUEST, content=ASKED))
        pieces = ((3, b"data: one\n\n"), (9, b"data: two\n\n"))
        writer.submit(BodyRecord(request_id=row.id, kind=BodyKind.RESPONSE, chunks=pieces))
        assert writer.flush(PATIENCE_SECONDS)
        return row

    return put


def in_database() -> list[bool]:
    """Of each body whether its content lies there."""
    return [len(content) > 0 for content in Body.objects.values_list("content", flat=True)]


def test_what_lies_there_is_read_by_everybody(put: Callable[[float], RequestRecord], bucket: Bucket) -> None:
    """Page, file, scan of bodies, export and replay have it as if it lay in the database."""
    row = put(time.time())
    day = time.strftime("%Y-%m-%d", time.gmtime(row.started_at))
    assert bucket.keys() == [f"kept/{day}/{row.id}/{kind}-0" for kind in ("client_request", "response")]
    assert in_database() == [False, False]
    assert all(size < 1_000 for size in Body.objects.values_list("stored_bytes", flat=True))
    detail = detail_of(row.id, with_bodies=True)
    assert detail is not None
    assert (len(detail.bodies), detail.unreachable_bodies) == (2, 0)
    assert [(piece.offset_ms, piece.text) for piece in detail.events] == [
        (3, "data: one\n\n"),
        (9, "data: two\n\n"),
    ]
    assert whole_body(row.id, "client_request", 0) == ASKED
    assert [found.id for found in page_of(parse({"body": "the needle"})).rows] == [row.id]
    assert page_of(parse({"body": "no such thing"})).rows == ()
    [exchange] = _whole(records_by_id([row.id]))
    assert {body.kind: body.text for body in exchange.bodies} == {
        "client_request": ASKED.decode(),
        "response": "data: one\n\ndata: two\n\n",
    }
    body = Body.objects.get(kind="client_request")
    body.content = reading.content_of(body)
    assert recorded_call(row, body).body["max_tokens"] == 9


def test_while_it_is_away_bodies_go_to_the_database(
    put: Callable[[float], RequestRecord], bucket: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    """None is lost, rows do not wait, it is said once; what lies there is told to be out of reach."""
    first = put(time.time())
    bucket.end()
    second = put(time.time())
    third = put(time.time())
    assert sorted(in_database()) == [False, False, True, True, True, True]
    assert sum("Bodies go to the database" in record.message for record in caplog.records) == 1
    for row in (second, third):
        detail = detail_of(row.id, with_bodies=True)
        assert detail is not None
        assert (len(detail.bodies), detail.unreachable_bodies) == (2, 0)
    detail = detail_of(first.id, with_bodies=True)
    assert detail is not None
    assert (detail.bodies, detail.unreachable_bodies, detail.conversation) == ([], 2, [])
    with pytest.raises(BodyUnreachable):
        whole_body(first.id, "response", 0)
    assert [body.is_capped for body in _whole(records_by_id([first.id]))[0].bodies] == [True, True]
    page = page_of(parse({"body": "the needle"}))
    assert {found.id for found in page.rows} == {second.id, third.id}
    assert page.unreachable == 2
    with pytest.raises(CannotReplay):
        recorded_call(first, Body.objects.get(request_id=first.id, kind="client_request"))


def test_one_that_is_silent_keeps_no_row_waiting(
    new_writer: Callable[..., RecordWriter],
    request_record: NewRecord,
    bucket: Bucket,
    elsewhere: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows are stored while bodies wait for it; beyond the room for those the rest goes to the database."""
    writer = new_writer(object_store=elsewhere)
    monkeypatch.setattr(shipping, "MOST_BYTES", 1_000)
    bucket.freeze()
    try:
        rows = [request_record(**ENDED, started_at=time.time() - number) for number in range(4)]
        for row in rows:
            writer.submit(BodyRecord(request_id=row.id, kind=BodyKind.RESPONSE, content=b"x" * 400))
            writer.submit(row)
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while len(records_by_id([row.id for row in rows])) < 4 or Body.objects.count() < 2:
            assert time.monotonic() < ends_at
            time.sleep(0.02)
    finally:
        bucket.thaw()
    assert writer.flush(PATIENCE_SECONDS)
    assert Body.objects.count() == 4
    assert writer.stats().bodies_dropped == 0


def test_a_later_writing_takes_the_place(
    new_writer: Callable[..., RecordWriter], request_record: NewRecord, bucket: Bucket, elsewhere: ObjectStore
) -> None:
    """A body that is recorded again is the later one, there as in the database."""
    writer = new_writer(object_store=elsewhere)
    row = request_record(**ENDED, started_at=time.time())
    for content in (b"first", b"second", b"third"):
        writer.submit(BodyRecord(request_id=row.id, kind=BodyKind.RESPONSE, content=content))
        assert writer.flush(PATIENCE_SECONDS)
    assert Body.objects.get().data() == b"third"
    assert len(bucket.keys()) == 1


def test_a_day_goes_when_its_bodies_have_gone(
    put: Callable[[float], RequestRecord], bucket: Bucket, elsewhere: ObjectStore
) -> None:
    """Retention removes whole days there; what it could not remove goes the next time."""
    now = time.time()
    old, older, new = put(now - 5 * DAY_SECONDS), put(now - 9 * DAY_SECONDS), put(now)
    list(prune(planned(Limits(30, 0), now)))
    assert len(bucket.keys()) == 6
    Body.objects.filter(request_id=older.id).delete()
    list(prune(planned(Limits(3, 0), now)))
    there = bucket.keys()
    assert {key.split("/")[2] for key in there} == {new.id}
    assert set(Body.objects.values_list("request_id", flat=True)) == {new.id}
    assert not Body.objects.filter(request_id=old.id).exists()
    assert list(forget_days(new.id)) == []
    bucket.end()
    assert list(forget_days(new.id)) == []  # it is told in the log, and asked again
