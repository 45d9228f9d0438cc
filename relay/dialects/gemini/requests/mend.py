"""A client's own body, whose calls and results have names that Google's API takes. PURE.

A client records the call of a model whose name was lost on the way with an empty one; the API refuses it on
every turn from then on.
"""

from typing import Any

from relay.dialects.translation.foreign_history import UNNAMED, UNNAMED_NOTE, is_unnamed
from relay.neutral.conversation import Json

_NAMED = ("functionCall", "functionResponse")


def mend(body: Json, changes: list[str]) -> Json:
    """``body`` (camelCase) as the API takes it; the very same where it does already."""
    contents = body.get("contents")
    if not isinstance(contents, list):
        return body
    mended = [_content(content) for content in contents]
    if all(new is old for new, old in zip(mended, contents, strict=True)):
        return body
    changes.append(UNNAMED_NOTE)
    return {**body, "contents": mended}


def _content(content: Any) -> Any:
    parts = content.get("parts") if isinstance(content, dict) else None
    if not isinstance(parts, list):
        return content
    mended = [_part(part) for part in parts]
    is_same = all(new is old for new, old in zip(mended, parts, strict=True))
    return content if is_same else {**content, "parts": mended}


def _part(part: Any) -> Any:
    for key in _NAMED:
        if isinstance(part, dict) and is_unnamed(part.get(key)):
            return {**part, key: {**part[key], "name": UNNAMED}}
    return part
