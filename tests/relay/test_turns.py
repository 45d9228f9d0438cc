"""A turn of the event loop is short, however many are ready in it."""

import asyncio

from relay.turns import TURN_SECONDS, Turns


async def test_a_turn_is_over_when_it_took_long_and_the_next_one_is_not() -> None:
    """It is counted from the last one that was over: a clock of what is computed stands still between."""
    now = [100.0]
    turns = Turns(*[lambda: now[0]] * 2)
    assert not turns.is_over()
    now[0] += TURN_SECONDS / 2
    assert not turns.is_over()
    now[0] += TURN_SECONDS
    assert turns.is_over()
    await asyncio.sleep(0)
    assert not turns.is_over()


async def test_who_has_much_to_do_leaves_the_rest_to_others() -> None:
    """A hundred that are ready at once: a newcomer is heard behind a few of them, and all have their turn."""
    now, done = [0.0], []
    turns = Turns(*[lambda: now[0]] * 2)

    async def one(number: int) -> None:
        await turns.wait()
        now[0] += TURN_SECONDS / 2  # it computes
        done.append(number)

    async def newcomer() -> int:
        await asyncio.sleep(0)
        return len(done)

    seen = asyncio.create_task(newcomer())
    await asyncio.gather(*map(one, range(100)))
    assert await seen < 10
    assert done == list(range(100))


async def test_who_always_has_something_to_do_lets_others_in_between() -> None:
    """A stream whose bytes are always there already takes a turn of many, not each."""
    now, rounds, is_over = [0.0], [0], asyncio.Event()
    turns = Turns(*[lambda: now[0]] * 2)

    async def quick() -> None:
        while not is_over.is_set():
            await turns.wait()
            now[0] += TURN_SECONDS * 1.5
            rounds[0] += 1
            await asyncio.sleep(0)

    async def calm() -> None:
        for _ in range(5):
            await turns.wait()
            now[0] += TURN_SECONDS / 100
            for _ in range(20):
                await asyncio.sleep(0)

    task = asyncio.create_task(quick())
    await asyncio.wait_for(asyncio.gather(*(calm() for _ in range(10))), 60)
    is_over.set()
    await task
    assert rounds[0] < 5 * 50


async def test_what_is_called_soon_takes_turns_with_answers() -> None:
    """None goes without; what one of them raises keeps nobody from their turn."""
    now, done = [0.0], list[str]()
    turns = Turns(*[lambda: now[0]] * 2)
    raised: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: raised.append(told["exception"]))

    def fail() -> None:
        raise ValueError("of one of them")

    async def one(name: str) -> None:
        await turns.wait()
        done.append(name)

    now[0] += TURN_SECONDS
    first = asyncio.create_task(one("first"))
    await asyncio.sleep(0)
    turns.soon("here", fail)
    turns.soon("here", lambda: done.append("second"))
    await asyncio.gather(first, one("third"))
    assert sorted(done) == ["first", "second", "third"]
    assert [str(one) for one in raised] == ["of one of them"]


async def test_who_sends_much_keeps_no_other_waiting() -> None:
    """Behind a thousand pieces from one address an answer, and a request from elsewhere, come at once."""
    now, done = [0.0], list[str]()
    turns = Turns(*[lambda: now[0]] * 2)

    def piece(name: str) -> None:
        now[0] += TURN_SECONDS * 3
        done.append(name)

    async def answer() -> None:
        await turns.wait()
        done.append("answer")

    for _ in range(1000):
        turns.soon("192.0.2.1", lambda: piece("flood"))
    turns.soon("198.51.100.1", lambda: piece("request"))
    turns.soon("198.51.100.1", lambda: piece("next"))
    await answer()
    for _ in range(3000):
        await asyncio.sleep(0)
    assert len(done) == 1003
    assert done.index("answer") <= 3
    assert done.index("request") <= 3
    assert done.index("next") <= 6


def test_a_loop_that_has_ended_keeps_nobody_waiting() -> None:
    """Who waited there is gone; in the next loop each has a turn."""
    now = [0.0]
    turns = Turns(*[lambda: now[0]] * 2)

    async def leave() -> None:
        now[0] += TURN_SECONDS
        task = asyncio.create_task(turns.wait())
        await asyncio.sleep(0)
        assert not task.done()

    async def go_on() -> None:
        now[0] += TURN_SECONDS
        await asyncio.wait_for(turns.wait(), 60)

    asyncio.run(leave())
    asyncio.run(go_on())


def test_the_system_is_asked_only_when_a_turn_may_be_over() -> None:
    """What a thread has computed is dear to know, and never more than has passed."""
    passed, computed, asked = [0.0], [0.0], list[float]()

    def compute() -> float:
        asked.append(computed[0])
        return computed[0]

    turns = Turns(compute, lambda: passed[0])
    del asked[:]
    passed[0] = TURN_SECONDS / 2
    assert not turns.is_over()
    assert not asked
    passed[0] = TURN_SECONDS * 100  # it waited for a core
    assert not turns.is_over()
    assert asked
