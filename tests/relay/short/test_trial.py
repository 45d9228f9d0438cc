"""The account's test asks one question through the engine, and tells how it went in plain words."""

import asyncio
from collections.abc import Iterator

import pytest

from accounts.credentials.encryption import encrypt
from accounts.snapshot import AccountView
from relay.short.trial import test_account as ask
from relay.simulator.thread import SimulatorThread

MODELS = {"gemini": "gemini-3-flash-preview", "anthropic": "claude-sonnet-4-6", "openai": "gpt-5.2"}


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorThread]:
    """An upstream."""
    with SimulatorThread() as running:
        yield running


def account(simulator: SimulatorThread, kind: str, *models: str) -> AccountView:
    return AccountView(
        id=1,
        email="a@x",
        kind=kind,
        base_url=simulator.base_url,
        models=models or (MODELS[kind],),
        sealed=encrypt({"api_key": "sim-a"}),
    )


@pytest.mark.parametrize("kind", MODELS)
async def test_a_whole_answer_says_that_the_account_works(simulator: SimulatorThread, kind: str) -> None:
    """One request, and the model is named."""
    simulator.reset()
    result = await ask(account(simulator, kind))
    assert result.ok, result.message
    assert MODELS[kind] in result.message
    assert len(simulator.requests) == 1


@pytest.mark.parametrize(
    ("fault", "says"),
    [("status=401", ""), ("status=500", ""), ("empty", "nothing said"), ("cut@1", ""), ("garbage", "JSON")],
)
async def test_a_failure_is_told_after_one_request(simulator: SimulatorThread, fault: str, says: str) -> None:
    """Nothing is tried again: an account that works half the time is not called working."""
    simulator.reset()
    simulator.plan(fault, repeat=True)
    result = await ask(account(simulator, "anthropic"))
    assert not result.ok
    assert says in result.message
    assert len(simulator.requests) == 1


async def test_a_model_that_the_account_lacks_is_passed_over(simulator: SimulatorThread) -> None:
    """The next one of its list is tried."""
    simulator.reset()
    result = await ask(account(simulator, "anthropic", "claude-no-such", "claude-sonnet-4-6"))
    assert result.ok, result.message


@pytest.mark.parametrize(("fault", "status"), [("status=401", 401), ("status=403", 403), ("status=500", 0)])
async def test_a_refused_credential_is_told_as_such(
    simulator: SimulatorThread, fault: str, status: int
) -> None:
    """By its status; other failures say nothing about the credential."""
    simulator.reset()
    simulator.plan(fault, repeat=True)
    assert (await ask(account(simulator, "anthropic"))).refused_with == status


async def test_whoever_asked_may_leave_before_the_answer(simulator: SimulatorThread) -> None:
    """The question ends with the one who asked it, and no task ends with an error of its own."""
    simulator.reset()
    simulator.plan("hang", repeat=True)
    before = asyncio.all_tasks()
    asked = asyncio.create_task(ask(account(simulator, "anthropic")))
    while not simulator.requests:  # noqa: ASYNC110  the simulator runs in a thread of its own
        await asyncio.sleep(0.01)
    begun = asyncio.all_tasks() - before - {asked}
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert begun
    await asyncio.wait(begun)
    assert [task.exception() for task in begun if not task.cancelled()] == [None] * len(begun)
