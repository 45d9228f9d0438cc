"""A whole stream to the one JSON answer that the API gives without streaming.

PURE. What is not known here is kept: the last word counts, objects are joined, parts stand in a row.
"""

import msgspec

from relay.dialects.gemini.fields import camel_keys, field
from relay.dialects.gemini.partial_arguments import PartialArguments
from relay.dialects.gemini.wire import PartialArg
from relay.dialects.reading.half_characters import any_object
from relay.neutral.conversation import Json
from relay.neutral.sse import SseParser

_DELTA_FIELDS = frozenset({"text", "thought"})
_SIGNED = frozenset({"thoughtSignature"})
_JOINED_LISTS = frozenset({"citations", "citationSources", "chosenCandidates", "topCandidates"})


def collect(stream: bytes) -> bytes:
    """The answer that ``stream`` amounts to: SSE, complete, and nothing that the decoder refuses."""
    parser = SseParser(max_event_bytes=len(stream) + 1)
    answer: Json = {}
    candidates: dict[int, Json] = {}
    for event in [*parser.feed(stream), *parser.finish()]:
        chunk = (any_object(event.data) if event.data is not None else None) or {}
        for candidate in chunk.pop("candidates", None) or []:
            told = candidate.get("index")
            _join_candidate(candidates.setdefault(told if type(told) is int else 0, {}), candidate)
        _join(answer, chunk)
    for candidate in candidates.values():
        if isinstance(candidate.get("content"), dict) and "parts" in candidate["content"]:
            candidate["content"]["parts"] = _joined_parts(candidate["content"]["parts"])
    if candidates:
        answer = {"candidates": [candidates[index] for index in sorted(candidates)], **answer}
    return msgspec.json.encode(answer)


def _join_candidate(whole: Json, more: Json) -> None:
    content = more.pop("content", None)
    _join(whole, more)
    if not isinstance(content, dict):
        return
    parts = content.pop("parts", None)
    into = whole.setdefault("content", {})
    into.update(content)
    if parts is not None:
        into.setdefault("parts", []).extend(parts)


def _join(whole: Json, more: Json) -> None:
    for key, value in more.items():
        before = whole.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            _join(before, value)
        elif isinstance(before, list) and isinstance(value, list) and key in _JOINED_LISTS:
            before.extend(item for item in value if item not in before)
        else:
            whole[key] = value


def _joined_parts(parts: list[Json]) -> list[Json]:
    joined: list[Json] = []
    call: PartialArguments | None = None
    for part in parts:
        before = joined[-1] if joined else None
        function_call = field(part, "functionCall")
        if call is not None and before is not None and isinstance(function_call, dict):
            _take_pieces(call, function_call)
            before["functionCall"]["args"] = msgspec.json.decode(call.as_json())
            if not field(function_call, "willContinue"):
                call = None
        elif isinstance(function_call, dict) and _is_partial(function_call):
            call = PartialArguments()
            _take_pieces(call, function_call)
            identity = {key: function_call[key] for key in ("id", "name") if key in function_call}
            arguments = msgspec.json.decode(call.as_json())
            joined.append({**part, "functionCall": {**identity, "args": arguments}})
            if not field(function_call, "willContinue"):
                call = None
        elif before is not None and _is_delta(part) and _is_delta(before) and _same_kind(part, before):
            before["text"] += part["text"]
        elif (
            before is not None and _is_late_signature(part) and _is_delta(before) and _same_kind(part, before)
        ):
            before["thoughtSignature"] = part[
                "thoughtSignature"
            ]  # the API tells it with the text that it signs
        elif not (_is_delta(part) and part["text"] == ""):
            joined.append(dict(part))
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
