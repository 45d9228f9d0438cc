"""So many at once, so many that wait, in order; the rest is sent away."""

import asyncio

import pytest

from proxyproject.login.login_turns import LoginTurns, TooMany


async def test_turns_are_taken_in_order_and_the_rest_is_sent_away() -> None:
    """Two inside, one waits, the fourth is told; whoever leaves lets the next one in."""
    turns, inside, may_leave = LoginTurns(2, 1), list[int](), asyncio.Event()

    async def visit(number: int) -> None:
        turn = await turns.take()
        inside.append(number)
        await may_leave.wait()
        turn.leave()
        turn.leave()  # once is enough

    visits = [asyncio.ensure_future(visit(number)) for number in range(3)]
    await asyncio.sleep(0)
    assert inside == [0, 1]
    with pytest.raises(TooMany):
        await turns.take()
    may_leave.set()
    await asyncio.gather(*visits)
    assert inside == [0, 1, 2]
    assert await turns.take()
    assert await turns.take()
    with pytest.raises(TooMany):
        await asyncio.gather(turns.take(), turns.take())


async def test_who_gives_up_waiting_leaves_the_place_to_another() -> None:
    """A browser that goes while it waits is no longer counted."""
    turns = LoginTurns(1, 1)
    await turns.take()
    for _ in range(3):
        waiting = asyncio.ensure_future(turns.take())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
