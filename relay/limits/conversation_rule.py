"""How much one conversation may do within an hour: turns, money and sub-agents. PURE.

The hour is the last one, whenever it is asked: a runaway agent is stopped as soon as it has run away, and may
go on as its earlier turns fall out of the hour.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from accounts.keys.limits import MOST_TURNS, ConversationLimits
from monitor.ledger.booking import dollars
from relay.limits.standing import NO_QUOTA, moment
from relay.neutral.failures import Failure, Kind

HOUR_SECONDS: Final = 3600.0
WARNED_FROM: Final = 0.8
"""The share of a limit from which on a conversation is warned."""


class CountedTurn(msgspec.Struct, frozen=True, gc=False):
    """A turn of the last hour: when it was admitted, what it cost in units, and the sub-agent that asked."""

    at: float
    units: int
    sub_agent: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """``warning`` is what to say while it is let in, "" for nothing; ``refusal`` why it is not."""

    warning: str = ""
    refusal: Failure | None = None


def judged(
    limits: ConversationLimits, name: str, turns: Sequence[CountedTurn], sub_agent: str, now: float
) -> Verdict:
    """May one more turn be asked, by ``sub_agent`` ("" for a main agent), with the key ``name``?

    ``turns`` are those of the last hour, oldest first; ``now`` is in epoch seconds.
    """
    warnings = []
    for what, used, most, free_at in _standings(limits, turns, sub_agent):
        said = f"The client key {name!r} allows {what} for one conversation within an hour"
        if used >= most:
            seconds = max(free_at - now, 1.0)
            message = f"{said}, and this one has had them. It may go on at {moment(now + seconds)}."
            return Verdict(
                refusal=Failure(Kind.OVER_BUDGET, message, 429, reason=NO_QUOTA, retry_after_seconds=seconds)
            )
        if used >= most * WARNED_FROM:
            warnings.append(f"{said}; this one has had {100 * used / most:.0f} % of them.")
    return Verdict(" ".join(warnings))


def _standings(
    limits: ConversationLimits, turns: Sequence[CountedTurn], sub_agent: str
) -> list[tuple[str, float, float, float]]:
    """Of each limit: what it allows, what was used, how much may be, and when something is free again."""
    found: list[tuple[str, float, float, float]] = []
    most = min(limits.turns or MOST_TURNS, MOST_TURNS)  # nobody knows what stands before the last MOST_TURNS
    free_at = turns[len(turns) - most].at + HOUR_SECONDS if len(turns) >= most else 0.0
    found.append((f"{most:,} turns", len(turns), most, free_at))
    if limits.units:
        spent = sum(turn.units for turn in turns)
        what = f"${dollars(limits.units):.2f}"
        found.append((what, spent, limits.units, _below(turns, limits.units) + HOUR_SECONDS))
    if limits.agents and sub_agent:
        last = {turn.sub_agent: turn.at for turn in turns if turn.sub_agent}
        if sub_agent not in last:  # who works already may finish
            ends = sorted(last.values())
            free_at = ends[len(ends) - limits.agents] + HOUR_SECONDS if len(ends) >= limits.agents else 0.0
            found.append((f"{limits.agents:,} sub-agents", len(last), limits.agents, free_at))
    return found


def _below(turns: Sequence[CountedTurn], units: int) -> float:
    """When the turn was, with whose leaving the rest costs less than ``units``."""
    left = sum(turn.units for turn in turns)
    for turn in turns:
        left -= turn.units
        if left < units:
            return turn.at
    return 0.0
