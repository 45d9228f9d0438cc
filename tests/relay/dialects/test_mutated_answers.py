"""Whatever upstream sends is data: broken at random, it is an answer or a failure, and never an exception."""

import json
from collections.abc import Iterable
from pathlib import Path

from relay.dialects.interface import DecoderOptions, ErrorAnswer
from relay.neutral.events import Failed
from relay.neutral.sse import SseParser
from tests.relay.dialects.every_dialect import DIALECTS, new_encoder
from tests.relay.dialects.mutations import mutants
from tests.relay.dialects.openai.streams import TRANSCRIPTS

SEED = 20261130
COUNT = 40
"""Of each stream."""

STREAMS: list[tuple[str, Path]] = [
    (path.stem.split("_")[1], path) for path in sorted(TRANSCRIPTS.glob("openai_*.sse"))
]
ERROR = ErrorAnswer(502, "broken", "req_1")


def wrong_with(upstream: str, reads: Iterable[bytes]) -> str:
    """What goes wrong with an answer of ``upstream``'s dialect; "" when nothing does."""
    reads = list(reads)
    for client in DIALECTS:
        decoder = DIALECTS[upstream].decoder(DecoderOptions("gpt", "seed"))
        encoder = new_encoder(client)
        out, has_failed = b"", False
        for chunk in (*map(decoder.feed, reads), decoder.finish()):
            if has_failed and (chunk.raw or chunk.events):
                return "something follows a failure"
            has_failed = any(type(event) is Failed for event in chunk.events)
            out += encoder.forward(chunk) if client == upstream else encoder.encode(chunk.events)
        if encoder.fault is not None:
            return f"{client}: {type(encoder.fault).__name__}: {encoder.fault}"
        if encoder.state.terminal:
            DIALECTS[client].collect(out)
        elif not encoder.gap:
            out += encoder.fail(ERROR)
        for event in SseParser(len(out) + 1).feed(out):
            if event.data is not None and event.data != b"[DONE]":
                json.loads(event.data)
    return ""


def test_a_broken_answer_is_an_answer_or_a_failure() -> None:
    """Flipped bytes, lost and doubled events, other types, absurd numbers, 100,000 levels."""
    wrong = {}
    for number, (upstream, path) in enumerate(STREAMS):
        for broken, reads in mutants(path.read_bytes(), SEED + number, COUNT):
            try:
                what = wrong_with(upstream, reads)
            except Exception as error:
                what = f"{type(error).__name__}: {error}"
            if what:
                wrong[what] = (path.name, broken[:3000])
    assert wrong == {}
