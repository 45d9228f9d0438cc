"""Streams for the tests: the golden ones, hand-made ones, and how the vendor's own SDK reads them."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx2
import openai

from relay.dialects.interface import DecoderOptions, Dialect, Encoder, EncoderOptions, ErrorAnswer
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.neutral.conversation import Json
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Chunk,
    Event,
    MessageStart,
    Signature,
    Stop,
    StreamState,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)

TRANSCRIPTS = Path(__file__).parents[3] / "transcripts"
FORMS: dict[str, Dialect] = {"chat": OPENAI_CHAT, "responses": OPENAI_RESPONSES}
NAMES = sorted(path.stem.removeprefix("openai_") for path in TRANSCRIPTS.glob("openai_*.sse"))
"""``chat_…`` and ``responses_…``."""
WHOLE_NAMES = [
    name for name in NAMES if not name.endswith(("error", "failed", "error_after_text", "overloaded"))
]
"""Those that come to an end of their own."""

SIGNATURE = "c2lnbmF0dXJl" * 8
ALL_KINDS: list[Event] = [
    MessageStart("up_1", "upstream-model"),
    BlockStart(0, "thinking"),
    ThinkingDelta(0, "Two "),
    ThinkingDelta(0, "calls."),
    Signature(0, SIGNATURE, "claude"),
    BlockStop(0),
    BlockStart(1, "text"),
    TextDelta(1, "Look"),
    TextDelta(1, "ing — 東京"),
    BlockStop(1),
    BlockStart(2, "tool_call", "toolu_1", "weather"),
    ArgumentsDelta(2, '{"city":'),
    ArgumentsDelta(2, '"Kyōto"}'),
    BlockStop(2),
    BlockStart(3, "tool_call", "toolu_2", "time"),
    BlockStop(3),
    Usage(input_uncached=10, cache_read=4, cache_write=2, output=20, thinking=7),
    Stop("tool_use", "tool_use"),
    Terminal(),
]
"""An answer with one of each: thinking, text, a call in pieces, a call without arguments, usage."""


def transcript(name: str) -> bytes:
    return (TRANSCRIPTS / f"openai_{name}.sse").read_bytes()


def form_of(name: str) -> Dialect:
    return FORMS[name.partition("_")[0]]


def decoded(form: Dialect, pieces: Iterable[bytes], **options: Any) -> Chunk:
    """All chunks of a stream as one, to its end in order."""
    decoder = form.decoder(DecoderOptions("gpt", "seed", **options))
    chunks = [*(decoder.feed(piece) for piece in pieces), decoder.finish()]
    return Chunk(
        b"".join(chunk.raw for chunk in chunks), [event for chunk in chunks for event in chunk.events]
    )


def events_in(name: str) -> list[Event]:
    return decoded(form_of(name), [transcript(name)]).events


def state_of(events: Iterable[Event]) -> StreamState:
    state = StreamState()
    state.fold(events)
    return state


def new_encoder(form: Dialect, *, include_usage: bool = True, request: Json | None = None) -> Encoder:
    return form.encoder(
        EncoderOptions(
            "5f2c",
            "model-by-the-client",
            1_790_000_000,
            lambda index: f"handle-{index}".ljust(60, "0"),
            include_usage=include_usage,
            request=request or {},
        )
    )


def chat(*chunks: Json, done: bool = True) -> bytes:
    """A chat stream of these chunks."""
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    stream = b"".join(b"data: " + json.dumps({**head, **chunk}).encode() + b"\n\n" for chunk in chunks)
    return stream + b"data: [DONE]\n\n" if done else stream


def delta(finish_reason: str | None = None, **fields: Any) -> Json:
    """A chunk with one choice."""
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish_reason}]}


def call(index: int | None = 0, arguments: Any = "", call_id: str = "", name: str = "") -> Json:
    """A fragment of a tool call, without what is empty."""
    function = {"arguments": arguments} | ({"name": name} if name else {})
    fragment = {"function": function} | ({"id": call_id} if call_id else {})
    return fragment if index is None else {"index": index, **fragment}


def responses(*events: tuple[str, Json]) -> bytes:
    """A Responses stream of these events."""
    return b"".join(
        f"event: {name}\ndata: {json.dumps({'type': name, 'sequence_number': number, **body})}\n\n".encode()
        for number, (name, body) in enumerate(events)
    )


def data_of(stream: bytes) -> list[Any]:
    """The JSON of a stream's events; ``[DONE]`` as it is."""
    found = [
        line.removeprefix("data: ") for line in stream.decode().splitlines() if line.startswith("data: ")
    ]
    return [line if line == "[DONE]" else json.loads(line) for line in found]


def client_for(answer: bytes, status: int = 200, content_type: str = "text/event-stream") -> openai.OpenAI:
    """The vendor's SDK, to which every request is answered with these bytes."""

    def respond(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, headers={"content-type": content_type}, content=answer)

    http_client = httpx2.Client(transport=httpx2.MockTransport(respond))
    return openai.OpenAI(
        api_key="sk-test", base_url="http://relay/v1", http_client=http_client, max_retries=0
    )


OVERLOADED = ErrorAnswer(529, "upstream is overloaded", "req_1", reason="overloaded_error")
