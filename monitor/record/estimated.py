"""Whether what an exchange cost rests on an estimate, for upstream has not counted all of it. PURE."""

from collections.abc import Mapping
from typing import Protocol


class Counted(Protocol):
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


def is_estimated(row: Counted) -> bool:
    """Upstream left a count out, and an estimate stands for it."""
    told = row.diagnostics
    return (row.tokens_in is None and "estimated_tokens_in" in told) or (
        row.tokens_out is None and "estimated_tokens_out" in told
    )
