"""A whole stream to the one JSON answer that the API gives without streaming.

PURE. What is not known here is kept: the last word counts, objects are joined, parts stand in a row.
"""

from typing import Any

import msgspec

from relay.dialects.gemini.fields import camel_keys, field
from relay.dialects.gemini.upstream_answer.partial_arguments import PartialArguments
from relay.dialects.gemini.upstream_answer.wire import PartialArg
from relay.dialects.reading.half_characters import any_object
from relay.neutral.conversation import Json
from relay.neutral.sse import SseParser

_DELTA_FIELDS = frozenset({"text", "thought"})
_SIGNED = frozenset({"thoughtSignature"})
_DATA = frozenset({"chosenCandidates", "topCandidates"})
"""Lists of one entry for each token: equal entries are different tokens."""
_SOURCES = frozenset({"citations", "citationSources"})
"""Lists of which each chunk may repeat what was told before."""


def collect(stream: bytes) -> bytes:
    """The answer that ``stream`` amounts to: SSE, complete, and nothing that the decoder refuses."""
    parser = SseParser(max_event_bytes=len(stream) + 1)
    whole = _Whole()
    for event in [*parser.feed(stream), *parser.finish()]:
        whole.take((any_object(event.data) if event.data is not None else None) or {})
    return msgspec.json.encode(whole.answer())


class _Whole:
    """The answer as it grows."""

    def __init__(self) -> None:
        self._answer: Json = {}
        self._candidates: dict[int, Json] = {}
        self._known: dict[int, tuple[list[Any], set[bytes]]] = {}  # by the identity of a list: its entries

    def take(self, chunk: Json) -> None:
        for candidate in chunk.pop("candidates", None) or []:
            told = candidate.get("index")
            self._join_candidate(self._candidates.setdefault(told if type(told) is int else 0, {}), candidate)
        self._join(self._answer, chunk)

    def answer(self) -> Json:
        for candidate in self._candidates.values():
            content = candidate.get("content")
            if isinstance(content, dict) and "parts" in content:
                content["parts"] = _joined_parts(content["parts"])
        if not self._candidates:
            return self._answer
        return {
            "candidates": [self._candidates[index] for index in sorted(self._candidates)],
            **self._answer,
        }

    def _join_candidate(self, whole: Json, more: Json) -> None:
        content = more.pop("content", None)
        self._join(whole, more)
        if not isinstance(content, dict):
            return
        parts = content.pop("parts", None)
        into = whole.setdefault("content", {})
        into.update(content)
        if parts is not None:
            into.setdefault("parts", []).extend(parts)

    def _join(self, whole: Json, more: Json) -> None:
        for key, value in more.items():
            before = whole.get(key)
            if isinstance(before, dict) and isinstance(value, dict):
                self._join(before, value)
            elif isinstance(before, list) and isinstance(value, list) and key in _DATA:
                before.extend(value)
            elif isinstance(before, list) and isinstance(value, list) and key in _SOURCES:
                self._add_new(before, value)
            else:
                whole[key] = value

    def _add_new(self, before: list[Any], more: list[Any]) -> None:
        if id(before) not in self._known:
            self._known[id(before)] = (before, set(map(_as_key, before)))
        _, known = self._known[id(before)]
        for item in more:
            if (key := _as_key(item)) not in known:
                known.add(key)
                before.append(item)


def _as_key(item: Any) -> bytes:
    return msgspec.json.encode(item, order="sorted")


def _joined_parts(parts: list[Json]) -> list[Json]:
    joined: list[Json] = []
    # What of each part is still in pieces: a text, or the arguments of a call.
    growing: list[list[str] | PartialArguments | None] = []
    call: PartialArguments | None = None
    for part in parts:
        before = joined[-1] if joined else None
        function_call = field(part, "functionCall")
        if isinstance(function_call, dict) and (call is not None or _is_partial(function_call)):
            if call is None:
                call = PartialArguments()
                identity = {key: function_call[key] for key in ("id", "name") if key in function_call}
                joined.append({**part, "functionCall": identity})
                growing.append(call)
            _take_pieces(call, function_call)
            if not field(function_call, "willContinue"):
                call = None
        elif before is not None and _is_delta(part) and _is_delta(before) and _same_kind(part, before):
            texts = growing[-1]
            if isinstance(texts, list):
                texts.append(part["text"])
        elif (
            before is not None and _is_late_signature(part) and _is_delta(before) and _same_kind(part, before)
        ):
            # The API tells it with the text that it signs.
            before["thoughtSignature"] = part["thoughtSignature"]
        elif not (_is_delta(part) and part["text"] == ""):
            joined.append(dict(part))
            growing.append([part["text"]] if _is_delta(part) else None)
    for part, pieces in zip(joined, growing, strict=True):
        if isinstance(pieces, PartialArguments):
            part["functionCall"]["args"] = msgspec.Raw(pieces.as_json().encode())
        elif pieces is not None:
            part["text"] = "".join(pieces)
    return joined or parts[-1:]


def _is_partial(function_call: Json) -> bool:
    return bool(field(function_call, "willContinue") or field(function_call, "partialArgs"))


def _take_pieces(call: PartialArguments, function_call: Json) -> None:
    pieces = camel_keys(field(function_call, "partialArgs") or [])
    call.take([msgspec.json.decode(msgspec.json.encode(piece), type=PartialArg) for piece in pieces])


def _is_delta(part: Json) -> bool:
    return isinstance(part.get("text"), str) and part.keys() <= _DELTA_FIELDS


def _is_late_signature(part: Json) -> bool:
    """A signature that a stream tells behind the text; a client may hold a part without text for broken."""
    return part.get("text") == "" and "thoughtSignature" in part and part.keys() - _DELTA_FIELDS == _SIGNED


def _same_kind(one: Json, other: Json) -> bool:
    return bool(one.get("thought")) == bool(other.get("thought"))
