"""What an account was found to refuse of a request's form, by model: told before it refuses it again.

PURE.
"""

from collections import OrderedDict

LIMIT = 10_000
"""Pairs of account and model that are kept; the least recently used goes first."""


class Refusals:
    """By account and model: the names of what is taken back."""

    def __init__(self) -> None:
        """Nothing was refused yet."""
        self._refused: OrderedDict[tuple[str, str], frozenset[str]] = OrderedDict()

    def of(self, account: str, model: str) -> frozenset[str]:
        """What ``account`` refuses for ``model``."""
        found = self._refused.get((account, model))
        if found is None:
            return frozenset()
        self._refused.move_to_end((account, model))
        return found

    def remember(self, account: str, model: str, name: str) -> bool:
        """Add one; False when it was known."""
        before = self.of(account, model)
        if name in before:
            return False
        self._refused[account, model] = before | {name}
        if len(self._refused) > LIMIT:
            self._refused.popitem(last=False)
        return True
