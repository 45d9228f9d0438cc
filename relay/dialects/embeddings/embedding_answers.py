"""Embedding answers: any upstream's, as the client's form has them.

PURE. An answer of the client's own form passes through; only what no client of that form could read is
mended. Wire formats: docs/wire.md 2.5, and the types of openai 3.52.0 and google-genai 3.4.0.
"""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Raw

from relay.dialects.embeddings.embedding import Form
from relay.dialects.embeddings.told_rows import (
    Rows,
    VectorRow,
    WrongNumber,
    is_list,
    is_object,
    is_text,
    rows_in,
)
from relay.dialects.embeddings.told_vectors import floats_in, packed, unpacked, vector_in, vector_of
from relay.dialects.reading.half_characters import any_object, json_text
from relay.dialects.reading.token_counts import token_count, with_counts
from relay.neutral.conversation import Json

NOTHING = Raw(b"")
_MARK = b"\xef\xbb\xbf"
_fields = msgspec.json.Decoder(dict[str, Raw])
_KEYS: dict[Form, str] = {
    "embeddings": "data",
    "embedContent": "embedding",
    "batchEmbedContents": "embeddings",
}
_VECTOR: dict[Form, str] = {
    "embeddings": "embedding",
    "embedContent": "values",
    "batchEmbedContents": "values",
}
"""Where a row of the client's form has its vector."""
_OTHER_NUMBERS = (
    "output_dtype",
    "output_type",
    "dtype",
    "embedding_type",
    "embedding_types",
    "embedding_format",
    "return_multivector",
)
"""Fields by which clients of some servers ask for bytes or bits in place of floats, the last for several
vectors for one text (Jina)."""
_COUNTS = (
    "prompt_tokens",
    "input_tokens",
    "promptTokenCount",
    "prompt_eval_count",
    "total_tokens",
    "totalTokenCount",
)
"""What was read, as vendors name it: Voyage and Jina tell ``total_tokens`` alone, Ollama the fourth."""


class Vectors(msgspec.Struct, frozen=True):
    """What upstream answered: one vector for each text, as its JSON, and the tokens read, where it tells."""

    values: tuple[Raw, ...]
    tokens: int | None = None


class WantedVectors(msgspec.Struct, frozen=True):
    """What the client is to get: how many vectors (None: not known), and of OpenAI's form in base64 or not.

    ``is_base64`` is None where it asked for something else that only its upstream knows.
    """

    form: Form
    model: str
    count: int | None = None
    is_base64: bool | None = False


def wanted(form: Form, body: Json, model: str, count: int) -> WantedVectors:
    """What the request ``body`` wants; ``count`` is 0 where the texts are token numbers."""
    texts = body.get("input")
    if not count and isinstance(texts, list) and texts:
        count = 1 if isinstance(texts[0], int) else len(texts)
    told = body.get("encoding_format") or "float"
    is_base64 = told == "base64" if told in ("float", "base64") else None
    if any(body.get(name) not in (None, False, "float") for name in _OTHER_NUMBERS):
        is_base64 = None
    return WantedVectors(form, model, count or None, is_base64)


def vectors_in(answers: Sequence[bytes]) -> Vectors:
    """The vectors in the answers to one request or several, in order; raises NoVectors."""
    return _vectors_of([rows_in(one) for one in answers])


def _vectors_of(answers: Sequence[Rows]) -> Vectors:
    rows = [row for told in answers for row in told.in_order]
    counts = [count for told in answers if (count := tokens_in(told.fields)) is not None]
    return Vectors(tuple(vector_of(row) for row in rows), sum(counts) if counts else None)


def tokens_in(fields: Mapping[str, Raw]) -> int | None:
    """The tokens that an answer of these ``fields`` tells to have been read; None where it tells none."""
    places = [_object(fields.get("usage", NOTHING)), _object(fields.get("usageMetadata", NOTHING))]
    places.append({name: msgspec.json.decode(fields[name]) for name in _COUNTS if name in fields})
    told = [token_count(place.get(name)) for place in places for name in _COUNTS]
    return next((count for count in told if count is not None), None)


def tokens_told(answers: Sequence[bytes]) -> int | None:
    """The tokens that ``answers`` tell to have been read, whatever else they hold; None where none does."""
    told = [_tokens_in_any(one) for one in answers]
    counts = [count for count in told if count is not None]
    return sum(counts) if counts else None


def _tokens_in_any(one: bytes) -> int | None:
    try:
        return tokens_in(_fields.decode(one.removeprefix(_MARK)))
    except (ValueError, RecursionError):
        return None


def answer(wants: WantedVectors, vectors: Vectors) -> Json:
    """The answer as the client's form has it; unknown tokens are 0 where OpenAI's form requires a number."""
    if wants.form == "embeddings":
        tokens = vectors.tokens or 0
        rows = [
            {"object": "embedding", "index": index, "embedding": packed(one) if wants.is_base64 else one}
            for index, one in enumerate(vectors.values)
        ]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return {"object": "list", "data": rows, "model": wants.model, "usage": usage}
    told = {} if vectors.tokens is None else {"usageMetadata": {"promptTokenCount": vectors.tokens}}
    embeddings = [{"values": value} for value in vectors.values]
    if wants.form == "embedContent":
        return {"embedding": embeddings[0], **told}
    return {"embeddings": embeddings, **told}


def passed_on(content: bytes, wants: WantedVectors, bent: list[str]) -> tuple[bytes, int | None]:
    """An answer of the client's own dialect, and the tokens that it tells; ``bent`` gets what was mended.

    Places, base64 and counts are mended where no client could read them; an answer in another form, or with
    rows in another, is told in the client's. Raises NoVectors, also for another number of vectors than was
    asked for.
    """
    told = rows_in(content)
    if wants.count is not None and len(told.rows) != wants.count:
        raise WrongNumber(f"{wants.count} texts, and another number of vectors")
    tokens = tokens_in(told.fields)
    if not _is_own_form(told, wants):
        bent.append(told.key or "data")
        return msgspec.json.encode(answer(wants, _vectors_of([told]))), tokens
    fields = told.fields
    mended: dict[str, object] = {}
    if told.key == "data":
        rows = _mended(told, wants, bent)
        mended = {} if rows is None else {"data": rows}
    else:
        for row in told.rows:
            vector_of(row)
    for name in ("usage", "usageMetadata"):
        usage = _object(fields.get(name, NOTHING))
        if (counted := with_counts(usage)) is not usage:
            mended[name] = Raw(json_text(counted))
            bent.append(name)
    return msgspec.json.encode({**fields, **mended}) if mended else content, tokens


def _is_own_form(told: Rows, wants: WantedVectors) -> bool:
    """Does the client's reader find a vector in each row? Of other numbers only the client itself knows."""
    if told.key != _KEYS[wants.form] or wants.is_base64 is None:
        return told.key == _KEYS[wants.form]
    is_one = wants.form == "embedContent"
    if is_object(told.fields[told.key]) is not is_one or any(row.fields is None for row in told.rows):
        return False
    vectors = [(row.fields or {}).get(_VECTOR[wants.form], NOTHING) for row in told.rows]
    return all(is_list(one) or (is_text(one) and wants.form == "embeddings") for one in vectors)


def _mended(told: Rows, wants: WantedVectors, bent: list[str]) -> list[Raw] | None:
    """OpenAI's rows with numbers for places, and vectors as they were asked for; None: nothing is to mend."""
    rows = [_Row(row) for row in told.rows]
    moved = [row.change("index", Raw(b"%d" % at)) for row, at in zip(rows, told.places, strict=True)]
    if any(moved):
        bent.append("data[].index")
    if wants.is_base64 is not None:
        change, is_other = (packed, is_list) if wants.is_base64 else (unpacked, is_text)
        for row in rows:
            if is_other(vector := row.vector):
                row.change("embedding", change(vector))
                if "data[].embedding" not in bent:
                    bent.append("data[].embedding")
            elif wants.is_base64:
                floats_in(vector)
            else:
                vector_in(vector)
    return [row.written for row in rows] if any(row.is_changed for row in rows) else None


class _Row:
    """One of OpenAI's rows."""

    def __init__(self, row: VectorRow) -> None:
        self._raw = row.raw
        self._fields = {"embedding": row.raw} if row.fields is None else row.fields
        self.is_changed = row.fields is None

    @property
    def vector(self) -> Raw:
        """What stands in the vector's place."""
        return self._fields.get("embedding", NOTHING)

    @property
    def written(self) -> Raw:
        """It, with its changes."""
        return Raw(msgspec.json.encode(self._fields)) if self.is_changed else self._raw

    def change(self, name: str, value: Raw) -> bool:
        """Say something else in a field; False where it says that already."""
        if bytes(self._fields.get(name, NOTHING)) == bytes(value):
            return False
        self._fields[name] = value
        self.is_changed = True
        return True


def _object(raw: Raw) -> Json:
    """The object in ``raw``, whatever its fields are; an empty one where there is none."""
    return (any_object(bytes(raw)) or {}) if len(raw) else {}
