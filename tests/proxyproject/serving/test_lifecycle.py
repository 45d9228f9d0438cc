"""The phases of a process's life."""

import asyncio
import logging

import pytest

from proxyproject.serving import lifecycle
from proxyproject.serving.lifecycle import CannotServe, Lifecycle


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


async def test_an_essential_start_is_tried_again_until_it_succeeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process whose accounts cannot be read yet does not count as started; what comes behind waits."""
    monkeypatch.setattr(lifecycle, "FIRST_RETRY_SECONDS", 0.0)
    monkeypatch.setattr(lifecycle, "LAST_RETRY_SECONDS", 0.0)
    life = Lifecycle()
    tries: list[str] = []

    async def load() -> None:
        tries.append("load")
        if len(tries) < 4:
            raise ConnectionError("the database is away")

    life.on_start(load, is_essential=True)
    life.on_start(lambda: tries.append("behind"))
    await life.start()
    assert tries == ["load"] * 4 + ["behind"]
    assert life.is_started


async def test_what_no_waiting_helps_ends_the_start() -> None:
    """``CannotServe`` reaches whoever starts the process; nothing behind it runs."""
    life = Lifecycle()
    behind: list[str] = []

    def refuse() -> None:
        raise CannotServe("another key")

    life.on_start(refuse, is_essential=True)
    life.on_start(lambda: behind.append("behind"))
    with pytest.raises(CannotServe, match="another key"):
        await life.start()
    assert (life.is_started, behind) == (False, [])


async def test_a_start_that_waits_for_a_store_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM ends a process that never came to serve."""
    life = Lifecycle()
    trying = asyncio.Event()

    def fail() -> None:
        trying.set()
        raise ConnectionError("the database is away")

    life.on_start(fail, is_essential=True)
    starting = asyncio.create_task(life.start())
    await trying.wait()
    await life.stop()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not life.is_started


async def test_a_callback_that_hangs_has_a_bound(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A store that never answers keeps neither the next callback nor the process."""
    monkeypatch.setattr(lifecycle, "END_SECONDS", 0.01)
    life = Lifecycle()
    called: list[str] = []
    life.on_stop(asyncio.Event().wait)
    life.on_stop(lambda: called.append("next"))
    await life.stop()
    assert called == ["next"]
    assert "did not end within" in caplog.text
