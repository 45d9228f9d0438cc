"""Take out of an exchange what should not leave the house with an export, and count it. PURE.

Keys and tokens were masked before they were stored, and are looked for once more. A removed image or text
leaves its length and hash, so that two exports can be compared and equal prompts be recognised.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import msgspec

from monitor.export.whole_exchange import Exchange, KeptBody
from monitor.masking.edits import Edit, apply_edits
from monitor.masking.linear import compiled
from monitor.record.attempt_use import with_text_facts, with_texts
from monitor.record.records import AttemptRecord, RequestRecord
from monitor.record.redacting.redaction import mask_email, mask_text

_EMAIL = compiled(rb"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", captures=False)
_DATA_URL = compiled(
    rb"(?i:data:)[\w/+.\\-]*(?:;[\w/+.=-]+)*;(?i:base64),[A-Za-z0-9+/=_\\-]+"
    rb"(?:(?:[\r\n]+[A-Za-z0-9+/=_\\-]{60,})+(?:[\r\n]+[A-Za-z0-9+/=_\\-]+)?)?",
    captures=False,
)
"""Its data may be cut into lines, as mail has them: of 76 characters, and a last one."""
_IMAGE_KEYS = frozenset({"data", "file_data", "b64_json", "image_data"})
_LOOKED_AT = 4096
"""Within so many characters a stream has data."""
_IMAGE_BEGINS_AT = 64
"""Base64 under one of these keys is data from this many characters on."""
_BASE64 = compiled(rb"[A-Za-z0-9+/=_-]+(?:[\r\n]+[A-Za-z0-9+/=_-]+)*[\r\n]*", captures=False)
_IMAGE_IN_TEXT = compiled(
    rb"(?:data|file_data|b64_json|image_data)\\*\"\s*:\s*\\*\"[A-Za-z0-9+/=_\\-]{64,}", captures=False
)
"""The same where JSON was cut, or is a text within JSON; it ends with the data, which hold no quote."""
_DATA_LINE = re.compile(r"(?:\A|[\r\n])data:")
_LINE_END = re.compile(r"(\r\n|\r|\n)")
"""A stream's lines may end in each of these ways; other line ends stand within JSON's texts."""
_BARE_LINE = re.compile(r"(?:event|id)?(?:: ?[\w.-]{0,64})?\Z", re.ASCII)
"""A line of a stream with no more than a word in it: an event's name or number, a heartbeat, nothing."""

_STRUCTURE = frozenset(
    ("type", "role", "model", "id", "object", "name", "event", "status", "code", "stop_reason",
     "finish_reason", "finishReason", "media_type", "mimeType", "mime_type", "modelVersion", "responseId",
     "tool_use_id", "call_id", "tool_call_id", "effort", "service_tier")
)  # fmt: skip
"""The keys whose strings are no prompt text, except inside of a tool's arguments or result."""
_FREE = frozenset({"input", "args", "arguments", "response", "metadata", "properties", "output"})


class Redaction(msgspec.Struct, frozen=True):
    """What is taken out beside keys and tokens."""

    emails: bool = True
    images: bool = True
    prompts: bool = False


def redacted(exchange: Exchange, rules: Redaction, removed: Counter[str]) -> Exchange:
    """The exchange as it may be exported; what was taken out is counted by kind in ``removed``."""
    text = _Texts(rules, removed)
    return Exchange(
        row=_row(exchange.row, text),
        attempts=[_attempt(attempt, text) for attempt in exchange.attempts],
        bodies=[_body(body, text) for body in exchange.bodies],
    )


# Paths and labels repeat from row to row. What is kept here was masked before it was stored.
_usual_masked = lru_cache(maxsize=4096)(mask_text)
_USUAL_CHARACTERS = 64


class _Texts:
    """Redacts strings by the rules, and counts."""

    def __init__(self, rules: Redaction, removed: Counter[str]) -> None:
        self.rules = rules
        self._removed = removed

    def plain(self, text: str) -> str:
        """A text that is no prompt: secrets and addresses go."""
        masked = _usual_masked(text) if len(text) <= _USUAL_CHARACTERS else mask_text(text)
        if masked != text:
            self._removed["secrets"] += 1
        if self.rules.emails and "@" in masked:
            masked = _replaced(_EMAIL, masked, self._email)
        return masked

    def label(self, account: str) -> str:
        """An account's label, which may be an address without a dot."""
        masked = mask_email(account) if self.rules.emails else account
        if masked != account:
            self._removed["emails"] += 1
        return masked

    def fact(self, text: str) -> str:
        """A further fact of a row or an attempt: a label, or a text that is no prompt."""
        return self.label(self.plain(text))

    def prompt(self, text: str) -> str:
        """What somebody wrote: goes whole where that is asked for."""
        if not self.rules.prompts or not text:
            return self.plain(text)
        self._removed["texts"] += 1
        return _trace("text", text)

    def image(self, text: str) -> str:
        """Image data, or another file's."""
        self._removed["images"] += 1
        return _trace("image", text)

    def _email(self, address: str) -> str:
        self._removed["emails"] += 1
        return mask_email(address)


def _replaced(pattern: Any, text: str, by: Callable[[str], str]) -> str:
    """``text`` with what matches ``pattern`` (RE2, of ASCII characters only) replaced."""
    data = text.encode("utf-8", "surrogatepass")
    edits = [
        Edit(match.start(), match.end(), by(match[0].decode()).encode()) for match in pattern.finditer(data)
    ]
    return apply_edits(data, edits).decode("utf-8", "surrogatepass") if edits else text


def _trace(kind: str, text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"[{kind} removed: {len(text)} characters, sha256 {digest[:16]}]"


def _row(row: RequestRecord, text: _Texts) -> RequestRecord:
    return msgspec.structs.replace(
        row,
        path=text.plain(row.path),
        preview=text.prompt(row.preview),
        agent_label=text.plain(row.agent_label),
        account=text.label(row.account) if row.account else row.account,
        used_by_attempt=with_texts(row.used_by_attempt, text.label, text.fact),
        error=text.prompt(row.error) if row.error else row.error,
        diagnostics=with_text_facts(row.diagnostics, text.fact),
    )


def _attempt(attempt: AttemptRecord, text: _Texts) -> AttemptRecord:
    return msgspec.structs.replace(
        attempt,
        account=text.label(attempt.account),
        failure_text=text.prompt(attempt.failure_text) if attempt.failure_text else None,
    )


def _body(body: KeptBody, text: _Texts) -> KeptBody:
    headers = [
        (name, text.label(value) if name.lower() == "x-account-email" else text.plain(value))
        for name, value in body.headers
    ]
    changed = _content(body.text, text)
    times = body.times if changed == body.text else []  # they count bytes of the text as it was
    return msgspec.structs.replace(body, headers=headers, text=changed, times=times)


def _content(content: str, text: _Texts) -> str:
    """A body: JSON, an SSE stream of JSON, or (cut, broken) just text."""
    whole = _walked(content, text)
    if whole is not None:
        return whole
    if _DATA_LINE.search(content, 0, _LOOKED_AT) is None:
        return _raw(content, text)
    return "".join(
        piece if _LINE_END.fullmatch(piece) else _line(piece, text) for piece in _LINE_END.split(content)
    )


def _line(line: str, text: _Texts) -> str:
    if _BARE_LINE.match(line.strip()):
        return text.plain(line)
    if not line.startswith("data:"):
        return _raw(line, text)
    data = line[5:].strip()
    if data == "[DONE]":
        return line
    walked = _walked(data, text)
    return f"data: {_raw(data, text) if walked is None else walked}"


def _raw(content: str, text: _Texts) -> str:
    """What is no JSON, or no more: a body is cut where its cap is, mostly within an image."""
    if text.rules.images:
        content = _without_data_urls(_replaced(_IMAGE_IN_TEXT, content, partial(_image_behind, text)), text)
    return text.prompt(content)


def _image_behind(text: _Texts, found: str) -> str:
    name, quote, data = found.rpartition('"')
    return name + quote + text.image(data)


def _walked(content: str, text: _Texts) -> str | None:
    """JSON with its strings redacted; the very same text when nothing was; None when it is no JSON."""
    try:
        value = msgspec.json.decode(content)
        if not isinstance(value, dict | list):
            return None
        changed = _value(value, "", False, text)
        return content if changed == value else json.dumps(changed, ensure_ascii=False)
    except (msgspec.DecodeError, UnicodeError, RecursionError):  # no JSON, or nested too deeply to be walked
        return None


def _value(value: Any, key: str, is_free: bool, text: _Texts) -> Any:
    if isinstance(value, dict):
        return {name: _value(held, name, is_free or name in _FREE, text) for name, held in value.items()}
    if isinstance(value, list):
        return [_value(item, key, is_free, text) for item in value]
    return _string(value, key, is_free, text) if isinstance(value, str) else value


def _string(value: str, key: str, is_free: bool, text: _Texts) -> str:
    if text.rules.images:
        if key in _IMAGE_KEYS and len(value) >= _IMAGE_BEGINS_AT and _is_base64(value):
            return text.image(value)
        value = _without_data_urls(value, text)
    if key in _STRUCTURE and not is_free:
        return text.plain(value)
    return text.prompt(value)


def _is_base64(value: str) -> bool:
    return value.isascii() and _BASE64.fullmatch(value.encode()) is not None


def _without_data_urls(value: str, text: _Texts) -> str:
    if not text.rules.images or ";base64," not in value.lower():
        return value
    return _replaced(_DATA_URL, value, text.image)
