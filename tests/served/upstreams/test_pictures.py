"""Generated pictures through the whole server: megabytes in one line, asked for, and billed, once.

The upstream is a Gemini account on a real socket, whose model draws a picture as large as the prompt says.
"""

import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.running_server import ServerWorld, json_value
from tests.served.world import World, lasting_world

MODEL = "gemini-3-pro-image-preview"
MEGABYTES = {"a sketch": 1, "a picture": 20, "a mural": 30}
LIMIT_BYTES = 35_000_000  # of an event: a mural does not fit in base64


def picture(prompt: str) -> str:
    """What the model draws, in base64."""
    size = next(size for name, size in MEGABYTES.items() if name in prompt)
    return base64.b64encode(b"\x89PNG" + bytes(size * 1_000_000)).decode()


class Painter(BaseHTTPRequestHandler):
    """Draws what the prompt names: first a word or none, then a picture."""

    asked: int = 0

    def do_POST(self) -> None:
        Painter.asked += 1
        asked = self.rfile.read(int(self.headers["content-length"])).decode()
        parts: list[Any] = [{"text": "Here:"}] if "with a word" in asked else []
        parts.append({"inlineData": {"mimeType": "image/png", "data": picture(asked)}})
        candidate = {"content": {"parts": parts, "role": "model"}, "finishReason": "STOP", "index": 0}
        usage = {"promptTokenCount": 3, "candidatesTokenCount": 1290, "totalTokenCount": 1293}
        body = {"candidates": [candidate], "usageMetadata": usage, "modelVersion": MODEL}
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"data: " + json.dumps(body).encode() + b"\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def gallery(server_world: ServerWorld) -> Iterator[World]:
    """A server with two accounts at the painter."""
    painter = ThreadingHTTPServer(("127.0.0.1", 0), Painter)
    Thread(target=painter.serve_forever, daemon=True).start()
    with lasting_world(server_world, RELAY_MAX_EVENT_BYTES=str(LIMIT_BYTES)) as world:
        world.import_accounts(
            [
                {
                    "email": f"{name}@painter",
                    "kind": "gemini",
                    "base_url": f"http://127.0.0.1:{painter.server_port}",
                    "models": [MODEL],
                    "priority": 9,
                    "credential": {"api_key": f"sim-{name}"},
                }
                for name in ("a", "b")
            ]
        )
        world.wait_for_model(MODEL)
        yield world
    painter.shutdown()
    painter.server_close()


def ask(world: World, client: str, prompt: str, *, is_stream: bool) -> httpx.Response:
    Painter.asked = 0
    messages = [{"role": "user", "content": prompt}]
    match client:
        case "gemini":
            method = "streamGenerateContent?alt=sse" if is_stream else "generateContent"
            body: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": prompt}]}]}
            return world.client.post(f"/v1beta/models/{MODEL}:{method}", json=body)
        case "anthropic":
            body = {"model": MODEL, "max_tokens": 64, "stream": is_stream, "messages": messages}
            return world.client.post("/v1/messages", json=body)
        case _:
            body = {"model": MODEL, "stream": is_stream, "messages": messages}
            return world.client.post("/v1/chat/completions", json=body)


@pytest.mark.parametrize("is_stream", [True, False])
def test_a_picture_arrives_where_there_is_a_place_for_it(gallery: World, is_stream: bool) -> None:
    """Of 20 MB, alone or behind a word, for Gemini's and OpenAI's clients: asked for, and billed, once."""
    for client in ("gemini", "chat"):
        for prompt in ("a sketch, with a word", "a sketch", "a picture"):
            answer = ask(gallery, client, prompt, is_stream=is_stream)
            assert (answer.status_code, Painter.asked) == (200, 1), (client, prompt, answer.text[:300])
            assert picture(prompt) in answer.text, (client, prompt)
            assert gallery.row(answer)["outcome"] == "ok", (client, prompt)


@pytest.mark.parametrize("is_stream", [True, False])
def test_where_there_is_no_place_the_answer_and_the_row_say_so(gallery: World, is_stream: bool) -> None:
    """An Anthropic client is told what is not there; it is an answer, and asked for once."""
    for prompt in ("a sketch, with a word", "a sketch"):
        answer = ask(gallery, "anthropic", prompt, is_stream=is_stream)
        assert (answer.status_code, Painter.asked) == (200, 1), (prompt, answer.text[:300])
        assert "image/png of 1,000,004 bytes left out" in answer.text
        row = gallery.row(answer)
        assert row["outcome"] == "ok"
        assert any("image/png" in change for change in json_value(row["changes"]))


@pytest.mark.parametrize("client", ["gemini", "chat", "anthropic"])
def test_too_large_a_picture_is_not_asked_for_again(gallery: World, client: str) -> None:
    """The error names the setting; nobody pays for the next one, which would be as large."""
    for is_stream in (True, False):
        answer = ask(gallery, client, "a mural", is_stream=is_stream)
        assert (answer.status_code, Painter.asked) == (502, 1)
        assert f"RELAY_MAX_EVENT_BYTES ({LIMIT_BYTES})" in answer.json()["error"]["message"]
