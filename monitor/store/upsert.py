"""From a record to the SQL that stores it: one raw upsert per table, made from the models.

The same statement serves a row's first writing, its end, and the retry of a failed batch. Django's own
``bulk_create`` and ``bulk_update`` cost 25 times as much (measured: 1.8 ms an exchange).
"""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from operator import attrgetter, le
from typing import Any, cast

import msgspec
from django.db import connection, models

from monitor.models import AttemptLog, Body, RequestLog
from monitor.pricing.cost import lost_by_the_cache, priced
from monitor.pricing.price_list import PriceList
from monitor.record.attempt_use import Uses, with_texts
from monitor.record.records import AttemptRecord, RequestRecord
from monitor.record.redacting.redaction import LEFT_OUT, mask_beginning, mask_path, mask_text
from monitor.record.stored_text import stored_text
from monitor.store.bodies import StoredBody

PATH_LIMIT = 2000
PREVIEW_LIMIT = 300
ERROR_LIMIT = 4000
"""Characters that are kept of a text whose column has no limit of its own."""
_CACHED_CHARACTERS = 300
"""Only texts up to this length are kept to be masked once: longer ones rarely come again."""

_TEXTS = (str, str | None)
"""The types of texts that are no enumeration's: those are made plain one by one."""

LARGEST = 2**63 - 1
"""An upstream may report any number of tokens; the column takes this."""

Row = RequestRecord | AttemptRecord | StoredBody

_TABLES: dict[type[Row], tuple[type[models.Model], tuple[str, ...], frozenset[str]]] = {
    # record: (model, its unique columns, columns that no later record changes)
    RequestRecord: (
        RequestLog,
        ("id",),
        frozenset(
            ("id", "started_at", "process_id", "dialect", "method", "path", "client_key", "client_key_id",
             "client_model", "is_stream", "preview", "session_hash", "conversation", "agent", "parent_agent",
             "agent_label", "client_name", "role", "request_bytes", "replay_of", "is_simulated")
        ),
    ),
    AttemptRecord: (
        AttemptLog,
        ("request_id", "number"),
        frozenset(
            ("request_id", "number", "account", "account_kind", "upstream_model", "started_offset_ms")
        ),
    ),
    StoredBody: (Body, ("request_id", "kind", "attempt"), frozenset(("request_id", "kind", "attempt"))),
}  # fmt: skip


def finished(record: RequestRecord, prices: Callable[[], PriceList]) -> RequestRecord:
    """The record as it is stored and shown: secrets masked, and with its cost when it has ended.

    ``prices`` gives the operator's own; it is asked where there are tokens to be paid.
    """
    changes: dict[str, object] = {}
    path, preview = _path(record.path), _preview(record.preview)
    if path != record.path:
        changes["path"] = path
    if preview != record.preview:
        changes["preview"] = preview
    if record.changes:  # names of the client's own fields and tools stand in them
        changes["changes"] = tuple(map(_masked_preview, record.changes))
    if record.diagnostics:  # names of upstream's fields do in them
        changes["diagnostics"] = {
            name: _masked_preview(value) if isinstance(value, str) else value
            for name, value in record.diagnostics.items()
        }
    if record.agent_label:
        changes["agent_label"] = _masked_preview(record.agent_label)
    if record.error is not None:
        changes["error"] = mask_beginning(record.error, ERROR_LIMIT)
    finished = msgspec.structs.replace(record, **changes) if changes else record
    if not record.in_flight and record.cost is None and record.attempts:
        finished = priced(finished, prices())
    if not finished.in_flight and finished.cache_miss_tokens:
        lost = lost_by_the_cache(finished, prices())
        finished = msgspec.structs.replace(finished, cache_miss_cost=lost)
    return finished


def finished_attempt(record: AttemptRecord) -> AttemptRecord:
    """The record as it is stored and shown: secrets masked."""
    if record.failure_text is None:
        return record
    return msgspec.structs.replace(record, failure_text=mask_beginning(record.failure_text, ERROR_LIMIT))


def upsert(rows: Sequence[Row]) -> None:
    """Store rows of one kind on the connection of this thread, replacing what is there of each.

    Raises what the database raises, and ValueError, TypeError or OverflowError for what no column takes.
    """
    statement, convert = _plan(type(rows[0]), connection.vendor)
    with connection.cursor() as cursor:
        cursor.executemany(statement, [convert(row) for row in rows])


def _path(path: str) -> str:
    if len(path) <= _CACHED_CHARACTERS:
        return _masked_path(path)
    return mask_beginning(path, PATH_LIMIT, mask_path)


def _preview(preview: str) -> str:
    if len(preview) <= _CACHED_CHARACTERS:
        return _masked_preview(preview)[:PREVIEW_LIMIT]
    return mask_beginning(preview, PREVIEW_LIMIT)


_masked_path = functools.lru_cache(maxsize=1024)(mask_path)
_masked_preview = functools.lru_cache(maxsize=1024)(mask_text)


@functools.cache
def _plan(kind: type[Row], _vendor: str) -> tuple[str, Callable[[Row], list[Any]]]:
    """The statement for one kind of row, and what makes its parameters."""
    model, unique, fixed = _TABLES[kind]
    names = msgspec.structs.fields(kind)
    fields = [cast("models.Field[Any, Any]", model._meta.get_field(name.name)) for name in names]
    quote = connection.ops.quote_name
    quoted = [quote(name.name) for name in names]
    late = [quote(name.name) for name in names if name.name not in fixed]
    statement = (
        f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(quoted)}) "  # noqa: S608  names of the models, no values
        f"VALUES ({', '.join(['%s'] * len(quoted))}) "
        f"ON CONFLICT ({', '.join(map(quote, unique))}) "
        f"DO UPDATE SET {', '.join(f'{column} = excluded.{column}' for column in late)}"
    )
    values_of = attrgetter(*(name.name for name in names))
    converters = [
        (at, convert) for at, field in enumerate(fields) if (convert := _converter(field)) is not None
    ]
    fits, kept = _look(kind, fields)
    needed = [(at, convert) for at, convert in converters if at not in kept]

    def parameters(row: Row) -> list[Any]:
        values = list(values_of(row))
        for at, convert in needed if fits(row) else converters:
            if values[at] is not None:
                values[at] = convert(values[at])
        return values

    return statement, parameters


def _look(
    kind: type[Row], fields: Sequence["models.Field[Any, Any]"]
) -> tuple[Callable[[Row], bool], frozenset[int]]:
    """Whether all plain texts and numbers of a row can stay as they are, and where those stand.

    Nearly always they can: two looks at all of them cost a third of one at each.
    """
    told = msgspec.structs.fields(kind)
    texts = [
        at
        for at, field in enumerate(fields)
        if told[at].type in _TEXTS
        and isinstance(field, models.CharField | models.TextField | models.ForeignKey)
    ]
    numbers = [at for at, field in enumerate(fields) if isinstance(field, models.BigIntegerField)]
    longest = [_limit(fields[at]) or LARGEST for at in texts]
    texts_of = attrgetter(*(told[at].name for at in texts))
    numbers_of = attrgetter(*(told[at].name for at in numbers))

    def fits(row: Row) -> bool:
        found = [text or "" for text in texts_of(row)]
        joined = "".join(found)
        if not joined.isascii() or "\0" in joined or not all(map(le, map(len, found), longest)):
            return False
        counted = [number or 0 for number in numbers_of(row)]
        return max(counted) <= LARGEST and min(counted) >= -LARGEST

    return fits, frozenset((*texts, *numbers))


def _limit(column: "models.Field[Any, Any]") -> int | None:
    """Characters that a column of texts takes."""
    return (column.target_field if isinstance(column, models.ForeignKey) else column).max_length


def _converter(column: "models.Field[Any, Any]") -> Callable[[Any], Any] | None:
    """What makes a column's parameter of a record's value; None where it is taken as it is."""
    match column:
        case models.DateTimeField():
            adapt = connection.ops.adapt_datetimefield_value
            return lambda seconds: adapt(datetime.fromtimestamp(seconds, UTC))
        case models.DecimalField(max_digits=max_digits, decimal_places=decimal_places):
            return lambda value: connection.ops.adapt_decimalfield_value(value, max_digits, decimal_places)
        case models.JSONField(name="used_by_attempt"):
            return _uses_json
        case models.JSONField():
            return _json
        case models.ForeignKey() | models.CharField() | models.TextField():
            return functools.partial(stored_text, limit=_limit(column))
        case models.BigIntegerField():
            return _integer
        case _:
            return None


def _json(value: object) -> str:
    if not value:
        return "[]" if isinstance(value, tuple) or not isinstance(value, Mapping) else "{}"
    masked = mask_text(_json_text(value))
    return json.dumps([masked]) if masked == LEFT_OUT.decode() else masked


def _uses_json(uses: Uses) -> str:
    """Accounts and models are not masked, as in the row's columns; the facts are, as the row's."""
    return _json_text(with_texts(uses, label=str, fact=mask_text))


def _json_text(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=msgspec.to_builtins)
    return text.encode("utf-8", "replace").decode().replace("\\u0000", "\N{REPLACEMENT CHARACTER}")


def _integer(value: int) -> int:
    return max(-LARGEST, min(value, LARGEST))
