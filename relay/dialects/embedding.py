"""Embedding requests and answers: OpenAI's ``/v1/embeddings`` and Gemini's two methods.

PURE. What they have in common is a list of Gemini's EmbedContentRequests: OpenAI's request says less.
Wire formats: docs/wire.md 2.5, and the types of openai 3.52.0 and google-genai 3.4.0.
"""

import base64
import struct
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from relay.dialects.reading.token_counts import token_count
from relay.neutral.conversation import Json
from relay.neutral.failures import BadRequest, CannotCarry

Form = Literal["embedContent", "batchEmbedContents", "embeddings"]
"""How it is asked: one text or several of Gemini's, or OpenAI's."""

TOKENS_REFUSED = "input: token numbers mean nothing to another vendor's model; send the text."


class Vectors(msgspec.Struct, frozen=True):
    """What upstream answered: one vector for each text, and the tokens read, where it tells."""

    values: tuple[Sequence[float], ...]
    tokens: int | None = None


class _Values(msgspec.Struct):
    values: list[float]


class _GeminiUsage(msgspec.Struct, frozen=True):
    promptTokenCount: Any = None  # noqa: N815  the field's name on the wire


class _GeminiAnswer(msgspec.Struct):
    embedding: _Values | None = None
    embeddings: list[_Values] = []
    usageMetadata: _GeminiUsage = _GeminiUsage()  # noqa: N815


class _OpenAIVector(msgspec.Struct):
    embedding: list[float]
    index: int


class _OpenAIUsage(msgspec.Struct, frozen=True):
    prompt_tokens: Any = None
    total_tokens: Any = None


class _OpenAIAnswer(msgspec.Struct):
    data: list[_OpenAIVector]
    usage: _OpenAIUsage = _OpenAIUsage()


class _AnyUsage(msgspec.Struct):
    usage: _OpenAIUsage = _OpenAIUsage()
    usageMetadata: _GeminiUsage = _GeminiUsage()  # noqa: N815


_usage = msgspec.json.Decoder(_AnyUsage)
_gemini_answer = msgspec.json.Decoder(_GeminiAnswer)
_openai_answer = msgspec.json.Decoder(_OpenAIAnswer)


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
    values = [item.values for item in (*single, *(item for answer in decoded for item in answer.embeddings))]
    counts = [token_count(answer.usageMetadata.promptTokenCount) for answer in decoded]
    told = [count for count in counts if count is not None]
    return Vectors(tuple(values), sum(told) if told else None)


def vectors_of_openai(answer: bytes) -> Vectors:
    """The vectors in OpenAI's answer, floats as we asked for; raises msgspec.DecodeError."""
    decoded = _openai_answer.decode(answer)
    rows = sorted(decoded.data, key=lambda row: row.index)
    return Vectors(tuple(row.embedding for row in rows), token_count(decoded.usage.prompt_tokens))


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
    """An answer that passes through, and the tokens that it tells; no client is told what is no count."""
    try:
        told = _usage.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return content, None
    counts = (told.usage.prompt_tokens, told.usage.total_tokens, told.usageMetadata.promptTokenCount)
    if all(count is None or count == token_count(count) for count in counts):
        return content, counts[0] or counts[2]
    document = msgspec.json.decode(content)
    for name in ("usage", "usageMetadata"):
        if isinstance(document.get(name), dict):
            document[name] = {key: token_count(count) or 0 for key, count in document[name].items()}
    return msgspec.json.encode(document), token_count(counts[0]) or token_count(counts[2])


def _packed(vector: Sequence[float]) -> str:
    """Base64 of little-endian 32-bit floats: what OpenAI's SDK asks for by itself."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
