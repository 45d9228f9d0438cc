"""What a window is opened with, before anybody has counted in it. PURE."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from relay.limits.standing import Standing

NOTHING_BOOKED: Final[Mapping[str, Sequence[int]]] = MappingProxyType({})


class OpenedWindows(NamedTuple):
    """What the ledger has in each window.

    ``booked``: the newest exchanges in it, by their marks, and how much each window has of each. Whoever
    served one may still tell it.
    """

    used: list[int]
    booked: Mapping[str, Sequence[int]] = NOTHING_BOOKED

    def among(self, before: Sequence[int | None]) -> "tuple[list[int | None], dict[str, list[int]]]":
        """Openings of the windows that nobody had ``before``, and what is booked; each at its place."""
        missing = [at for at, number in enumerate(before) if number is None]
        openings = list(before)
        for at, number in zip(missing, self.used, strict=True):
            openings[at] = number
        booked = {}
        for mark, amounts in self.booked.items():
            booked[mark] = [0] * len(openings)
            for at, amount in zip(missing, amounts, strict=True):
                booked[mark][at] = amount
        return openings, booked


Opening = Callable[[int, Sequence[Standing]], Awaitable[OpenedWindows]]
"""(key, standings whose ``used`` is not known): what the ledger has for each. Raises what the store does."""
