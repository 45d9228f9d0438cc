"""An application that does what hurts servers, for the tests of proxyproject/serving.

What happened inside is told by ``/v1/told/NAME``, which waits until it happened.
"""

import asyncio
import hashlib
import os
import threading
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

from proxyproject.serving.lifecycle import lifecycle

told: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
pieces_made: defaultdict[str, int] = defaultdict(int)
draining = asyncio.Event()


def note_phase(phase: str) -> None:
    """Leave a file for each phase of the life cycle, in the order of their names' numbers."""
    directory = Path(os.environ["PROXY_DATA_DIR"]) / "phases"
    directory.mkdir(exist_ok=True)
    (directory / f"{len(list(directory.iterdir()))}-{phase}").touch()


async def wait_for_the_start() -> None:
    """A store that is slow, where a test wants one."""
    if "TRAP_SLOW_START" in os.environ:
        note_phase("waits")
        while not (Path(os.environ["PROXY_DATA_DIR"]) / "begin").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def note_stop() -> None:
    note_phase("stop")


lifecycle.on_start(wait_for_the_start)
lifecycle.on_start(lambda: note_phase("start"))
lifecycle.on_drain(lambda: note_phase("drain"))
lifecycle.on_drain(draining.set)
lifecycle.on_stop(note_stop)
lifecycle.on_flush(lambda: note_phase("flush"))


async def echo(request: HttpRequest) -> JsonResponse:
    """What arrived, and where it was served."""
    return JsonResponse(
        {
            "length": len(request.body),
            "sha256": hashlib.sha256(request.body).hexdigest(),
            "pid": os.getpid(),
            "threads": threading.active_count(),
            "thread": threading.current_thread().name,
        }
    )


async def tell(request: HttpRequest, name: str) -> JsonResponse:
    """Wait until ``name`` happened; shorter than daphne takes to end a forgotten application (10 s)."""
    async with asyncio.timeout(8):
        await told[name].wait()
    return JsonResponse({"happened": name})


async def many(request: HttpRequest, name: str, count: int, size: int) -> StreamingHttpResponse:
    """``count`` pieces of ``size`` bytes, as fast as they are taken."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(count):
            pieces_made[name] += 1
            yield b"x" * size

    return StreamingHttpResponse(pieces())


async def made(request: HttpRequest, name: str) -> JsonResponse:
    """How many pieces the stream ``name`` has made."""
    return JsonResponse({"pieces": pieces_made[name]})


async def broken(request: HttpRequest, after: int) -> StreamingHttpResponse:
    """A stream that raises after ``after`` pieces."""

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(after):
            yield b"piece %d\n" % number
        raise RuntimeError("the stream broke")

    return StreamingHttpResponse(pieces())


async def watched(request: HttpRequest, name: str, first: int) -> StreamingHttpResponse:
    """``first`` pieces, then nothing for ever; its end is told as ``NAME-finally`` and ``NAME-done``."""
    task = asyncio.current_task()
    assert task is not None
    task.add_done_callback(lambda _: told[f"{name}-done"].set())

    async def pieces() -> AsyncIterator[bytes]:
        try:
            for number in range(first):
                yield b"piece %d\n" % number
            told[f"{name}-waits"].set()
            await asyncio.Event().wait()
        finally:
            told[f"{name}-finally"].set()

    return StreamingHttpResponse(pieces())


async def until_drain(request: HttpRequest) -> StreamingHttpResponse:
    """A stream that goes on when the server drains, and then ends whole."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"begin\n"
        await draining.wait()
        for number in range(200):
            yield b"piece %d\n" % number
            await asyncio.sleep(0)
        yield b"end\n"

    return StreamingHttpResponse(pieces())


async def until_file(request: HttpRequest) -> StreamingHttpResponse:
    """A stream that ends when the file ``release`` stands in the data directory."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"begin\n"
        while not (Path(os.environ["PROXY_DATA_DIR"]) / "release").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        yield b"end\n"

    return StreamingHttpResponse(pieces())


async def header(request: HttpRequest) -> HttpResponse:
    """Put what the client sent into a header, as a careless view would."""
    return HttpResponse(b"ok", headers={"x-said": request.GET["say"]})


async def missing(request: HttpRequest) -> HttpResponse:
    raise Http404("sk-secret-inside-the-reason")


async def failing(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret inside the reason")


def synchronous(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"never")


urlpatterns = [
    path("v1/echo", echo),
    path("v1/told/<str:name>", tell),
    path("v1/many/<str:name>/<int:count>/<int:size>", many),
    path("v1/made/<str:name>", made),
    path("v1/broken/<int:after>", broken),
    path("v1/watched/<str:name>/<int:first>", watched),
    path("v1/until-drain", until_drain),
    path("v1/until-file", until_file),
    path("v1/header", header),
    path("v1/missing", missing),
    path("v1/failing", failing),
    path("v1/synchronous", synchronous),
    path("healthz", echo),
]
