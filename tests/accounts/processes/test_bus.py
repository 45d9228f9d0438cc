"""Messages between processes, over a real Redis."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from redis import asyncio as redis_asyncio

from accounts.loaded.journal import DatabaseJournal
from accounts.pool.pool import Pool
from accounts.processes.bus import Bus
from accounts.snapshot import Snapshot
from tests import stores
from tests.accounts.hand_clock import HandClock
from tests.accounts.waiting import until
from tests.accounts.worlds import MODEL, view


@pytest.fixture(scope="module")
def redis_url() -> str:
    return stores.redis_url()


@pytest.fixture
async def buses(redis_url: str) -> AsyncIterator[tuple[Bus, Bus]]:
    """Two processes' buses that hear each other."""
    both = Bus("one", redis_url), Bus("two", redis_url)
    for bus in both:
        await bus.start()
        await bus.connected()
    yield both
    for bus in both:
        await bus.stop()


def inbox(bus: Bus, topic: str) -> "asyncio.Queue[bytes]":
    """What arrives on ``topic``."""
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    bus.subscribe(topic, queue.put_nowait)
    return queue


async def test_the_others_hear_it(buses: tuple[Bus, Bus]) -> None:
    """What one process publishes the other hears, in order, any bytes; it does not hear itself."""
    one, two = buses
    own, heard = inbox(one, "t"), inbox(two, "t")
    payloads = [b"first", b"", b"\n\x00\xff", b"x" * 100_000]
    for payload in payloads:
        one.publish("t", payload)
    assert [await heard.get() for _ in payloads] == payloads
    two.publish("t", b"answer")
    assert await own.get() == b"answer"
    assert own.empty()


async def test_topics_are_apart(buses: tuple[Bus, Bus]) -> None:
    """Whoever subscribed to one topic hears nothing of another."""
    one, two = buses
    signatures, accounts = inbox(two, "signatures"), inbox(two, "accounts")
    one.publish("accounts", b"a")
    one.publish("signatures", b"s")
    assert (await signatures.get(), await accounts.get()) == (b"s", b"a")
    assert signatures.empty()
    assert accounts.empty()


async def test_a_callback_that_fails(buses: tuple[Bus, Bus], caplog: pytest.LogCaptureFixture) -> None:
    """A message that one subscriber cannot take reaches the others, and the next one arrives."""
    one, two = buses
    two.subscribe("t", lambda payload: int(payload) and None)
    heard = inbox(two, "t")
    one.publish("t", b"no number")
    one.publish("t", b"7")
    assert [await heard.get(), await heard.get()] == [b"no number", b"7"]
    assert "could not be taken" in caplog.text


async def test_pools_tell_each_other(buses: tuple[Bus, Bus]) -> None:
    """A mark that one process sets keeps the others from asking the account, at once."""
    clock = HandClock()
    pools = [Pool(clock, bus, DatabaseJournal(lambda: None)) for bus in buses]
    heard = inbox(buses[1], "accounts")
    for pool in pools:
        pool.load(Snapshot(accounts=(view(1), view(2))))
    pools[0].mark_hard(1, MODEL, "quota", 429, told_seconds=30)
    pools[0].disable(2, "invalid_grant")
    for _ in range(2):
        await heard.get()
    assert pools[1].nearest_free_seconds(MODEL) == 30
    assert not pools[1].account(2).enabled  # type: ignore[union-attr]


async def test_without_redis_nobody_is_told() -> None:
    """One process alone needs no Redis: publishing does nothing, starting and stopping are free."""
    bus = Bus("alone")
    heard = inbox(bus, "t")
    await bus.start()
    await bus.connected()
    bus.publish("t", b"x")
    await bus.stop()
    assert heard.empty()


@pytest.fixture
def own_redis() -> Iterator[str]:
    """A Redis that the test may end."""
    url, process = stores.start_redis()
    yield url
    process.kill()
    process.wait()


@pytest.mark.outside
async def test_redis_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    """Without a reachable Redis the process serves on; publishing never waits and never fails."""
    bus = Bus("one", "unix:///nowhere/redis.sock")
    await bus.start()
    for number in range(20_000):
        bus.publish("t", b"%d" % number)
    await until(lambda: "Redis is not reachable" in caplog.text)
    await bus.stop()


async def test_redis_that_comes_back(own_redis: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After Redis was away the processes hear each other again."""
    monkeypatch.setattr("accounts.processes.bus._RECONNECT_SECONDS", 0.02)
    one, two = Bus("one", own_redis), Bus("two", own_redis)
    heard = inbox(two, "t")
    for bus in (one, two):
        await bus.start()
        await bus.connected()
    client = redis_asyncio.Redis.from_url(own_redis)
    for kind in ("normal", "pubsub"):
        await client.client_kill_filter(_type=kind, skipme=True)
    await client.aclose()
    await until(lambda: one.publish("t", b"again") or not heard.empty())
    for bus in (one, two):
        await bus.stop()
