"""Token counting in the dialects that can: what upstream's counter is asked, and what a count looks like.

PURE. Anthropic counts a Messages body without its answer's settings. Gemini's three homes want three
things (wire.md 2.5 and 4): the Developer API a ``generateContentRequest``, Vertex the fields themselves,
Code Assist an envelope that has a place for the contents alone.
"""

from typing import Any

import msgspec

from relay.neutral.conversation import Json

_ANTHROPIC_FIELDS = (
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "cache_control",
)
_GEMINI_FIELDS = ("contents", "systemInstruction", "tools", "toolConfig", "generationConfig")

BYTES_A_TOKEN = 4
"""The vendors' own rule of thumb for English text."""


def counted_request(dialect: str, body: Json) -> Json:
    """The generation request inside a client's counting request; a body of the same dialect."""
    inner = body.get("generateContentRequest")
    if dialect == "gemini" and isinstance(inner, dict):
        return {key: value for key, value in inner.items() if key != "model"}
    return body


def counter_body(kind: str, dialect: str, model: str, body: Json) -> Json:
    """What the counter of an account of ``kind`` is asked for ``body``, which is of ``dialect``."""
    if dialect == "anthropic":
        return {key: body[key] for key in _ANTHROPIC_FIELDS if key in body}
    match kind:
        case "code_assist":
            return {"request": {"model": f"models/{model}", "contents": body.get("contents", [])}}
        case "vertex":
            return {key: body[key] for key in _GEMINI_FIELDS if key in body}
    if set(body) <= {"contents"}:
        return body
    request = {key: body[key] for key in _GEMINI_FIELDS if key in body}
    return {"generateContentRequest": {"model": f"models/{model}", **request}}


def uncounted(kind: str, body: Json) -> Json:
    """What of ``body`` costs tokens and has no place in the counter's request; empty for an exact count."""
    if kind != "code_assist":
        return {}
    return {key: body[key] for key in ("systemInstruction", "tools") if body.get(key)}


def tokens_in(dialect: str, answer: bytes) -> int | None:
    """The count in an upstream counter's answer."""
    try:
        decoded = msgspec.json.decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    tokens = (
        decoded.get("input_tokens" if dialect == "anthropic" else "totalTokens")
        if isinstance(decoded, dict)
        else None
    )
    return tokens if isinstance(tokens, int) else None


def count_answer(dialect: str, tokens: int) -> Json:
    """A count as the client's dialect says it."""
    return {"input_tokens": tokens} if dialect == "anthropic" else {"totalTokens": tokens}


def estimate(body: Json) -> int:
    """About how many tokens the texts in ``body`` have; an image or document counts as its vendors' usual."""
    size, media = _measured(body)
    return max(1, size // BYTES_A_TOKEN + media * 1500)


def _measured(value: Any) -> tuple[int, int]:
    """Bytes of text, and how many base64 media."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass")), 0
    if isinstance(value, dict):
        if isinstance(value.get("data"), str) and ("media_type" in value or "mimeType" in value):
            return 0, 1
        value = list(value.values())
    if isinstance(value, list):
        sizes = [_measured(item) for item in value]
        return sum(size for size, _ in sizes), sum(media for _, media in sizes)
    return 0, 0
