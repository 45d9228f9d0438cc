"""Embedding requests and answers: OpenAI's ``/v1/embeddings`` and Gemini's two methods.

PURE. What they have in common is a list of Gemini's EmbedContentRequests: OpenAI's request says less.
Wire formats: docs/wire.md 2.5, and the types of openai 3.52.0 and google-genai 3.4.0.
"""

import base64
import struct
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Literal

import msgspec
from msgspec import Raw

from relay.dialects.reading.half_characters import any_object, json_text
from relay.dialects.reading.token_counts import token_count, with_counts
from relay.neutral.conversation import Json
from relay.neutral.failures import BadRequest, CannotCarry

Form = Literal["embedContent", "batchEmbedContents", "embeddings"]
"""How it is asked: one text or several of Gemini's, or OpenAI's."""

NOTHING = Raw(b"")
_PLACES = frozenset({"data", "embedding", "embeddings"})
TOKENS_REFUSED = "input: token numbers mean nothing to another vendor's model; send the text."


class Vectors(msgspec.Struct, frozen=True):
    """What upstream answered: one vector for each text, as its JSON, and the tokens read, where it tells."""

    values: tuple[Raw, ...]
    tokens: int | None = None


class _Values(msgspec.Struct):
    values: Raw


class _GeminiAnswer(msgspec.Struct):
    embedding: _Values | None = None
    embeddings: list[_Values] | None = None
    usageMetadata: Raw = NOTHING  # noqa: N815  the field's name on the wire


class _OpenAIVector(msgspec.Struct):
    embedding: Raw
    index: Raw = NOTHING


class _OpenAIAnswer(msgspec.Struct):
    data: list[_OpenAIVector]
    usage: Raw = NOTHING


_fields = msgspec.json.Decoder(dict[str, Raw])
_gemini_answer = msgspec.json.Decoder(_GeminiAnswer)
_openai_answer = msgspec.json.Decoder(_OpenAIAnswer)
_vector = msgspec.json.Decoder(list[float])
_place = msgspec.json.Decoder(int)


def read(form: Form, body: Json) -> list[Json]:
    """The texts of a client's request as EmbedContentRequests; raises BadRequest or CannotCarry."""
    match form:
        case "embedContent":
            requests: Any = [body]
        case "batchEmbedContents":
            requests = body.get("requests")
        case "embeddings":
            requests = _of_openai(body)
    if not isinstance(requests, list) or not requests:
        raise BadRequest("requests: must be a list with at least one request.")
    for request in requests:
        if not isinstance(request, dict) or not isinstance(request.get("content"), dict):
            raise BadRequest("content: must be an object with parts.")
    return requests


def first_text(requests: list[Json]) -> str:
    """The first text, for the row's preview."""
    parts = requests[0]["content"].get("parts")
    texts = [part.get("text") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    return next((text for text in texts if isinstance(text, str)), "")


def _of_openai(body: Json) -> list[Json]:
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts:
        raise BadRequest("input: must be a text or a list of texts.")
    if not all(isinstance(text, str) for text in texts):
        raise CannotCarry(TOKENS_REFUSED)
    size = {"outputDimensionality": body["dimensions"]} if isinstance(body.get("dimensions"), int) else {}
    return [{"content": {"parts": [{"text": text}]}, **size} for text in texts]


def gemini_batch(requests: list[Json], model: str) -> Json:
    """The body of ``batchEmbedContents``; each request names the model again."""
    return {"requests": [{**request, "model": f"models/{model}"} for request in requests]}


def gemini_single(request: Json, model: str, is_vertex: bool) -> Json:
    """The body of ``embedContent``: Vertex has the model in the path alone, the client may repeat it."""
    rest = {name: value for name, value in request.items() if name != "model"}
    return {**rest, "model": f"models/{model}"} if "model" in request and not is_vertex else rest


def openai_body(requests: list[Json], model: str, changes: list[str]) -> Json:
    """The body of ``/v1/embeddings``; raises CannotCarry for what is no text."""
    texts: list[str] = []
    for request in requests:
        parts = request["content"].get("parts")
        for part in parts if isinstance(parts, list) else [None]:
            if not isinstance(part, dict) or not isinstance(part.get("text"), str):
                raise CannotCarry("content: this account's models embed texts, and nothing else.")
        texts.append("\n".join(part["text"] for part in parts))
        for name in ("taskType", "title"):
            if request.get(name) and f"{name} dropped" not in changes:
                changes.append(f"{name} dropped")
    body: Json = {"model": model, "input": texts, "encoding_format": "float"}
    size = requests[0].get("outputDimensionality")
    return {**body, "dimensions": size} if size else body


def vectors_of_gemini(answers: list[bytes]) -> Vectors:
    """The vectors in the answers of either method, in their order; raises msgspec.DecodeError."""
    decoded = [_gemini_answer.decode(answer) for answer in answers]
    single = [answer.embedding for answer in decoded if answer.embedding is not None]
    several = [item for answer in decoded for item in answer.embeddings or ()]
    counts = [token_count(_object(answer.usageMetadata).get("promptTokenCount")) for answer in decoded]
    told = [count for count in counts if count is not None]
    return Vectors(_checked(item.values for item in (*single, *several)), sum(told) if told else None)


def vectors_of_openai(answer: bytes) -> Vectors:
    """The vectors in OpenAI's answer, floats as we asked for; raises msgspec.DecodeError.

    Where a row does not say its place, all stand in theirs.
    """
    decoded = _openai_answer.decode(answer)
    rows = decoded.data
    with suppress(msgspec.DecodeError):
        places = [_place.decode(row.index) for row in rows]
        rows = [row for _, row in sorted(zip(places, rows, strict=True), key=lambda pair: pair[0])]
    tokens = token_count(_object(decoded.usage).get("prompt_tokens"))
    return Vectors(_checked(row.embedding for row in rows), tokens)


def _checked(vectors: Iterable[Raw]) -> tuple[Raw, ...]:
    """Those, if each is a list of numbers. They stay text: as numbers they would take four times the room."""
    told = tuple(vectors)
    for vector in told:
        _vector.decode(vector)
    return told


def answer(form: Form, vectors: Vectors, client_model: str, wants_base64: bool) -> Json:
    """The answer as the client's form has it; unknown tokens are 0 where OpenAI's form requires a number."""
    if form == "embeddings":
        tokens = vectors.tokens or 0
        return {
            "object": "list",
            "data": [
                {
                    "object": "embedding",
                    "index": index,
                    "embedding": _packed(value) if wants_base64 else value,
                }
                for index, value in enumerate(vectors.values)
            ],
            "model": client_model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
    usage = {} if vectors.tokens is None else {"usageMetadata": {"promptTokenCount": vectors.tokens}}
    embeddings = [{"values": value} for value in vectors.values]
    if form == "embedContent":
        return {"embedding": embeddings[0], **usage}
    return {"embeddings": embeddings, **usage}


def passed_on(content: bytes) -> tuple[bytes, int | None]:
    """An answer that passes through, and the tokens that it tells; no client is told what is no count.

    Raises msgspec.DecodeError for what is no JSON object, or holds no place for vectors.
    """
    fields = _fields.decode(content)
    if _PLACES.isdisjoint(fields):
        raise msgspec.DecodeError("an answer without vectors")
    tokens: int | None = None
    is_mended = False
    for name, count in (("usage", "prompt_tokens"), ("usageMetadata", "promptTokenCount")):
        told = _object(fields.get(name, NOTHING))
        tokens = token_count(told.get(count)) if tokens is None else tokens
        if (mended := with_counts(told)) is not told:
            fields[name] = Raw(json_text(mended))
            is_mended = True
    return msgspec.json.encode(fields) if is_mended else content, tokens


def _object(raw: Raw) -> Json:
    """The object in ``raw``, whatever its fields are; an empty one where there is none."""
    return (any_object(bytes(raw)) or {}) if len(raw) else {}


def _packed(vector: Raw) -> str:
    """Base64 of little-endian 32-bit floats: what OpenAI's SDK asks for by itself."""
    values = _vector.decode(vector)
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()
