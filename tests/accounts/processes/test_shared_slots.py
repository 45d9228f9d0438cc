"""In-flight limits over several processes, counted in a real Redis."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from accounts.loaded.journal import DatabaseJournal
from accounts.pool import pool as pool_module
from accounts.pool.clock import SystemClock
from accounts.pool.leases import Lease, Want
from accounts.pool.pool import Pool
from accounts.processes import shared_slots
from accounts.processes.bus import Bus
from accounts.processes.redis_client import redis_client
from accounts.processes.shared_slots import RedisSlots
from accounts.snapshot import AccountView, Snapshot
from tests import stores
from tests.accounts.waiting import until
from tests.accounts.worlds import MODEL, view

WANT = Want(model=MODEL)


@pytest.fixture
def own_redis() -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """A Redis that the test may end, and its process."""
    url, process = stores.start_redis()
    yield url, process
    stores.end(process)


class Process:
    """What one server process has of the limits."""

    def __init__(self, name: str, redis_url: str) -> None:
        self.bus = Bus(name, redis_url)
        self.slots = RedisSlots(name, redis_url, self.bus)
        self.pool = Pool(SystemClock(), self.bus, DatabaseJournal(lambda: None), slots=self.slots)

    async def start(self, *views: AccountView, live_processes: int) -> None:
        """Loads the accounts, hears the others and counts with them."""
        load = lambda: self.pool.load(Snapshot(accounts=views), live_processes)  # noqa: E731
        await self.bus.start()
        await self.bus.connected()
        await self.slots.start()
        self.slots.when_changed(load)
        load()

    async def lease(self) -> Lease:
        """A lease; the test fails when there is none."""
        lease = await self.pool.acquire(WANT)
        assert isinstance(lease, Lease), lease
        return lease

    async def stop(self) -> None:
        """As at the end of a process."""
        await self.slots.stop()
        await self.bus.stop()


@pytest.fixture
async def processes(own_redis: tuple[str, "subprocess.Popen[bytes]"]) -> AsyncIterator[list[Process]]:
    """Four processes that share one account of eight slots."""
    made = [Process(f"p{number}", own_redis[0]) for number in range(4)]
    for process in made:
        await process.start(view(1, max_in_flight=8), live_processes=4)
    yield made
    for process in made:
        await process.stop()


async def test_one_process_may_use_all_of_a_limit(processes: list[Process]) -> None:
    """With load on one of four processes all eight slots are used, and every request has its turn."""

    async def request() -> None:
        lease = await processes[0].lease()
        await asyncio.sleep(0.02)
        lease.release()

    leases = [await processes[0].lease() for _ in range(8)]
    ninth = asyncio.create_task(processes[0].pool.acquire(WANT))
    await asyncio.sleep(0.05)
    assert not ninth.done()
    for lease in leases:
        lease.release()
    assert isinstance(await ninth, Lease)
    ninth.result().release()  # type: ignore[union-attr]
    await asyncio.gather(*(request() for _ in range(32)))


async def test_a_limit_is_never_passed(processes: list[Process]) -> None:
    """Sixty requests over four processes: never more than eight at once, none turned away."""
    at_once = most = served = 0

    async def request(process: Process) -> None:
        nonlocal at_once, most, served
        lease = await process.lease()
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        at_once -= 1
        served += 1
        lease.release()

    await asyncio.gather(*(request(processes[number % 4]) for number in range(60)))
    assert (most, served) == (8, 60)


async def test_a_slot_that_comes_free_elsewhere_is_heard_of(
    processes: list[Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits in one process is told when another gives a slot back: nobody looks again by himself here."""
    monkeypatch.setattr(pool_module, "SHARED_LOOK_SECONDS", 60)
    leases = [await processes[0].lease() for _ in range(8)]
    waiting = asyncio.create_task(processes[1].pool.acquire(WANT))
    await until(lambda: processes[1].pool.roster.require(1).full_until > 0)
    leases[0].release()
    assert isinstance(await waiting, Lease)


async def test_only_a_slot_that_comes_free_is_told(
    processes: list[Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is taken without asking, just after Redis came back, is counted there and wakes nobody."""
    slots = processes[0].slots
    freed: list[int] = []
    slots.when_freed(freed.append)
    monkeypatch.setattr(slots, "_exact_from", asyncio.get_running_loop().time() + 600)
    for _ in range(2):
        assert await slots.take(1, 8)
    await until(lambda: not slots._tasks and slots._told.get(1) == 2)
    assert freed == []
    slots.give(1)
    await until(lambda: slots._told.get(1) == 1 and bool(freed))
    assert freed == [1]


async def test_a_cancelled_request_holds_nothing(processes: list[Process]) -> None:
    """A client that goes while Redis is asked leaves no slot behind, in no process's count."""
    tasks = [asyncio.create_task(processes[0].pool.acquire(WANT)) for _ in range(20)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for process in processes[1:]:
        assert len([await process.lease() for _ in range(2)]) == 2
    assert len([await processes[1].lease() for _ in range(2)]) == 2


async def test_a_dead_process_holds_its_slots_no_longer(
    own_redis: tuple[str, "subprocess.Popen[bytes]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that died without a word gives its slots up when they run out."""
    monkeypatch.setattr(shared_slots, "LIVES_SECONDS", 1)
    dead, alive = Process("dead", own_redis[0]), Process("alive", own_redis[0])
    for process in (dead, alive):
        await process.start(view(1, max_in_flight=1), live_processes=2)
    await dead.lease()
    assert dead.slots._keeping is not None
    dead.slots._keeping.cancel()  # it never renews again
    lease = await alive.lease()
    assert lease.account.id == 1
    await alive.stop()
    await dead.bus.stop()


async def test_counting_begins_again_however_many_come(
    own_redis: tuple[str, "subprocess.Popen[bytes]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Redis came back empty a process counts again in time, though it serves more at each renewal."""
    monkeypatch.setattr(shared_slots, "RENEW_SECONDS", 0.15)
    monkeypatch.setattr(shared_slots, "SETTLE_SECONDS", 0.2)
    url, redis = own_redis
    process = Process("one", url)
    await process.start(view(1, max_in_flight=1_000_000), live_processes=1)
    await process.slots.take(1, 1_000_000)
    stores.end(redis)
    await until(lambda: process.slots._exact_from is None)
    again = stores.start_redis(Path(url.removeprefix("unix://")).parent)[1]

    async def come() -> None:
        while not process.slots.is_exact:
            await process.slots.take(1, 1_000_000)
            await asyncio.sleep(0.001)

    try:
        async with asyncio.timeout(30):
            await come()
        assert process.slots._held[1] > 1
        await until(lambda: not process.slots._to_tell)
        await until(lambda: process.slots._told[1] == process.slots._held[1])
    finally:
        await process.stop()
        stores.end(again)


async def test_a_redis_that_lost_all_in_silence_is_not_gone_by_at_once(
    own_redis: tuple[str, "subprocess.Popen[bytes]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a renewal finds less than was told, each first says what it runs."""
    monkeypatch.setattr(shared_slots, "RENEW_SECONDS", 0.2)
    url, _ = own_redis
    process = Process("one", url)
    await process.start(view(1, max_in_flight=8), live_processes=4)
    lease = await process.lease()
    assert process.slots.is_exact
    async with redis_client(url) as client:
        await client.flushall()
    await until(lambda: not process.slots.is_exact)
    lease.release()
    await process.stop()


async def test_while_redis_is_away_each_keeps_to_its_share(
    own_redis: tuple[str, "subprocess.Popen[bytes]"],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The limits are divided as long as nobody can count, which the log says; no request fails for it."""
    monkeypatch.setattr(shared_slots, "RENEW_SECONDS", 0.3)
    monkeypatch.setattr(shared_slots, "SETTLE_SECONDS", 0.3)
    url, redis = own_redis
    process = Process("one", url)
    await process.start(view(1, max_in_flight=8), live_processes=4)
    running = [await process.lease()]
    stores.end(redis)
    running.append(await process.lease())
    third = asyncio.create_task(process.pool.acquire(WANT))
    await until(lambda: not process.slots.is_exact)
    await asyncio.sleep(0.05)
    assert not third.done(), "its share of 8 over 4 processes is 2"
    assert "each process keeps to its share" in caplog.text
    running.pop().release()
    running.append(await third)  # type: ignore[arg-type]
    for lease in running:
        lease.release()
    await process.stop()


async def slow(url: str, seconds: float) -> None:
    """From now on Redis answers nobody for so long, and then everybody."""
    async with redis_client(url) as client:
        await client.client_pause(int(seconds * 1000))


async def test_a_slow_redis_is_waited_for(
    own_redis: tuple[str, "subprocess.Popen[bytes]"],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One that answers after a second still counts: no process is kept to its share, no limit is passed."""
    monkeypatch.setattr(shared_slots, "PATIENT_SECONDS", 30.0)
    url, _ = own_redis
    made = [Process(f"p{number}", url) for number in range(4)]
    for process in made:
        await process.start(view(1, max_in_flight=8), live_processes=4)
    await slow(url, 1.0)
    leases = await asyncio.gather(*(made[number == 7].lease() for number in range(8)))
    assert "each process keeps to its share" not in caplog.text
    ninth = asyncio.create_task(made[2].pool.acquire(WANT))
    await asyncio.sleep(0.05)
    assert not ninth.done()
    for lease in leases:
        lease.release()
    assert isinstance(await ninth, Lease)
    for process in made:
        await process.stop()


async def test_one_that_is_too_slow_is_away_until_it_answers(
    own_redis: tuple[str, "subprocess.Popen[bytes]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile each process keeps to its share: of sixty requests none is lost, and never too many run."""
    monkeypatch.setattr(shared_slots, "PATIENT_SECONDS", 0.2)
    monkeypatch.setattr(shared_slots, "RENEW_SECONDS", 0.3)
    monkeypatch.setattr(shared_slots, "SETTLE_SECONDS", 0.3)
    url, _ = own_redis
    made = [Process(f"p{number}", url) for number in range(4)]
    for process in made:
        await process.start(view(1, max_in_flight=8), live_processes=4)
    await until(lambda: all(process.slots.is_exact for process in made))
    # Looked for from before it is slow: on a busy machine its answer to that may come when it is back.
    all_away = asyncio.create_task(until(lambda: not any(process.slots.is_exact for process in made)))
    await slow(url, 3.0)
    await all_away
    running: list[Lease] = []
    most = 0

    async def request(process: Process) -> None:
        nonlocal most
        lease = await process.lease()
        running.append(lease)
        most = max(most, len(running))
        await asyncio.sleep(0.01)
        running.remove(lease)
        lease.release()

    await asyncio.gather(*(request(made[number % 4]) for number in range(60)))
    assert most == 8
    monkeypatch.setattr(shared_slots, "PATIENT_SECONDS", 30.0)
    await until(lambda: all(process.slots.is_exact for process in made))
    assert await made[0].slots.take(1, 1)
    for process in made:
        await process.stop()
