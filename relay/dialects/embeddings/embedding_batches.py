"""More texts than one embedding request may hold: cut into several, and their answers joined. PURE."""

from typing import Any

import msgspec
from msgspec import Raw

from relay.dialects.reading.half_characters import any_object, json_text
from relay.neutral.conversation import Json

GEMINI_LIMIT = 100
"""Requests in one ``batchEmbedContents``: the API refuses more."""

OPENAI_LIMIT = 2048
"""Inputs in one of OpenAI's requests (its API reference, ``input``)."""


_NULL = Raw(b"null")
_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_ENTRIES = msgspec.json.Decoder(list[Raw] | None)
_PLACE = msgspec.json.Decoder(int)


class WrongNumber(ValueError):
    """Upstream answered another number of vectors than there were texts."""


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
    Raises WrongNumber, or msgspec.DecodeError.
    """
    documents = [_FIELDS.decode(answer) for answer in answers]
    key = "data" if "data" in documents[0] else "embeddings"
    entries: list[Raw] = []
    for document, count in zip(documents, asked, strict=True):
        vectors = _ENTRIES.decode(document.get(key, _NULL))
        if vectors is None or len(vectors) != count:
            raise WrongNumber(f"{count} texts, and another number of vectors")
        entries += [_moved(vector, len(entries)) for vector in vectors] if key == "data" else vectors
    whole: dict[str, Any] = {**documents[0], key: entries}
    for name in ("usage", "usageMetadata"):
        told = [any_object(bytes(document[name])) for document in documents if name in document]
        if usages := [usage for usage in told if usage is not None]:
            whole[name] = Raw(json_text(_added(usages)))
    return msgspec.json.encode(whole)


def _moved(vector: Raw, by: int) -> Raw:
    """``vector`` with its place among all of them."""
    if not bytes(vector).startswith(b"{"):
        return vector
    fields = _FIELDS.decode(vector)
    try:
        place = _PLACE.decode(fields.get("index", _NULL))
    except msgspec.DecodeError:
        return vector
    return Raw(msgspec.json.encode({**fields, "index": place + by}))


def _added(usages: list[Json]) -> Json:
    """The numbers of ``usages`` added up; what is no number is the first's."""
    whole = dict(usages[0])
    for usage in usages[1:]:
        for name, value in usage.items():
            before = whole.get(name)
            if type(value) in (int, float) and type(before) in (int, float, type(None)):
                whole[name] = (before or 0) + value
    return whole
