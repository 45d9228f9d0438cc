"""JSON objects out of a stream whose bytes may be anything.

PURE.
"""

import json
from typing import Any

import msgspec

from relay.neutral.nesting import is_too_deep

_DECODER = msgspec.json.Decoder(dict[str, Any])


def json_object(data: bytes | str) -> dict[str, Any] | None:
    """``data`` as a JSON object, or None when it is anything else, or nested too deeply. Never raises."""
    told: dict[str, Any] | None
    try:
        told = _DECODER.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        told = _with_halves(data)
    return None if told is None or is_too_deep(told, data) else told


def _with_halves(data: bytes | str) -> dict[str, Any] | None:
    """JSON that holds half a character ("\\ud83d"): its grammar allows it, msgspec and UTF-8 do not.

    Servers that cut text by UTF-16 units write such. The half becomes U+FFFD.
    """
    if (b"\\u" not in data) if isinstance(data, bytes) else ("\\u" not in data):
        return None
    try:
        plain = json.dumps(json.loads(data, parse_constant=_refused), ensure_ascii=False)
        return _DECODER.decode(plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    except (ValueError, RecursionError):
        return None


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
