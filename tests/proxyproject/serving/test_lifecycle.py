"""The four phases of a process's life."""

import asyncio
import logging

import pytest

from proxyproject.serving.lifecycle import Lifecycle


async def test_the_start_callbacks_run_once_for_all_who_wait() -> None:
    """However many first requests come at once, each waits for one and the same start."""
    life = Lifecycle()
    started: list[str] = []
    go = asyncio.Event()

    async def slowly() -> None:
        await go.wait()
        started.append("slow")

    life.on_start(slowly)
    life.on_start(lambda: started.append("quick"))
    waiting = [asyncio.create_task(life.start()) for _ in range(3)]
    await asyncio.sleep(0)
    assert not life.is_started
    go.set()
    await asyncio.gather(*waiting)
    assert life.is_started
    assert started == ["slow", "quick"]


async def test_a_first_request_that_goes_does_not_end_the_start() -> None:
    """The one who asked first may be cancelled; the start goes on for the others."""
    life = Lifecycle()
    go = asyncio.Event()
    life.on_start(go.wait)
    first, second = asyncio.create_task(life.start()), asyncio.create_task(life.start())
    await asyncio.sleep(0)
    first.cancel()
    go.set()
    await second
    assert first.cancelled() or first.cancelling()
    assert life.is_started


async def test_a_callback_that_fails_keeps_none_from_running(caplog: pytest.LogCaptureFixture) -> None:
    """What fails is logged with its phase; the next one runs."""
    life = Lifecycle()
    called: list[str] = []

    def fail() -> None:
        raise RuntimeError("no disk")

    for register, name in (life.on_drain, "drain"), (life.on_stop, "stop"), (life.on_flush, "flush"):
        register(fail)
        register(lambda name=name: called.append(name))
    with caplog.at_level(logging.ERROR):
        await life.drain()
        await life.stop()
        await life.flush()
    assert called == ["drain", "stop", "flush"]
    assert [record.getMessage().split(" callback")[0] for record in caplog.records] == [
        "A drain",
        "A stop",
        "A flush",
    ]
