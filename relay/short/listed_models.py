"""The names in an upstream's model list, however it is written. PURE.

OpenAI and Anthropic write ``{"data": [{"id"}]}``, Google ``{"models": [{"name": "models/…"}]}``. Seen
besides: a list without an object round it (Together, GitHub Models), both lists at once (llama.cpp), names
for people beside the ids (OpenRouter), ids that are addresses of a registry (GitHub Models' first form),
``model`` (Ollama's own path), ``slug`` (Codex's list), ``model_name`` (LiteLLM's own path), one list in
another's ``data``, and names alone.
"""

from typing import Any

import msgspec

from relay.admission.model_name import checked_name
from relay.dialects.reading.half_characters import without_halves
from relay.dialects.reading.outside_json import objects_in
from relay.neutral.failures import BadRequest
from relay.neutral.nesting import is_too_deep

MOST_NAMES = 20_000
"""Of one list: ten times what the largest gateways offer."""

_LISTS = ("data", "models", "result", "items")
_NAMES = ("id", "model", "slug", "model_name", "name")
_TOKENS = ("nextPageToken", "next_page_token")
_MARK = b"\xef\xbb\xbf"


class ModelPage(msgspec.Struct, frozen=True):
    """The names that a client can ask for, each once, in order; and what asks for more, "" without.

    ``is_token``: that is a token for the page, and no name of a row.
    """

    names: list[str]
    cursor: str = ""
    is_token: bool = False


def listed_models(content: bytes) -> ModelPage | None:
    """One page of a list; None for what is no list."""
    told = _told(content.removeprefix(_MARK))
    rows = _rows(told)
    if rows is None:
        return None
    names = list(dict.fromkeys(name for row in rows if (name := _name(row))))[:MOST_NAMES]
    if not isinstance(told, dict):
        return ModelPage(names)
    for key in _TOKENS:
        if isinstance(token := told.get(key), str) and token:
            return ModelPage(names, token, is_token=True)
    last = told.get("last_id") or (rows[-1].get("id") if rows and isinstance(rows[-1], dict) else None)
    if told.get("has_more") is True and isinstance(last, str):
        return ModelPage(names, last)
    return ModelPage(names)


def _told(content: bytes) -> Any:
    try:
        told = msgspec.json.decode(content)
    except (ValueError, RecursionError):
        found = objects_in(
            content, is_document=True
        )  # as prices that are NaN, or half a character in a description
        return without_halves(found[0] if len(found) == 1 else found or None)
    return None if is_too_deep(told, content) else told


def _rows(told: Any, depth: int = 2) -> list[Any] | None:
    """The rows of the first list that has any, else of the first list."""
    if isinstance(told, list):
        return told
    if not isinstance(told, dict) or not depth:
        return None
    found = [rows for key in _LISTS if (rows := _rows(told.get(key), depth - 1)) is not None]
    return next((rows for rows in found if rows), found[0] if found else None)


def _name(row: Any) -> str:
    """What a request names the model of ``row``; "" where no request could."""
    told = [row.get(key) for key in _NAMES] if isinstance(row, dict) else [row]
    names = [name.removeprefix("models/") for name in told if isinstance(name, str)]
    name = next((name for name in names if name and "://" not in name), "")
    try:
        return checked_name(name)
    except BadRequest:
        return ""
