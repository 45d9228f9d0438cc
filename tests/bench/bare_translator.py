"""The least that such a server can be: daphne, Django, Ninja and aiohttp, without a rule, a row or a body.

``python -m tests.bench.bare_translator UPSTREAM PORT`` tells Claude clients what the Gemini server at
UPSTREAM says. What an exchange costs here no rule of ours can save; so the benchmark prints ours as a ratio.
"""

# ruff: noqa: E402  the reactor, then the settings, have to be there before what uses them

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from typing import Any

import uvloop
from twisted.internet import asyncioreactor

asyncioreactor.install(uvloop.new_event_loop())

from django.conf import settings

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="bare", ALLOWED_HOSTS=["*"])

import aiohttp
import django
import msgspec
from daphne.server import Server
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import get_resolver, path
from ninja import NinjaAPI

django.setup()

TARGET = "gemini-3-flash-preview"
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Part(msgspec.Struct):
    """A part of an answer: its text."""

    text: str = ""


class Content(msgspec.Struct):
    """What a candidate says."""

    parts: list[Part] = []


class Candidate(msgspec.Struct, rename="camel"):
    """The answer; there is one."""

    content: Content = msgspec.field(default_factory=Content)
    finish_reason: str | None = None


class Counts(msgspec.Struct, rename="camel"):
    """The tokens so far."""

    prompt_token_count: int = 0
    candidates_token_count: int = 0


class Answer(msgspec.Struct, rename="camel"):
    """One event of Gemini's."""

    candidates: list[Candidate] = []
    usage_metadata: Counts = msgspec.field(default_factory=Counts)


_read = msgspec.json.Decoder(Answer).decode
_write = msgspec.json.encode
api = NinjaAPI(docs_url=None, openapi_url=None)


class Upstream:
    """The one session to the server that is asked; opened with the first request."""

    url = ""
    session: aiohttp.ClientSession | None = None

    @classmethod
    async def answers(cls, prompt: str) -> AsyncIterator[list[Answer]]:
        """What each read of the answer completes."""
        cls.session = cls.session or aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        body = _write({"contents": [{"role": "user", "parts": [{"text": prompt}]}]})
        headers = {"content-type": "application/json", "x-goog-api-key": "sim-bench"}
        async with cls.session.post(cls.url, data=body, headers=headers) as response:
            rest = b""
            async for piece in response.content.iter_any():
                data = rest + piece
                *events, rest = data.split(b"\r\n\r\n" if b"\r\n\r\n" in data else b"\n\n")
                yield [_read(event[6:]) for event in events if event.startswith(b"data: ")]


def _event(name: str, data: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _write({"type": name, **data}))


def _texts(answers: list[Answer]) -> list[str]:
    return [
        part.text for answer in answers for candidate in answer.candidates for part in candidate.content.parts
    ]


async def _stream(model: str, prompt: str) -> AsyncIterator[bytes]:
    counts, has_begun = Counts(), False
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": []}
    begin = _event("message_start", {"message": {**message, "usage": {"input_tokens": 1}}})
    begin += _event("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}})
    async for answers in Upstream.answers(prompt):
        pieces = [] if has_begun else [begin]
        has_begun = True
        for text in _texts(answers):
            pieces.append(
                b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
                b'"delta":{"type":"text_delta","text":%b}}\n\n' % _write(text)
            )
        if answers:
            counts = answers[-1].usage_metadata
        yield b"".join(pieces)
    usage = {"output_tokens": counts.candidates_token_count}
    yield (
        _event("content_block_stop", {"index": 0})
        + _event("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": usage})
        + _event("message_stop", {})
    )


@api.post("/v1/messages")
async def messages(request: HttpRequest) -> HttpResponseBase:
    """Anthropic's messages, streamed or whole."""
    asked = msgspec.json.decode(request.body)
    model, prompt = asked["model"], asked["messages"][-1]["content"]
    if asked.get("stream"):
        return StreamingHttpResponse(_stream(model, prompt), content_type="text/event-stream")
    texts = [text async for answers in Upstream.answers(prompt) for text in _texts(answers)]
    whole = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": "".join(texts)}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    return HttpResponse(_write(whole), content_type="application/json")


urlpatterns = [path("", api.urls)]


async def application(scope: dict[str, Any], receive: Any, send: Send) -> None:
    """Django's resolver, request and response, without its middleware and signals, as ours does."""
    message = await receive()
    body = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    request = ASGIRequest(scope, BytesIO(body))
    match = get_resolver(__name__).resolve(request.path_info)
    response = await match.func(request, *match.args, **match.kwargs)
    headers = [(name.encode(), value.encode()) for name, value in response.items()]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    if isinstance(response, StreamingHttpResponse):
        async for piece in response:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    else:
        await send({"type": "http.response.body", "body": response.content})


if __name__ == "__main__":
    Upstream.url = f"{sys.argv[1]}/v1beta/models/{TARGET}:streamGenerateContent?alt=sse"
    Server(application, endpoints=[f"tcp:{sys.argv[2]}:interface=127.0.0.1:backlog=2048"], verbosity=0).run()
