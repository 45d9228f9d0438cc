"""A scripted upstream on a real socket: it answers each request with the shape that its prompt names.

A prompt holds ``[wire: SERVER/NAME]``, or ``[wire: SERVER/NAME cut=events]``, or ``cut=SEED`` for a body cut
at random places. Whoever asks for a token gets one.
"""

import asyncio
import contextlib
import random
import re
import threading
from collections.abc import Mapping

from tests.wire.recorded.shape import Frame, Reset, Shape, body_bytes, events_of, frames

_NAMED = re.compile(rb"\[wire: ([a-z0-9_/]+)(?: cut=(events|\d+))?\]")
_LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)
_TOKEN = b'{"access_token":"ya29.wire","expires_in":3600,"token_type":"Bearer"}'
_CUT_SECONDS = 0.001
"""Between two pieces of a body that is cut: long enough for the server to read the first."""


def prompt_for(shape: Shape, cut: str = "") -> str:
    """What a client says to be answered with ``shape``."""
    return f"[wire: {shape.name}{f' cut={cut}' if cut else ''}]"


class WireUpstream:
    """``with WireUpstream(shapes) as upstream``: it runs in a thread; ``base_url`` is where it listens.

    ``asked`` are the paths that were asked, by the shape's name.
    """

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self.base_url = ""
        self.asked: dict[str, list[str]] = {}
        self._shapes = shapes
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._over: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> "WireUpstream":
        self._thread.start()
        assert self._ready.wait(10), "the scripted upstream did not start"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        assert self._over is not None
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        async with server:
            self.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            self._ready.set()
            await self._over.wait()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                await self._answer(head.split(b" ", 2)[1].decode(), body, writer)
        writer.close()

    async def _answer(self, path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        named = _NAMED.search(body)
        if named is None:
            status, told = (200, _TOKEN) if path.endswith("/token") else (404, b'{"error":{"message":"no"}}')
            await _send(writer, status, {"content-type": "application/json"}, [told])
            return
        shape = self._shapes[named[1].decode()]
        self.asked.setdefault(shape.name, []).append(path)
        headers = {"content-type": shape.answer.content_type, **shape.answer.headers}
        await _send(writer, shape.answer.status, headers, _pieces(shape, (named[2] or b"").decode()))


def _pieces(shape: Shape, cut: str) -> list[Frame]:
    if not cut:
        return frames(shape.answer)
    body = body_bytes(shape.answer)
    if cut == "events":
        pieces = events_of(body)
    else:
        places = sorted(random.Random(int(cut)).sample(range(1, len(body)), min(7, len(body) - 1)))
        pieces = [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]
    with_pauses: list[Frame] = []
    for piece in pieces:
        with_pauses += [piece, _CUT_SECONDS]
    return with_pauses


async def _send(
    writer: asyncio.StreamWriter, status: int, headers: Mapping[str, str], pieces: list[Frame]
) -> None:
    lines = [f"HTTP/1.1 {status} Wire", "transfer-encoding: chunked"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    for piece in pieces:
        if isinstance(piece, Reset):
            writer.transport.abort()
            raise ConnectionResetError
        if isinstance(piece, float):
            await asyncio.sleep(piece)
        else:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
    writer.write(b"0\r\n\r\n")
    await writer.drain()
