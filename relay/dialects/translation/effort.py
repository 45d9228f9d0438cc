"""How much to think, between vendors that count tokens and vendors that name levels. PURE."""

from collections.abc import Sequence
from typing import get_args

from relay.neutral.conversation import Effort

EFFORTS: tuple[Effort, ...] = get_args(Effort)
"""All levels, from the least to the most."""

# What the vendors themselves publish where they map one onto the other: 1,024, 8,192 and 24,576 tokens.
_BUDGETS: dict[Effort, int] = {
    "minimal": 1_024,
    "low": 1_024,
    "medium": 8_192,
    "high": 24_576,
    "xhigh": 32_768,
    "max": 65_536,
}
# The middle between two of those belongs to the nearer one; a client's largest usual budget (31,999) is high.
_LARGEST: tuple[tuple[int, Effort], ...] = ((4_096, "low"), (16_384, "medium"))


def effort_for(budget_tokens: int) -> Effort:
    """The level that a token budget for thinking amounts to."""
    return next((effort for limit, effort in _LARGEST if budget_tokens <= limit), "high")


def budget_for(effort: str) -> int:
    """The tokens that a level amounts to; those of ``medium`` for a word that is none."""
    return _BUDGETS.get(effort, _BUDGETS["medium"])  # type: ignore[call-overload, no-any-return]


def rank_of(effort: str) -> int:
    """Where a level stands among all, from 0; -1 for a word that is none."""
    return EFFORTS.index(effort) if effort in EFFORTS else -1


def nearest_effort(effort: str, levels: Sequence[str]) -> str:
    """The one of ``levels`` nearest to ``effort``: the next lower, else the lowest; "" without levels.

    Whoever asks for more than there is gets the most that there is.
    """
    if effort in levels:
        return effort
    known = sorted((level for level in levels if level in EFFORTS), key=rank_of)
    lower = [level for level in known if rank_of(level) <= rank_of(effort)]
    return lower[-1] if lower else next(iter(known), "")
