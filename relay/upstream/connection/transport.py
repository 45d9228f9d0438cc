"""The way to upstream over kept connections, with what aiohttp lacks.

* A connection that is dead before it answers is replaced at once. A server may close an idle one at any
  moment, also in the one in which a request goes out on it: the request was not answered, and nothing is
  wrong with upstream.
* An answer's bytes are read where aiohttp has them, without three generators on the way (``AnswerBytes``).
* Bytes that are no HTTP end an answer that has begun at once; aiohttp (3.14) closes the connection then, and
  lets whoever reads the answer wait for ever.
"""

from collections.abc import AsyncIterator
from contextvars import ContextVar
from functools import lru_cache, partial
from typing import Any, cast

import aiohttp
import httpx
import msgspec
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError, RawResponseMessage
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream, map_aiohttp_exceptions

from relay.upstream.connection.times import TimedConnector

PIECE_BYTES = 32 * 1024
"""What is read of an answer at a time at most: most answers that come at once are given on in one piece, and
nothing of that size holds the loop for long."""

MAX_ANNOUNCEMENTS = 32
"""Answers of status 1xx before the real one; there may be several (RFC 9110, 15.2), but not for ever."""


class _Way(msgspec.Struct):
    """What is known of the connection that one request goes out on."""

    is_new: bool = False
    must_be_new: bool = False


_way: ContextVar[_Way | None] = ContextVar("way", default=None)


class _Handler(ResponseHandler):
    """A connection whose broken HTTP is told to whoever reads the answer's body."""

    _announcements = 0

    def feed_data(self, data: tuple[RawResponseMessage, Any], size: int = 0) -> None:
        if data[0].code < 200:
            self._announcements += 1
            if self._announcements > MAX_ANNOUNCEMENTS:
                self.set_exception(HttpProcessingError(code=400, message="announcements without an answer"))
                if self.transport is not None:
                    self.transport.close()
                return
        else:
            self._announcements = 0
        super().feed_data(data, size)

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        super().set_exception(exc, *cause)
        body = self._payload
        if body is not None and not body.is_eof() and body.exception() is None:
            body.set_exception(aiohttp.ClientPayloadError("the answer's body is no valid HTTP"))


class SteadyConnector(TimedConnector):
    """A connector that tells a new connection from a kept one, and takes no kept one where it must not."""

    def __init__(self, **options: Any) -> None:
        """``options`` are TCPConnector's."""
        super().__init__(**options)
        self._factory = cast("partial[ResponseHandler]", partial(_Handler, loop=self._loop))

    async def _get(self, *args: Any, **kwargs: Any) -> Any:
        way = _way.get()
        return None if way is not None and way.must_be_new else await super()._get(*args, **kwargs)

    async def _create_connection(self, *args: Any, **kwargs: Any) -> Any:
        way = _way.get()
        if way is not None:
            way.is_new = True
        return await super()._create_connection(*args, **kwargs)


class AnswerBytes(AiohttpResponseStream):
    """The bytes of one answer. Like httpx's own, it raises httpx's exceptions."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        """``response`` is aiohttp's, whose headers are here."""
        super().__init__(response)
        self._content = response.content

    async def read(self) -> bytes | None:
        """What is there, up to ``PIECE_BYTES``, as soon as anything is; None at the end."""
        try:
            return await self._content.read(PIECE_BYTES) or None
        except Exception as error:
            try:
                with map_aiohttp_exceptions():
                    raise
            finally:
                # The content keeps the error. With the frames it came through, which know the content, both
                # would stay until a garbage collection, and all of the answer with them.
                error.__traceback__ = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The same, one after another."""
        while (piece := await self.read()) is not None:
            yield piece


class SteadyTransport(AiohttpTransport):
    """aiohttp for httpx; its session's connector must be a SteadyConnector.

    It asks aiohttp itself: what the library's transport does besides (proxies, bodies that come in pieces) is
    for no request of ours, and cost a fortieth of an exchange.
    """

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request``; once more where a kept connection was dead before the first byte of an answer.

        Its body is here as a whole. Raises what httpx raises.
        """
        way = _Way()
        try:
            return await self._answered(request, way)
        except httpx.TransportError as error:
            if way.is_new or not _is_unanswered(error.__cause__):
                raise
        return await self._answered(request, _Way(must_be_new=True))

    async def _answered(self, request: httpx.Request, way: _Way) -> httpx.Response:
        if not isinstance(self.client, aiohttp.ClientSession):
            self.client = self.get_client()
        body = request.stream
        if not isinstance(body, httpx.ByteStream):
            raise TypeError("the body of a request to upstream is here as a whole")
        token = _way.set(way)
        try:
            response = await self.client.request(
                request.method,
                str(request.url),
                headers=request.headers.multi_items(),
                data=b"".join(body) or None,
                allow_redirects=False,
                auto_decompress=False,
                timeout=_timeout(**request.extensions["timeout"]),
            )
        except Exception:
            with map_aiohttp_exceptions():
                raise
        finally:
            _way.reset(token)
        return httpx.Response(
            response.status, headers=response.raw_headers, stream=AnswerBytes(response), request=request
        )


@lru_cache(maxsize=8)
def _timeout(
    connect: float | None, read: float | None, write: float | None, pool: float | None
) -> aiohttp.ClientTimeout:
    """httpx's four times as aiohttp has them; it knows none for writing."""
    return aiohttp.ClientTimeout(sock_connect=connect, sock_read=read, connect=pool)


def _is_unanswered(cause: BaseException | None) -> bool:
    """Did the connection end before a byte of an answer? aiohttp keeps half a head as the message."""
    if isinstance(cause, aiohttp.ServerDisconnectedError):
        return isinstance(cause.message, str)
    return isinstance(cause, aiohttp.ClientOSError) and not isinstance(cause, aiohttp.ClientConnectorError)
