"""What is known of one account's models, bounded: their names come from clients."""

from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

MOST_MODELS: Final = 500
"""Of so many models an account's marks are known; nobody offers more whose marks matter at one time."""


class ByModel(dict[str, T]):
    """By model, blank for the whole account. Of too many goes what is worth least, never the account's."""

    def __init__(self, worth: Callable[[T], float]) -> None:
        """Nothing is known."""
        super().__init__()
        self._worth = worth

    def __setitem__(self, model: str, known: T) -> None:
        if len(self) >= MOST_MODELS and model not in self:
            del self[min(filter(None, self), key=lambda one: self._worth(self[one]))]
        super().__setitem__(model, known)
