"""What reads and writes an answer goes when nobody needs it any more, and waits for no garbage collection.

Where two things know each other they stay until the collector comes, with all that they hold, and it holds
everybody up: the longer, the more there are.
"""

import gc
from collections.abc import Iterator
from pathlib import Path
from weakref import ref

import pytest

from relay.dialects.interface import DecoderOptions
from tests.relay.dialects.every_dialect import DIALECTS, new_encoder

TRANSCRIPTS = Path(__file__).parents[2] / "transcripts"
UPSTREAMS = {
    "anthropic": "anthropic", "gemini": "gemini", "openai_chat": "chat", "openai_responses": "responses",
}  # fmt: skip


@pytest.fixture(autouse=True)
def without_collection() -> Iterator[None]:
    """The collector does not come."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_an_answer_leaves_nothing_behind(upstream: str, subtests: pytest.Subtests) -> None:
    """However it ended, and for whichever client it was written."""
    for file in sorted(TRANSCRIPTS.glob(f"{upstream}_*.sse")):
        data = file.read_bytes()
        for client in DIALECTS:
            with subtests.test(f"{file.stem} for {client}"):
                decoder = DIALECTS[UPSTREAMS[upstream]].decoder(DecoderOptions("family", "seed"))
                encoder = new_encoder(client)
                for chunk in (decoder.feed(data), decoder.finish()):
                    encoder.encode(chunk.events)
                left = ref(decoder), ref(encoder)
                del decoder, encoder, chunk
                assert [one() for one in left] == [None, None]
