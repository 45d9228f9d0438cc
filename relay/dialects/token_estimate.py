"""About how many tokens a body has, where no upstream can count them. PURE."""

from typing import Any

from relay.neutral.conversation import Json

BYTES_A_TOKEN = 4
"""The vendors' own rule of thumb for English text."""


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
