"""Recorded streams, and small ways to decode and encode them."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from relay.dialects.gemini import GEMINI
from relay.dialects.interface import DecoderOptions, EncoderOptions
from relay.neutral.events import Chunk, Event, StreamState, Usage

TRANSCRIPTS = Path(__file__).parents[3] / "transcripts"
NAMES = sorted(path.stem.removeprefix("gemini_") for path in TRANSCRIPTS.glob("gemini_*.sse"))
WHOLE_NAMES = [name for name in NAMES if name not in ("overloaded", "error_after_text")]
"""Those that come to an end of their own."""


def transcript(name: str) -> bytes:
    """The bytes of a recorded stream."""
    return (TRANSCRIPTS / f"gemini_{name}.sse").read_bytes()


def chunks_of(stream: bytes) -> list[dict]:
    """The JSON objects in an SSE stream, one data line each."""
    lines = stream.replace(b"\r\n", b"\n").split(b"\n")
    return [msgspec.json.decode(line[6:]) for line in lines if line.startswith(b"data: ")]


def sse(*chunks: object) -> bytes:
    """``chunks`` as a stream."""
    return b"".join(b"data: " + msgspec.json.encode(chunk) + b"\r\n\r\n" for chunk in chunks)


def parts(*items: dict, **candidate: object) -> dict:
    """A chunk with these parts."""
    return {"candidates": [{"content": {"parts": list(items), "role": "model"}, **candidate}]}


def decode(reads: Iterable[bytes], **options: object) -> Chunk:
    """All that a decoder gives for ``reads`` and the end of the connection."""
    given = {"family": "gemini-3", "call_id_seed": "seed", **options}
    decoder = GEMINI.decoder(DecoderOptions(**given))
    chunks = [*(decoder.feed(read) for read in reads), decoder.finish()]
    return Chunk(
        b"".join(chunk.raw for chunk in chunks), [event for chunk in chunks for event in chunk.events]
    )


def events_of(stream: bytes, **options: object) -> list[Event]:
    """The events of a whole stream."""
    return decode([stream], **options).events


def folded(events: Iterable[Event]) -> StreamState:
    """What ``events`` amount to."""
    state = StreamState()
    state.fold(events)
    return state


def said_in(chunk: Chunk) -> tuple[bytes, list[Event], Usage]:
    """What a chunk says, however often it counts: its bytes, its other events, the counts at the end."""
    others = [event for event in chunk.events if not isinstance(event, Usage)]
    return chunk.raw, others, folded(chunk.events).usage


def encoder(form: str = "sse", headers: Mapping[str, str] | None = None):
    """An encoder with usual options."""
    options = EncoderOptions(
        message_id="c0ffee",
        model="my-model",
        created_at=0,
        handle=lambda _: "",
        form=form,
        headers=headers or {},
    )
    return GEMINI.encoder(options)
