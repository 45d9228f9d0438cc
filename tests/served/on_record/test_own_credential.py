"""An upstream that tells an account's key, this one's or another's, tells it to nobody who listens.

Neither clients nor log, database and exports have it.

The upstream here is no simulator of ours but a plain HTTP server that answers with what it was sent. The key
has a shape that no rule knows.
"""

import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.running_server import ServerWorld
from tests.served.on_record.test_planted_secrets import left_behind
from tests.served.world import ACCOUNTS, CLAUDE, World, lasting_world

KEYS = {kind: f"tenant_{kind}/Qwerty+uiop=asdf~zx" for kind in ("anthropic", "gemini", "openai")}


def forms(key: str) -> list[str]:
    """The key in each form in which software writes it."""
    return [
        key,
        key.replace("/", "\\/").replace("+", "\\u002b"),
        "".join(f"\\u{ord(letter):04x}" for letter in key),
        quote(key, safe=""),
        quote(quote(key, safe=""), safe=""),
        base64.b64encode(key.encode()).decode(),
        base64.b64encode(f"user:{key}".encode()).decode(),
        base64.urlsafe_b64encode(f"ab{key}".encode()).decode(),
        key.encode().hex(),
    ]


def traces(key: str) -> list[str]:
    """What must be nowhere: the forms, of base64 what its neighbours do not decide."""
    found = [form.rstrip("=") for form in forms(key)]
    return [form[4:-4] if "tenant" not in form else form for form in found]


class Echo(BaseHTTPRequestHandler):
    """Answers with an error that holds the key; the model's name says which one, and when."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        key = self.headers.get("x-api-key") or self.headers.get("x-goog-api-key") or ""
        key = key or self.headers["authorization"].removeprefix("Bearer ")
        kind = "gemini" if "x-goog-api-key" in self.headers else "openai"
        kind = "anthropic" if "x-api-key" in self.headers else kind
        how = str(json.loads(raw).get("model") or self.path)
        told = [form for one in KEYS.values() for form in forms(one)]
        said = f"The key {' or '.join(forms(key))} is not welcome, nor is {' or '.join(told)}"
        error = ERRORS[kind](said)
        if "status" in how:
            self._send(400, json.dumps(error).encode(), "application/json", key)
        else:
            before = STREAMS[kind] if "late" in how else b""
            name = b"event: error\n" if kind == "anthropic" else b""
            event = name + b"data: " + json.dumps(error).encode() + b"\n\n"
            self._send(200, before + event, "text/event-stream", key)

    def _send(self, status: int, body: bytes, content_type: str, key: str) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        for name in ("request-id", "x-request-id", "x-note"):
            self.send_header(name, f"req {key}")
        self.send_header("retry-after", " ".join(KEYS.values()))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


ERRORS = {
    "anthropic": lambda said: {"type": "error", "error": {"type": "invalid_request_error", "message": said}},
    "gemini": lambda said: {
        "error": {"code": 400, "message": said, "status": "INVALID_ARGUMENT", "details": [{"reason": said}]}
    },
    "openai": lambda said: {
        "error": {"message": said, "type": "invalid_request_error", "param": said, "code": None}
    },
}
STREAMS = {
    "anthropic": b"".join(
        b"event: %s\ndata: %s\n\n" % (event["type"].encode(), json.dumps(event).encode())
        for event in (
            {"type": "message_start", "message": {"id": "m", "model": "m", "usage": {"input_tokens": 1}}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Well, "}},
        )
    ),
    "gemini": b'data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Well, "}]}}]}\n\n',
    "openai": b'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":'
    b'{"role":"assistant","content":"Well, "}}]}\n\n',
}


@pytest.fixture(scope="module")
def echoed(server_world: ServerWorld) -> Iterator[World]:
    """A world whose accounts ask the echo; every model of a kind's name is mapped to it."""
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    Thread(target=upstream.serve_forever, daemon=True).start()
    base_url = f"http://127.0.0.1:{upstream.server_port}"
    with lasting_world(server_world, RELAY_MAX_ATTEMPTS="1") as world:
        world.import_accounts(
            [
                {"email": f"{kind}@echo", "kind": kind, "base_url": base_url, "credential": {"api_key": key},
                 "models": [f"{kind}-{how}" for how in ("status", "early", "late")]}
                for kind, key in KEYS.items()
            ]
            + [
                {"email": email, "kind": kind, "credential": {"api_key": f"sim-{email}"}, "enabled": False}
                for kind, email in ACCOUNTS
            ]
        )  # fmt: skip
        world.import_mappings(
            [
                {"pattern": f"{kind}-{how}", "target": f"{kind}-{how}", "kinds": [kind]}
                for kind in KEYS
                for how in ("status", "early", "late")
            ]
            + [{"pattern": "known-by-now", "target": CLAUDE}]
        )
        world.wait_for_model("known-by-now")
        yield world
    upstream.shutdown()
    upstream.server_close()


def ask(world: World, dialect: str, model: str) -> httpx.Response:
    """A streamed question in a client's dialect."""
    chat = {"model": model, "stream": True, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    match dialect:
        case "anthropic":
            return world.client.post("/v1/messages", json=chat)
        case "gemini":
            return world.gemini("Hi", model=model)
        case "chat":
            return world.client.post("/v1/chat/completions", json=chat)
        case _:
            return world.client.post(
                "/v1/responses", json={"model": model, "stream": True, "input": "Hi", "max_output_tokens": 99}
            )


def test_no_client_is_told_an_accounts_key(echoed: World) -> None:
    """In every pairing of dialects: a status, an error for an answer, an error in the middle of one.

    Of the three accounts one is asked, and its answer tells the keys of all.
    """
    answers = {
        (dialect, kind, how): ask(echoed, dialect, f"{kind}-{how}")
        for dialect in ("anthropic", "gemini", "chat", "responses")
        for kind in KEYS
        for how in ("status", "early", "late")
    }
    for (dialect, kind, how), answer in answers.items():
        told = answer.text + str(answer.headers)
        assert "[masked]" in told, (dialect, kind, how, told)
        assert "is not welcome" in told, (dialect, kind, how, told)
        for key in KEYS.values():
            for trace in traces(key):
                assert trace not in told, (dialect, kind, how, trace)
        for line in answer.text.splitlines():
            if line.startswith("data: {"):
                json.loads(line.removeprefix("data: "))
        assert echoed.row(answer)["status"] == answer.status_code
    found = left_behind(echoed)
    assert any(b"is not welcome" in data for data in found.values())
    for name, data in found.items():
        for key in KEYS.values():
            for trace in traces(key):
                assert trace.encode() not in data, (name, trace)
