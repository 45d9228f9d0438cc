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


def estimate(body: Json, raw_bytes: int) -> int:
    """About how many tokens the texts in ``body`` have; an image or document counts as its vendors' usual.

    ``raw_bytes`` is how long the body is as JSON.
    """
    text_bytes = media = media_bytes = looked_at = 0
    rest: list[Any] = [body]
    while rest:
        value = rest.pop()
        looked_at += 1
        if isinstance(value, str):
            text_bytes += _bytes_of(value)
            continue
        if isinstance(value, dict):
            data = value.get("data")
            if isinstance(data, str) and ("media_type" in value or "mimeType" in value):
                media += 1
                media_bytes += len(data)
                continue
            inside: Collection[Any] = value.values()
        else:
            inside = value if isinstance(value, list) else ()
        if looked_at + len(rest) + len(inside) > MOST_VALUES:
            text_bytes = max(raw_bytes - media_bytes, text_bytes)
            break
        rest.extend(inside)
    return max(1, text_bytes // BYTES_A_TOKEN + media * MEDIA_TOKENS)


def _bytes_of(text: str) -> int:
    if text.isascii():
        return len(text)
    measured = text[:_MEASURED_CHARACTERS]
    return len(measured.encode("utf-8", "surrogatepass")) * len(text) // len(measured)
