"""Embedding requests: OpenAI's ``/v1/embeddings`` and Gemini's two methods.

PURE. What they have in common is a list of Gemini's EmbedContentRequests: OpenAI's request says less.
Wire formats: docs/wire.md 2.5, and the types of openai 3.52.0 and google-genai 3.4.0.
"""

from typing import Any, Literal

from relay.neutral.conversation import Json
from relay.neutral.failures import BadRequest, CannotCarry

Form = Literal["embedContent", "batchEmbedContents", "embeddings"]
"""How it is asked: one text or several of Gemini's, or OpenAI's."""

TOKENS_REFUSED = "input: token numbers mean nothing to another vendor's model; send the text."


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
