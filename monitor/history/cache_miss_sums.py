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
    """A model, or a conversation, whose cache gave less than it lost; ``cause`` is the dearest one."""

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
    return [found for column in ("mapped_model", "conversation") for found in _collapses_of(column, since)]


_SUMS: Final = (Count("id"), Sum("cache_miss_tokens"), Sum("cache_miss_cost"))


def _collapses_of(column: str, since: Q) -> list[Collapse]:
    """Two questions for all of them: with partitions each is dear to plan."""
    by_name: dict[str, list[MissSum]] = {}
    rows = _missed(since).order_by().values_list(column, "cache_miss").annotate(*_SUMS)
    for name, cause, count, tokens, cost in rows:
        if name:
            by_name.setdefault(name, []).append(MissSum(cause, count, tokens or 0, cost))
    lost = {name: sum(one.tokens for one in causes) for name, causes in by_name.items()}
    counts = {name: sum(one.count for one in causes) for name, causes in by_name.items()}
    much = [name for name in lost if counts[name] >= COLLAPSE_MISSES and lost[name] >= COLLAPSE_TOKENS]
    looked_at = sorted(much, key=lambda name: (lost[name], name), reverse=True)[:_LOOKED_AT]
    if not looked_at:
        return []
    named = Q((f"{column}__in", looked_at), (f"{column}__gt", ""))
    of_named = RequestLog.objects.filter(since, named, ASKED_BY_A_CLIENT).order_by().values_list(column)
    read = dict(of_named.annotate(Sum("tokens_cached")))
    return [
        Collapse(column, name, counts[name], lost[name], read.get(name) or 0, _dearest(by_name[name]))
        for name in looked_at
        if (read.get(name) or 0) < lost[name]
    ]


def _dearest(causes: Sequence[MissSum]) -> str:
    return min(causes, key=lambda one: (-one.tokens, one.cause)).cause


def _missed(within: Q) -> QuerySet[RequestLog]:
    # Only with the causes named does SQLite look in the index for those of the span: cause = … AND id > ….
    named = Q(cache_miss__in=CAUSES, cache_miss__gt="")
    return RequestLog.objects.filter(within, named, ASKED_BY_A_CLIENT)
