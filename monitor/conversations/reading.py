"""Conversations as the pages show them: a line each, or one with its agents and turns. Blocking.

Every page is read by keyset from the sums that the writer keeps: what it costs does not depend on how many
exchanges there are.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from django.db.models import Count, Min, Q, QuerySet

from monitor.conversations.conversation_sums import ConversationSums
from monitor.conversations.filters import MISSED, ConversationFilter
from monitor.conversations.models import IN_USE, Conversation, ConversationPart
from monitor.conversations.turns_asked_for import FoundByWords, with_a_miss, with_words
from monitor.history.listing.keyset import moment_of_id
from monitor.ledger.booking import dollars
from monitor.models import ASKED_BY_A_CLIENT, RequestLog

PAGE_LINES = 50
LOOKED_AT = 5_000
"""How many conversations a page asks for their models and accounts, at most."""
AT_ONCE = 500
AGENTS_SHOWN = 200
MODELS_SHOWN = 20
"""Clients choose how many there are."""


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """What turns add up to."""

    sums: ConversationSums
    first_id: str
    last_id: str

    @property
    def input_tokens(self) -> int:
        """All input: what came from the cache, went into it, and neither."""
        return self.sums.tokens_in + self.sums.tokens_cached + self.sums.tokens_cache_write

    @property
    def cached_percent(self) -> float | None:
        """The share of the input that came from the prompt cache; None without input."""
        return 100 * self.sums.tokens_cached / self.input_tokens if self.input_tokens else None

    @property
    def cost(self) -> Decimal | None:
        """In dollars; None where no price is known."""
        known = self.sums.turns > self.sums.unpriced or self.sums.cost_units
        return dollars(self.sums.cost_units) if known else None

    @property
    def began_at(self) -> float:
        """In epoch seconds."""
        return moment_of_id(self.first_id)

    @property
    def duration_ms(self) -> int:
        """From the first turn's beginning to the last one's."""
        return round((moment_of_id(self.last_id) - self.began_at) * 1000)


class ConversationLine(Used, frozen=True, kw_only=True):
    """One conversation. ``last`` is its newest turn, None when that is no longer on record."""

    id: str
    client_key: str
    client_name: str
    models: tuple[str, ...] = ()
    agents: int = 0
    running: int = 0
    last: dict[str, Any] | None = None

    @property
    def duration_ms(self) -> int:
        """From the first turn's beginning to the last one's end, as far as it has one."""
        return super().duration_ms + ((self.last or {}).get("duration_ms") or 0)


class AgentLine(Used, frozen=True, kw_only=True):
    """One agent of a conversation."""

    id: str
    parent: str
    label: str
    role: str
    models: tuple[str, ...]
    accounts: tuple[str, ...]


class ConversationPage(msgspec.Struct, frozen=True):
    """Newest first. ``older`` is a cursor, empty at the end; ``searched_to`` where a search has stopped.

    ``words_to`` is the oldest turn that was looked at for words, where there are older ones with them.
    """

    lines: tuple[ConversationLine, ...]
    older: str = ""
    searched_to: str = ""
    words_to: str = ""


def page_of(asked: ConversationFilter, before: str = "", limit: int = PAGE_LINES) -> ConversationPage:
    """The conversations whose last turn is before the id ``before``, or the newest."""
    condition = asked.condition()
    found = with_words(asked.values) if "q" in asked.values else FoundByWords(frozenset())
    if "q" in asked.values:
        condition &= Q(id__in=found.ids)
    if not _is_asked_step_by_step(asked):
        rows = list(_newest(condition, before)[: limit + 1])
        if len(rows) > limit:
            return ConversationPage(_lines(rows[:limit]), rows[limit - 1].last_id)
        return ConversationPage(_lines(rows), words_to=found.searched_to)
    kept: list[tuple[str, str]] = []
    for _ in range(LOOKED_AT // AT_ONCE):
        step = list(_newest(condition, before).values_list("id", "first_id", "last_id")[:AT_ONCE])
        fitting = _fitting(asked, step)
        kept += [(one, last) for one, _, last in step if one in fitting]
        if len(kept) > limit:
            return ConversationPage(_lines(_with_ids(kept[:limit])), kept[limit - 1][1])
        if len(step) < AT_ONCE:
            return ConversationPage(_lines(_with_ids(kept)), words_to=found.searched_to)
        before = step[-1][2]
    return ConversationPage(_lines(_with_ids(kept)), before, before)


def _is_asked_step_by_step(asked: ConversationFilter) -> bool:
    """Whether anything is asked that the conversations' own table does not answer."""
    return asked.of_parts() is not None or MISSED in asked.values


def _fitting(asked: ConversationFilter, step: Sequence[tuple[str, str, str]]) -> set[str]:
    """Those of some conversations (id, first and last turn) whose parts and turns are as asked."""
    fitting = {one for one, _, _ in step}
    if fitting and (of_parts := asked.of_parts()) is not None:
        parts = ConversationPart.objects.filter(of_parts, conversation__in=fitting)
        fitting = set(parts.values_list("conversation", flat=True).distinct())
    if fitting and MISSED in asked.values:
        in_it = [one for one in step if one[0] in fitting]
        fitting = with_a_miss(list(fitting), min(one[1] for one in in_it), max(one[2] for one in in_it))
    return fitting


def line_of(conversation: str) -> ConversationLine | None:
    """One conversation; None when there is none (any more)."""
    lines = _lines(list(Conversation.objects.filter(id=conversation)))
    return lines[0] if lines else None


def agents_of(conversation: str) -> list[AgentLine]:
    """The agents of a conversation, in the order of their first turn."""
    found: dict[str, AgentLine] = {}
    parts = ConversationPart.objects.filter(IN_USE, conversation=conversation).order_by("first_id")
    for part in parts[: AGENTS_SHOWN * 4]:
        one = AgentLine(
            sums=_sums(part),
            first_id=part.first_id,
            last_id=part.last_id,
            id=part.agent,
            parent=part.parent_agent,
            label=part.agent_label,
            role=part.role,
            models=(part.model,),
            accounts=(part.account,) if part.account else (),
        )
        found[part.agent] = _together(found[part.agent], one) if part.agent in found else one
    return list(found.values())[:AGENTS_SHOWN]


def _together(one: AgentLine, other: AgentLine) -> AgentLine:
    return msgspec.structs.replace(
        one,
        sums=one.sums.plus(other.sums),
        last_id=max(one.last_id, other.last_id),
        models=tuple(dict.fromkeys((*one.models, *other.models))),
        accounts=tuple(dict.fromkeys((*one.accounts, *other.accounts))),
    )


def _newest(condition: Q, before: str) -> QuerySet[Conversation]:
    inside = condition & Q(last_id__lt=before) if before else condition
    return Conversation.objects.filter(inside).order_by("-last_id")


def _with_ids(kept: Sequence[tuple[str, str]]) -> list[Conversation]:
    return list(Conversation.objects.filter(id__in=[one for one, _ in kept]).order_by("-last_id"))


def _lines(rows: Sequence[Conversation]) -> tuple[ConversationLine, ...]:
    ids = [row.id for row in rows]
    models, agents = _models_of(ids), _numbers_of_agents(ids)
    last: dict[str, dict[str, Any]] = {
        turn["id"]: dict(turn)
        for turn in RequestLog.objects.filter(id__in=[row.last_id for row in rows]).values(
            "id", "outcome", "preview", "started_at", "stop_reason", "client_model", "duration_ms"
        )
    }
    running: dict[str, int] = {}
    in_flight = RequestLog.objects.filter(ASKED_BY_A_CLIENT, in_flight=True, conversation__in=ids)
    for one in in_flight.values_list("conversation", flat=True):
        running[one] = running.get(one, 0) + 1
    return tuple(
        ConversationLine(
            sums=_sums(row),
            first_id=row.first_id,
            last_id=row.last_id,
            id=row.id,
            client_key=row.client_key,
            client_name=row.client_name,
            models=tuple(models.get(row.id, ())),
            agents=agents.get(row.id, 0),
            running=running.get(row.id, 0),
            last=last.get(row.last_id),
        )
        for row in rows
    )


def _models_of(conversations: Sequence[str]) -> dict[str, list[str]]:
    """Each one's models in the order of their first turns."""
    parts = ConversationPart.objects.filter(IN_USE, conversation__in=conversations)
    of_models = parts.order_by().values("conversation", "model").annotate(first=Min("first_id"))
    found: dict[str, list[str]] = {}
    for part in of_models.order_by("first")[: MODELS_SHOWN * PAGE_LINES]:
        models = found.setdefault(part["conversation"], [])
        if len(models) < MODELS_SHOWN:
            models.append(part["model"])
    return found


def _numbers_of_agents(conversations: Sequence[str]) -> dict[str, int]:
    parts = ConversationPart.objects.filter(conversation__in=conversations, turns__gt=0)
    counted = parts.order_by().values("conversation").annotate(agents=Count("agent", distinct=True))
    return dict(counted.values_list("conversation", "agents"))


def _sums(row: Conversation | ConversationPart) -> ConversationSums:
    return ConversationSums(*(getattr(row, name) for name in ConversationSums._fields))
