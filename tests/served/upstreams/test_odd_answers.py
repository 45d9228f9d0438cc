"""Answers that are written oddly, through the whole server: what a client hears, and what the row says.

The upstream is a few canned bodies on a real socket, chosen by a word in the prompt.
"""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.relay.dialects.openai.streams import chat, delta
from tests.served.kinds.every_kind import wait_for_names
from tests.served.world import World, text_of

MODEL = "odd-chat"
DOCUMENT = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "fine"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}
BODIES: dict[str, bytes] = {
    "halves": chat(delta(content="ok \ud83d"), delta(content="\ude00 fine"), delta("stop")),
    "lone half": chat(delta(content="fine \ud83d"), delta("length")),
    "bent": chat(
        {**delta(content="fi"), "id": 12345},
        {"id": 12345, "choices": [{"index": "0", "delta": {"content": "ne"}, "finish_reason": None}]},
        delta("stop"),
    ),
    "frames": b"data:\n\n" + chat(delta(content="fine"), done=False) + b"data: \n\n" + chat(delta("stop")),
    "document": json.dumps(DOCUMENT).encode(),
    "too long": json.dumps(
        {
            "object": "error",
            "message": "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
            "code": 400,
        }
    ).encode(),
    "1302": json.dumps({"error": {"code": "1302", "message": "Rate limit reached"}}).encode(),
}


class Odd(BaseHTTPRequestHandler):
    """Answers with the body that the prompt names."""

    asked: int = 0

    def do_POST(self) -> None:
        Odd.asked += 1
        asked = self.rfile.read(int(self.headers["content-length"])).decode()
        body = next(body for name, body in BODIES.items() if f"[{name}]" in asked)
        self.send_response(200)
        self.send_header("content-type", "application/json" if body[:1] == b"{" else "text/event-stream")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def odd(shared_world: World) -> Iterator[World]:
    """The shared world with an account at the odd upstream."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    Thread(target=server.serve_forever, daemon=True).start()
    account = {
        "email": "odd@upstream",
        "kind": "openai",
        "base_url": f"http://127.0.0.1:{server.server_port}",
        "models": [MODEL],
        "priority": 9,
        "credential": {"api_key": "sim-odd"},
    }
    shared_world.import_accounts([account])
    wait_for_names(shared_world, {MODEL})
    yield shared_world
    shared_world.server.manage(
        "shell",
        "-v0",
        "-c",
        "from accounts.models import Account; Account.objects.filter(email='odd@upstream').delete()",
    )
    server.shutdown()
    server.server_close()


CLIENTS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "anthropic": "/v1/messages"}


def ask(world: World, client: str, name: str, *, is_stream: bool) -> httpx.Response:
    Odd.asked = 0
    prompt = f"Be odd. [{name}]"
    said: dict[str, Any] = (
        {"input": prompt} if client == "responses" else {"messages": [{"role": "user", "content": prompt}]}
    )
    body = {"model": MODEL, **said, "stream": is_stream} | (
        {"max_tokens": 99} if client == "anthropic" else {}
    )
    return world.client.post(CLIENTS[client], json=body)


def heard(client: str, answer: httpx.Response, *, is_stream: bool) -> str:
    if is_stream:
        return text_of(answer)
    told = answer.json()
    match client:
        case "chat":
            return str(told["choices"][0]["message"]["content"])
        case "responses":
            return "".join(part["text"] for item in told["output"] for part in item["content"])
        case _:
            return "".join(block["text"] for block in told["content"])


@pytest.mark.parametrize("is_stream", [True, False])
@pytest.mark.parametrize("client", CLIENTS)
def test_an_oddly_written_answer_is_heard_whole(odd: World, client: str, is_stream: bool) -> None:
    """Halves of characters, bent fields, empty frames, a document: asked once, and the row says ok."""
    expected = {
        "halves": "ok \U0001f600 fine",
        "lone half": "fine \ufffd",
        "bent": "fine",
        "frames": "fine",
        "document": "fine",
    }
    wrong = {}
    for name, text in expected.items():
        answer = ask(odd, client, name, is_stream=is_stream)
        row = odd.row(answer)
        found = (answer.status_code, heard(client, answer, is_stream=is_stream), Odd.asked, row["outcome"])
        if found != (200, text, 1, "ok"):
            wrong[name] = found
    assert wrong == {}


def test_the_row_names_what_was_bent(odd: World) -> None:
    """Each kind of place once, for whoever looks why a client of that server had trouble."""
    row = odd.row(ask(odd, "anthropic", "bent", is_stream=True))
    told = row["diagnostics"]  # a document on PostgreSQL, its text on SQLite
    assert (told if isinstance(told, dict) else json.loads(told))["bent"] == "id, choices[].index"


@pytest.mark.parametrize("is_stream", [True, False])
def test_an_error_inside_a_200_is_that_error(odd: World, is_stream: bool) -> None:
    """A refused request is the client's to see, and asked once."""
    answer = ask(odd, "chat", "too long", is_stream=is_stream)
    assert (answer.status_code, Odd.asked) == (400, 1)
    assert answer.json()["error"]["code"] == "context_length_exceeded"


def test_a_limit_inside_a_200_is_a_429(odd: World) -> None:
    """GLM's 1302: the attempt is on record as a 429, and the account rests as behind one."""
    attempts = odd.attempts(ask(odd, "chat", "1302", is_stream=False))
    assert (attempts[0]["account"], attempts[0]["status"]) == ("odd@upstream", 429)
    assert "Rate limit reached" in attempts[0]["failure_text"]
    odd.server.manage("clear_cooldowns", "--enable")
