"""Which names a vendor takes, and the name that stands for one that it refuses. PURE."""

import string

from relay.neutral.conversation import digest

LETTERS = frozenset(string.ascii_letters)
PLAIN = LETTERS | frozenset(string.digits + "_-")
"""Letters, digits, ``_`` and ``-``."""

_MARK_LENGTH = 8


class NameRule:
    """Names of some characters, up to a length."""

    def __init__(
        self, characters: frozenset[str], length: int, *, first: frozenset[str] | None = None
    ) -> None:
        """``first`` are those that a name may begin with, where not every one may."""
        self._characters = characters
        self._first = characters if first is None else first
        self._length = length

    def takes(self, name: str) -> bool:
        """Does the vendor take ``name`` as it is?"""
        return 0 < len(name) <= self._length and name[0] in self._first and self._characters.issuperset(name)

    def alias(self, name: str) -> str:
        """What stands for ``name``: the same on every turn, and for no other name."""
        plain = "".join(char if char in self._characters else "_" for char in name[: self._length])
        if plain[:1] not in self._first:
            plain = f"a_{plain}"
        return f"{plain[: self._length - _MARK_LENGTH - 1]}_{digest(name)[:_MARK_LENGTH]}"
