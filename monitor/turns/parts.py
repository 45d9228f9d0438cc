"""What a turn is made of, and how values of any type become a part. PURE."""

import json
import re
from typing import Any

import msgspec

IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Shown as thumbnails. SVG is not among them: it can hold scripts."""
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+\Z")
_DATA_URL = re.compile(r"data:([\w/+.-]+);base64,", re.ASCII)


class TurnPart(msgspec.Struct, frozen=True):
    """A piece of a turn. ``kind`` is text, thinking, tool, result, image or raw; ``image`` a data URL."""

    kind: str
    text: str = ""
    title: str = ""
    image: str = ""


class ShownTurn(msgspec.Struct, frozen=True):
    """What one side said. ``role`` is system, user, assistant, tool or error."""

    role: str
    parts: list[TurnPart]


def as_json(value: object) -> str:
    """Any value as indented JSON."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def as_text(value: object) -> str:
    """A string as it is, nothing as nothing, anything else as JSON."""
    return value if isinstance(value, str) else "" if value is None else as_json(value)


def as_list(value: object) -> list[Any]:
    """A list as it is, anything else as none."""
    return value if isinstance(value, list) else []


def as_dict(value: object) -> dict[str, Any]:
    """An object as it is, anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def raw(value: object, title: str = "") -> TurnPart:
    """What has no form of its own."""
    return TurnPart("raw", as_json(value), title)


def image(media_type: object, data: object) -> TurnPart:
    """An image from its data; anything that a browser should not take as one is named instead."""
    kind, text = as_text(media_type), as_text(data)
    if kind in IMAGE_TYPES and _BASE64.match(text):
        return TurnPart("image", title=kind, image=f"data:{kind};base64,{''.join(text.split())}")
    return TurnPart("raw", f"{len(text)} characters of data", kind or "data")


def image_at(url: object) -> TurnPart:
    """An image by its URL: from the URL's own data, or else just the address, which is never fetched."""
    text = as_text(url)
    if match := _DATA_URL.match(text):
        return image(match[1], text[match.end() :])
    return TurnPart("raw", text, "image")


def vectors(embeddings: list[Any]) -> list[ShownTurn]:
    """What an embedding came to: how many vectors, of how many numbers; no person reads the numbers."""
    sizes = {len(values) for values in embeddings if isinstance(values, list)}
    if not embeddings:
        return []
    told = f"{len(embeddings)} × {' / '.join(f'{size:,}' for size in sorted(sizes))}" if sizes else ""
    return [ShownTurn("assistant", [TurnPart("result", told or str(len(embeddings)), "vectors × numbers")])]


def arguments(value: object) -> str:
    """A tool call's arguments, indented where they are JSON."""
    if isinstance(value, str):
        try:
            return as_json(msgspec.json.decode(value))
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return value
    return as_json(value) if value is not None else ""
