"""How far the running answers are, looked up once in a while: nothing is counted as the events go by."""

from collections.abc import Iterable, Mapping

import msgspec

from relay.exchange.record.price_facts import keeps_up, tokens_of_characters
from relay.neutral.events import StreamState


class Progress(msgspec.Struct, frozen=True):
    """Output tokens so far; ``is_estimate``: made of the characters, for upstream has not told."""

    tokens: int
    is_estimate: bool


class _Counted(msgspec.Struct, gc=False):
    """How far an answer's pieces were counted: blocks, pieces of the last of them, characters."""

    blocks: int = 0
    pieces: int = 0
    characters: int = 0


class ProgressReader:
    """Reads the progress of answers that are asked for again and again; only what is new is counted."""

    def __init__(self, states: Mapping[str, StreamState]) -> None:
        """``states`` are the running answers by request id, as they come and go."""
        self._states = states
        self._counted: dict[str, _Counted] = {}

    def read(self, request_ids: Iterable[str]) -> dict[str, Progress]:
        """The progress of those exchanges that run and have said something."""
        counted, self._counted = self._counted, {}
        found: dict[str, Progress] = {}
        for request_id in request_ids:
            state = self._states.get(request_id)
            if state is not None and state.blocks:
                so_far = self._counted[request_id] = counted.get(request_id) or _Counted()
                _count(state, so_far)
                found[request_id] = progress(state.usage.output, so_far.characters)
        return found


def progress(told: int | None, characters: int) -> Progress:
    """Upstream's number where it keeps up with what was said, else an estimate.

    It is only said as "about": in Chinese or Japanese a character is nearly a token.
    """
    if told is not None and keeps_up(told, characters):
        return Progress(told, is_estimate=False)
    return Progress(tokens_of_characters(characters), is_estimate=True)


def _count(state: StreamState, so_far: _Counted) -> None:
    """Add the characters of the pieces that came since; a block before the last one may still grow a little,
    which is left out of an estimate."""
    for at in range(max(so_far.blocks - 1, 0), len(state.blocks)):
        pieces = state.blocks[at].pieces
        first = so_far.pieces if at == so_far.blocks - 1 else 0
        so_far.characters += sum(map(len, pieces[first:]))
        so_far.pieces = len(pieces)
    so_far.blocks = len(state.blocks)
