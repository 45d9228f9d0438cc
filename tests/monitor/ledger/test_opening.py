"""What a window of a key's limits is opened with: the sums, and which exchanges are in them."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC

import pytest

from accounts.keys.limits import Limit
from monitor.record.records import RequestRecord
from monitor.store.writer import RecordWriter
from relay.limits import key_counting, looking
from relay.limits.key_counting import from_ledger
from relay.limits.limit_windows import window_at
from relay.limits.opening import OpenedWindows
from relay.limits.standing import Standing
from tests.monitor.store.test_writer import ended

NewRecord = Callable[..., RequestRecord]
pytestmark = pytest.mark.stores


@pytest.fixture(autouse=True)
def own_threads(store: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Those that are there may know another test's database."""
    with ThreadPoolExecutor(1) as threads:
        monkeypatch.setattr(looking, "_threads", threads)
        yield


def opened(now: float) -> OpenedWindows:
    """Tokens of the month and in total, and the requests in total, of the key 7."""
    limits = (Limit("tokens", "day", 100), Limit("tokens", "total", 100), Limit("requests", "total", 10))
    standings = [Standing(one, window_at(one.period, now, UTC), 0) for one in limits]
    return asyncio.run(from_ledger(7, standings))


def test_it_says_which_exchanges_are_in_the_sums(writer: RecordWriter, request_record: NewRecord) -> None:
    """Those that have ended, under each of the key's names; in the windows of their admission alone."""
    now = time.time() // 86400 * 86400 + 60
    own = {"client_key_id": 7, "client_key": "team"}
    today = request_record(started_at=now, **own)
    renamed = request_record(started_at=now + 1, client_key_id=7, client_key="new name")
    yesterday = request_record(started_at=now - 3600, **own)
    others = request_record(started_at=now + 2, client_key_id=8, client_key="team")
    for row in (today, renamed, yesterday, others):
        writer.submit(ended(row, tokens_in=30, tokens_out=4))
    writer.submit(request_record(started_at=now + 3, **own))
    assert writer.flush(10)
    told = opened(now + 60)
    assert told.used == [68, 102, 3]
    assert told.booked == {today.id: [34, 34, 1], renamed.id: [34, 34, 1], yesterday.id: [0, 34, 1]}


def test_only_the_newest_are_named(
    writer: RecordWriter, request_record: NewRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many a key had: the sums have all of them."""
    monkeypatch.setattr(key_counting, "MOST_BOOKED", 2)
    now = time.time() // 86400 * 86400 + 60
    rows = [request_record(started_at=now + at, client_key_id=7, client_key="team") for at in range(4)]
    for row in rows:
        writer.submit(ended(row, tokens_in=30, tokens_out=4))
    assert writer.flush(10)
    told = opened(now + 60)
    assert told.used[0] == 136
    assert set(told.booked) == {row.id for row in rows[2:]}
