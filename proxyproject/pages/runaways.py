"""The conversations that come near what their key or mapping allows for one: for the start page."""

from collections.abc import Iterable

import msgspec

from relay.limits.conversations.conversation_reading import of_everybody
from relay.limits.conversations.conversation_rule import Share
from relay.limits.conversations.conversation_standing import ConversationStanding, LimitedBy

SHOWN = 5


class Runaway(msgspec.Struct, frozen=True):
    """``name`` is that of the key, or the mapping's pattern; ``share`` is the limit of which it has most."""

    conversation: str
    limited_by: LimitedBy
    name: str
    share: Share


def runaways(now: float) -> list[Runaway]:
    """The worst first; ``now`` is in epoch seconds. Without a limit on conversations nothing is read."""
    return worst(of_everybody(now))


def worst(standings: Iterable[ConversationStanding]) -> list[Runaway]:
    """Those that are warned by now, or refused."""
    told = [Runaway(one.conversation, one.limited_by, one.name, one.worst) for one in standings]
    return sorted((one for one in told if one.share.is_near), key=lambda one: -one.share.part)[:SHOWN]
