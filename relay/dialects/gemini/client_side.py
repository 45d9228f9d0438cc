"""Gemini's paths, token counter and model list.

PURE. Wire formats: docs/wire.md 2. A method stands behind a colon; the SDK asks under ``/v1`` or ``/v1beta``.
The counter's three homes want three things (docs/wire.md 2.5 and 4): the Developer API a
``generateContentRequest``, Vertex the fields themselves, Code Assist an envelope that has a place for the
contents alone.
"""

from collections.abc import Iterator, Mapping, Sequence

from accounts.facts.model_facts import ModelFacts
from relay.dialects.client_side import Counting, ModelList, Path
from relay.neutral.conversation import Json

_EXAMPLE: Json = {"contents": [{"role": "user", "parts": [{"text": "Hello."}]}]}
_COUNTED_FIELDS = ("contents", "systemInstruction", "tools", "toolConfig", "generationConfig")


def _paths() -> Iterator[Path]:
    for version, is_described in (("v1", True), ("v1beta", True), ("v1alpha", False)):
        models = f"/{version}/models/{{path:model}}"
        example = _EXAMPLE if is_described else None
        yield Path(f"{models}:streamGenerateContent", "generation", example, True, "array")
        yield Path(f"{models}:generateContent", "generation", example, False)
        yield Path(f"{models}:countTokens", "counting", example)
        yield Path(f"{models}:embedContent", "embedding", embedding_form="embedContent")
        yield Path(f"{models}:batchEmbedContents", "embedding", embedding_form="batchEmbedContents")
        yield Path(models, "nothing")


PATHS = tuple(_paths())


def _counted_request(body: Json) -> Json:
    inner = body.get("generateContentRequest")
    if isinstance(inner, dict):
        return {key: value for key, value in inner.items() if key != "model"}
    return body


def _counter_body(kind: str, model: str, body: Json) -> Json:
    match kind:
        case "code_assist":
            return {"request": {"model": f"models/{model}", "contents": body.get("contents", [])}}
        case "vertex":
            return {key: body[key] for key in _COUNTED_FIELDS if key in body}
    if set(body) <= {"contents"}:
        return body
    request = {key: body[key] for key in _COUNTED_FIELDS if key in body}
    return {"generateContentRequest": {"model": f"models/{model}", **request}}


def _uncounted(kind: str, body: Json) -> Json:
    if kind != "code_assist":
        return {}
    return {key: body[key] for key in ("systemInstruction", "tools") if body.get(key)}


COUNTING = Counting(
    request=_counted_request, counter_body=_counter_body, uncounted=_uncounted, count_field="totalTokens"
)


def _is_asked_by(path: str, headers: Mapping[str, str], query: Mapping[str, str]) -> bool:
    is_googles = path.startswith(("/v1beta/", "/v1alpha/"))
    return is_googles or "x-goog-api-key" in headers or "key" in query


def _one(name: str, facts: ModelFacts, vendor: str) -> Json:
    return {
        "name": f"models/{name}",
        "version": name,
        "displayName": name,
        "description": "",
        "inputTokenLimit": facts.context_tokens,
        "outputTokenLimit": facts.max_output_tokens,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
        "thinking": bool(facts.thinking_modes or facts.thinking_levels or facts.thinking_budget),
    }


def _several(names: Sequence[str], rows: list[Json]) -> Json:
    return {"models": rows}


MODELS = ModelList(is_asked_by=_is_asked_by, one=_one, several=_several)
