"""A turn of the event loop is short, however many are ready in it."""

import asyncio

from relay.turns import TURN_SECONDS, Turns


async def test_a_turn_is_over_when_it_took_long_and_the_next_one_is_not() -> None:
    """It is counted from the first who asks in it, not from the one before."""
    now = [100.0]
    turns = Turns(lambda: now[0])
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
    turns = Turns(lambda: now[0])

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
