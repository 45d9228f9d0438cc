"""The words in place of a picture or sound for which the client's dialect has no place. PURE."""

from relay.dialects.json_object import json_object


def media_note(payload: bytes) -> str:
    """A media block's ``payload`` in words: its type, and its address or size."""
    media = json_object(payload) or {}
    kind = str(media.get("media_type") or "media")
    url, data = media.get("url"), media.get("data")
    if isinstance(url, str) and url:
        return f"{kind}: {url}"
    size = len(data.rstrip("=")) * 3 // 4 if isinstance(data, str) else 0
    return f"{kind} of {size:,} bytes left out: this client's dialect has no place for it"
