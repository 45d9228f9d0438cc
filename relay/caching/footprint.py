"""What is kept of a request to compare the next one with: hashes of its parts, none of its words. PURE."""

import hashlib
from typing import Any, Final

import msgspec

from relay.neutral.prompt import SHORT_SECONDS, Prompt

_HASH_BYTES: Final = 8
MOST_TURNS: Final = 1000
"""Of a longer conversation the later turns are not compared, and nothing is said of them."""

_encode = msgspec.json.Encoder().encode


class Footprint(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The parts of one prompt as hashes; ``same_tools`` is that of the tools in any order.

    ``turns`` are the hashes of the first MOST_TURNS turns, one behind the other; ``marks`` as in Prompt.
    """

    model: str
    tools: bytes
    same_tools: bytes
    system: bytes
    turns: bytes
    count: int
    settings: dict[str, bytes] = {}
    marks: tuple[int, ...] | None = None
    lasts_seconds: int = SHORT_SECONDS

    def turn(self, index: int) -> bytes:
        """The hash of one turn; b"" behind the last that is kept."""
        return self.turns[index * _HASH_BYTES : (index + 1) * _HASH_BYTES]

    @property
    def kept(self) -> int:
        """How many turns can be compared."""
        return len(self.turns) // _HASH_BYTES


def footprint_of(prompt: Prompt, model: str, lasts_seconds: int = SHORT_SECONDS) -> Footprint:
    """The footprint of a prompt for ``model``, kept for ``lasts_seconds`` unless it asks for more."""
    tools = [_hash(tool) for tool in prompt.tools]
    return Footprint(
        model=model,
        tools=_joined(tools),
        same_tools=_joined(sorted(tools)),
        system=_joined([_hash(block) for block in prompt.system]),
        turns=b"".join(_hash(turn) for turn in prompt.turns[:MOST_TURNS]),
        count=len(prompt.turns),
        settings={name: _hash(value) for name, value in prompt.settings.items()},
        marks=prompt.marks,
        lasts_seconds=max(lasts_seconds, prompt.lasts_seconds),
    )


def common_turns(one: Footprint, other: Footprint) -> int:
    """How many turns both begin with."""
    most = min(one.kept, other.kept)
    if one.turns[: most * _HASH_BYTES] == other.turns[: most * _HASH_BYTES]:
        return most
    return next(index for index in range(most) if one.turn(index) != other.turn(index))


def _hash(value: Any) -> bytes:
    return hashlib.blake2b(_encode(value), digest_size=_HASH_BYTES).digest()


def _joined(hashes: list[bytes]) -> bytes:
    """One hash for several; b"" for none."""
    return hashlib.blake2b(b"".join(hashes), digest_size=_HASH_BYTES).digest() if hashes else b""
