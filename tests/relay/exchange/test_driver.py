"""The driver: whatever happens to it, its end is told, once."""

import asyncio
import gc
import weakref
from typing import Any

from relay.engine.attempts import serve
from relay.engine.commands import Outcome
from relay.engine.deadlines import Limits
from relay.exchange.driver import Driver


class NoHands:
    """Hands that are never asked for an upstream; they count what is given back."""

    def __init__(self) -> None:
        self.released = 0

    def release(self) -> None:
        self.released += 1

    def note(self, fact: object) -> None:
        """Facts are taken."""

    async def pick(self, command: object) -> Any:
        raise RuntimeError("a fault of this server")


def driven() -> tuple[Driver, NoHands, list[Outcome]]:
    hands, ends = NoHands(), list[Outcome]()
    loop = asyncio.get_running_loop()
    driver = Driver(serve(Limits(), 1, is_collected=False), hands, loop.time(), ends.append)  # type: ignore[arg-type]
    return driver, hands, ends


async def test_a_driver_that_is_stopped_before_its_first_step_still_ends() -> None:
    """The client went at once: asyncio never runs such a task, yet the row gets its end."""
    driver, hands, ends = driven()
    driver.start()
    driver.stop("client")
    await driver.wait()
    await asyncio.sleep(0)
    assert [end.interrupted_by for end in ends] == ["client"]
    assert await driver.mailbox.take(None) is ends[0]
    assert hands.released == 1


async def test_a_fault_of_ours_ends_the_exchange_with_an_error() -> None:
    """An exception in the server itself leaves nobody waiting: 500, once."""
    driver, _, ends = driven()
    driver.start()
    await driver.wait()
    assert [end.status for end in ends] == [500]


class Holder:
    """Whoever holds a driver, and is told of its end by it."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        engine = serve(Limits(), 1, is_collected=False)
        self.driver = Driver(engine, NoHands(), loop.time(), self.ended)  # type: ignore[arg-type]

    def ended(self, outcome: Outcome) -> None:
        """It is over."""


async def test_an_exchange_that_is_over_is_let_go_of_at_once() -> None:
    """No circle of references keeps an answer in memory until the garbage collector comes by."""
    gc.disable()
    try:
        holder = Holder()
        holder.driver.start()
        await holder.driver.wait()
        await asyncio.sleep(0)
        told = weakref.ref(holder)
        del holder
        assert told() is None
    finally:
        gc.enable()
