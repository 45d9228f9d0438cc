"""A whole chat completions stream, as the one JSON answer that the API gives without streaming.

PURE. Deltas are joined field by field, also those that nobody here knows; nothing is left out but the
padding (``obfuscation``), and a whole message that some servers repeat beside each delta. What stands beside
the delta is no delta: the last word counts.
"""

from typing import Any

import msgspec

from relay.dialects.openai.chat.upstream_answer.call_numbers import CallNumbers
from relay.dialects.openai.no_arguments import NO_ARGUMENTS
from relay.dialects.reading.half_characters import any_object
from relay.neutral.conversation import Json
from relay.neutral.sse import SseParser

_NOT_KEPT = frozenset({"choices", "usage", "obfuscation", "object"})
# Each fragment repeats them whole.
_REPEATED = frozenset({"id", "type", "role", "index", "name", "format", "signature"})
_NO_DELTA = frozenset({"index", "delta", "message"})


def collect(stream: bytes) -> bytes:
    """The bytes of a stream -> ``chat.completion``."""
    parser = SseParser(max_event_bytes=len(stream) + 1)
    answer: Json = {"id": "", "object": "chat.completion", "created": 0, "model": ""}
    choices: dict[int, _Choice] = {}
    usage: Any = None
    for event in [*parser.feed(stream), *parser.finish()]:
        if event.data is None or event.data == b"[DONE]":
            continue
        piece = any_object(event.data) or {}
        answer.update(
            {key: value for key, value in piece.items() if key not in _NOT_KEPT and value is not None}
        )
        usage = piece.get("usage") or usage
        for told in _objects(piece.get("choices")):
            choices.setdefault(told.get("index") or 0, _Choice()).take(told)
    answer["choices"] = [choices[index].whole(index) for index in sorted(choices)]
    if usage is not None:
        answer["usage"] = usage
    return msgspec.json.encode(answer, enc_hook=_joined)


class _Choice:
    """One choice as it grows."""

    def __init__(self) -> None:
        self._message: Json = {"role": "assistant", "content": None, "refusal": None}
        self._others: Json = {"finish_reason": None, "logprobs": None}
        self._numbers = CallNumbers()
        self._calls: list[Json] = []
        self._lists = _Lists()

    def take(self, told: Json) -> None:
        delta = dict(told.get("delta") or {})
        for fragment in _objects(delta.pop("tool_calls", None)):
            self._call(fragment)
        _join(self._message, delta, self._lists)
        for key, value in told.items():
            before = self._others.get(key)
            if isinstance(before, dict) and isinstance(value, dict):
                _join(before, value, self._lists)
            elif key not in _NO_DELTA and (value is not None or before is None):
                self._others[key] = value

    def whole(self, index: int) -> Json:
        if self._calls:
            self._message["tool_calls"] = self._calls
            if self._others["finish_reason"] != "length":  # else some may be missing
                self._argue()
        return {"index": index, "message": self._message, **self._others}

    def _argue(self) -> None:
        """A call without arguments has an empty object for them, as OpenAI's own: clients read it as JSON."""
        for call in self._calls:
            told = call.get("function")
            if isinstance(told, dict) and not _said(told.get("arguments")):
                told["arguments"] = NO_ARGUMENTS

    def _call(self, fragment: Json) -> None:
        kind = "custom" if isinstance(fragment.get("custom"), dict) else "function"
        function = dict(fragment.get(kind) or {})
        if isinstance(function.get("arguments"), dict):
            function["arguments"] = msgspec.json.encode(function["arguments"]).decode()
        position, begins = self._numbers.place(
            fragment.get("index"), fragment.get("id") or "", function.get("name") or ""
        )
        if begins:
            told = {"name": "", "input" if kind == "custom" else "arguments": ""}
            self._calls.append({"id": "", "type": kind, kind: told})
        rest = {key: value for key, value in fragment.items() if key != "index"}
        _join(self._calls[position], {**rest, kind: function}, self._lists)


class _Text:
    """A string that grew; it is joined at the end."""

    __slots__ = ("pieces",)

    def __init__(self, first: str) -> None:
        self.pieces = [first]


def _said(text: Any) -> Any:
    return _joined(text) if isinstance(text, _Text) else text


class _Lists:
    """The entries of lists by the ``index`` that each tells, as far as they were joined with others."""

    def __init__(self) -> None:
        self._entries: dict[int, tuple[list[Any], dict[int, Json]]] = {}  # by the identity of the list

    def of(self, told: list[Any]) -> dict[int, Json]:
        """Those of ``told``."""
        if id(told) not in self._entries:
            entries: dict[int, Json] = {}
            for entry in told:
                if (number := _index(entry)) is not None:
                    entries.setdefault(number, entry)
            self._entries[id(told)] = (told, entries)
        return self._entries[id(told)][1]


def _join(whole: Json, more: Json, lists: _Lists) -> None:
    """Add what a delta says: texts and lists grow, the rest is taken over; null says nothing."""
    for key, value in more.items():
        before = whole.get(key)
        if value is None:
            whole.setdefault(key, None)
        elif isinstance(before, dict) and isinstance(value, dict):
            _join(before, value, lists)
        elif isinstance(before, list) and isinstance(value, list):
            _join_lists(before, value, lists)
        elif isinstance(before, _Text) and isinstance(value, str):
            before.pieces.append(value)
        elif isinstance(before, str) and isinstance(value, str) and key not in _REPEATED:
            whole[key] = _Text(before)
            whole[key].pieces.append(value)
        elif value != "" or before is None:
            whole[key] = value


def _join_lists(before: list[Any], more: list[Any], lists: _Lists) -> None:
    """Entries that tell the same ``index`` are one entry; others follow."""
    known = lists.of(before)
    for entry in more:
        number = _index(entry)
        if number is None:
            before.append(entry)
        elif number in known:
            _join(known[number], entry, lists)
        else:
            known[number] = entry
            before.append(entry)


def _index(entry: Any) -> int | None:
    told = entry.get("index") if isinstance(entry, dict) else None
    return told if type(told) is int else None


def _joined(text: Any) -> str:
    """What msgspec does not know."""
    return "".join(text.pieces)


def _objects(told: Any) -> list[Json]:
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
