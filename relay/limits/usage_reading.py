"""One key's own figures, from its row, the ledger, and what this process counts. Blocking."""

import time

from django.utils import timezone

from accounts.keys.key_loading import key_limits
from accounts.models import ClientKey
from accounts.snapshot import epoch
from monitor.ledger.reading import by_model_and_hour, used_in
from relay.limits.conversations.conversation_reading import of_key
from relay.limits.counts import Counts
from relay.limits.key_usage import DAYS, Hour, KeyUsage, Rules, with_the_ledger
from relay.speakers.speaker import named_conversation

CONVERSATIONS_SHOWN = 50
HASH_DIGITS = frozenset("0123456789abcdef")


def usage_of(
    key: ClientKey, counts: Counts, conversation: str = "", *, with_conversations: bool = True
) -> KeyUsage:
    """What the holder of ``key`` is shown now; ``conversation``: of that one alone, by the client's name for
    it or the one that it has on record. Without ``with_conversations`` no turn is read.
    """
    now = time.time()
    limits = key_limits(key)
    standings = counts.standings(key.pk, limits.limits)
    had = of_key(key, now, _names(key.pk, conversation)) if with_conversations else []
    booked = used_in(key.pk, [(one.window.start, one.window.end) for one in standings])
    return KeyUsage(
        name=key.name,
        shown_as=key.shown_as,
        at=now,
        time_zone=timezone.get_default_timezone_name(),
        rules=Rules(
            expires_at=epoch(key.expires_at),
            allowed_models=tuple(key.allowed_models),
            refused_models=tuple(key.refused_models),
            highest_effort=key.highest_effort,
            requests_at_a_time=key.max_in_flight or 0,
            conversation=limits.conversation,
        ),
        standings=with_the_ledger(standings, booked),
        conversations=tuple(had[:CONVERSATIONS_SHOWN]),
        hours=tuple(Hour(*row) for row in by_model_and_hour(key.pk, now - DAYS * 86400)),
    )


def _names(key_id: int, conversation: str) -> tuple[str, ...]:
    """The asked one first: of one that has rested nothing is on record but the name."""
    if not conversation:
        return ()
    by_name = named_conversation(key_id, conversation)
    is_on_record = len(conversation) == len(by_name) and set(conversation) <= HASH_DIGITS
    return (conversation, by_name) if is_on_record else (by_name, conversation)
