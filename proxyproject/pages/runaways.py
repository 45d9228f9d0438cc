"""The conversations that come near what their key or mapping allows for one: for the start page."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from accounts.keys.conversation_limits import IS_LIMITED
from accounts.keys.limits import ConversationLimits
from accounts.loaded.loading import mapping_view
from accounts.mapping import Mapping, ModelRouter, Target
from accounts.models import ClientKey, ModelMapping
from monitor.conversations.last_hour import PastTurn, WhoseTurn, turns_lately
from relay.limits.conversation_counting import counted
from relay.limits.conversation_rule import HOUR_SECONDS, Share, shares

SHOWN = 5
_ANOTHER = "another sub-agent"


LimitedBy = Literal["key", "mapping"]


class Runaway(msgspec.Struct, frozen=True):
    """``name`` is that of the key, or the mapping's pattern; ``share`` is the limit of which it has most."""

    conversation: str
    limited_by: LimitedBy
    name: str
    share: Share


def runaways(now: float) -> list[Runaway]:
    """The worst first; ``now`` is in epoch seconds. Without a limit on conversations nothing is read."""
    keys = {
        key.pk: (key.name, limits)
        for key in ClientKey.objects.filter(IS_LIMITED, enabled=True)
        if (limits := key.conversation_limits) is not None
    }
    mappings = [mapping_view(row) for row in ModelMapping.objects.all()]
    limited = [one for one in mappings if one.conversation is not None]
    if not keys and not limited:
        return []
    models = [model for one in limited for model in (one.target, *one.fallbacks)]
    turns = turns_lately(list(keys), models, now - HOUR_SECONDS)
    return found(turns, keys, mappings)


def found(
    turns: Iterable[WhoseTurn],
    keys: dict[int, tuple[str, ConversationLimits]],
    mappings: Iterable[Mapping],
) -> list[Runaway]:
    """Those that are warned by now, or refused; ``keys`` are names and limits by id."""
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
    worst = [
        Runaway(conversation, limited_by, name, max(_shares(limits, of_it), key=lambda share: share.part))
        for (conversation, limited_by, name, _, limits), of_it in had.items()
    ]
    return sorted((one for one in worst if one.share.is_near), key=lambda one: -one.share.part)[:SHOWN]


def _shares(limits: ConversationLimits, turns: Iterable[PastTurn]) -> list[Share]:
    return shares(limits, [counted(turn) for turn in turns], _ANOTHER)
