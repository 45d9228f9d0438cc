"""What a conversation's page says of its limits.

The relay counts them, and this room must not know the relay: so the frame registers here who is to be asked.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct


class LimitLine(Struct, frozen=True):
    """One limit in the reader's words: whose it is, and what the last hour has had of it."""

    label: str
    text: str
    is_near: bool = False


LimitsOf = Callable[[str], Sequence[LimitLine]]
"""The limits of a conversation."""

_registered: list[LimitsOf] = []


def register_conversation_limits(limits: LimitsOf) -> None:
    """``limits`` is asked at each look at a conversation. The last one counts."""
    _registered[:] = [limits]


def limit_lines(conversation: str) -> Sequence[LimitLine]:
    """What it has had; none where nobody counts."""
    return _registered[0](conversation) if _registered else ()
