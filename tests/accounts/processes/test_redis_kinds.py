"""What processes share, in a Redis that Sentinels watch and in a cluster: real ones, and one of them dies."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC
from functools import partial
from typing import Any

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer

from accounts.credentials.tokens import Authorizer
from accounts.keys.limits import Limit
from accounts.processes.bus import Bus
from accounts.processes.redis_client import channels_host, redis_client, redis_errors
from accounts.processes.shared_slots import RedisSlots
from accounts.processes.shared_tokens import SharedTokens
from relay.limits.counts import Unknown
from relay.limits.limit_windows import window_at
from relay.limits.shared_counts import RedisCounts
from relay.limits.standing import Standing
from relay.memory.memory_items import MemoryItem
from relay.memory.shared_store import SharedStore
from tests.accounts.credentials.test_by_kind import OAUTH
from tests.accounts.credentials.test_tokens import TokenEndpoint, sealed
from tests.accounts.processes import redis_kinds
from tests.accounts.waiting import until

pytestmark = pytest.mark.outside

PATIENCE_SECONDS = 60


@pytest.fixture(scope="module", params=["sentinels", "cluster"])
def servers(request: pytest.FixtureRequest) -> Iterator[redis_kinds.Running]:
    """Of one kind; the last test of each kills a master."""
    with getattr(redis_kinds, request.param)() as running:
        yield running


async def until_it_works(work: Callable[[], Awaitable[Any]]) -> Any:
    """What ``work()`` gives, once it neither fails nor gives None."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if (found := await work()) is not None:
                return found
        except (*redis_errors(), Unknown):
            pass
        assert time.monotonic() < ends_at
        await asyncio.sleep(0.1)


async def remembered(url: str, name: str) -> None:
    """Items of twenty sessions that one process writes, another reads; and what it meets a session with."""
    one, two = SharedStore(url), SharedStore(url)
    signed = [MemoryItem("tool", f"{name}{n}", "call", 1.0, "gemini", f"sig{n}") for n in range(20)]
    heals = [MemoryItem("block", f"{name}{n}", "digest", 1.0) for n in range(20)]

    async def all_read() -> bool | None:
        await one.write([*signed, *heals])
        read = await two.read([item.wanted for item in signed])
        if read is None or len(read) < len(signed):
            return None
        return read == signed and [await two.meet(item.session) for item in heals] == [
            [item] for item in heals
        ]

    assert await until_it_works(all_read) is True
    await one.close()
    await two.close()


async def counted(url: str, first_key: int) -> None:
    """Twenty keys' limits over two processes: so many requests are let through, and one more is refused."""
    both = [RedisCounts(url), RedisCounts(url)]
    for key in range(first_key, first_key + 20):
        limits = [Limit("requests", "minute", 4), Limit("tokens", "total", 1000)]
        standings = [Standing(one, window_at(one.period, time.time(), UTC), 0) for one in limits]
        spots = [(key, one.limit.measure, one.limit.period, one.window.start) for one in standings]
        before = [
            await until_it_works(partial(both[n % 2].admit, spots, standings, [0, 0])) for n in range(5)
        ]
        assert [used[0] for used in before] == [0, 1, 2, 3, 4]
    for counts in both:
        await counts.stop()


async def sealed_token(url: str) -> None:
    """Two processes sign in once."""
    endpoint = TokenEndpoint()
    shared = [SharedTokens(url), SharedTokens(url)]
    account = sealed("code_assist", OAUTH)
    headers = [await Authorizer(endpoint, shared=one).headers(account) for one in shared]
    assert headers[0] == headers[1]
    assert len(endpoint.asked) <= 1, "another test's token may still be there"
    for one in shared:
        await one.close()


async def test_it_is_found_and_counted(servers: redis_kinds.Running) -> None:
    """Memory, the limits of keys and sign-ins are common, whichever node each lies on."""
    await remembered(servers.url, "session")
    await counted(servers.url, 1)
    await sealed_token(servers.url)


@pytest.fixture
async def buses(servers: redis_kinds.Running) -> AsyncIterator[tuple[Bus, Bus]]:
    """Two processes that hear each other."""
    both = Bus("one", servers.url), Bus("two", servers.url)
    for bus in both:
        await bus.start()
        await bus.connected()
    yield both
    for bus in both:
        await bus.stop()


async def test_slots_are_counted_to_the_unit(servers: redis_kinds.Running, buses: tuple[Bus, Bus]) -> None:
    """Of 20 accounts with a limit of 3, two processes take 3 slots each; a freed one is told."""
    both = [RedisSlots(name, servers.url, bus) for name, bus in zip(("one", "two"), buses, strict=True)]
    for slots in both:
        await slots.start()
    await until(lambda: all(slots.is_exact for slots in both))
    freed: list[int] = []
    both[1].when_freed(freed.append)
    for account in range(1, 21):
        assert [await both[n % 2].take(account, 3) for n in range(4)] == [True, True, True, False]
    both[0].give(7)
    await until(lambda: freed == [7])
    for slots in both:
        await slots.stop()


async def test_the_live_page_is_told(servers: redis_kinds.Running) -> None:
    """Channels' layer sends over the same Redis."""
    layer = RedisPubSubChannelLayer(hosts=[channels_host(servers.url)], prefix="evenkeel")
    channel = await layer.new_channel()
    await layer.group_add("live", channel)
    await layer.group_send("live", {"type": "told"})
    assert await asyncio.wait_for(layer.receive(channel), PATIENCE_SECONDS) == {"type": "told"}
    await layer.flush()


async def test_a_master_dies(servers: redis_kinds.Running, buses: tuple[Bus, Bus]) -> None:
    """Its replica takes over: everything is common again, and messages are heard, without a restart."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    buses[1].subscribe("t", heard.put_nowait)
    servers.kill_a_master()
    await remembered(servers.url, "later")
    await counted(servers.url, 100)

    async def tell() -> bytes | None:
        buses[0].publish("t", b"again")
        return None if heard.empty() else heard.get_nowait()

    assert await until_it_works(tell) == b"again"


async def test_a_cluster_that_is_away_is_an_error_like_others() -> None:
    """Nobody at those addresses: what is raised is among ``redis_errors``, and soon."""
    for url in ("redis+cluster://127.0.0.1:1,127.0.0.1:2", "redis+sentinel://127.0.0.1:1/name"):
        client = redis_client(url)
        with pytest.raises(redis_errors()):
            await asyncio.wait_for(client.get("key"), PATIENCE_SECONDS)
        await client.aclose()


async def test_each_sentinel_is_asked_once() -> None:
    """Those that are away are passed over without a pause: a request waits for the answer."""
    asked = [0, 0]
    urls = []
    servers = []
    for number in range(2):

        async def close(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int = number
        ) -> None:
            asked[number] += 1
            writer.close()

        servers.append(await asyncio.start_server(close, "127.0.0.1", 0))
        urls.append(f"127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}")
    client = redis_client(f"redis+sentinel://{','.join(urls)}/name")
    with pytest.raises(redis_errors()):
        await client.get("anything")
    assert asked == [1, 1]
    await client.aclose()
    for server in servers:
        server.close()
