"""What conversations have had of their limits within the last hour, from the store. Blocking."""

from collections.abc import Iterable, Sequence

from accounts.keys.conversation_limits import IS_LIMITED
from accounts.keys.limits import MOST_TURNS, ConversationLimits
from accounts.loaded.loading import mapping_view
from accounts.mapping import Mapping
from accounts.models import ClientKey, ModelMapping
from monitor.conversations.turns_of_last_hour import (
    turns_lately,
    turns_of_conversation,
    turns_of_key,
    turns_of_key_in,
)
from monitor.ledger.reading import names_since
from relay.limits.conversations.conversation_rule import HOUR_SECONDS
from relay.limits.conversations.conversation_standing import ConversationStanding, standing, standings


def of_everybody(now: float) -> list[ConversationStanding]:
    """Of all keys and mappings that limit conversations. Without one nothing is read."""
    keys, mappings = _keys(ClientKey.objects.filter(IS_LIMITED, enabled=True)), _mappings()
    limited = [one for one in mappings if one.conversation is not None]
    if not keys and not limited:
        return []
    models = [model for one in limited for model in (one.target, *one.fallbacks)]
    return standings(turns_lately(list(keys), models, now - HOUR_SECONDS), keys, mappings)


def of_key(key: ClientKey, now: float, conversations: Sequence[str] = ()) -> list[ConversationStanding]:
    """Of the conversations of one key, the latest first; or only of those that are named.

    Rows are found by the key's names within the hour. One from before it was renamed is missing where all
    that it asked under that name used nothing.
    """
    keys, mappings = _keys([key]), _mappings()
    if not keys and not any(one.conversation for one in mappings):
        return []
    since = now - HOUR_SECONDS
    if conversations:
        turns = turns_of_key_in(key.pk, conversations, since)
    else:
        turns = turns_of_key(key.pk, names_since(key.pk, since) | {key.name}, since)
    found = standings(turns, keys, mappings)
    if not found and conversations and key.pk in keys:
        found = [standing(conversations[0], "key", *keys[key.pk], [])]
    return sorted(found, key=lambda one: -one.last_at)


def of_conversation(conversation: str, now: float) -> list[ConversationStanding]:
    """Of one conversation, whichever key asks in it. Where nothing limits any, none of its turns is read; of
    the keys those alone are that ask in it.
    """
    limited, mappings = ClientKey.objects.filter(IS_LIMITED), _mappings()
    if not any(one.conversation for one in mappings) and not limited.exists():
        return []
    turns = turns_of_conversation(conversation, now - HOUR_SECONDS, MOST_TURNS)
    asking = {turn.key_id for turn in turns if turn.key_id is not None}
    return standings(turns, _keys(limited.filter(pk__in=asking)), mappings)


def _keys(keys: Iterable[ClientKey]) -> dict[int, tuple[str, ConversationLimits]]:
    return {key.pk: (key.name, limits) for key in keys if (limits := key.conversation_limits) is not None}


def _mappings() -> list[Mapping]:
    return [mapping_view(row) for row in ModelMapping.objects.all()]
