"""What an agent's requests left in upstream's caches, and with which of them the next is compared. PURE."""

from collections.abc import Sequence
from typing import Final

import msgspec

from relay.caching.footprint import Footprint, common_turns

MOST_KEPT: Final = 6
"""Requests of one agent that are remembered: its branches, its side requests, and the accounts it was on."""


class Kept(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One request that was answered.

    ``asked`` is what upstream was asked, ``said`` what the client said. ``account`` is its id, ``email`` its
    label. ``at`` is when it was asked, in epoch seconds; ``held_tokens`` is what upstream's cache held of it
    then, as far as it is known. ``tells``: a reading from the cache was told in this line before. ``changes``
    say what this server changed.
    """

    asked: Footprint
    said: Footprint
    account: int
    email: str
    at: float
    held_tokens: int
    tells: bool = False
    changes: tuple[str, ...] = ()


def nearest(kept: Sequence[Kept], now: Kept) -> Kept | None:
    """The request that ``now`` goes on from, on whatever account; None where it goes on from none of them.

    It has the beginning of the history, the system prompt or the tools in common with it.
    """
    related = [(one, _likeness(one, now)) for one in kept]
    found = [pair for pair in related if any(pair[1][:3])]
    return max(found, key=lambda pair: (*pair[1], pair[0].at))[0] if found else None


def with_newest(kept: Sequence[Kept], now: Kept) -> list[Kept]:
    """``kept`` with ``now``, which takes the place of what it goes on from on the same account."""
    rest = [one for one in kept if not _continues(one, now)]
    return [*rest, now][-MOST_KEPT:]


def _likeness(one: Kept, now: Kept) -> tuple[int, bool, bool, bool]:
    before, after = one.said, now.said
    return (
        common_turns(before, after),
        bool(after.system) and before.system == after.system,
        bool(after.tools) and before.same_tools == after.same_tools,
        before.model == after.model,
    )


def _continues(one: Kept, now: Kept) -> bool:
    if one.account != now.account or one.asked.model != now.asked.model:
        return False
    return common_turns(one.said, now.said) == one.said.kept
