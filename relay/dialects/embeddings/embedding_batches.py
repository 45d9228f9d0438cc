"""More texts than one embedding request may hold: cut into several, and their answers joined. PURE."""

from typing import Any

import msgspec
from msgspec import Raw

from relay.dialects.embeddings.told_rows import VectorRow, WrongNumber, rows_in
from relay.dialects.reading.half_characters import any_object, json_text
from relay.dialects.reading.token_counts import with_counts
from relay.neutral.conversation import Json

GEMINI_LIMIT = 100
"""Requests in one ``batchEmbedContents``: the API refuses more."""

OPENAI_LIMIT = 2048
"""Inputs in one of OpenAI's requests (its API reference, ``input``)."""


def cut(body: Json, key: str, limit: int) -> list[Json]:
    """``body`` with at most ``limit`` entries of its list at ``key``, as often as it takes; or the very same.

    A list of numbers is one text in tokens, and is not cut.
    """
    entries = body.get(key)
    if not isinstance(entries, list) or len(entries) <= limit or isinstance(entries[0], int):
        return [body]
    return [{**body, key: entries[start : start + limit]} for start in range(0, len(entries), limit)]


def joined(answers: list[bytes], asked: list[int]) -> bytes:
    """The answers to such requests as the one to all of them: vectors in order, usage added up.

    ``asked`` counts the texts of each. Vectors stay text: as numbers they would take four times the room.
    Raises WrongNumber, or NoVectors.
    """
    entries: list[Raw] = []
    documents: list[dict[str, Raw]] = []
    key = ""
    for answer, count in zip(answers, asked, strict=True):
        told = rows_in(answer)
        if len(told.rows) != count:
            raise WrongNumber(f"{count} texts, and another number of vectors")
        key = key or told.key or "data"
        rows = told.in_order
        if key == "data":
            entries += [_moved(row, len(entries) + at) for at, row in enumerate(rows)]
        else:
            entries += [row.raw for row in rows]
        documents.append(told.fields)
    whole: dict[str, Any] = {**documents[0], key: entries}
    for name in ("usage", "usageMetadata"):
        told_of = [any_object(bytes(document[name])) for document in documents if name in document]
        if usages := [usage for usage in told_of if usage is not None]:
            whole[name] = Raw(json_text(_added([with_counts(usage) for usage in usages])))
    return msgspec.json.encode(whole)


def _moved(row: VectorRow, place: int) -> Raw:
    """The row with its place among all of them."""
    fields = row.fields or {"object": Raw(b'"embedding"'), "embedding": row.raw}
    return Raw(msgspec.json.encode({**fields, "index": place}))


def _added(usages: list[Json]) -> Json:
    """The numbers of ``usages`` added up; what is no number is the first's."""
    whole = dict(usages[0])
    for usage in usages[1:]:
        for name, value in usage.items():
            before = whole.get(name)
            if type(value) in (int, float) and type(before) in (int, float, type(None)):
                whole[name] = (before or 0) + value
    return whole
