"""One timer for all waits of a task."""

import asyncio
import gc

import pytest
import uvloop

from relay.exchange.alarm import Alarm


class CountedLoop:
    """The running loop, whose timers are counted, and whose clock stands where it is put."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.now = 100.0
        self.timers: list[asyncio.TimerHandle] = []

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, callback: object, *args: object) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(at, callback, args, self._loop)  # type: ignore[arg-type]
        self.timers.append(handle)
        return handle

    def ring(self) -> None:
        """The clock comes to the last timer that was set."""
        self.now = self.timers[-1].when()
        self.timers[-1]._run()


def alarmed() -> tuple[Alarm, CountedLoop]:
    loop = CountedLoop()
    return Alarm(loop), loop  # type: ignore[arg-type]


async def waits(alarm: Alarm, at: float) -> str:
    """A wait that never comes to its own end."""
    alarm.set(at)
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return "late" if alarm.rang() else "stopped"
    finally:
        alarm.rest()
    return ""


async def test_a_thousand_waits_need_one_timer() -> None:
    """Each with a later deadline than the one before: the timer that is there stays."""
    alarm, loop = alarmed()
    for number in range(1_000):
        alarm.set(loop.now + 60 + number)
        alarm.rest()
    assert len(loop.timers) == 1


async def test_the_deadline_is_that_of_the_wait_that_is_on() -> None:
    """An earlier wait's timer rings for nobody, and is set to the deadline that counts."""
    alarm, loop = alarmed()
    alarm.set(loop.now + 10)
    alarm.rest()
    waiting = asyncio.create_task(waits(alarm, loop.now + 30))
    await asyncio.sleep(0)
    loop.ring()
    await asyncio.sleep(0)
    assert not waiting.done()
    loop.ring()
    assert await waiting == "late"
    assert [timer.when() for timer in loop.timers] == [110.0, 130.0]


async def test_a_nearer_deadline_has_its_own_timer() -> None:
    """A wait that must end before the timer that is there rings in its own time."""
    alarm, loop = alarmed()
    alarm.set(loop.now + 300)
    alarm.rest()
    waiting = asyncio.create_task(waits(alarm, loop.now + 5))
    await asyncio.sleep(0)
    loop.ring()
    assert await waiting == "late"
    assert loop.now == 105.0
    assert loop.timers[0].cancelled()


@pytest.mark.parametrize("rings_first", [True, False])
async def test_who_is_stopped_at_the_same_moment_is_stopped(rings_first: bool) -> None:
    """Somebody else's cancellation is never taken for the deadline, whichever came first."""
    alarm, loop = alarmed()
    waiting = asyncio.create_task(waits(alarm, loop.now + 5))
    await asyncio.sleep(0)
    for does in (loop.ring, waiting.cancel) if rings_first else (waiting.cancel, loop.ring):
        does()
    assert await waiting == "stopped"
    assert waiting.cancelling() == 1


async def test_a_task_that_was_late_is_cancelled_no_more() -> None:
    """It goes on, and may wait again; a timer that rings between its waits does nothing."""
    alarm, loop = alarmed()

    async def works() -> list[str]:
        said = [await waits(alarm, loop.now + 5)]
        alarm.set(loop.now + 5)
        alarm.rest()
        loop.ring()
        await asyncio.sleep(0)
        return said

    task = asyncio.create_task(works())
    await asyncio.sleep(0)
    loop.ring()
    assert await task == ["late"]
    assert task.cancelling() == 0


async def test_an_alarm_that_was_stopped_holds_nobody() -> None:
    """Neither its timer nor the task that waited."""
    alarm, loop = alarmed()
    task = asyncio.create_task(waits(alarm, loop.now + 5))
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "stopped"
    alarm.stop()
    assert loop.timers[0].cancelled()
    assert task not in gc.get_referents(alarm)


def test_a_deadline_that_is_past_is_followed_by_another() -> None:
    """uvloop's handle of such a moment is no timer; the wait behind it may be nearer still."""

    async def works() -> list[str]:
        alarm, loop = Alarm(asyncio.get_running_loop()), asyncio.get_running_loop()
        alarm.set(loop.time() - 1)
        alarm.rest()
        return [await waits(alarm, loop.time() - 2), await waits(alarm, loop.time() - 1)]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(works()) == ["late", "late"]
