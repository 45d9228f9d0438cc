"""More texts than one embedding request may hold: cut into several, and their answers joined. PURE."""

from typing import Any

import msgspec

from relay.neutral.conversation import Json

GEMINI_LIMIT = 100
"""Requests in one ``batchEmbedContents``: the API refuses more."""

OPENAI_LIMIT = 2048
"""Inputs in one of OpenAI's requests (its API reference, ``input``)."""


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

    ``asked`` counts the texts of each. Raises WrongNumber, or msgspec.DecodeError.
    """
    documents = [msgspec.json.decode(answer, type=Json) for answer in answers]
    key = "data" if "data" in documents[0] else "embeddings"
    entries: list[Any] = []
    for document, count in zip(documents, asked, strict=True):
        vectors = document.get(key)
        if not isinstance(vectors, list) or len(vectors) != count:
            raise WrongNumber(f"{count} texts, and another number of vectors")
        entries += [_moved(vector, len(entries)) for vector in vectors] if key == "data" else vectors
    whole = {**documents[0], key: entries}
    for name in ("usage", "usageMetadata"):
        told = [document[name] for document in documents if isinstance(document.get(name), dict)]
        if told:
            whole[name] = _added(told)
    return msgspec.json.encode(whole)


def _moved(vector: Any, by: int) -> Any:
    """``vector`` with its place among all of them."""
    has_place = isinstance(vector, dict) and isinstance(vector.get("index"), int)
    return {**vector, "index": vector["index"] + by} if has_place else vector


def _added(usages: list[Json]) -> Json:
    """The numbers of ``usages`` added up; what is no number is the first's."""
    whole = dict(usages[0])
    for usage in usages[1:]:
        for name, value in usage.items():
            before = whole.get(name)
            if type(value) in (int, float) and type(before) in (int, float, type(None)):
                whole[name] = (before or 0) + value
    return whole
