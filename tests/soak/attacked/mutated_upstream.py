"""An upstream whose answers are broken at random, by a seed: in their JSON, their events, or their HTTP."""

import random
from pathlib import Path

from tests.relay.dialects.whatever_comes.mutations import mutants
from tests.served.raw_upstream import CHUNKED, EVENT_STREAM, RawUpstream, Script, Then, chunked, head
from tests.served.upstreams.test_broken_http import BEFORE_COMMIT, BEHIND_COMMIT

TRANSCRIPTS = Path(__file__).parents[2] / "transcripts"
STREAMS = {
    "anthropic": ("anthropic_text", "anthropic_thinking", "anthropic_tools"),
    "gemini": ("gemini_text", "gemini_thinking", "gemini_parallel_tools"),
    "openai": ("openai_chat_text", "openai_chat_reasoning", "openai_chat_parallel_tools"),
}
"""What is broken, by the kind of account."""

_PATHS = ((b"/v1/messages", "anthropic"), (b"enerateContent", "gemini"))


class MutatedUpstream(RawUpstream):
    """Answers every kind of account; one in eight is as it should be, one in six is no good HTTP."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._chance = random.Random(seed)
        self._streams = {
            kind: [(TRANSCRIPTS / f"{name}.sse").read_bytes() for name in names]
            for kind, names in STREAMS.items()
        }
        self._broken_http = [
            tuple(step for step in script if step is not Then.WAIT)
            for script in (*BEFORE_COMMIT.values(), *BEHIND_COMMIT.values())
        ]

    def script_for(self, request: bytes) -> Script:
        """The next answer, in the dialect that is asked for."""
        del self.requests[:-1]  # nobody looks at them, and there are many
        path = request.split(b"\r\n", 1)[0]
        kind = next((kind for part, kind in _PATHS if part in path), "openai")
        stream = self._chance.choice(self._streams[kind])
        draw = self._chance.random()
        if draw < 1 / 6:
            return self._chance.choice(self._broken_http)
        if draw < 1 / 6 + 1 / 8:
            return (head(EVENT_STREAM, CHUNKED) + chunked(stream),)
        [(_, reads)] = mutants(stream, self._chance.getrandbits(32), 1)
        body = chunked(*(read for read in reads if read))
        return (head(EVENT_STREAM, CHUNKED) + body,)
