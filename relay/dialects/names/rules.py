"""Which names a vendor takes, and the name that stands for one that it refuses. PURE."""

import re

from relay.neutral.conversation import digest

_MARK_LENGTH = 8


class NameRule:
    """Names of some characters, up to a length."""

    def __init__(self, others: str, length: int, *, first: str = "") -> None:
        """``others`` is what a character class holds; ``first`` likewise, of the first character."""
        self._length = length
        self._legal = re.compile(f"[{first or others}][{others}]{{0,{length - 1}}}")
        self._first = re.compile(f"[{first or others}]")
        self._illegal = re.compile(f"[^{others}]")

    def takes(self, name: str) -> bool:
        """Does the vendor take ``name`` as it is?"""
        return self._legal.fullmatch(name) is not None

    def alias(self, name: str) -> str:
        """What stands for ``name``: the same on every turn, and for no other name."""
        plain = self._illegal.sub("_", name[: self._length])
        if not self._first.match(plain):
            plain = f"a_{plain}"
        return f"{plain[: self._length - _MARK_LENGTH - 1]}_{digest(name)[:_MARK_LENGTH]}"
