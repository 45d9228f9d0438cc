"""PURE. Where a session begins: rendezvous hashing over (session, account), the same in every process.

Each account draws a number for the session, from nothing but the two names; the best draw of the highest
priority is the session's home. So all processes of an installation name the same account without a message,
and when an account leaves, only its own sessions look for another. Who may take more requests at a time, or
has a greater weight, draws better by as much. To ask thousands of accounts for a draw would cost more than
the request: they form at most 64 groups by their number, the groups draw first, and then the members of the
group that won.
"""

import math
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Final

from msgspec import Struct

GROUPS: Final = 64

FULL_WEIGHT: Final = 8
"""The weight of an account without a limit of requests in flight, or with a higher one."""

_MASK: Final = 2**64 - 1


class _Account(Struct, frozen=True, gc=False):
    account_id: int
    seed: int
    weight: int


class _Group(Struct, frozen=True, gc=False):
    seed: int
    weight: int
    members: tuple[_Account, ...]


class Homes:
    """The homes of sessions among a fixed set of accounts."""

    def __init__(self, accounts: Iterable[tuple[int, int, int]]) -> None:
        """``accounts``: the priority, the id and the share (``share``; 0: a full one) of each."""
        levels: dict[int, dict[int, list[_Account]]] = {}
        for priority, account_id, weight in accounts:
            account = _Account(account_id, _seed(b"account", account_id), weight or FULL_WEIGHT)
            levels.setdefault(priority, {}).setdefault(account_id % GROUPS, []).append(account)
        self._levels = [
            (
                priority,
                [
                    _Group(_seed(b"group", number), sum(one.weight for one in members), tuple(members))
                    for number, members in levels[priority].items()
                ],
            )
            for priority in sorted(levels, reverse=True)
        ]
        self.is_partial = any(len(group.members) > 1 for _, groups in self._levels for group in groups)
        """Whether ``order`` leaves accounts out: those that share a group with a better one."""

    def order(self, session: str) -> Iterator[tuple[int, int]]:
        """The accounts that the session goes to, as (priority, id), first choice first.

        Of accounts that share a group only the best comes (``is_partial``).
        """
        drawn_by = int.from_bytes(blake2b(session.encode("utf-8", "surrogatepass"), digest_size=8).digest())
        for priority, groups in self._levels:
            for group in sorted(groups, key=lambda group: _draw(drawn_by, group), reverse=True):
                members = group.members
                best = members[0] if len(members) == 1 else max(members, key=lambda one: _draw(drawn_by, one))
                yield priority, best.account_id


def share(max_in_flight: int, weight: int) -> int:
    """How well an account draws: by its limit of requests in flight (0: none), times its weight."""
    return min(max_in_flight or FULL_WEIGHT, FULL_WEIGHT) * weight


def _seed(what: bytes, number: int) -> int:
    return int.from_bytes(blake2b(b"%b %d" % (what, number), digest_size=8).digest())


def _draw(drawn_by: int, of: _Account | _Group) -> float:
    """A number that grows with the weight: the greatest falls to each in proportion to it.

    (Weighted rendezvous hashing: weight / -ln(u), with u spread evenly over 0 to 1.)
    """
    mixed = ((drawn_by ^ of.seed) * 0x9E3779B97F4A7C15) & _MASK
    mixed = ((mixed ^ (mixed >> 32)) * 0xD6E8FEB86659FD93) & _MASK
    mixed = ((mixed ^ (mixed >> 32)) * 0xD6E8FEB86659FD93) & _MASK
    return of.weight / -math.log(((mixed ^ (mixed >> 32)) + 0.5) / 2**64)
