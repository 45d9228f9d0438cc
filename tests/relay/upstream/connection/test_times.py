"""Connecting is timed where it happens, and not where an open connection is used again."""

import asyncio
import contextlib

import aiohttp
import pytest

from relay.upstream.connection.times import TimedConnector, Times, watched


@pytest.mark.outside
async def test_only_the_first_request_connects() -> None:
    """Over a real socket: the first tells both times in order, the second its headers alone."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    loop = asyncio.get_running_loop()
    first, second, nowhere = (Times(loop.time()) for _ in range(3))
    async with aiohttp.ClientSession(connector=TimedConnector()) as session:
        for times in (first, second):
            async with await watched(times, session.get(url)) as response:
                assert await response.text() == "ok"
        server.close()
        with contextlib.suppress(aiohttp.ClientConnectionError):
            await watched(nowhere, session.get("http://127.0.0.1:9/"))
    assert first.connect_seconds is not None
    assert first.headers_seconds is not None
    assert 0 < first.connect_seconds <= first.headers_seconds
    assert second.connect_seconds is None
    assert second.headers_seconds is not None
    assert nowhere.connect_seconds is None
    assert nowhere.headers_seconds is None
