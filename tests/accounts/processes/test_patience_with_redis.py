"""How long Redis is waited for: while it answers, as long as the client does; else briefly."""

import asyncio

import pytest
from redis.exceptions import TimeoutError as RedisTimeout

from accounts.processes import redis_client
from accounts.processes.redis_client import Patience


async def fails(patience: Patience) -> None:
    async with patience.asking():
        raise RedisTimeout


async def never_answers(patience: Patience) -> None:
    async with patience.asking():
        await asyncio.Event().wait()


async def answers(patience: Patience) -> None:
    async with patience.asking():
        pass


async def test_one_that_did_not_answer_is_waited_for_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next question ends by itself, and its error is one of Redis'; after an answer it is as before."""
    monkeypatch.setattr(redis_client, "ANSWER_SECONDS", 0.01)
    patience = Patience()
    with pytest.raises(RedisTimeout):
        await fails(patience)
    with pytest.raises(redis_client.redis_errors()):
        await never_answers(patience)
    await answers(patience)
    asked = asyncio.create_task(never_answers(patience))
    await asyncio.sleep(0.05)
    assert not asked.done(), "the client says how long"
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    with pytest.raises(RedisTimeout):  # who went away says nothing of Redis
        await fails(patience)
