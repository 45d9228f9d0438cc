"""Whether what an exchange cost rests on an estimate: of a count, or of an unknown model's price. PURE."""

from collections.abc import Mapping
from typing import Final, Protocol

from monitor.record.attempt_use import UsedRow, uses_of


class CountedTokens(Protocol):
    """What is asked of a row."""

    @property
    def tokens_in(self) -> int | None:
        """As upstream told them."""

    @property
    def tokens_out(self) -> int | None:
        """As upstream told them."""

    @property
    def diagnostics(self) -> Mapping[str, object]:
        """The row's further facts, the estimates among them."""


class CountedRow(CountedTokens, UsedRow, Protocol):
    """The same of a row with what each of its attempts used."""


GUESSED_PRICE: Final = "guessed_price"
"""The fact that says so of a row or an attempt: pricing notes it, which alone knows what was charged."""

MOST_TOKENS: Final = 10**12
"""Beyond that a number of tokens is a mistake, and neither booked nor priced."""


def is_estimated(row: CountedRow) -> bool:
    """An estimate stands for a count that upstream left out, or for the price of who drew pictures."""
    return any(map(_is_estimated, uses_of(row)))


def _is_estimated(row: CountedTokens) -> bool:
    told = row.diagnostics
    return (
        (row.tokens_in is None and "estimated_tokens_in" in told)
        or (row.tokens_out is None and "estimated_tokens_out" in told)
        or GUESSED_PRICE in told
    )


def estimated_in(row: CountedTokens) -> int | None:
    """What stands for the input that upstream did not count; None where it did, or nothing stands for it."""
    return None if row.tokens_in is not None else number_in(row.diagnostics, "estimated_tokens_in")


def estimated_out(row: CountedTokens) -> int | None:
    """The same of the output."""
    return None if row.tokens_out is not None else number_in(row.diagnostics, "estimated_tokens_out")


def number_in(facts: Mapping[str, object], name: str) -> int | None:
    """A number of tokens, or of the like, among a row's facts; None where that is none."""
    value = facts.get(name)
    return value if type(value) is int and 0 <= value <= MOST_TOKENS else None
