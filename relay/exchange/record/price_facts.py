"""What an exchange's price depends on beside its token counts, as diagnostics of its row. PURE.

Where upstream told no counts, for it broke off or never tells them, about how much was sent and received.
"""

from collections.abc import Callable

import msgspec

from relay.dialects.token_estimate import BYTES_A_TOKEN
from relay.neutral.block import OpenBlock
from relay.neutral.events import StreamState, Usage
from relay.neutral.server_tools import FILE_SEARCH, WEB_SEARCH, runs_of

_WORDED = frozenset({"text", "thinking", "refusal"})


def keeps_up(told: int, characters: int) -> bool:
    """Does upstream's count of the output keep up with what was said? Anthropic tells 1 before the first word
    and the sum at the end; Gemini tells the sum with every event.
    """
    return 2 * told >= tokens_of_characters(characters)


def tokens_of_characters(characters: int) -> int:
    """About how many tokens so many characters are."""
    return -(-characters // BYTES_A_TOKEN)


def characters_said(state: StreamState) -> int:
    """How many characters of an answer have come."""
    return sum(len(piece) for block in state.blocks for piece in block.pieces)


def counted(state: StreamState | None, usage: Usage, *, has_failed: bool) -> Usage:
    """``usage`` as far as it counts ``state``: of a broken one the output may be told before it came."""
    if usage.output is None or state is None or (state.terminal and not has_failed):
        return usage
    if keeps_up(usage.output, characters_said(state)):
        return usage
    return msgspec.structs.replace(usage, output=None)


def price_facts(
    state: StreamState,
    usage: Usage,
    asked_tokens: Callable[[], int],
    *,
    has_failed: bool,
    was_left: bool = False,
) -> dict[str, str | int]:
    """The facts by name, those that are there, of an answer that said ``state`` and used ``usage``.

    ``asked_tokens`` estimates what was sent. An answer is broken that ``has_failed``, or
    that has no end, for its client left or the server stopped; ``was_left``: when upstream was at work on it.

    ``cache_write_1h`` tokens; ``web_searches`` and ``file_searches``; ``service_tier``; ``inference_geo``;
    tokens of sound and pictures, named by ``media_part``; those of an image model, ``drawn_by`` whom;
    ``estimated_tokens_in`` and ``estimated_tokens_out``, each where an answer came (of a broken one: a word,
    or what comes whole) of which upstream did not tell it; the latter is 0 where a broken one had read its
    input, and said nothing. Who leaves before the first word has had it read.
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
        if is_broken and was_left and usage.input_uncached is None:
            found |= {"estimated_tokens_in": asked_tokens(), "estimated_tokens_out": 0}
        return found
    if usage.input_uncached is None:
        found["estimated_tokens_in"] = asked_tokens()
    if usage.output is None:
        found["estimated_tokens_out"] = tokens_of_characters(characters_said(state))
    return found


def _says(block: OpenBlock) -> bool:
    """Words came of it, or what comes whole: not its announcement alone."""
    return bool(block.signature or any(block.pieces)) or block.kind not in _WORDED


def _searches(state: StreamState, usage: Usage) -> int:
    """As upstream counted them at the end, for not every run is billed; of a cut answer as many as ran."""
    told, ran = usage.searches, runs_of(WEB_SEARCH, state.blocks)
    return told if told is not None and state.terminal else max(told or 0, ran)
