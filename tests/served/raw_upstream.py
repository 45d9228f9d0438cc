"""An upstream that says exactly the bytes it is told to: HTTP by hand, broken on purpose.

A script is what one connection does after one request came in: bytes, and ``Then`` steps. Scripts are taken
in order; when none is left, ``default`` answers.
"""

import asyncio
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Sequence
from enum import Enum
from typing import Any


class Then(Enum):
    """What is done beside writing bytes."""

    CLOSE = "close in order"
    RESET = "close with a reset"
    WAIT = "say nothing until the test says go_on()"
    HANG = "say nothing more until the client goes"
    FOR_EVER = "say the bytes before it again and again"


Script = Sequence[bytes | Then]


class RawUpstream:
    """Listens on a free port in a thread of its own; ``requests`` are the bytes that came."""

    def __init__(self, default: Script = ()) -> None:
        self.default = default
        self.scripts: deque[Script] = deque()
        self.requests: list[bytes] = []
        self.connections = 0
        self.said_bytes = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()
        self._may_go_on = asyncio.Event()

    def __enter__(self) -> "RawUpstream":
        self._thread.start()
        server = self._in_loop(self._listen())
        self.port: int = server.sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._in_loop(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def says(self, *scripts: Script, default: Script | None = None) -> None:
        """Forget what came; take ``scripts`` for the next requests, then ``default``."""

        async def change() -> None:
            self.scripts = deque(scripts)
            self.requests.clear()
            self.said_bytes = 0
            self._may_go_on.clear()
            if default is not None:
                self.default = default

        self._in_loop(change())

    def script_for(self, request: bytes) -> Script:
        """What is done about ``request``."""
        return self.scripts.popleft() if self.scripts else self.default

    def go_on(self) -> None:
        """Scripts that wait go on."""
        self._loop.call_soon_threadsafe(self._may_go_on.set)

    def wait_for_requests(self, count: int, seconds: float = 60) -> None:
        """Return when so many have come."""
        ends_at = time.monotonic() + seconds
        while len(self.requests) < count:
            assert time.monotonic() < ends_at, f"{len(self.requests)} of {count} requests came"
            time.sleep(0.02)

    def close_idle(self, how: Then = Then.CLOSE) -> None:
        """Close every connection that is open now."""

        async def close() -> None:
            for writer in list(self._writers):
                _close(writer, how)

        self._in_loop(close())

    def _in_loop(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _listen(self) -> asyncio.Server:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 26)
        return self._server

    async def _end(self) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while (request := await _one_request(reader)) is not None:
                self.requests.append(request)
                if not await self._play(self.script_for(request), reader, writer):
                    break
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort() if writer.is_closing() else writer.close()

    async def _play(self, script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Do what the script says; True when the connection goes on."""
        last = b""
        for step in script:
            match step:
                case bytes():
                    last = step
                    writer.write(step)
                    self.said_bytes += len(step)
                    await writer.drain()
                case Then.WAIT:
                    await self._may_go_on.wait()
                case Then.HANG:
                    await reader.read()
                    return False
                case Then.FOR_EVER:
                    while True:
                        writer.write(last)
                        self.said_bytes += len(last)
                        await writer.drain()
                case Then.CLOSE | Then.RESET:
                    _close(writer, step)
                    return False
        return True


async def _one_request(reader: asyncio.StreamReader) -> bytes | None:
    """The next request with a Content-Length, or none; None at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return head + await reader.readexactly(length)
    except (asyncio.IncompleteReadError, OSError):
        return None


def _close(writer: asyncio.StreamWriter, how: Then) -> None:
    if how is Then.RESET:
        raw: socket.socket = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    else:
        writer.close()


def head(*headers: bytes, status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    """The head of an answer."""
    return b"\r\n".join([status, *headers, b"", b""])


def chunked(*pieces: bytes, ends: bool = True) -> bytes:
    """A body in chunks."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + (
        b"0\r\n\r\n" if ends else b""
    )


EVENT_STREAM = b"content-type: text/event-stream"
CHUNKED = b"transfer-encoding: chunked"
