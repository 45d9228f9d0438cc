"""Answers of tomorrow: what no version of this server knows reaches a client of the same dialect unchanged.

The upstream here is a few canned streams on a real socket; the simulator knows no more than is known today.
"""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.served.kinds.every_kind import wait_for_names
from tests.served.world import World

NEW = {"type": "hologram", "depth": [1, 2.5, None, {"größe": "日本語 🙂"}]}


def sse(*events: dict[str, Any], named: bool = False, ending: str = "") -> bytes:
    """A stream of ``events``, spaced as nobody here would."""
    out = ""
    for event in events:
        name = f"event: {event['type']}\n" if named else ""
        out += f"{name}data: {json.dumps(event, ensure_ascii=False, indent=None)}\n\n"
    return (out + ending).encode()


ANTHROPIC = sse(
    {"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "narrator", "model": "m",
     "content": [], "stop_reason": None, "stop_sequence": None, "mood": NEW,
     "usage": {"input_tokens": 3, "output_tokens": 1, "photons": 7}}},
    {"type": "weather_report", "sky": NEW},
    {"type": "content_block_start", "index": 0, "content_block": {**NEW, "beam": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "beam_delta", "beam": "~~"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": "", "font": "x"}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hello.", "size": 2}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "glow_delta", "glow": 1}},
    {"type": "content_block_stop", "index": 1},
    {"type": "message_delta", "delta": {"stop_reason": "sunset", "stop_sequence": None, "hue": NEW},
     "usage": {"output_tokens": 5, "photons": 9}},
    {"type": "message_stop", "bye": True},
    named=True,
)  # fmt: skip
GEMINI = sse(
    {"candidates": [{"content": {"role": "narrator", "parts": [{"hologram": NEW}]}, "index": 0, "hue": NEW}]},
    {"weatherReport": NEW},
    {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hello.", "font": "x"}]}, "index": 0}]},
    {"candidates": [{"content": {"parts": [{"text": ""}]}, "finishReason": "SUNSET", "index": 0}],
     "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 5, "totalTokenCount": 8, "photons": 9},
     "modelVersion": "m", "responseId": "r", "mood": NEW},
)  # fmt: skip
CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
CHAT = sse(
    {**CHUNK, "choices": [{"index": 0, "delta": {"role": "narrator", "content": ""}, "finish_reason": None}]},
    {**CHUNK, "weather": NEW, "choices": [{"index": 0, "delta": {"hologram": NEW}, "finish_reason": None}]},
    {**CHUNK, "choices": [{"index": 0, "delta": {"content": "Hello."}, "finish_reason": None, "hue": 1}]},
    {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "sunset"}]},
    {**CHUNK, "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8,
     "photons": 9}},
    ending="data: [DONE]\n\n",
)  # fmt: skip
HELD = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "mood": NEW}
PART = {"type": "output_text", "text": "Hello.", "annotations": [], "font": "serif"}
MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [PART]}
ITEM = {"id": "h_1", **NEW}
RESPONSES = sse(
    {"type": "response.created", "sequence_number": 0,
     "response": {**HELD, "status": "in_progress", "output": []}},
    {"type": "response.output_item.added", "sequence_number": 1, "output_index": 0, "item": ITEM},
    {"type": "response.hologram.delta", "sequence_number": 2, "output_index": 0, "item_id": "h_1",
     "delta": NEW},
    {"type": "response.output_item.done", "sequence_number": 3, "output_index": 0, "item": ITEM},
    {"type": "response.output_item.added", "sequence_number": 4, "output_index": 1,
     "item": {**MESSAGE, "status": "in_progress", "content": []}},
    {"type": "response.content_part.added", "sequence_number": 5, "output_index": 1, "content_index": 0,
     "item_id": "msg_1", "part": {**PART, "text": ""}},
    {"type": "response.output_text.delta", "sequence_number": 6, "output_index": 1, "content_index": 0,
     "item_id": "msg_1", "delta": "Hello.", "glow": 1},
    {"type": "response.output_text.done", "sequence_number": 7, "output_index": 1, "content_index": 0,
     "item_id": "msg_1", "text": "Hello."},
    {"type": "response.output_item.done", "sequence_number": 8, "output_index": 1, "item": MESSAGE},
    {"type": "response.completed", "sequence_number": 9, "response": {
        **HELD, "status": "completed", "output": [ITEM, MESSAGE],
        "usage": {"input_tokens": 3, "output_tokens": 5, "total_tokens": 8, "photons": 9}}},
    named=True,
)  # fmt: skip

STREAMS = {
    "/v1/messages": ANTHROPIC,
    ":streamGenerateContent": GEMINI,
    "/v1/chat/completions": CHAT,
    "/v1/responses": RESPONSES,
}
SAID = [{"role": "user", "content": "Hello."}]
CLIENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "anthropic": ("/v1/messages", {"model": "tomorrow-anthropic", "max_tokens": 9, "messages": SAID}),
    "gemini": (
        "/v1beta/models/tomorrow-gemini:",
        {"contents": [{"role": "user", "parts": [{"text": "Hi."}]}]},
    ),
    "chat": ("/v1/chat/completions", {"model": "gpt-tomorrow", "messages": SAID}),
    "responses": ("/v1/responses", {"model": "gpt-tomorrow", "input": "Hello."}),
}
KINDS = {"tomorrow-anthropic": "anthropic", "tomorrow-gemini": "gemini", "gpt-tomorrow": "openai"}


class Tomorrow(BaseHTTPRequestHandler):
    """Answers each path with its stream; a prompt that says "silent" gets the end alone."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        path = self.path.partition("?")[0]
        stream = next(stream for end, stream in STREAMS.items() if path.endswith(end))
        if b"silent" in body:
            events = stream.split(b"\n\n")
            stream = b"\n\n".join(
                [events[0], *(event for event in events if b"sunset" in event), *events[-2:]]
            )
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(stream)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def tomorrow(shared_world: World) -> Iterator[World]:
    """The shared world with accounts at an upstream of tomorrow."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Tomorrow)
    Thread(target=server.serve_forever, daemon=True).start()
    base_url = f"http://127.0.0.1:{server.server_port}"
    shared_world.import_accounts(
        [
            {"email": f"{model}@tomorrow", "kind": kind, "base_url": base_url, "models": [model],
             "priority": 9,  # before those who offer every name of no family
             "credential": {"api_key": "sim-tomorrow"}}
            for model, kind in KINDS.items()
        ]
    )  # fmt: skip
    wait_for_names(shared_world, set(KINDS))
    yield shared_world
    theirs = "Account.objects.filter(email__endswith='@tomorrow')"
    shared_world.server.manage(
        "shell", "-v0", "-c", f"from accounts.models import Account; {theirs}.delete()"
    )
    server.shutdown()
    server.server_close()


def ask(world: World, client: str, *, is_stream: bool) -> httpx.Response:
    path, body = CLIENTS[client]
    if client == "gemini":
        path += "streamGenerateContent?alt=sse" if is_stream else "generateContent"
    elif is_stream:
        body = {**body, "stream": True, "stream_options": {"include_usage": True}} if client == "chat" else {
            **body, "stream": True}  # fmt: skip
    return world.client.post(path, json=body)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_stream_of_the_future_arrives_unchanged(tomorrow: World, client: str) -> None:
    """New events, blocks, deltas, fields, roles and reasons to stop: byte for byte; the row is in order."""
    answer = ask(tomorrow, client, is_stream=True)
    stream = {"anthropic": ANTHROPIC, "gemini": GEMINI, "chat": CHAT, "responses": RESPONSES}[client]
    assert answer.status_code == 200
    assert answer.content == stream
    row = tomorrow.row(answer)
    assert (row["outcome"], row["attempts"], row["tokens_out"]) == ("ok", 1, 5)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_collected_answer_of_the_future_keeps_what_is_new(tomorrow: World, client: str) -> None:
    """One document: the new block or part, the new fields, the new reason to stop, the new count."""
    answer = ask(tomorrow, client, is_stream=False)
    assert answer.status_code == 200
    whole = json.dumps(answer.json(), ensure_ascii=False)
    assert "Hello." in whole
    assert json.dumps(NEW["depth"], ensure_ascii=False) in whole
    assert '"photons": 9' in whole
    if client != "responses":
        assert '"sunset"' in whole.lower()


def test_a_new_reason_to_stop_is_an_answer(tomorrow: World) -> None:
    """With nothing said, an end whose reason nobody here knows is upstream's word, and no empty answer."""
    path, body = CLIENTS["anthropic"]
    body = {**body, "stream": True, "messages": [{"role": "user", "content": "Be silent."}]}
    answer = tomorrow.client.post(path, json=body)
    assert answer.status_code == 200
    assert answer.headers["x-attempts"] == "1"
    assert '"sunset"' in answer.text
