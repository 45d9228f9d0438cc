"""The JSON objects of a body: of an SSE stream, of a JSON array, or the one that it is. PURE."""

from typing import Any

import msgspec


def json_objects(data: bytes) -> list[dict[str, Any]]:
    """Every JSON object in order; what is cut off or no object is left out."""
    stripped = data.strip()
    if not stripped:
        return []
    whole = _decoded(stripped)
    if isinstance(whole, dict):
        return [whole]
    if isinstance(whole, list):
        return [item for item in whole if isinstance(item, dict)]
    pieces: list[bytes] = []
    found: list[dict[str, Any]] = []
    for line in [*data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"), b""]:
        if line.startswith(b"data:"):
            pieces.append(line[5:].removeprefix(b" "))
        elif not line and pieces:
            value = _decoded(b"\n".join(pieces))
            pieces = []
            if isinstance(value, dict):
                found.append(value)
    return found


def _decoded(data: bytes) -> object:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
