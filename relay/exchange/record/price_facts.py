"""What an exchange's price depends on beside its token counts, as diagnostics of its row. PURE.

Where upstream told no counts, for it broke off or never tells them, about how much was sent and received.
"""

from relay.dialects.token_estimate import BYTES_A_TOKEN, estimate
from relay.neutral.conversation import Json
from relay.neutral.events import StreamState
from relay.neutral.server_tools import WEB_SEARCH, runs_of


def price_facts(state: StreamState, asked: Json, asked_bytes: int) -> dict[str, str | int]:
    """The facts by name, those that are there; ``asked`` is the client's body, of ``asked_bytes``.

    ``cache_write_1h`` tokens; ``web_searches``; ``service_tier``; ``inference_geo``; tokens of sound and
    pictures, named by ``media_part``; ``estimated_tokens_in`` and ``estimated_tokens_out``, each where an
    answer came of which upstream did not tell it.
    """
    usage, found = state.usage, dict[str, str | int]()
    if usage.cache_write_1h:
        found["cache_write_1h"] = usage.cache_write_1h
    searches = usage.searches or runs_of(WEB_SEARCH, state.blocks)
    if searches:
        found["web_searches"] = searches
    if usage.tier:
        found["service_tier"] = usage.tier
    if usage.geo:
        found["inference_geo"] = usage.geo
    found.update(usage.media)
    if not state.blocks:
        return found
    if usage.input_uncached is None:
        found["estimated_tokens_in"] = estimate(asked, asked_bytes)
    if usage.output is None:
        characters = sum(len(piece) for block in state.blocks for piece in block.pieces)
        found["estimated_tokens_out"] = -(-characters // BYTES_A_TOKEN)
    return found
