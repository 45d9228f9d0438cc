"""Token counts as upstream tells them. An impossible number reaches neither the record nor a client.

PURE. Upstreams have told negative counts, 1e300, 2**70 and texts. A text or a float that says a whole number
is that number; anything else is no count.
"""

from typing import Annotated, Any, Final

from msgspec import Meta

from relay.dialects.json_object import json_object
from relay.dialects.reading.half_characters import tolerant_object
from relay.neutral.conversation import Json

MOST_TOKENS: Final = 10**9
"""A hundred times the largest context: more is no count."""

TokenCount = Annotated[int, Meta(ge=0, le=MOST_TOKENS)]
"""For the shapes of events: a field that breaks it is mended like one of a wrong type."""

_COUNTS = ("tokens", "TokenCount")
"""How the names of counts end at OpenAI and Anthropic, and at Google."""
_DEPTH = 4
"""How deep vendors nest their details, and one more."""


def token_count(value: object) -> int | None:
    """The count that ``value`` tells, or None."""
    number: object = value
    if isinstance(value, str):
        number = int(value) if value.isascii() and value.isdecimal() and len(value) < 18 else None
    elif type(value) is float:
        number = int(value) if value.is_integer() else None
    return number if type(number) is int and 0 <= number <= MOST_TOKENS else None


def counts_in(data: bytes) -> Json | None:
    """The object of counts in ``data``, also the last of a list, or in a text; None where there is none."""
    if data[:1] == b"{":
        return json_object(data)
    return counts_at((tolerant_object(b'{"counts":' + data + b"}") or {}).get("counts"))


def counts_at(told: Any) -> Json | None:
    """The same of a value that was read."""
    if isinstance(told, list) and told:
        told = told[-1]
    if isinstance(told, str):
        told = tolerant_object(told.encode("utf-8", "surrogatepass"))
    return told if isinstance(told, dict) else None


def with_counts(told: Json, depth: int = _DEPTH) -> Json:
    """``told`` with 0 for each of its counts of tokens that is none; itself where each is one."""
    changed: Json = {}
    for name, value in told.items():
        fitted: Any = value
        if isinstance(value, dict):
            fitted = with_counts(value, depth - 1) if depth else {}
        elif value is not None and name.endswith(_COUNTS) and not isinstance(value, list):
            fitted = value if type(value) is int and 0 <= value <= MOST_TOKENS else token_count(value) or 0
        if fitted is not value:
            changed[name] = fitted
    return {**told, **changed} if changed else told
