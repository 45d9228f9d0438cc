"""Absurd token counts of an upstream reach neither the record nor a client, in any pair of dialects."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from relay.dialects.interface import DecoderOptions
from relay.dialects.reading.token_counts import MOST_TOKENS
from relay.neutral.sse import SseParser
from tests.relay.dialects.every_dialect import DIALECTS, new_encoder
from tests.relay.dialects.openai.streams import TRANSCRIPTS

STREAMS = {
    "anthropic": "anthropic_thinking.sse",
    "gemini": "gemini_thinking.sse",
    "chat": "openai_chat_reasoning.sse",
    "responses": "openai_responses_text.sse",
}
ABSURD = ("-1", "-1e300", "1e300", str(2**70), str(-(2**70)), str(10**15), "0.5", '"many"', '"-3"', "true")
MEANT = {'"17"': 17, "17.0": 17}


def is_count(name: str) -> bool:
    return name.lower().endswith(("tokens", "tokencount", "_requests"))


def counts_in(told: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every count in a document, with its name."""
    if isinstance(told, dict):
        for key, value in told.items():
            yield from counts_in(value, key)
    elif isinstance(told, list):
        for value in told:
            yield from counts_in(value, name if not is_count(name) else "")
    elif is_count(name) and name != "max_output_tokens":
        yield name, told


def is_fine(value: Any, may_be_text: bool) -> bool:
    """A count; the JSON of protocol buffers, which Gemini speaks, may write it as a text or with a point."""
    if may_be_text and not isinstance(value, int):
        return value in ("17", 17.0)
    return type(value) is int and 0 <= value <= MOST_TOKENS


def with_absurd(stream: bytes, told: str) -> bytes:
    """The stream with each count of its usage replaced by the JSON ``told``."""
    out = b""
    for event in SseParser(1 << 20).feed(stream):
        if not event.data or event.data == b"[DONE]":
            out += event.raw
            continue
        data = json.loads(event.data, object_hook=lambda one: {
            key: f"@{key}" if is_count(key) and type(value) is int else value for key, value in one.items()
        })  # fmt: skip
        text = json.dumps(data)
        for name in {name for name, value in counts_in(data) if isinstance(value, str)}:
            text = text.replace(f'"@{name}"', told)
        head = b"event: " + event.name.encode() + b"\n" if event.name else b""
        out += head + b"data: " + text.encode() + b"\n\n"
    return out


@pytest.mark.parametrize("upstream", STREAMS)
def test_no_absurd_count_reaches_anybody(upstream: str) -> None:
    """Negative, huge, fractional, texts: unknown on record, absent or 0 on the wire; the answer is whole."""
    stream = (Path(TRANSCRIPTS) / STREAMS[upstream]).read_bytes()
    for told in (*ABSURD, *MEANT):
        broken = with_absurd(stream, told)
        assert told in broken.decode(), "the stream tells usage"
        for client in DIALECTS:
            decoder = DIALECTS[upstream].decoder(DecoderOptions("gpt", "seed"))
            encoder = new_encoder(client)
            out = b""
            for chunk in (decoder.feed(broken), decoder.finish()):
                out += encoder.forward(chunk) if client == upstream else encoder.encode(chunk.events)
            assert (encoder.fault, encoder.gap, encoder.state.failure) == (None, None, None), (told, client)
            usage = encoder.state.usage
            counts = (usage.input_uncached, usage.cache_read, usage.cache_write, usage.output, usage.thinking)
            meant = {None} if told not in MEANT else {None, 0, 17, 34}
            assert set(counts) <= meant, (told, client, usage)
            assert told not in MEANT or usage.output in (17, 34)
            for event in SseParser(1 << 20).feed(out):
                if event.data and event.data != b"[DONE]":
                    wrong = [
                        (name, value)
                        for name, value in counts_in(json.loads(event.data))
                        if value is not None and not is_fine(value, client == upstream == "gemini")
                    ]
                    assert wrong == [], (told, client, event.data)
