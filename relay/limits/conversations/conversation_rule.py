"""How much one conversation may do within an hour: turns, money and sub-agents. PURE.

The hour is the last one, whenever it is asked: a runaway agent is stopped as soon as it has run away, and may
go on as its earlier turns fall out of the hour.
"""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from accounts.keys.limits import MOST_TURNS, ConversationLimits
from monitor.ledger.booking import dollars
from monitor.record.failures.failure_kinds import OF_A_CONVERSATION
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


class Share(msgspec.Struct, frozen=True):
    """What a conversation has of one limit; something is free again at ``free_at``, in epoch seconds."""

    measure: Literal["turns", "usd", "sub_agents"]
    used: int
    most: int
    free_at: float

    @property
    def part(self) -> float:
        """How much of it is used: 1 is all."""
        return self.used / self.most

    @property
    def percent(self) -> int:
        """The same in whole percent: 100 is all, and no less."""
        return 100 * self.used // self.most

    @property
    def is_spent(self) -> bool:
        """One more is refused."""
        return self.used >= self.most

    @property
    def is_near(self) -> bool:
        """It is warned."""
        return self.used >= self.most * WARNED_FROM

    @property
    def allows(self) -> str:
        """How much that is, in words."""
        if self.measure == "usd":
            return f"${dollars(self.most):.2f}"
        return f"{self.most:,} {self.measure.replace('_', '-')}"


class Verdict(msgspec.Struct, frozen=True):
    """``warning`` is what to say while it is let in, "" for nothing; ``refusal`` why it is not."""

    warning: str = ""
    refusal: Failure | None = None


def judged(
    limits: ConversationLimits, who: str, turns: Sequence[CountedTurn], sub_agent: str, now: float
) -> Verdict:
    """May one more turn be asked, by ``sub_agent`` ("" for a main agent)? ``who`` has the limits, in words.

    ``turns`` are those of the last hour, oldest first; ``now`` is in epoch seconds.
    """
    warnings = []
    for share in shares(limits, turns, sub_agent):
        said = f"{who} allows {share.allows} {OF_A_CONVERSATION}"
        if share.is_spent:
            seconds = max(share.free_at - now, 1.0)
            message = f"{said}, and this one has had them. It may go on at {moment(now + seconds)}."
            return Verdict(
                refusal=Failure(Kind.OVER_BUDGET, message, 429, reason=NO_QUOTA, retry_after_seconds=seconds)
            )
        if share.is_near:
            warnings.append(f"{said}; this one has had {share.percent} % of them.")
    return Verdict(" ".join(warnings))


def shares(limits: ConversationLimits, turns: Sequence[CountedTurn], sub_agent: str) -> list[Share]:
    """Of each limit what the conversation has; that of sub-agents where ``sub_agent`` would be one more."""
    most = min(limits.turns or MOST_TURNS, MOST_TURNS)  # nobody knows what stands before the last MOST_TURNS
    free_at = turns[len(turns) - most].at + HOUR_SECONDS if len(turns) >= most else 0.0
    found = [Share("turns", len(turns), most, free_at)]
    if limits.units:
        spent = sum(turn.units for turn in turns)
        found.append(Share("usd", spent, limits.units, _below(turns, limits.units) + HOUR_SECONDS))
    if limits.agents and sub_agent:
        last = {turn.sub_agent: turn.at for turn in turns if turn.sub_agent}
        if sub_agent not in last:  # who works already may finish
            ends = sorted(last.values())
            free_at = ends[len(ends) - limits.agents] + HOUR_SECONDS if len(ends) >= limits.agents else 0.0
            found.append(Share("sub_agents", len(last), limits.agents, free_at))
    return found


def _below(turns: Sequence[CountedTurn], units: int) -> float:
    """When the turn was, with whose leaving the rest costs less than ``units``."""
    left = sum(turn.units for turn in turns)
    for turn in turns:
        left -= turn.units
        if left < units:
            return turn.at
    return 0.0
