"""What waits for Redis while it is away: in slices, at no cost meanwhile, and nothing that grows old."""

from collections.abc import Collection, Iterator
from typing import Any

import pytest

from accounts.processes import redis_client
from relay.memory import shared_store
from relay.memory.memory_items import MemoryItem
from relay.memory.shared_store import AT_ONCE, SharedStore
from tests import stores


def items(number: int, layer: Any = "tool") -> list[MemoryItem]:
    return [MemoryItem(layer, "s", f"call-{one}", 1.0, value="v") for one in range(number)]


class Told:
    """Takes slices until it is to fail."""

    def __init__(self, store: SharedStore, takes: int) -> None:
        self.slices: list[int] = []
        self._takes = takes
        store._put = self.put  # type: ignore[method-assign]

    async def put(self, slice_: Collection[MemoryItem]) -> bool:
        self.slices.append(len(slice_))
        return len(self.slices) <= self._takes


async def test_a_backlog_goes_in_slices_and_what_is_told_is_not_told_again() -> None:
    """A slice that fails waits with all behind it; the next write begins there."""
    store = SharedStore("redis://nowhere")
    told = Told(store, 1)
    await store._write(items(2 * AT_ONCE + 50))
    assert told.slices == [AT_ONCE, AT_ONCE]
    assert len(store._unwritten) == AT_ONCE + 50
    again = Told(store, 10)
    await store._write(items(1))
    assert again.slices == [AT_ONCE, 51]
    assert not store._unwritten


async def test_while_redis_is_away_nothing_is_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write then costs a place in the queue; what only counts while it is the newest does not wait."""
    store = SharedStore("redis://nowhere")
    store._away_until = float("inf")
    monkeypatch.setattr(shared_store, "_encode", None)
    for _ in range(3):
        await store._write([*items(2), *items(1, "cached"), *items(1, "home")])
    assert [item.layer for item in store._unwritten] == ["tool"] * 6


@pytest.fixture
def own_redis() -> Iterator[str]:
    """The URL of a Redis of the test's own."""
    url, process = stores.start_redis()
    yield url
    stores.end(process)


@pytest.mark.outside
async def test_a_slow_redis_is_waited_for(own_redis: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one process writes while Redis is slow the next one finds there, and neither takes it for away."""
    monkeypatch.setattr(shared_store, "PATIENT_SECONDS", 30.0)
    one, other = SharedStore(own_redis), SharedStore(own_redis)
    [item] = items(1)
    async with redis_client.redis_client(own_redis) as client:
        await client.client_pause(1_000)
        await one.write([item])
        assert await other.read([item.wanted]) == [item]
        await client.client_pause(1_000)
        assert await other.read([item.wanted]) == [item]
    assert not one.is_away
    assert not other.is_away
    for store in (one, other):
        await store.close()
