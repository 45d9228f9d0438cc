"""Stalls of the event loop: told when something held it, and not when the machine gave it no core."""

import asyncio
import logging

import pytest

from proxyproject.serving.loop_watch import LoopWatch

STALL = 0.02


def late(by: float, computed: float) -> float:
    """What is told when the timer rings so late, and the thread has computed for so long."""
    at = [100.0, 5.0]
    watch = LoopWatch(STALL, lambda: at[0], lambda: at[1])
    at[0] += watch.tick_seconds + by
    at[1] += computed
    return watch.tick()


@pytest.mark.parametrize(
    ("by", "computed", "held"),
    [
        (0.0, 0.0, 0.0),
        (0.019, 0.024, 0.0),
        (0.021, 0.026, 0.021),
        (1.5, 1.5, 1.5),
        (1.5, 0.001, 0.0),  # other processes had the core
        (0.5, 0.1, 0.1),
    ],
)
def test_what_is_a_stall(by: float, computed: float, held: float) -> None:
    """The loop is late, and its own thread computed meanwhile."""
    assert late(by, computed) == pytest.approx(held)


def test_each_tick_is_looked_at_for_itself() -> None:
    """A stall is told once, by the tick behind it."""
    at = [100.0, 5.0]
    watch = LoopWatch(STALL, lambda: at[0], lambda: at[1])
    told = []
    for step, computed in ((0.005, 0.0), (0.055, 0.05), (0.005, 0.001), (0.006, 0.006)):
        at[0] += step
        at[1] += computed
        told.append(watch.tick())
    assert told == pytest.approx([0.0, 0.05, 0.0, 0.0])


async def test_it_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """One warning with the milliseconds, while the loop runs on."""
    ticks = iter((0.0, 0.0345, 0.0))

    class Held(LoopWatch):
        def tick(self) -> float:
            try:
                return next(ticks)
            except StopIteration:
                raise asyncio.CancelledError from None

    with pytest.raises(asyncio.CancelledError):
        await Held(0.0004).run()
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, "The event loop was held for 34 ms")
    ]
