"""How deep JSON from outside may be nested, and how many lists and objects it may have. PURE.

What goes through it must not run out of stack: Python's holds 1,000 calls, and a level takes up to three of
them. Nor may it keep everybody waiting.
"""

from typing import Any

MOST_LEVELS = 150
"""Google's own APIs take 100 and most JSON libraries fewer than 130; a tool's schema has a dozen."""

MOST_CONTAINERS = 250_000
"""Lists and objects of one text: a request, an event, or an answer that is no stream.

Each is a token or more of a model's context; here it costs 60 bytes or more, and a microsecond in which
nobody else is served. The garbage collector looks at all of them in one go. OpenAI tells the logprobs of a
whole text in one event: up to 43 for each token.
"""

_WIDE_BYTES = 64 * 1024
_SHORT_BYTES = 2 * MOST_LEVELS  # each level is opened and closed
_OBJECT_BYTES = 4  # an object that holds something has a name too: {a:…}, as careless JSON writes it


def most_containers(text: bytes) -> int:
    """How many lists and objects ``text`` has at most: a bracket may stand in a string, too."""
    return text.count(b"[") + text.count(b"{")


def is_too_wide(text: bytes) -> bool:
    """Has an upstream's JSON more lists and objects than are taken? A bracket in a string counts, too."""
    if len(text) <= _WIDE_BYTES:
        return False
    found = 0
    for start in range(0, len(text), _WIDE_BYTES):  # what is too wide shows early, and counting it takes time
        end = start + _WIDE_BYTES
        found += text.count(b"{", start, end) + text.count(b"[", start, end)
        if found > MOST_CONTAINERS:
            return True
    return False


def may_be_deep(text: bytes | str) -> bool:
    """A quick look at JSON: does it open enough objects and lists at all?"""
    if len(text) <= _SHORT_BYTES:
        return False
    opening: tuple[Any, Any] = (b"{", b"[") if isinstance(text, bytes) else ("{", "[")
    lists = text.count(opening[1])
    if lists + 1 + len(text) // _OBJECT_BYTES <= MOST_LEVELS:
        return False  # an event of a stream, mostly: to count costs more than to read it
    return lists + text.count(opening[0]) > MOST_LEVELS


def is_too_deep(value: Any, text: bytes | str) -> bool:
    """Has ``value``, which ``text`` says, more levels than are taken? Linear, and quick where it is short."""
    if not may_be_deep(text):
        return False
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MOST_LEVELS):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
