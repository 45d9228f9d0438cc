"""What conversations have had of what their key and their mappings allow within an hour. PURE."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from accounts.keys.limits import ConversationLimits
from accounts.mapping import Mapping, ModelRouter, Target
from monitor.conversations.past_turns import PastTurn, WhoseTurn
from monitor.ledger.booking import units_of
from relay.limits.conversations.conversation_rule import CountedTurn, Share, shares

_ANOTHER = "another sub-agent"

LimitedBy = Literal["key", "mapping"]


class ConversationStanding(msgspec.Struct, frozen=True):
    """One conversation and who limits it; ``name`` is that of the key, or the mapping's pattern."""

    conversation: str
    limited_by: LimitedBy
    name: str
    shares: tuple[Share, ...]
    """Of each limit, what it has had."""
    last_at: float = 0.0
    """When its last turn of the hour was admitted, in epoch seconds; 0 without one."""

    @property
    def worst(self) -> Share:
        """The limit of which it has had most."""
        return max(self.shares, key=lambda share: share.part)


def standings(
    turns: Iterable[WhoseTurn],
    keys: dict[int, tuple[str, ConversationLimits]],
    mappings: Iterable[Mapping],
) -> list[ConversationStanding]:
    """Of the turns of the last hour, oldest first; ``keys`` are names and limits by id."""
    router = ModelRouter(mappings, ())
    targets: dict[tuple[str, str], Target | None] = {}
    had: dict[tuple[str, LimitedBy, str, str, ConversationLimits], list[PastTurn]] = {}
    for one in turns:
        if one.key_id in keys:
            name, limits = keys[one.key_id]
            had.setdefault((one.conversation, "key", name, "", limits), []).append(one.turn)
        asked = (one.turn.model, one.turn.role)
        if asked not in targets:
            targets[asked] = (router.resolve(*asked) or (None,))[0]
        target = targets[asked]
        if target is not None and target.conversation is not None:
            mapping = (target.pattern, target.role, target.conversation)
            had.setdefault((one.conversation, "mapping", *mapping), []).append(one.turn)
    return [
        standing(conversation, limited_by, name, limits, of_it)
        for (conversation, limited_by, name, _, limits), of_it in had.items()
    ]


def standing(
    conversation: str, limited_by: LimitedBy, name: str, limits: ConversationLimits, turns: list[PastTurn]
) -> ConversationStanding:
    """Of one, with its turns of the last hour, oldest first; another sub-agent would be one more."""
    every = shares(limits, [counted(turn) for turn in turns], _ANOTHER)
    # Whoever is not limited in turns is told of them only where they are as many as are looked back at.
    told = tuple(one for one in every if one.measure != "turns" or limits.turns or one.is_near)
    return ConversationStanding(conversation, limited_by, name, told, turns[-1].at if turns else 0.0)


def counted(turn: PastTurn) -> CountedTurn:
    """As the rule takes it."""
    return CountedTurn(turn.at, units_of(turn.cost), turn.sub_agent)
