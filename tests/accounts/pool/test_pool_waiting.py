"""Waiting for a slot or for a mark to end, and giving slots back."""

import asyncio

import pytest

from accounts.pool.leases import Lease, NoAccount, Want
from tests.accounts.hand_clock import settle
from tests.accounts.worlds import MODEL, PoolWorld, view


def wants(world: PoolWorld, count: int = 1, **want: object) -> list["asyncio.Task[Lease | NoAccount]"]:
    """So many requests that ask for an account, in this order."""
    return [
        asyncio.create_task(world.pool.acquire(Want(model=MODEL, **want)))  # type: ignore[arg-type]
        for _ in range(count)
    ]


async def test_limit_zero_is_no_limit() -> None:
    """0 means that any number of requests may run on the account."""
    world = PoolWorld(view(1))
    leases = [await world.lease() for _ in range(50)]
    assert world.pool.status(1).in_flight == 50  # type: ignore[union-attr]
    for lease in leases:
        lease.release()
    assert world.pool.status(1).in_flight == 0  # type: ignore[union-attr]


async def test_waiting_in_order() -> None:
    """When all are full requests wait, first come first served, and take the slot that comes free."""
    world = PoolWorld(view(1, max_in_flight=1), view(2, max_in_flight=1))
    running = [await world.lease(), await world.lease()]
    waiting = wants(world, 3)
    await settle()
    assert not any(task.done() for task in waiting)
    for turn, lease in enumerate(running):
        lease.release()
        await settle()
        assert [task.done() for task in waiting] == [number <= turn for number in range(3)]
        got = waiting[turn].result()
        assert isinstance(got, Lease)
        assert got.account.id == lease.account.id
    waiting[2].cancel()


async def test_full_for_too_long() -> None:
    """After 10 s of waiting the answer is 429 with Retry-After 1."""
    world = PoolWorld(view(1, max_in_flight=1))
    await world.lease()
    (task,) = wants(world)
    await world.clock.advance(9.9)
    assert not task.done()
    await world.clock.advance(0.1)
    got = task.result()
    assert isinstance(got, NoAccount)
    assert (got.status, got.reason, got.retry_after_seconds) == (429, "full", 1)


async def test_place_in_the_queue_is_kept() -> None:
    """Whoever looked again without success keeps the place before those who came later."""
    world = PoolWorld(view(1, max_in_flight=1))
    running = await world.lease()
    first, second = wants(world, 2)
    await settle()
    world.load(view(1, max_in_flight=1))  # wakes everybody
    await settle()
    running.release()
    await settle()
    assert first.done()
    assert not second.done()
    second.cancel()


async def test_a_slot_goes_to_who_can_use_it() -> None:
    """A slot passes by those who need another account and reaches the first who can use it."""
    world = PoolWorld(view(1, max_in_flight=1), view(2, max_in_flight=1, kind="vertex"))
    gemini, vertex = await world.lease(kinds=frozenset({"gemini"})), await world.lease()
    (only_gemini,) = wants(world, kinds=frozenset({"gemini"}))
    (kept,) = wants(world, stay_on=1)
    (anybody,) = wants(world)
    await settle()
    vertex.release()
    await settle()
    assert [task.done() for task in (only_gemini, kept, anybody)] == [False, False, True]
    gemini.release()
    await settle()
    assert only_gemini.done()
    only_gemini.result().release()  # type: ignore[union-attr]
    await settle()
    assert kept.done()


async def test_a_slot_on_a_marked_account_waits_for_the_retry_kept_there() -> None:
    """A slot on a hard-marked account is for nobody but the retry that is kept on it."""
    world = PoolWorld(view(1, max_in_flight=1), view(2, max_in_flight=1))
    one, _ = await world.lease(), await world.lease()
    world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=60)
    (anybody,) = wants(world)
    (kept,) = wants(world, stay_on=1)
    await settle()
    one.release()
    await settle()
    assert [anybody.done(), kept.done()] == [False, True]
    anybody.cancel()


async def test_cancelled_while_waiting() -> None:
    """A client that goes while it waits leaves the queue; nobody is given its slot in vain."""
    world = PoolWorld(view(1, max_in_flight=1))
    running = await world.lease()
    gone, second = wants(world, 2)
    await settle()
    gone.cancel()
    await settle()
    running.release()
    await settle()
    assert second.done()


async def test_cancelled_in_the_moment_of_the_lease() -> None:
    """A slot that arrives for somebody who has just gone is given back at once."""
    world = PoolWorld(view(1, max_in_flight=1))
    running = await world.lease()
    gone, second = wants(world, 2)
    await settle()
    running.release()  # the lease is on its way to the first
    gone.cancel()
    await settle()
    assert gone.cancelled()
    assert isinstance(second.result(), Lease)
    assert world.pool.status(1).in_flight == 1  # type: ignore[union-attr]


async def test_release_twice() -> None:
    """Giving a slot back twice frees one slot."""
    world = PoolWorld(view(1))
    first, _ = await world.lease(), await world.lease()
    first.release()
    first.release()
    assert world.pool.status(1).in_flight == 1  # type: ignore[union-attr]


async def test_a_mark_that_ends_wakes_who_waits_for_a_slot() -> None:
    """While one account is full, another whose cooldown ends is taken at once."""
    world = PoolWorld(view(1, max_in_flight=1), view(2))
    await world.lease()
    world.pool.mark_hard(2, MODEL, "quota", 429, told_seconds=4)
    (task,) = wants(world)
    await world.clock.advance(3.9)
    assert not task.done()
    await world.clock.advance(0.1)
    assert task.result().account.id == 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("told", "admission", "waits"), [(2.0, True, True), (2.1, True, False), (0.5, False, False)]
)
async def test_waiting_at_admission(told: float, admission: bool, waits: bool) -> None:
    """When everybody is hard-marked a request waits at admission, if one is free within 2 s; else never."""
    world = PoolWorld(view(1))
    world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=told)
    (task,) = wants(world, admission=admission)
    await settle()
    assert task.done() is not waits
    await world.clock.advance(told)
    assert isinstance(task.result(), Lease) is waits


async def test_limit_is_divided_by_the_processes() -> None:
    """Each of several processes takes its share of an account's limit, and at least one."""
    world = PoolWorld()
    world.load(view(1, max_in_flight=6), live_processes=3)
    leases = [await world.lease(), await world.lease()]
    (task,) = wants(world)
    await settle()
    assert not task.done()
    world.load(view(1, max_in_flight=6), live_processes=2)
    await settle()
    assert task.done(), "a process has gone: its share is free"
    world.load(view(1, max_in_flight=2), live_processes=3)
    for lease in [*leases, task.result()]:
        lease.release()  # type: ignore[union-attr]
    assert isinstance(await world.lease(), Lease)
    (full,) = wants(world)
    await settle()
    assert not full.done()
    full.cancel()


async def test_leases_outlive_a_reload() -> None:
    """Requests in flight are counted on through every reload, also when their account goes and comes back."""
    world = PoolWorld(view(1))
    lease = await world.lease()
    world.load(view(1, priority=3), view(2))
    assert world.pool.status(1).in_flight == 1  # type: ignore[union-attr]
    world.load(view(2))
    lease.release()
    world.load(view(1), view(2))
    assert world.pool.status(1).in_flight == 0  # type: ignore[union-attr]
    assert {await world.asked(), await world.asked()} <= {1, 2}


async def test_enabling_wakes_who_waits() -> None:
    """An account that is added or enabled serves those who wait already."""
    world = PoolWorld(view(1, max_in_flight=1))
    await world.lease()
    (task,) = wants(world)
    await settle()
    world.load(view(1, max_in_flight=1), view(2))
    await settle()
    assert task.result().account.id == 2  # type: ignore[union-attr]
