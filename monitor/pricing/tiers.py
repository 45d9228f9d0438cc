"""How much more or less a service tier costs than the usual one; the price library does not know. PURE.

Sources, as of November 2026: OpenAI's page on fast mode (priority processing until July 2026) lists prices a
million tokens, here divided by the standard ones; flex and batch cost half, ultrafast six times as much.
Anthropic's page on fast mode: six times for Opus 4.6 and 4.7, twice for later ones; batches cost half.
Gemini's pages on priority and flex inference: 75 to 100 % more, 1.8 times as the prices of Gemini 4 stand;
and half.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

_TIERS: Final = {
    "flex": Decimal("0.5"),
    "batch": Decimal("0.5"),
    "fast": Decimal(2),
    "ultrafast": Decimal(6),
}
_FAST: Final = (
    ("claude-opus-4-6", Decimal(6)),
    ("claude-opus-4-7", Decimal(6)),
    ("gemini-", Decimal("1.8")),
    ("gpt-5.5", Decimal("2.5")),
    ("gpt-5-mini", Decimal("1.8")),
    ("gpt-4.1-nano", Decimal(2)),
    ("gpt-4.1", Decimal("1.75")),
)
"""Beginnings of the names of models whose fast mode is not twice the price."""


_SOL_OFFER_ENDS: Final = datetime(2027, 3, 1, tzinfo=UTC).timestamp()
"""Until then ultrafast costs three times for GPT-6.2 Sol, as its page says (November 2026)."""


def tier_factor(model: str, tier: object, at: float) -> Decimal:
    """What the tokens' price is to be multiplied by at a moment (``at``, epoch seconds).

    1 for the usual way and for a tier that nobody knows.
    """
    if tier == "ultrafast" and model.startswith("gpt-6.2-sol") and at < _SOL_OFFER_ENDS:
        return Decimal(3)
    if tier == "fast":
        return next((factor for name, factor in _FAST if model.startswith(name)), _TIERS["fast"])
    return _TIERS.get(tier, Decimal(1)) if isinstance(tier, str) else Decimal(1)
