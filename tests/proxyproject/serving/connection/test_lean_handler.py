"""The relay's own path: which view a path leads to is looked for once."""

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any

import pytest
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import ResolverMatch

from proxyproject.serving.connection import lean_handler
from proxyproject.serving.connection.lean_handler import LeanHandler


class Patterns:
    """A resolver that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def resolve(self, path: str) -> ResolverMatch:
        self.asked.append(path)
        if path.startswith("/nothing"):
            raise Http404
        return ResolverMatch(view, (), {"name": path.rpartition("/")[2]})


async def view(request: HttpRequest, name: str) -> HttpResponse:
    """Say the path's last word."""
    return HttpResponse(name)


async def status_and_body(handler: LeanHandler, path: str) -> tuple[int, bytes]:
    """What a GET of ``path`` is answered."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    await handler(scope, receive, send)
    return sent[0]["status"], sent[1]["body"]


async def test_a_path_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each path keeps its own view and words; one that is long, or leads nowhere, is looked for each time."""
    patterns = Patterns()
    monkeypatch.setattr(lean_handler, "get_resolver", lambda urlconf: patterns)
    handler = LeanHandler("any", 1000)
    for _ in range(2):
        assert await status_and_body(handler, "/v1/one") == (200, b"one")
        assert await status_and_body(handler, "/v1/other") == (200, b"other")
    assert patterns.asked == ["/v1/one", "/v1/other"]
    long_path = "/v1/" + "x" * 300
    for _ in range(2):
        assert await status_and_body(handler, long_path) == (200, b"x" * 300)
        assert (await status_and_body(handler, "/nothing"))[0] == 404
    assert patterns.asked[2:] == [long_path, "/nothing"] * 2


async def endless(request: HttpRequest, name: str) -> HttpResponse:
    """Answer never."""
    await asyncio.Event().wait()
    raise AssertionError("nobody ended it")


@pytest.mark.parametrize("how", ["a message", "a call", "a call, for it had gone before"])
async def test_a_view_ends_with_its_client(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Whichever way the server tells that the client has gone: the view is cancelled, and nothing is said."""
    monkeypatch.setattr(Patterns, "resolve", lambda self, path: ResolverMatch(endless, (), {"name": ""}))
    monkeypatch.setattr(lean_handler, "get_resolver", lambda urlconf: Patterns())
    messages: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    messages.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    acts: list[Callable[[], None]] = []

    def call(act: Callable[[], None]) -> None:
        acts.append(act)
        if how == "a call, for it had gone before":
            act()

    async def send(message: MutableMapping[str, Any]) -> None:
        raise AssertionError("nobody is there to hear it")

    scope: dict[str, Any] = {
        "type": "http", "method": "GET", "path": "/v1/one", "headers": [], "query_string": b"",
        "extensions": {} if how == "a message" else {"evenkeel.gone": {"call": call}},
    }  # fmt: skip
    serving = asyncio.create_task(LeanHandler("any", 1000)(scope, messages.get, send))
    for _ in range(5):
        await asyncio.sleep(0)
    if how == "a message":
        messages.put_nowait({"type": "http.disconnect"})
    elif how == "a call":
        acts[0]()
    await asyncio.wait_for(serving, 30)
    assert not serving.cancelled()
