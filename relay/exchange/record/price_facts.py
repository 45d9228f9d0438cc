"""What an exchange's price depends on beside its token counts, as diagnostics of its row. PURE.

Where upstream told no counts, for it broke off or never tells them, about how much was sent and received.
"""

from relay.dialects.token_estimate import BYTES_A_TOKEN, estimate
from relay.neutral.block import OpenBlock
from relay.neutral.conversation import Json
from relay.neutral.events import StreamState, Usage
from relay.neutral.server_tools import FILE_SEARCH, WEB_SEARCH, runs_of

_WORDED = frozenset({"text", "thinking", "refusal"})


def price_facts(
    state: StreamState, usage: Usage, asked: Json, asked_bytes: int, *, has_failed: bool
) -> dict[str, str | int]:
    """The facts by name, those that are there, of an answer that said ``state`` and used ``usage``.

    ``asked`` is the client's body, of ``asked_bytes``. An answer is broken that ``has_failed``, or
    that has no end, for its client left or the server stopped.

    ``cache_write_1h`` tokens; ``web_searches`` and ``file_searches``; ``service_tier``; ``inference_geo``;
    tokens of sound and pictures, named by ``media_part``; those of an image model, ``drawn_by`` whom;
    ``estimated_tokens_in`` and ``estimated_tokens_out``, each where an answer came (of a broken one: a word,
    or what comes whole) of which upstream did not tell it; the latter is 0 where a broken one had read its
    input, and said nothing.
    """
    found = dict[str, str | int]()
    if usage.cache_write_1h:
        found["cache_write_1h"] = usage.cache_write_1h
    if searches := _searches(state, usage):
        found["web_searches"] = searches
    if searches := runs_of(FILE_SEARCH, state.blocks):
        found["file_searches"] = searches
    if usage.tier:
        found["service_tier"] = usage.tier
    if usage.geo:
        found["inference_geo"] = usage.geo
    found.update(usage.media)
    if usage.drawn:
        found.update({**dict(usage.drawn), "drawn_by": usage.drawn_by})
    is_broken = has_failed or not state.terminal
    if not (any(map(_says, state.blocks)) if is_broken else state.blocks):
        if is_broken and usage.input_uncached is not None and usage.output is None:
            found["estimated_tokens_out"] = 0
        return found
    if usage.input_uncached is None:
        found["estimated_tokens_in"] = estimate(asked, asked_bytes)
    if usage.output is None:
        characters = sum(len(piece) for block in state.blocks for piece in block.pieces)
        found["estimated_tokens_out"] = -(-characters // BYTES_A_TOKEN)
    return found


def _says(block: OpenBlock) -> bool:
    """Words came of it, or what comes whole: not its announcement alone."""
    return bool(block.signature or any(block.pieces)) or block.kind not in _WORDED


def _searches(state: StreamState, usage: Usage) -> int:
    """As upstream counted them at the end, for not every run is billed; of a cut answer as many as ran."""
    told, ran = usage.searches, runs_of(WEB_SEARCH, state.blocks)
    return told if told is not None and state.terminal else max(told or 0, ran)
