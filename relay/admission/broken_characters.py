"""Half a character in a request's JSON: a client cut a text inside of a surrogate pair. PURE."""

import json
import math
from typing import Any

import msgspec

from relay.dialects.reading.half_characters import whole_text

HALVES = "halves of characters became U+FFFD"


def with_whole_characters(raw: bytes) -> bytes | None:
    """The same JSON with U+FFFD for each lone half; None where that is not all that is wrong with it."""
    if b"\\u" not in raw and b"\xed" not in raw:  # neither an escape nor UTF-8's form of one
        return None
    try:
        text = raw.decode("utf-8", "surrogatepass")
        told = json.dumps(json.loads(text, parse_float=_finite, parse_constant=_refused), ensure_ascii=False)
        whole = whole_text(told).encode()
        msgspec.json.decode(whole)
    except (ValueError, RecursionError):
        return None
    return whole


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("too large a number")
    return number


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
