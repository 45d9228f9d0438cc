"""Count rows in their conversations, inside the transaction that stores them."""

import functools
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

from django.db import connection, models

from monitor.conversations.conversation_sums import AgentPart, ConversationSums, changes, is_turn, part_of
from monitor.conversations.models import Conversation, ConversationPart
from monitor.history.listing.keyset import moment_of_id
from monitor.record.records import RequestRecord
from monitor.record.stored_text import stored_text

_OWN = ("id", "client_key", "client_name")
_PARTS = (*AgentPart._fields, "parent_agent", "agent_label", "role")
_ENDS = ("first_id", "last_id")

KNOWN_SECONDS: Final = 60.0
"""For so long a conversation is known that was just written: the beginning of its next turn tells nothing
that its end does not tell better, and the list may have it in the place of its last turn meanwhile."""
MOST_KNOWN: Final = 10_000


class Known:
    """The conversations that one writer has stored lately."""

    def __init__(self) -> None:
        """None yet."""
        self._until: OrderedDict[str, float] = OrderedDict()

    def has(self, row: RequestRecord) -> bool:
        """Whether the conversation of the turn was stored shortly before it."""
        return moment_of_id(row.id) < self._until.get(row.conversation, 0.0)

    def add(self, line: "_Line", conversation: str) -> None:
        """It is stored with that turn."""
        self._until[conversation] = moment_of_id(line.last) + KNOWN_SECONDS
        self._until.move_to_end(conversation)
        if len(self._until) > MOST_KNOWN:
            self._until.popitem(last=False)

    def forget(self) -> None:
        """What was stored last may have been rolled back."""
        self._until.clear()


class _Line:
    """What is added to one row of a table: the names that it is stored under, its ends, and sums."""

    def __init__(self, names: Sequence[str], request_id: str) -> None:
        self.names = names
        self.first = self.last = request_id
        self.sums = ConversationSums()

    def add(self, request_id: str, sums: ConversationSums | None = None) -> None:
        self.first, self.last = min(self.first, request_id), max(self.last, request_id)
        if sums is not None:
            self.sums = self.sums.plus(sums)


def count(
    rows: Sequence[RequestRecord], before: Mapping[str, RequestRecord], known: Known | None = None
) -> None:
    """Count what ``rows`` add to their conversations, or change in them, on the connection of this thread.

    ``before`` are those of them that had ended before. A turn in flight makes its conversation known, unless
    it is in ``known``: so most turns write there once, at their end.
    """
    turns = [row for row in rows if is_turn(row) and not (known and row.in_flight and known.has(row))]
    if not turns:
        return
    changed = changes((before.get(row.id), row) for row in turns)
    conversations: dict[str, _Line] = {}
    for row in turns:
        names = (row.conversation, row.client_key, row.client_name)
        conversations.setdefault(row.conversation, _Line(names, row.id)).add(row.id)
    parts: dict[AgentPart, _Line] = {}
    for part, (sums, row) in changed.items():
        conversations[part.conversation].add(row.id, sums)
        parts[part] = line = _Line((*part, row.parent_agent, row.agent_label, row.role), row.id)
        line.add(row.id, sums)
    for row in turns:
        if (part := part_of(row)) in parts:
            parts[part].add(row.id)
    _store(Conversation, _OWN, ("id",), [conversations[key] for key in sorted(conversations)])
    _store(ConversationPart, _PARTS, AgentPart._fields, [parts[key] for key in sorted(parts)])
    if known is not None:
        for conversation, line in conversations.items():
            known.add(line, conversation)


def _store(
    model: type[models.Model], names: Sequence[str], unique: Sequence[str], lines: Iterable[_Line]
) -> None:
    statement, limits = _plan(model, tuple(names), tuple(unique), connection.vendor)
    parameters: list[list[Any]] = [
        [
            *(stored_text(text, limit) for text, limit in zip(line.names, limits, strict=True)),
            line.first,
            line.last,
            *line.sums,
        ]
        for line in lines
    ]
    if not parameters:
        return
    with connection.cursor() as cursor:
        cursor.executemany(statement, parameters)


@functools.cache
def _plan(
    model: type[models.Model], names: tuple[str, ...], unique: tuple[str, ...], vendor: str
) -> tuple[str, list[int | None]]:
    """The statement for a table, and how long its names may be."""
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    least, greatest = ("LEAST", "GREATEST") if vendor == "postgresql" else ("MIN", "MAX")
    columns = [quote(name) for name in (*names, *_ENDS, *ConversationSums._fields)]
    first, last = (quote(end) for end in _ENDS)
    added = ", ".join(
        f"{column} = {table}.{column} + excluded.{column}" for column in map(quote, ConversationSums._fields)
    )
    statement = (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))}) "  # noqa: S608  names of the model, no values
        f"ON CONFLICT ({', '.join(map(quote, unique))}) DO UPDATE SET "
        f"{first} = {least}({table}.{first}, excluded.{first}), "
        f"{last} = {greatest}({table}.{last}, excluded.{last}), {added}"
    )
    limits = [cast("models.CharField[str, str]", model._meta.get_field(name)).max_length for name in names]
    return statement, limits
