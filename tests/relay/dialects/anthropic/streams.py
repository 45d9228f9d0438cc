"""Streams for the tests: the golden ones, hand-made ones, and how the vendor's own SDK reads them."""

import json
from pathlib import Path
from typing import Any

import anthropic
import httpx2

from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.interface import Decoder, DecoderOptions, Encoder, EncoderOptions
from relay.neutral.conversation import Json
from relay.neutral.events import Chunk, Event, StreamState

TRANSCRIPTS = Path(__file__).parents[3] / "transcripts"
NAMES = sorted(path.stem.removeprefix("anthropic_") for path in TRANSCRIPTS.glob("anthropic_*.sse"))


def transcript(name: str) -> bytes:
    return (TRANSCRIPTS / f"anthropic_{name}.sse").read_bytes()


def new_decoder(*, takes_partial_arguments: bool = False) -> Decoder:
    options = DecoderOptions("claude", "seed", takes_partial_arguments=takes_partial_arguments)
    return ANTHROPIC.decoder(options)


def decoded(*pieces: bytes, **options: bool) -> Chunk:
    """All chunks of a stream as one, to its end in order."""
    decoder = new_decoder(**options)
    chunks = [*(decoder.feed(piece) for piece in pieces), decoder.finish()]
    return Chunk(
        b"".join(chunk.raw for chunk in chunks), [event for chunk in chunks for event in chunk.events]
    )


THINKS: Json = {"thinking": {"type": "enabled", "budget_tokens": 2048}}


def new_encoder(request: Json = THINKS) -> Encoder:
    """For a client that asked for thinking, unless ``request`` says otherwise."""
    return ANTHROPIC.encoder(
        EncoderOptions(
            "5f2c",
            "claude-by-the-client",
            1_790_000_000,
            lambda index: f"handle-{index}" + "0" * 50,
            request=request,
        )
    )


def state_of(events: list[Event]) -> StreamState:
    state = StreamState()
    state.fold(events)
    return state


def sse(name: str, **body: Any) -> bytes:
    """One event of the wire."""
    return f"event: {name}\ndata: {json.dumps({'type': name, **body}, ensure_ascii=False)}\n\n".encode()


def message_start(**usage: int) -> bytes:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": []}
    return sse("message_start", message={**message, "usage": {"input_tokens": 3, "output_tokens": 1} | usage})


def block_start(index: int, **block: Any) -> bytes:
    return sse("content_block_start", index=index, content_block=block)


def delta(index: int, kind: str, **fields: Any) -> bytes:
    return sse("content_block_delta", index=index, delta={"type": kind, **fields})


def block_stop(index: int) -> bytes:
    return sse("content_block_stop", index=index)


def message_end(stop_reason: str = "end_turn", output_tokens: int = 9) -> bytes:
    return sse(
        "message_delta", delta={"stop_reason": stop_reason}, usage={"output_tokens": output_tokens}
    ) + sse("message_stop")


def sdk_message(stream: bytes) -> anthropic.types.Message:
    """The message that the vendor's SDK accumulates out of ``stream``; raises its errors."""

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream)

    client = anthropic.Anthropic(
        api_key="test",
        base_url="http://upstream.invalid",
        max_retries=0,
        http_client=httpx2.Client(transport=httpx2.MockTransport(answer)),
    )
    with client.messages.stream(
        model="claude-x", max_tokens=10, messages=[{"role": "user", "content": "hi"}]
    ) as message:
        return message.get_final_message()
