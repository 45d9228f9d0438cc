"""What a row adds to its conversation, and what a later version of the row changes there. PURE.

As in the ledger, a row that is written again changes the sums by the difference to what stood in the table
before: each turn counts once, as it is on record now, and the money is the ledger's.
"""

from collections.abc import Iterable
from operator import add, attrgetter, sub
from typing import NamedTuple

from monitor.ledger.booking import USED, booked
from monitor.record.outcome import FAILURES, RESCUED
from monitor.record.records import RequestRecord


class AgentPart(NamedTuple):
    """Where a turn counts."""

    conversation: str
    agent: str
    model: str
    account: str


class ConversationSums(NamedTuple):
    """What counts."""

    turns: int = 0
    failed: int = 0
    rescued: int = 0
    healed: int = 0
    retried: int = 0
    by_sub_agents: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    tokens_cache_write: int = 0
    cached_tokens_lost: int = 0
    cost_units: int = 0
    unpriced: int = 0

    def plus(self, other: "ConversationSums", sign: int = 1) -> "ConversationSums":
        """Both together, or ``other`` taken away."""
        return ConversationSums._make(map(add if sign > 0 else sub, self, other))


_NOTHING = ConversationSums()
_used = attrgetter(*USED)


def is_turn(row: RequestRecord) -> bool:
    """Whether the exchange is a turn of a conversation: not a count, a replay or a simulated one."""
    return bool(row.conversation) and not (row.is_simulated or row.replay_of or row.only_counts)


def part_of(row: RequestRecord) -> AgentPart:
    """Where the turn counts."""
    return AgentPart(row.conversation, row.agent, row.mapped_model or row.client_model, row.account or "")


def sums_of(row: RequestRecord) -> dict[AgentPart, ConversationSums]:
    """What an ended turn counts: itself where it ended, and what each attempt used with its account."""
    own = part_of(row)
    found = {own: _turn(row)}
    for cell, used in booked(row, lambda moment: moment):
        part = AgentPart(own.conversation, own.agent, cell.model, cell.account)
        sums = ConversationSums(**dict(zip(USED, _used(used), strict=True)))
        found[part] = found[part].plus(sums) if part in found else sums
    return found


def _turn(row: RequestRecord) -> ConversationSums:
    """The turn, without what it used."""
    return ConversationSums(
        turns=1,
        failed=int(row.outcome in FAILURES),
        rescued=int(row.outcome in RESCUED),
        healed=int(row.healed),
        retried=int(row.attempts > 1),
        by_sub_agents=int(row.role == "sub"),
        cached_tokens_lost=max(0, row.cached_tokens_lost or 0),
    )


def changes(
    turns: Iterable[tuple[RequestRecord | None, RequestRecord]],
) -> dict[AgentPart, tuple[ConversationSums, RequestRecord]]:
    """What (before, now) of ended turns change, part by part in one order for all writers.

    With each part stands a row of it, whose names are those of the part.
    """
    found: dict[AgentPart, tuple[ConversationSums, RequestRecord]] = {}
    for before, now in turns:
        for row, sign in ((before, -1), (now, 1)):
            if row is not None and not row.in_flight and is_turn(row):
                for part, counted in sums_of(row).items():
                    sums = found[part][0] if part in found else _NOTHING
                    found[part] = (sums.plus(counted, sign), row)
    return dict(sorted(found.items()))
