"""What one attempt used, where more than one of an exchange used anything. PURE."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol, TypeVar

import msgspec


class AttemptUse(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The use of one attempt; what upstream told nothing of is None, as in the row.

    The counts are the attempt's own: of a continued answer the row has those of all its legs together.
    """

    number: int
    account: str
    model: str
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    tokens_cache_write: int | None = None
    failed: bool = False
    """It was given up: nothing that it said is part of the answer."""
    diagnostics: Mapping[str, str | int | bool] = {}
    """What its price depends on beside, by the names of the row's diagnostics."""
    cost: Decimal | None = None
    """In US dollars; worked out with the row's, of which it is a part."""


Uses = tuple[AttemptUse, ...] | None


class UsedRow(Protocol):
    """A row with what each of its attempts used."""

    @property
    def used_by_attempt(self) -> Uses:
        """None where one attempt alone used anything."""


R = TypeVar("R", bound=UsedRow)
Fact = TypeVar("Fact")


def uses_of(row: R) -> Sequence[R | AttemptUse]:
    """Who used anything of it: its attempts where they are told apart, else the row itself."""
    return (row,) if row.used_by_attempt is None else row.used_by_attempt


def with_texts(uses: Uses, label: Callable[[str], str], fact: Callable[[str], str]) -> Uses:
    """The same with accounts' labels as ``label`` writes them, and facts that are texts as ``fact`` does."""
    if uses is None:
        return None
    return tuple(
        msgspec.structs.replace(
            use, account=label(use.account), diagnostics=with_text_facts(use.diagnostics, fact)
        )
        for use in uses
    )


def with_text_facts(facts: Mapping[str, Fact], shown: Callable[[str], str]) -> dict[str, Fact | str]:
    """Facts of a row or an attempt, with those that are texts as ``shown`` writes them."""
    return {name: shown(value) if isinstance(value, str) else value for name, value in facts.items()}


def cost_of_failed(uses: Uses) -> Decimal | None:
    """What the attempts that were given up cost together; None without any, or where no price is known."""
    costs = [use.cost for use in uses or () if use.failed and use.cost is not None]
    return sum(costs, Decimal(0)) if costs else None
