"""Models that the price library does not list yet, by the prices of one that it lists, or by their own. PURE.

A model without a price spends nothing of a budget in money, so the newest ones stand here until the
library has them; what it lists goes first. Sources, as of 30 November 2026:
developers.openai.com/api/docs/models (GPT-6.2); for Gemini 4 what several gateways quote of
ai.google.dev/gemini-api/docs/pricing (Carbon costs what Argon does, twice as much from December
on); platform.claude.com/docs/en/about-claude/pricing (Mythos costs what Fable does).
"""

from decimal import Decimal
from typing import Final, NamedTuple

from monitor.pricing.model_names import LONGEST_NAME
from monitor.pricing.price_list import Rates


class StandIn(NamedTuple):
    """``like`` is a listed model, for what has no own price; its tokens cost ``factor`` times as much."""

    like: str
    factor: Decimal = Decimal(1)
    rates: Rates | None = None
    """What a million tokens cost, where that does not rest on the listed model's."""


def _rates(uncached: str, cached: str, output: str) -> Rates:
    """Of a vendor that writes its cache for nothing more."""
    return Rates(Decimal(uncached), Decimal(cached), Decimal(uncached), Decimal(output))


_STAND_INS: Final = {
    "gpt-6.2-sol": StandIn("gpt-6.1-sol"),
    "gpt-6.2-astra": StandIn("gpt-6.1-sol", Decimal(4)),
    "gemini-4-carbon": StandIn("gemini-4-argon"),
    "gemini-4-neon": StandIn("gemini-4-argon", rates=_rates("3", "0.15", "15")),
    "gemini-4-hydrogen": StandIn("gemini-4-argon", rates=_rates("1.5", "0.075", "7.5")),
    "claude-mythos-5-1": StandIn("claude-fable-5-1"),
    "claude-mythos-5": StandIn("claude-fable-5"),
}

_AFTER_A_NAME: Final = ("latest", "preview")


def stand_in(model: str) -> StandIn | None:
    """What stands for the price of ``model``, also where a date or the like follows its name.

    Another word makes it another model: a small one costs less.
    """
    name = model if len(model) <= LONGEST_NAME else ""  # each turn copies what is left of it
    while name not in _STAND_INS:
        name, _, part = name.rpartition("-")
        if not name or not (part.isdecimal() or part in _AFTER_A_NAME):
            return None
    return _STAND_INS[name]
