"""About how many tokens a body has, where no upstream can count them. PURE."""

from collections.abc import Collection
from typing import Any, Final

from relay.neutral.conversation import Json

BYTES_A_TOKEN = 4
"""The vendors' own rule of thumb for English text."""

MEDIA_TOKENS: Final = 1500
"""What vendors count for a picture or a page, about."""

MOST_VALUES: Final = 20_000
"""So many values of a body are looked at: some milliseconds. Of a larger one its length tells enough."""

_MEASURED_CHARACTERS: Final = 64 * 1024
"""Of a longer text in other letters than ASCII's so much is encoded to see how long it is in bytes."""


_SEALED: Final = frozenset({"signature", "thoughtSignature", "thought_signature", "encrypted_content"})
"""What only its vendor can read; no vendor tells how it counts."""

_MEDIA_FIELDS: Final = frozenset({"data", "file_data", "input_audio"})
_MEDIA_TYPES: Final = frozenset({"media_type", "mimeType", "mime_type"})

_TYPE_CHARACTERS: Final = 200
"""A data URL's type ends within so many."""


def estimate(body: Json, raw_bytes: int) -> int:
    """About how many tokens the texts in ``body`` have; an image or document counts as its vendors' usual.

    ``raw_bytes`` is how long the body is as JSON.
    """
    text_bytes = media = other_bytes = looked_at = 0
    rest: list[Any] = [body]
    while rest:
        value = rest.pop()
        looked_at += 1
        if isinstance(value, str):
            if _is_data_url(value):
                media += 1
                other_bytes += len(value)
            else:
                text_bytes += _bytes_of(value)
            continue
        if isinstance(value, dict):
            others = _no_texts(value)
            media += len(others.keys() - _SEALED)
            other_bytes += sum(others.values())
            inside: Collection[Any] = (
                [one for name, one in value.items() if name not in others] if others else value.values()
            )
        else:
            inside = value if isinstance(value, list) else ()
        if looked_at + len(rest) + len(inside) > MOST_VALUES:
            text_bytes = max(raw_bytes - other_bytes, text_bytes)
            break
        rest.extend(inside)
    return max(1, text_bytes // BYTES_A_TOKEN + media * MEDIA_TOKENS)


def _no_texts(holder: dict[str, Any]) -> dict[str, int]:
    """The fields of an object that hold a medium or what is sealed, and how long each is."""
    found: dict[str, int] = {}
    if not _SEALED.isdisjoint(holder):
        found = {name: len(value) for name in _SEALED if isinstance(value := holder.get(name), str)}
    for name in () if _MEDIA_FIELDS.isdisjoint(holder) else _MEDIA_FIELDS:
        value = holder.get(name)
        if name == "input_audio" and isinstance(value, dict):
            value = value.get("data")
        elif name == "data" and _MEDIA_TYPES.isdisjoint(holder):
            continue
        if isinstance(value, str):
            found[name] = len(value)
    return found


def _is_data_url(text: str) -> bool:
    return text.startswith("data:") and ";base64," in text[:_TYPE_CHARACTERS]


def _bytes_of(text: str) -> int:
    if text.isascii():
        return len(text)
    measured = text[:_MEASURED_CHARACTERS]
    return len(measured.encode("utf-8", "surrogatepass")) * len(text) // len(measured)
