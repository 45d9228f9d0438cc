"""Who sends a large body makes nobody else wait while it is read."""

import asyncio
import gc
import threading
from types import SimpleNamespace
from typing import Any
from weakref import ref

import pytest

from relay.admission.request_body import ReadBody
from relay.exchange import admitting
from relay.exchange.admitting import Admission
from relay.exchange.large_bodies import LARGE_BYTES, beside_the_loop, most_bytes
from relay.neutral.sliced_json import weight


async def test_the_loop_goes_on_while_a_large_body_is_read() -> None:
    """The work waits for something that only the loop can do; in the loop itself it would wait for ever."""
    done = threading.Event()
    asyncio.get_running_loop().call_soon(done.set)
    assert await beside_the_loop(LARGE_BYTES, lambda: done.wait(30))


async def test_a_small_body_is_read_at_once() -> None:
    """A thread would cost more than the reading."""
    here = threading.current_thread()
    assert await beside_the_loop(LARGE_BYTES - 1, threading.current_thread) is here
    assert await beside_the_loop(LARGE_BYTES, threading.current_thread) is not here


async def test_large_bodies_are_read_one_after_the_other() -> None:
    """Each more that computes would keep the loop from its turn for longer."""
    names = await asyncio.gather(
        *(beside_the_loop(LARGE_BYTES, lambda: threading.current_thread().name) for _ in range(5))
    )
    assert len(set(names)) == 1


async def test_who_is_cancelled_amid_the_work_knows_its_result() -> None:
    """What has begun is not half done for whoever asked: the cancellation comes where they wait next."""
    began, may_end, told = threading.Event(), threading.Event(), list[object]()

    async def ask() -> None:
        told.append(await beside_the_loop(LARGE_BYTES, lambda: (began.set(), may_end.wait(30))))
        await asyncio.Event().wait()

    task = asyncio.create_task(ask())
    await asyncio.to_thread(began.wait, 30)
    task.cancel()
    await asyncio.sleep(0)
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told == [(None, True)]


async def test_work_that_has_not_begun_is_left() -> None:
    """Nobody wants its result any more, and nobody waits for it."""
    may_end, done = threading.Event(), list[str]()
    first = asyncio.create_task(beside_the_loop(LARGE_BYTES, lambda: may_end.wait(30)))
    second = asyncio.create_task(beside_the_loop(LARGE_BYTES, lambda: done.append("second")))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    may_end.set()
    assert await first
    await beside_the_loop(LARGE_BYTES, lambda: None)
    assert done == []


async def test_a_deadline_amid_the_work_is_a_deadline() -> None:
    """``asyncio.timeout`` knows its own cancellation, though it comes later."""
    may_end = threading.Event()

    async def ask() -> None:
        async with asyncio.timeout(0.01) as limit:
            asyncio.get_running_loop().call_at(limit.when() or 0.0, may_end.set)
            await beside_the_loop(LARGE_BYTES, lambda: may_end.wait(30))
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await ask()


async def test_what_goes_wrong_there_is_raised_here() -> None:
    """A refusal is a refusal, wherever it was found."""

    def refuse() -> None:
        raise ValueError("no JSON")

    with pytest.raises(ValueError, match="no JSON"):
        await beside_the_loop(LARGE_BYTES, refuse)


def test_a_packed_body_may_be_large() -> None:
    """A few hundred bytes unpack to more than may be read at once; one that is not packed is what it is."""
    assert most_bytes(b"x" * 600, "gzip") > LARGE_BYTES
    assert most_bytes(b"x" * 600, "") == 0


def test_many_small_values_are_much_work() -> None:
    """Each list and object costs more than its bytes do."""
    assert weight(b"x" * 1000) == 1000
    assert weight(b'{"a":[]},' * 10_000) > LARGE_BYTES
    assert weight(b"[" * 2**20) == 2**20  # much already
    assert weight(b'{"$ref":"#/$defs/a"},' * 40) > LARGE_BYTES


@pytest.mark.parametrize(("size", "is_beside"), [(100, False), (LARGE_BYTES, True)])
async def test_a_call_is_read_and_looked_into_beside_the_loop(
    monkeypatch: pytest.MonkeyPatch, size: int, is_beside: bool
) -> None:
    """Parsing is only half of it: the look for its session goes through every turn."""
    threads: list[threading.Thread] = []

    class Looked(Exception):
        """Enough was seen."""

    def inspect(*_: Any) -> None:
        threads.append(threading.current_thread())
        raise Looked

    def parsed(raw: bytes, usual_form: object, *, has_rules: bool) -> ReadBody:
        threads.append(threading.current_thread())
        return ReadBody({}, raw)

    monkeypatch.setattr(admitting, "parsed", parsed)
    admission = Admission.__new__(Admission)
    admission.dialect = SimpleNamespace(inspect=inspect, usual_form=None)  # type: ignore[assignment]
    admission.headers, admission.caller = {}, None
    with pytest.raises(Looked):
        await admission.call(b" " * size, "", None)
    assert [thread is not threading.main_thread() for thread in threads] == [is_beside] * 2


class Read:
    """What was read of a body."""


async def test_a_refused_body_goes_at_once() -> None:
    """With all that was read of it: 83,000 of too many messages were left for one garbage collection."""
    left: list[ref[Read]] = []

    def work() -> None:
        read = Read()
        left.append(ref(read))
        raise ValueError("too many")

    async def refused() -> None:
        with pytest.raises(ValueError, match="too many"):
            await beside_the_loop(LARGE_BYTES, work)

    gc.collect()
    gc.disable()
    try:
        await refused()
        await beside_the_loop(LARGE_BYTES, int)  # the worker has let go, too
        assert [one() for one in left] == [None]
    finally:
        gc.enable()
