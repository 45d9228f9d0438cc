"""The live page's feed: what it tells, what it leaves out, who may listen."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.test import AsyncClient

from monitor.live.consumer import NOT_ALLOWED, may_look
from monitor.live.feed import GROUP, LiveFeed
from monitor.live.opening import snapshot
from monitor.live.window import GROWING_ROWS, NEW_FAILURES, NEW_ROWS, SHOWN_AT_ONCE, LiveWindow, progress_of
from monitor.record.records import AttemptRecord, EndedBy, Outcome, Phase, RequestRecord
from monitor.store.upsert import upsert
from proxyproject.serving.routing import application_of

Make = Callable[..., RequestRecord]
ENDED = {"in_flight": False, "ended_by": EndedBy.UPSTREAM, "ended_in": Phase.AFTER_STOP, "status": 200}


def ended(record: RequestRecord, outcome: Outcome = Outcome.OK, **more: Any) -> RequestRecord:
    return msgspec.structs.replace(record, outcome=outcome, **{**ENDED, **more})


def failed_attempt(record: RequestRecord, number: int = 1) -> AttemptRecord:
    return AttemptRecord(
        request_id=record.id,
        number=number,
        account="a@x.example",
        account_kind="gemini",
        upstream_model="m",
        started_offset_ms=0,
        failure_kind="empty",
        rotate=True,
    )


@pytest.fixture
def window() -> LiveWindow:
    return LiveWindow(lambda label: label or "")


def test_records_of_one_exchange_leave_together(window: LiveWindow, request_record: Make) -> None:
    """An exchange is one row of a batch, as it is by then, with the attempt that failed before."""
    record = request_record()
    tried = msgspec.structs.replace(record, account="b@x.example", attempts=2)
    window.add([record, failed_attempt(record), tried])
    batch = window.take()
    assert batch is not None
    assert (batch.admitted, batch.ended, batch.in_flight) == (1, 0, 1)
    [row] = batch.rows
    assert row["account"] == "b@x.example"
    assert (row["failed_attempt"], row["failure"], row["attempts"]) == (1, "empty", 2)


def test_an_exchange_counts_once(window: LiveWindow, request_record: Make) -> None:
    """Admitted in one batch, ended in a later one: counted once in each, and in flight between them."""
    record = request_record()
    window.add([record])
    first = window.take()
    window.add([ended(record, Outcome.ERROR, first_data_ms=None)])
    second = window.take()
    assert first is not None
    assert second is not None
    assert (first.admitted, first.ended, first.failed, first.in_flight) == (1, 0, 0, 1)
    assert (second.admitted, second.ended, second.failed, second.in_flight) == (0, 1, 1, 0)


def test_the_simulator_is_shown_and_not_counted(window: LiveWindow, request_record: Make) -> None:
    """A row like any other, and no part of the rates."""
    record = request_record(is_simulated=True)
    window.add([record, ended(record, Outcome.ERROR)])
    batch = window.take()
    assert batch is not None
    assert (len(batch.rows), batch.admitted, batch.ended, batch.failed) == (1, 0, 0, 0)


def test_nothing_new_is_no_batch(window: LiveWindow, request_record: Make) -> None:
    """An idle process has nothing to tell but how much it has in flight."""
    window.add([request_record()])
    window.take()
    assert window.take() is None
    assert window.idle_batch().in_flight == 1


def test_above_a_rate_it_samples_and_says_so(window: LiveWindow, request_record: Make) -> None:
    """Only so many exchanges are shown at once; the rest is counted, and the figures are of all."""
    window.add([ended(request_record(), first_data_ms=5) for _ in range(500)])
    batch = window.take()
    assert batch is not None
    assert len(batch.rows) == NEW_ROWS
    assert (batch.admitted, batch.ended, batch.skipped) == (500, 500, 500 - NEW_ROWS)


def test_failures_are_shown_where_the_rest_is_left_out(window: LiveWindow, request_record: Make) -> None:
    """A failure has room of its own in a full batch."""
    window.add([ended(request_record()) for _ in range(NEW_ROWS)])
    window.add([ended(request_record(), Outcome.ERROR) for _ in range(50)])
    batch = window.take()
    assert batch is not None
    shown = [row["outcome"] for row in batch.rows]
    assert shown == ["ok"] * NEW_ROWS + ["error"] * NEW_FAILURES


def test_what_was_shown_is_shown_to_its_end(window: LiveWindow, request_record: Make) -> None:
    """An exchange that the page has as running gets its end, however full the batch is."""
    record = request_record()
    window.add([record])
    window.take()
    window.add([ended(request_record()) for _ in range(100)])
    window.add([ended(record)])
    batch = window.take()
    assert batch is not None
    assert record.id in [row["id"] for row in batch.rows]


def test_what_was_left_out_is_counted_once_and_stays_out(window: LiveWindow, request_record: Make) -> None:
    """Left out at its admission, an exchange is not begun in the middle unless there is room for it."""
    records = [request_record() for _ in range(NEW_ROWS + 1)]
    window.add(records)
    first = window.take()
    assert first is not None
    assert first.skipped == 0
    window.add([ended(request_record()) for _ in range(NEW_ROWS)])
    window.add([ended(records[-1])])
    second = window.take()
    assert second is not None
    assert second.skipped == 1
    assert records[-1].id not in [row["id"] for row in second.rows]


def test_control_characters_are_shown_not_obeyed(window: LiveWindow, request_record: Make) -> None:
    """A model's name that turns the line round arrives as visible signs."""
    window.add([request_record(client_model="a\u202eb")])
    batch = window.take()
    assert batch is not None
    assert batch.rows[0]["client_model"] == "a\\u202eb"


async def test_batches_are_numbered_and_an_idle_process_says_that_it_lives(request_record: Make) -> None:
    """Every message has the next number, so a page sees what it missed."""
    feed = LiveFeed()
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(GROUP, channel)
    feed.committed([request_record()])
    await feed.publish(100.0)
    await feed.publish(100.2)  # nothing new, no heartbeat due
    await feed.publish(103.0)
    first, second = await layer.receive(channel), await layer.receive(channel)
    assert (first["sequence"], len(first["rows"]), first["now"]) == (1, 1, 100.0)
    assert (second["sequence"], second["rows"], second["in_flight"]) == (2, [], 1)
    await layer.group_discard(GROUP, channel)


async def test_progress_is_looked_up_once_a_second_and_told_when_it_grew(request_record: Make) -> None:
    """Of the exchanges in flight that are shown, never of more than the page has rows."""
    feed, asked, tokens = LiveFeed(), [], [10]
    running, over = request_record(), request_record()

    def progress(ids: Sequence[str]) -> list[tuple[str, int, bool]]:
        asked.append(list(ids))
        return [(key, tokens[0], True) for key in ids]

    feed.ask_progress_of(progress)
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(GROUP, channel)
    feed.committed([running, over, ended(over)])
    for now, so_far in ((100.0, 10), (100.2, 99), (101.0, 10), (102.0, 25)):
        tokens[0] = so_far
        await feed.publish(now)
    assert asked == [[running.id]] * 3
    messages = [await layer.receive(channel) for _ in range(2)]
    told = [
        row["tokens_so_far"] for message in messages for row in message["rows"] if row["id"] == running.id
    ]
    assert told == [10, 25]
    await layer.group_discard(GROUP, channel)


def test_progress_is_told_of_the_newest(window: LiveWindow, request_record: Make) -> None:
    """However many are in flight, and never of one that has ended since."""
    records = [request_record() for _ in range(SHOWN_AT_ONCE)]
    for record in records:
        window.add([record])
        window.take()
    newest = [record.id for record in records[-GROWING_ROWS:]]
    assert window.growing() == newest
    window.add([ended(records[-1])])
    window.take()
    window.add_progress([progress_of(records[-1].id, 5, True), progress_of(records[-2].id, 6, False)])
    batch = window.take()
    assert batch is not None
    assert batch.rows == [{"id": records[-2].id, "tokens_so_far": 6, "is_estimate": False}]


def test_a_snapshot_has_the_newest_the_running_and_the_asked(store: str, request_record: Make) -> None:
    """A page that comes back learns how the rows ended that it still has in flight."""
    old = ended(request_record(), Outcome.HEALED)
    many = [ended(request_record()) for _ in range(120)]
    running = request_record(started_at=1_600_000_000)
    upsert([old, *many, running])
    upsert([failed_attempt(running)])
    plain = snapshot(now=1_700_000_130)
    assert plain["in_flight"] == 1
    by_id = {row["id"]: row for row in plain["rows"]}
    assert by_id[running.id]["failed_attempt"] == 1
    assert old.id not in by_id
    asked = snapshot([old.id], now=1_700_000_130)
    assert {row["id"]: row for row in asked["rows"]}[old.id]["outcome"] == "healed"


def test_a_snapshot_counts_the_last_minutes(store: str, request_record: Make) -> None:
    """Per second: admitted, ended, failed, and the waits; an end counts in the second it came."""
    upsert(
        [
            ended(request_record(started_at=1_700_000_000), first_data_ms=200, duration_ms=2_000),
            ended(request_record(started_at=1_700_000_001), Outcome.ERROR, duration_ms=1_000),
            ended(request_record(started_at=1_699_990_000), first_data_ms=1, duration_ms=1),
        ]
    )
    assert snapshot(now=1_700_000_010)["seconds"] == [
        (1_700_000_000, 1, 0, 0, []),
        (1_700_000_001, 1, 0, 0, []),
        (1_700_000_002, 0, 2, 1, [200]),
    ]


async def connected(user: User | None) -> WebsocketCommunicator:
    client = AsyncClient()
    headers = [(b"origin", b"http://127.0.0.1"), (b"host", b"127.0.0.1")]
    if user is not None:
        await client.aforce_login(user)
        cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
        headers.append((b"cookie", cookie.encode()))
    return WebsocketCommunicator(application_of(None, "relay.front.urls"), "/ws/monitor/", headers)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", ["nobody", "client", "inactive"])
async def test_only_staff_listen(who: str) -> None:
    """Without the right to see requests the socket is refused before it opens."""
    user = None
    if who != "nobody":
        user = await sync_to_async(User.objects.create_user)(who, is_staff=who == "inactive")
    if user is not None and who == "inactive":
        user.is_active = False
        await user.asave()
    socket = await connected(user)
    is_open, code = await socket.connect()
    assert (is_open, code) == (False, NOT_ALLOWED)


@pytest.mark.django_db(transaction=True)
async def test_staff_gets_what_is_there_and_what_comes() -> None:
    """First a snapshot, then each batch of the group; whoever is no more allowed is put out."""
    user = await sync_to_async(User.objects.create_superuser)("root")
    socket = await connected(user)
    is_open, _ = await socket.connect()
    assert is_open
    assert (await socket.receive_json_from())["type"] == "snapshot"
    await get_channel_layer().group_send(GROUP, {"type": "live.batch", "sequence": 1})
    assert await socket.receive_json_from() == {"type": "batch", "sequence": 1}
    await socket.send_json_to({"catch_up": ["0" * 32]})
    assert (await socket.receive_json_from())["rows"] == []
    await socket.disconnect()


@pytest.mark.django_db(transaction=True)
async def test_whoever_logs_out_loses_the_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """The right is looked at again while the socket is open."""
    monkeypatch.setattr("monitor.live.consumer.CHECK_SECONDS", 0)
    user = await sync_to_async(User.objects.create_superuser)("root")
    socket = await connected(user)
    await socket.connect()
    await socket.receive_json_from()
    user.is_active = False
    await user.asave()
    await get_channel_layer().group_send(GROUP, {"type": "live.batch", "sequence": 1})
    assert await socket.receive_output() == {"type": "websocket.close", "code": NOT_ALLOWED}


@pytest.mark.django_db
def test_the_page_is_for_staff_who_may_see_requests(client: Any, admin_user: User) -> None:
    """Others are asked to log in, or told that they may not."""
    assert client.get("/monitor/live/").status_code == 302
    staff = User.objects.create_user("staff", is_staff=True)
    assert not may_look(staff)
    client.force_login(staff)
    assert client.get("/monitor/live/").status_code == 403
    client.force_login(admin_user)
    page = client.get("/monitor/live/")
    assert page.status_code == 200
    assert b'id="live-table"' in page.content
