"""What the server changed on the way up: the client's body against upstream's, line by line. PURE."""

import difflib
import json
import zlib

import msgspec

LINE_LIMIT = 400
"""Characters of a line that are compared and shown; a long text differing later differs in its checksum."""
LINES_LIMIT = 6_000
"""Lines compared: the time grows faster than they do."""


class DiffLine(msgspec.Struct, frozen=True):
    """``kind`` is add, del, at (a place) or same."""

    kind: str
    text: str


def pretty(data: bytes) -> str | None:
    """JSON indented, its keys in their order; None when it is none."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return json.dumps(value, ensure_ascii=False, indent=2)


def body_diff(before: bytes, after: bytes) -> list[DiffLine] | None:
    """The differing lines with three of context; None when there is too much to compare, or no JSON."""
    texts = pretty(before), pretty(after)
    if texts[0] is None or texts[1] is None:
        return None
    old, new = ([_short(line) for line in text.split("\n")] for text in texts if text is not None)
    if len(old) + len(new) > LINES_LIMIT:
        return None
    lines = list(difflib.unified_diff(old, new, lineterm="", n=3))[2:]
    kinds = {"+": "add", "-": "del", "@": "at"}
    return [DiffLine(kinds.get(line[:1], "same"), line) for line in lines]


def _short(line: str) -> str:
    if len(line) <= LINE_LIMIT:
        return line
    return f"{line[:LINE_LIMIT]}… ({len(line)} characters, {zlib.crc32(line.encode('utf-8', 'replace')):08x})"
