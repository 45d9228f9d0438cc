"""Statistics by conversation and by agent, from the sums that are written with the rows. Blocking.

A conversation is one of a span by its last turn, and is told with all its turns. Of many the newest are
looked at, and of those the most costly are told: as many as a page lists.
"""

from datetime import datetime
from typing import Final

import msgspec
from django.db import connection
from django.db.models import Max, Min, QuerySet, Sum

from monitor.conversations.conversation_sums import ConversationSums as ConversationSums
from monitor.conversations.models import IN_USE, Conversation, ConversationPart, Counted
from monitor.ledger.booking import dollars
from monitor.models import RequestLog
from monitor.record.request_id import first_request_id
from monitor.statistics.totals import Sums, beginning_of

LOOKED_AT: Final = 20_000
"""About 25 ms."""
MOST_COSTLY: Final = 50
AGENTS_OF: Final = 500
"""The agents of so many of the most costly conversations are compared."""
GROUPS_SHOWN: Final = 200


class Group(msgspec.Struct, frozen=True):
    """A line: what of, and what it adds up to. ``conversation`` is where it belongs, if to one."""

    label: str
    sums: Sums
    conversation: str = ""
    role: str = ""


def by_conversation(days: int, now: datetime) -> list[Group]:
    """The most costly conversations of the span, the most costly first."""
    rows = Conversation.objects.filter(id__in=_most_costly(days, now, MOST_COSTLY))
    groups = [Group(f"{row.client_name or '–'} · {row.client_key}", _sums(row), row.id) for row in rows]
    return sorted(groups, key=lambda group: (-group.sums.cost, -group.sums.requests))


def by_agent(days: int, now: datetime) -> list[Group]:
    """The agents of the span's most costly conversations, the most costly agents first."""
    chosen = _most_costly(days, now, AGENTS_OF)
    return _grouped(ConversationPart.objects.filter(conversation__in=chosen), "agent")[:MOST_COSTLY]


def within_conversation(conversation: str, agent: str, by: str) -> list[Group]:
    """What is known of one conversation, or of an agent, by ``model``, ``account`` or ``agent``."""
    if agent and not conversation:
        asked = RequestLog.objects.filter(agent=agent, agent__gt="")
        conversation = asked.values_list("conversation", flat=True).first() or ""
    parts = ConversationPart.objects.filter(IN_USE, conversation=conversation)
    return _grouped(parts.filter(agent=agent) if agent else parts, by)


def _most_costly(days: int, now: datetime, limit: int) -> list[str]:
    since = first_request_id(int(beginning_of(days, now).timestamp() * 1000))
    newest = Conversation.objects.filter(last_id__gte=since, turns__gt=0).order_by("-last_id")
    looked_at, parameters = newest.values("id", "cost_units", "turns")[:LOOKED_AT].query.sql_with_params()
    with connection.cursor() as cursor:  # Django orders nothing that was cut off before
        cursor.execute(
            f"SELECT id FROM ({looked_at}) AS newest ORDER BY cost_units DESC, turns DESC, id DESC LIMIT %s",  # noqa: S608  no values
            [*parameters, limit],
        )
        return [one for (one,) in cursor.fetchall()]


def _grouped(parts: QuerySet[ConversationPart], by: str) -> list[Group]:
    """Added up by the database: a client may name as many agents as it likes."""
    named = {"of": Min("conversation"), "label": Max("agent_label"), "in_role": Max("role")}
    sums = {f"{name}_sum": Sum(name) for name in ConversationSums._fields}
    found = parts.order_by().values(by).annotate(**named, **sums)
    groups = []
    for row in found.order_by("-cost_units_sum", "-turns_sum", by)[:GROUPS_SHOWN]:
        label, role = (row["label"], row["in_role"]) if by == "agent" else (row[by], "")
        counted = ConversationSums(*(row[f"{name}_sum"] for name in ConversationSums._fields))
        groups.append(Group(label, _sums(counted), row["of"], role))
    return groups


def _sums(row: Counted | ConversationSums) -> Sums:
    return Sums(
        requests=row.turns,
        failed=row.failed,
        rescued=row.rescued,
        healed=row.healed,
        retried=row.retried,
        tokens_in=row.tokens_in,
        tokens_out=row.tokens_out,
        tokens_cached=row.tokens_cached,
        tokens_cache_write=row.tokens_cache_write,
        cached_tokens_lost=row.cached_tokens_lost,
        cost=dollars(row.cost_units),
    )
