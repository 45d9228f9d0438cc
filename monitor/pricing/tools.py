"""What upstream's own tools cost beside the model's tokens: searches, and pictures that were drawn.

Sources, as of November 2026. Web searches: the price library, and docs.x.ai (*Pricing*) for xAI's. Gemini up
to 2.5 is billed by the prompt that was grounded, Gemini 3 by the query (ai.google.dev, *Grounding with Google
Search*). File searches: openai.com/api/pricing and docs.x.ai. Pictures of OpenAI's ``image_generation`` are
billed as tokens of the image model that drew them; developers.openai.com has the same prices for GPT Image
2.6 as for 2 (``monitor.record.image_models``). What nobody tells in an answer (containers by the hour,
storage) is not in the price.
"""

import functools
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from monitor.pricing.library import is_listed, library_price
from monitor.record.estimated import number_in
from monitor.record.image_models import DEAREST, is_unknown_drawer, priced_as

DRAWN: Final = tuple(f"drawn_{kind}_{part}" for kind in ("text", "image") for part in ("in", "cached", "out"))
"""The tokens of an image model, as a row's facts name them; ``in`` is what came from no cache."""

_FILE_SEARCHES: Final = Decimal("2.5")
_WEB_SEARCHES: Final = (("grok-", Decimal(5)),)
"""Dollars for a thousand; beginnings of the names of models for which the library has no price."""

_BY_THE_PROMPT: Final = ("gemini-1", "gemini-2")


def tools_price(model: str, period: int, facts: Mapping[str, object]) -> Decimal:
    """What the tools cost that ``facts`` of a row tell; ``period`` counts half hours since the epoch.

    Pictures of an unknown image model cost what those of the dearest do.
    """
    price = Decimal(0)
    if searches := number_in(facts, "web_searches"):
        billed = 1 if model.startswith(_BY_THE_PROMPT) else searches
        price += _web_search_fees(model, period) * billed / 1000
    if searches := number_in(facts, "file_searches"):
        price += _FILE_SEARCHES * searches / 1000
    counts = _drawn_counts(facts)
    return price + _drawn(priced_as(facts.get("drawn_by")), period, counts) if counts else price


def is_guess(facts: Mapping[str, object]) -> bool:
    """Is the price of pictures in it that nobody knows, and that stands for the dearest's?"""
    return is_unknown_drawer(facts) and bool(_drawn_counts(facts))


def _drawn_counts(facts: Mapping[str, object]) -> dict[str, int]:
    return {name: count for name in DRAWN if (count := number_in(facts, name))}


@functools.lru_cache(maxsize=256)
def _web_search_fees(model: str, period: int) -> Decimal:
    """What a thousand web searches cost; nothing where nobody has a price for them."""
    own = next((fee for name, fee in _WEB_SEARCHES if model.startswith(name)), None)
    return library_price(model, period, web_searches=1000) if own is None else own


def _drawn(model: str | None, period: int, counts: Mapping[str, int]) -> Decimal:
    text_in, text_cached, text_out, image_in, image_cached, image_out = (counts.get(one, 0) for one in DRAWN)
    return library_price(
        model if model is not None and is_listed(model) else DEAREST,
        period,
        input_tokens=text_in + text_cached + image_in + image_cached,
        cache_read_tokens=text_cached + image_cached,
        input_image_tokens=image_in + image_cached,
        cache_image_read_tokens=image_cached,
        output_tokens=text_out + image_out,
        output_image_tokens=image_out,
    )
