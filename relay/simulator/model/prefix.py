"""The conversation so far as a running digest: what signatures are bound to and prompt caches keyed by."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import msgspec

_CACHE_LIMIT = 50_000
_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Point:
    """The conversation up to some item: its digest and its tokens."""

    digest: bytes
    tokens: int


@dataclass(slots=True)
class Prefix:
    """Items of a conversation in order, each in a canonical form of the dialect's choice."""

    points: list[Point] = field(default_factory=list)
    _hash: Any = field(default_factory=lambda: hashlib.blake2b(digest_size=12))

    def add(self, item: Any, tokens: int | None = None) -> None:
        """Append ``item`` (plain JSON data); it counts ``tokens``, by default a quarter of its bytes."""
        encoded = _encode(item)
        self._hash.update(encoded + b"\n")
        if tokens is None:
            tokens = (len(encoded) + 3) // 4
        self.points.append(Point(self._hash.digest(), self.tokens + tokens))

    @property
    def tokens(self) -> int:
        """Tokens of all items."""
        return self.points[-1].tokens if self.points else 0

    @property
    def digest(self) -> bytes:
        """The digest of all items."""
        return self.points[-1].digest if self.points else bytes(self._hash.digest())

    def copy(self) -> "Prefix":
        """A prefix that grows apart from this one."""
        return Prefix(list(self.points), self._hash.copy())


class PromptCache:
    """Which prefixes an account has seen lately, as the vendors' prompt caches do."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str, bytes], None] = OrderedDict()

    def read(self, account: str, model: str, points: list[Point]) -> int:
        """The tokens of the longest of ``points`` that this account has seen for this model."""
        for point in reversed(points):
            if (account, model, point.digest) in self._seen:
                return point.tokens
        return 0

    def store(self, account: str, model: str, points: list[Point]) -> None:
        """Remember ``points``; the least recently stored go first."""
        for point in points:
            self._seen[account, model, point.digest] = None
            self._seen.move_to_end((account, model, point.digest))
        while len(self._seen) > _CACHE_LIMIT:
            self._seen.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._seen.clear()
