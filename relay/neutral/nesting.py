"""How deep JSON from outside may be nested: what goes through it must not run out of stack. PURE.

Python's stack holds 1,000 calls, and a level takes up to three of them.
"""

from typing import Any

MOST_LEVELS = 150
"""Google's own APIs take 100 and most JSON libraries fewer than 130; a tool's schema has a dozen."""


_WIDE_BYTES = 64 * 1024
MOST_IN_AN_EVENT = 50_000
"""Lists and objects. Each costs a microsecond in which nobody else is served; a megabyte of program text has
fewer brackets."""
MOST_IN_A_DOCUMENT = 250_000
"""Of an answer that is no stream, which may be all of a stream's events in one list."""


def is_too_wide(text: bytes, most: int = MOST_IN_AN_EVENT) -> bool:
    """Has an upstream's JSON more lists and objects than are taken? A bracket in a string counts, too."""
    if len(text) <= _WIDE_BYTES:
        return False
    found = 0
    for start in range(0, len(text), _WIDE_BYTES):  # what is too wide shows early, and counting it takes time
        end = start + _WIDE_BYTES
        found += text.count(b"{", start, end) + text.count(b"[", start, end)
        if found > most:
            return True
    return False


def may_be_deep(text: bytes | str) -> bool:
    """A quick look at JSON: does it open enough objects and lists at all?"""
    if isinstance(text, bytes):
        return text.count(b"{") + text.count(b"[") > MOST_LEVELS
    return text.count("{") + text.count("[") > MOST_LEVELS


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
