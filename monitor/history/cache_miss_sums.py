"""What upstream's prompt caches did not give, by cause; and where it is so much that somebody should look.

Those of a span are read from the index of the rows with a miss, which holds all that is added up. Blocking.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec
from django.db.models import Count, Q, QuerySet, Sum

from monitor.history.queries import admitted_since
from monitor.models import ASKED_BY_A_CLIENT, RequestLog
from monitor.record.cache_misses import CAUSES

HOUR_SECONDS: Final = 3600
COLLAPSE_MISSES: Final = 5
COLLAPSE_TOKENS: Final = 100_000
"""From so many misses, and so many tokens, in an hour on something is spoken of: below, chance decides."""

_LOOKED_AT: Final = 5


class MissSum(msgspec.Struct, frozen=True):
    """Misses of one cause: how many, and what they lost. ``cost`` is None where no price is known."""

    cause: str
    count: int
    tokens: int
    cost: Decimal | None


class Collapse(msgspec.Struct, frozen=True):
    """A model, or a conversation, whose cache gave less than it lost; ``cause`` is the most frequent one."""

    what: str
    name: str
    count: int
    lost_tokens: int
    read_tokens: int
    cause: str


def misses_by_cause(within: Q) -> list[MissSum]:
    """The misses among the rows of ``within``, the dearest cause first."""
    rows = _missed(within).order_by().values_list("cache_miss").annotate(*_SUMS)
    found = [MissSum(cause, count, tokens or 0, cost) for cause, count, tokens, cost in rows]
    return sorted(found, key=lambda one: (-one.tokens, one.cause))


def misses_since(at: float) -> list[MissSum]:
    """Of what was admitted at ``at`` (epoch seconds) or later."""
    return misses_by_cause(admitted_since(at))


def misses_of(conversation: str) -> list[MissSum]:
    """Of one conversation."""
    return misses_by_cause(Q(conversation=conversation, conversation__gt=""))


def collapses(now: float) -> list[Collapse]:
    """The models and conversations whose caches collapsed in the hour before ``now`` (epoch seconds)."""
    since = admitted_since(now - HOUR_SECONDS)
    found: list[Collapse] = []
    for column in ("mapped_model", "conversation"):
        rows = _missed(since).order_by().values_list(column).annotate(*_SUMS)
        much = [
            (tokens, name)
            for name, count, tokens, _ in rows
            if name and count >= COLLAPSE_MISSES and (tokens or 0) >= COLLAPSE_TOKENS
        ]
        looked_at = [name for _, name in sorted(much, reverse=True)[:_LOOKED_AT]]
        found += [one for name in looked_at if (one := _collapse(column, name, since)) is not None]
    return found


_SUMS: Final = (Count("id"), Sum("cache_miss_tokens"), Sum("cache_miss_cost"))


def _collapse(column: str, name: str, since: Q) -> Collapse | None:
    within = since & Q((column, name), (f"{column}__gt", ""))
    causes: Sequence[MissSum] = misses_by_cause(within)
    lost = sum(one.tokens for one in causes)
    rows = RequestLog.objects.filter(within, ASKED_BY_A_CLIENT)
    read = rows.aggregate(read=Sum("tokens_cached"))["read"] or 0
    if read >= lost:
        return None
    return Collapse(column, name, sum(one.count for one in causes), lost, read, causes[0].cause)


def _missed(within: Q) -> QuerySet[RequestLog]:
    # Only with the causes named does SQLite look in the index for those of the span: cause = … AND id > ….
    named = Q(cache_miss__in=CAUSES, cache_miss__gt="")
    return RequestLog.objects.filter(within, named, ASKED_BY_A_CLIENT)
