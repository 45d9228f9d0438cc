"""What is known of one account's models, bounded: their names come from clients."""

from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

MOST_MODELS: Final = 500
"""Of so many models an account's marks are known; nobody offers more whose marks matter at one time."""

DROPPED_AT_ONCE: Final = MOST_MODELS // 10


class ByModel(dict[str, T]):
    """By model, blank for the whole account. Of too many goes what is worth least, never the account's."""

    def __init__(self, worth: Callable[[T], float]) -> None:
        """Nothing is known."""
        super().__init__()
        self._worth = worth

    def __setitem__(self, model: str, known: T) -> None:
        if len(self) >= MOST_MODELS and model not in self:
            # Many at once: to look at all for each of thousands would hold the event loop for a second.
            for least in sorted(filter(None, self), key=lambda one: self._worth(self[one]))[:DROPPED_AT_ONCE]:
                del self[least]
        super().__setitem__(model, known)
