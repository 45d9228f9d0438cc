"""From ASGI to an asynchronous Django view and back, with nothing in between: the relay's own path.

Django's handler runs seven middlewares, signals and a thread context for each request; that is 40 % of the
cost of an exchange. Here are only Django's URL resolver, request and response. What this does differently,
and every relay view may rely on:

* The view and its stream run in the server's own task for the request (``asyncio.current_task()``): it is
  cancelled when the client goes, and its done-callbacks run whatever happened.
* ``request.body`` is the body as it arrived, not copied, at most ``max_body_bytes``.
* A stream is begun before its headers are given away: what it raises before its first piece is still a real
  status. What it raises later cuts the connection, so that a broken answer never looks complete.
* Each piece of a stream is one message to the server, and the next is asked for when the client took it.
* Errors are said by ``early_answers`` in the dialect of the path, never with a traceback.

Views must be asynchronous; a synchronous one would need a thread, and is refused.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from functools import lru_cache
from inspect import iscoroutinefunction
from io import BytesIO
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch, get_resolver

from proxyproject.serving.connection.early_answers import Refusal, early_answer, too_large
from relay.turns import turns

logger = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


_PATHS_KEPT = 256
"""Paths whose view is remembered: Gemini's clients name a model in theirs."""

_USUAL_PATH = 200
"""Characters; of longer ones none is remembered."""


class SentTooMuch(Exception):
    """The request's body has more bytes than the limit."""


class ClientGone(Exception):
    """The client closed the connection before its request was complete."""


class LeanHandler:
    """An ASGI application that serves the asynchronous views of ``urlconf``."""

    def __init__(self, urlconf: str, max_body_bytes: int) -> None:
        self._urlconf = urlconf
        self._max_body_bytes = max_body_bytes
        self._known = lru_cache(_PATHS_KEPT)(self._resolved)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            body = await self._read_body(receive)
        except ClientGone:
            return
        except SentTooMuch:
            await _send_whole(_refused(scope, 413, too_large(self._max_body_bytes)), send)
            return
        await turns.wait()
        task = asyncio.current_task()
        assert task is not None
        client_gone = False

        def leave() -> None:
            nonlocal client_gone
            client_gone = True
            task.cancel("the client has gone")

        watcher: asyncio.Task[None] | None = None
        try:
            if (gone := scope.get("extensions", {}).get("evenkeel.gone")) is not None:
                gone["call"](leave)  # our own server tells it without a task that waits for a message
            else:
                watcher = asyncio.create_task(_watch(receive, leave))
            await self._serve(scope, body, send)
        except asyncio.CancelledError:
            if not client_gone:
                raise
            task.uncancel()
        finally:
            if watcher is not None:
                watcher.cancel()

    async def _read_body(self, receive: Receive) -> bytes:
        """Collect the body; one message is taken as it is."""
        chunks: list[bytes] = []
        length_bytes = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            chunk = message.get("body", b"")
            chunks.append(chunk)
            length_bytes += len(chunk)
            if length_bytes > self._max_body_bytes:
                raise SentTooMuch
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def _serve(self, scope: Scope, body: bytes, send: Send) -> None:
        request = ASGIRequest(scope, BytesIO(body))
        request._body = body
        response: HttpResponseBase | None = None
        try:
            try:
                response = await self._call_view(request)
                if isinstance(response, HttpResponseNotAllowed):
                    response = _not_allowed(scope, response)
                if not isinstance(response, StreamingHttpResponse):
                    assert isinstance(response, HttpResponse)
                    await _send_whole(response, send)
                    return
                pieces = _pieces(response)
                first = await anext(pieces, None)
            except Exception as error:
                await _send_whole(_failed(scope, error), send)
                return
            await _send_stream(response, first, pieces, scope, send)
        finally:
            if response is not None:
                _close(response)
            request.close()

    def _resolved(self, path: str) -> ResolverMatch:
        """The view of ``path``: the resolver tries each pattern until one fits. Raises Http404."""
        return get_resolver(self._urlconf).resolve(path)

    async def _call_view(self, request: ASGIRequest) -> HttpResponseBase:
        path = request.path_info
        match = (self._known if len(path) <= _USUAL_PATH else self._resolved)(path)
        request.resolver_match = match
        if not iscoroutinefunction(match.func):
            raise TypeError(f"{match.func!r} is a synchronous view; the relay's paths take asynchronous ones")
        response: HttpResponseBase = await match.func(request, *match.args, **match.kwargs)
        return response


async def _watch(receive: Receive, leave: Callable[[], None]) -> None:
    """Call ``leave`` when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    leave()


def _pieces(response: StreamingHttpResponse) -> AsyncIterator[bytes]:
    """The stream's own iterator: Django would wrap it in two more generators for each piece."""
    if not response.is_async:
        raise TypeError("a synchronous iterator cannot be streamed on the relay's paths")
    pieces: AsyncIterator[bytes] = response._iterator  # type: ignore[attr-defined]
    return pieces


async def _send_stream(
    response: StreamingHttpResponse,
    first: bytes | None,
    pieces: AsyncIterator[bytes],
    scope: Scope,
    send: Send,
) -> None:
    """Send ``first`` and what follows; ``pieces`` is closed at the end, however it comes."""
    try:
        await send(_start(response))
        if first is not None:
            await send({"type": "http.response.body", "body": first, "more_body": True})
        try:
            async for piece in pieces:
                if piece:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        except Exception:
            logger.exception("A stream broke off: %s", scope["path"])
            if "evenkeel.abort" in scope.get("extensions", {}):
                await send({"type": "evenkeel.abort"})
                return
    finally:
        if (close := getattr(pieces, "aclose", None)) is not None:
            await close()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_whole(response: HttpResponse, send: Send) -> None:
    await send(_start(response))
    await send({"type": "http.response.body", "body": response.content, "more_body": False})


def _start(response: HttpResponseBase) -> Message:
    told = response.headers._store.values()  # ``items`` looks each name up again
    headers = [(name.encode("ascii"), value.encode("latin1")) for name, value in told]
    headers += [
        (b"Set-Cookie", cookie.output(header="").encode("ascii").strip())
        for cookie in response.cookies.values()
    ]
    return {"type": "http.response.start", "status": response.status_code, "headers": headers}


def _failed(scope: Scope, error: Exception) -> HttpResponse:
    """What the client is told when a view did not answer; the log is told the rest."""
    match error:
        case Http404():
            return _refused(scope, 404, "There is nothing at this path.")
        case PermissionDenied():
            return _refused(scope, 403, "This is not allowed.")
        case BadRequest() | SuspiciousOperation():
            return _refused(scope, 400, "The request could not be understood.")
        case _:
            logger.error("A view failed: %s", scope["path"], exc_info=error)
            return _refused(scope, 500, "The server failed to answer; its log says why.")


def _not_allowed(scope: Scope, plain: HttpResponseNotAllowed) -> HttpResponse:
    """A 405 whose body the dialect of the path knows; the methods that are allowed stay told."""
    answer = _refused(scope, 405, f"{scope['method']} is not allowed here, only {plain['Allow']}.")
    answer["Allow"] = plain["Allow"]
    return answer


def _refused(scope: Scope, status: int, message: str) -> HttpResponse:
    headers = {name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]}
    answer = early_answer(Refusal(status, message, scope["method"], scope["path"], headers))
    return HttpResponse(answer.body, status=answer.status, headers=answer.headers)


def _close(response: HttpResponseBase) -> None:
    """What ``response.close()`` does, without its signal, whose receivers close this thread's databases."""
    for closer in response._resource_closers:  # type: ignore[attr-defined]
        try:
            closer()
        except Exception:
            logger.exception("A resource of a response could not be closed")
    response._resource_closers.clear()  # type: ignore[attr-defined]
    response.closed = True
