"""A request that is larger than the model, through the whole server: each client hears what it acts on."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.served.kinds.every_kind import wait_for_names
from tests.served.world import World

TOLD: dict[str, dict[str, Any]] = {
    "anthropic": {
        "type": "error",
        "error": {
            "type": "invalid_request_error",
            "message": "prompt is too long: 208310 tokens > 200000 maximum",
        },
    },
    "gemini": {
        "error": {
            "code": 400,
            "message": "The input token count (208310) exceeds the maximum number of tokens allowed"
            " (200000).",
            "status": "INVALID_ARGUMENT",
        }
    },
    "openai": {
        "error": {
            "message": "Input length (208310) exceeds model's maximum context length (200000).",
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        }
    },
}
BEGINNING: dict[str, list[dict[str, Any]]] = {
    "anthropic": [
        {
            "type": "message_start",
            "message": {
                "id": "m",
                "type": "message",
                "role": "assistant",
                "model": "m",
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {"input_tokens": 1, "output_tokens": 1},
            },
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Well, "}},
    ],
    "gemini": [{"candidates": [{"content": {"role": "model", "parts": [{"text": "Well, "}]}, "index": 0}]}],
    "openai": [{"id": "c", "choices": [{"index": 0, "delta": {"content": "Well, "}, "finish_reason": None}]}],
}


class Small(BaseHTTPRequestHandler):
    """Refuses everything as too long, in the dialect of its path and in the way that the prompt names."""

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["content-length"])).decode()
        dialect = next(
            name
            for part, name in (("messages", "anthropic"), ("enerate", "gemini"), ("", "openai"))
            if part in self.path
        )
        error = TOLD[dialect]
        if "[status]" in asked:
            self._say(413 if dialect == "openai" else 400, "application/json", json.dumps(error).encode())
            return
        events = [*(BEGINNING[dialect] if "[behind data]" in asked else ()), error]
        frames = (
            (f"event: {event['type']}\n" if "type" in event else "") + f"data: {json.dumps(event)}\n\n"
            for event in events
        )
        self._say(200, "text/event-stream", "".join(frames).encode())

    def _say(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


UPSTREAMS = ("anthropic", "gemini", "openai")
CLIENTS = ("anthropic", "gemini", "chat", "responses")


@pytest.fixture(scope="module")
def small(shared_world: World) -> Iterator[World]:
    """The shared world with accounts at an upstream for which everything is too long."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Small)
    Thread(target=server.serve_forever, daemon=True).start()
    shared_world.import_accounts(
        [
            {
                "email": f"small@{kind}",
                "kind": kind,
                "base_url": f"http://127.0.0.1:{server.server_port}",
                "models": [f"small-{kind}"],
                "priority": 9,
                "credential": {"api_key": f"sim-small-{kind}"},
            }
            for kind in UPSTREAMS
        ]
    )
    wait_for_names(shared_world, {f"small-{kind}" for kind in UPSTREAMS})
    yield shared_world
    shared_world.server.manage(
        "shell",
        "-v0",
        "-c",
        "from accounts.models import Account; Account.objects.filter(email__startswith='small@').delete()",
    )
    server.shutdown()
    server.server_close()


def ask(world: World, client: str, upstream: str, way: str, *, is_stream: bool) -> httpx.Response:
    """One request of ``client`` for the model at ``upstream``, with one attempt of the log to be found in."""
    model, prompt = f"small-{upstream}", f"[{way}]"
    messages = [{"role": "user", "content": prompt}]
    match client:
        case "gemini":
            method = "streamGenerateContent?alt=sse" if is_stream else "generateContent"
            return world.gemini(prompt, model=model, method=method)
        case "responses":
            body: dict[str, Any] = {"model": model, "input": prompt, "stream": is_stream}
            return world.client.post("/v1/responses", json=body)
        case "chat":
            body = {"model": model, "messages": messages, "stream": is_stream}
            return world.client.post("/v1/chat/completions", json=body)
        case _:
            return world.messages(prompt, model=model, stream=is_stream)


def error_of(answer: httpx.Response) -> dict[str, Any]:
    """The error of a body, or of a stream's last event but for OpenAI's done."""
    if not answer.headers["content-type"].startswith("text/event-stream"):
        return dict(answer.json()["error"])
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    return dict(events[-1]["error"])


def is_own(client: str, upstream: str) -> bool:
    return client == upstream or (client, upstream) == ("chat", "openai")


def is_right(client: str, upstream: str, error: dict[str, Any]) -> bool:
    """Upstream's own error where it spoke the client's dialect, else the words on which the client acts.

    An event may name the request beside it.
    """
    if is_own(client, upstream):
        return {**error, **TOLD[upstream]["error"]} == error
    match client:
        case "anthropic":
            return error == TOLD["anthropic"]["error"]
        case "gemini":
            return (error["message"], error["status"]) == (
                TOLD["gemini"]["error"]["message"],
                "INVALID_ARGUMENT",
            )
        case _:
            return error["code"] == "context_length_exceeded" and "208310 tokens" in error["message"]


@pytest.mark.parametrize("is_stream", [True, False])
@pytest.mark.parametrize("way", ["status", "in the stream"])
def test_each_client_hears_the_words_on_which_it_acts(small: World, way: str, is_stream: bool) -> None:
    """Asked once, and refused with a 400; Codex looks in the stream alone. The same dialect's body is"
    " upstream's.

    An upstream's own 413 stays one where its body does.
    """
    wrong = {}
    for client in CLIENTS:
        for upstream in UPSTREAMS:
            answer = ask(small, client, upstream, way, is_stream=is_stream)
            owed = 200 if client == "responses" and is_stream else 400
            if is_own(client, upstream) and upstream == "openai" and way == "status":
                owed = 413
            error, row = error_of(answer), small.row(answer)
            attempts = [one["failure_kind"] for one in small.attempts(answer)]
            found = (answer.status_code, row["status"], row["outcome"], attempts)
            if found != (owed, owed, "error", ["too_long_context"]) or not is_right(client, upstream, error):
                wrong[client, upstream] = (*found, error)
    assert wrong == {}


def test_codex_reads_it_in_the_failed_event(small: World) -> None:
    """Codex compacts at ``response.failed`` with that code, and at no status."""
    answer = ask(small, "responses", "anthropic", "status", is_stream=True)
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    assert [event["type"] for event in events] == [
        "response.created",
        "response.in_progress",
        "response.failed",
        "error",
    ]
    assert events[2]["response"]["error"]["code"] == "context_length_exceeded"


def test_an_error_behind_the_beginning_says_it_too(small: World) -> None:
    """The event that ends a broken answer has the same words."""
    wrong = {}
    for client in CLIENTS:
        for upstream in UPSTREAMS:
            answer = ask(small, client, upstream, "behind data", is_stream=True)
            error = error_of(answer)
            if not ("Well, " in answer.text and is_right(client, upstream, error)):
                wrong[client, upstream] = error
    assert wrong == {}
