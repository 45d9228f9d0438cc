"""An object that stands in a sentence, in JSON or as Python writes one. PURE.

Gateways put another server's whole error behind words of their own; those written in Python write it as
``{'error': {'message': "it's over", 'code': None}}``, or as bytes (``b'{"error": …}'``).
"""

from relay.dialects.reading.half_characters import tolerant_object
from relay.neutral.conversation import Json

_LONGEST = 20_000
"""Characters of it; an error that is longer says nothing here."""
_WORDS = {"None": "null", "True": "true", "False": "false"}
_OPENING = {"{": "{", "[": "[", "(": "["}
_CLOSING = {"}": "}", "]": "]", ")": "]"}
_SHORT = {"'": "'", "a": " ", "v": " ", "0": " ", "\n": " "}
"""What Python escapes, and JSON does not."""


def object_at(text: str) -> Json | None:
    """The object with which ``text`` begins, whatever stands behind it; None without."""
    if text.startswith(("b'", 'b"')):
        text = _bytes_at(text[:_LONGEST])
    told = _as_json(text[:_LONGEST])
    return tolerant_object(told.encode("utf-8", "surrogatepass")) if told else None


def _bytes_at(text: str) -> str:
    """The text in the bytes that Python wrote at the beginning of ``text``; "" for what are none."""
    told = f'{{"text":"{_escaped(text[2 : _end_of_text(text, 1)])}"}}'
    found = (tolerant_object(told.encode("utf-8", "surrogatepass")) or {}).get("text", "")
    return found.encode("latin-1", "replace").decode("utf-8", "replace") if isinstance(found, str) else ""


def _as_json(text: str) -> str:
    """The first bracket of ``text`` up to its end, as JSON; "" where it does not end."""
    out: list[str] = []
    depth = at = 0
    if text[:1] != "{":
        return ""
    while at < len(text):
        mark = text[at]
        if mark in "'\"":
            end = _end_of_text(text, at)
            out.append(f'"{_escaped(text[at + 1 : end])}"')
            at = end + 1
            continue
        word = next((word for word in _WORDS if text.startswith(word, at)), "")
        if word:
            out.append(_WORDS[word])
            at += len(word)
            continue
        depth += (mark in _OPENING) - (mark in _CLOSING)
        out.append(_OPENING.get(mark) or _CLOSING.get(mark) or mark)
        if depth <= 0:
            return "".join(out)
        at += 1
    return ""


def _end_of_text(text: str, start: int) -> int:
    """Where the text that opens at ``start`` is closed; the end of all where it is not."""
    at = start + 1
    while at < len(text) and text[at] != text[start]:
        at += 1 + (text[at] == "\\")
    return at


def _escaped(text: str) -> str:
    """What stands between the marks of a text, with the escapes that JSON has."""
    out: list[str] = []
    at = 0
    while at < len(text):
        mark = text[at]
        if mark != "\\":
            out.append('\\"' if mark == '"' else mark)
            at += 1
            continue
        kind = text[at + 1 : at + 2]
        match kind:
            case "x":
                out.append("\\u00" + text[at + 2 : at + 4])
                at += 4
            case "U":
                out.append("\ufffd")
                at += 10
            case _:
                out.append(_SHORT.get(kind, mark + kind))
                at += 2
    return "".join(out)
