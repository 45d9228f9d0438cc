"""What a client makes of an answer: its text, its calls, and how it ended. Trusts and corrects nothing.

It is written against the vendors' documents and imports nothing of the relay's dialects: a wrong belief
about a wire format must not stand on both sides.
"""

import json
from typing import Any, Literal

from msgspec import Struct, field

from proxyproject.faultlab.ways import Form

Ending = Literal["whole", "status", "error event", "cut", "broken"]
"""``whole``: the protocol's own end, once, and last. ``status``: an HTTP error in the dialect's shape.
``error event``: one, last. ``cut``: it merely stopped. ``broken``: what no client could read."""


class HeardAnswer(Struct):
    """One answer as it was received. ``why`` tells what was broken; ``stop`` is the stop reason as sent;
    ``reached`` is the ending that stood before something behind it broke the protocol or the transfer."""

    status: int
    ending: Ending = "cut"
    text: str = ""
    thinking: str = ""
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    stop: str = ""
    error: str = ""
    why: str = ""
    reached: Ending = "cut"


class _Broken(Exception):
    """The answer breaks its protocol."""


def read(form: Form, is_stream: bool, status: int, body: bytes, *, is_complete: bool) -> HeardAnswer:
    """The answer in ``body``; ``is_complete``: the transfer came to its own end."""
    answer = HeardAnswer(status)
    try:
        if status != 200:
            _take_error(form, answer, json.loads(body))
            answer.ending = "status"
        elif is_stream:
            events, broken = _events(body, is_complete)
            _READERS[form](answer, events)
            if broken:
                raise _Broken(broken)
        else:
            _DOCUMENTS[form](answer, json.loads(body))
            answer.ending = "whole" if answer.stop else "cut"
    except (_Broken, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        answer.reached, answer.ending = answer.ending, "broken"
        answer.why = f"{type(error).__name__}: {error}"
    if not is_complete:
        answer.reached, answer.ending = answer.reached if answer.why else answer.ending, "cut"
    return answer


def _events(body: bytes, is_complete: bool) -> tuple[list[tuple[str, str]], str]:
    """The SSE events of a body, (name, data), as far as it can be read, and what was wrong behind them."""
    text = body.decode("utf-8", "strict" if is_complete else "ignore")
    *blocks, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n\n")
    events: list[tuple[str, str]] = []
    for block in blocks:
        name, data = "", []
        for line in block.split("\n"):
            key, _, value = line.partition(":")
            if key == "event":
                name = value.strip()
            elif key == "data":
                data.append(value.removeprefix(" "))
            elif line and key:
                return events, f"a line that is none: {line[:80]!r}"
        if data:
            events.append((name, "\n".join(data)))
    return events, f"the body ends inside an event: {rest[:80]!r}" if rest.strip() and is_complete else ""


def _take_error(form: Form, answer: HeardAnswer, body: Any) -> None:
    error = body["error"]
    if form == "anthropic" and body["type"] != "error":
        raise _Broken("an error that does not say so")
    answer.error = f"{error.get('type') or error.get('status')}: {error['message']}"
    if not error["message"]:
        raise _Broken("an error without a message")


def _anthropic(answer: HeardAnswer, events: list[tuple[str, str]]) -> None:
    arguments: dict[int, tuple[str, str, list[str]]] = {}
    open_blocks: set[int] = set()
    names = [name for name, _ in events if name != "ping"]
    if names.count("message_start") > 1 or (names and names[0] not in ("message_start", "error")):
        raise _Broken(f"the message starts {names.count('message_start')} times")
    for name, raw in events:
        data = json.loads(raw)
        if data["type"] != name:
            raise _Broken("the event's name is not its type")
        if answer.ending != "cut":
            raise _Broken(f"{name} behind the end")
        match name:
            case "content_block_start":
                open_blocks.add(data["index"])
                if data["content_block"]["type"] == "tool_use":
                    arguments[data["index"]] = (
                        data["content_block"]["id"],
                        data["content_block"]["name"],
                        [],
                    )
            case "content_block_delta":
                if data["index"] not in open_blocks:
                    raise _Broken("a delta outside its block")
                answer.text += data["delta"].get("text", "")
                answer.thinking += data["delta"].get("thinking", "")
                if "partial_json" in data["delta"]:
                    arguments[data["index"]][2].append(data["delta"]["partial_json"])
            case "content_block_stop":
                open_blocks.remove(data["index"])
                if data["index"] in arguments:
                    call_id, tool, pieces = arguments[data["index"]]
                    answer.calls.append((call_id, tool, json.loads("".join(pieces) or "{}")))
            case "message_delta":
                answer.stop = data["delta"]["stop_reason"]
                if data["usage"]["output_tokens"] is None:
                    raise _Broken("no usage")
            case "message_stop":
                if open_blocks or not answer.stop:
                    raise _Broken("the message stops with open blocks, or without a reason")
                answer.ending = "whole"
            case "error":
                _take_error("anthropic", answer, data)
                answer.ending = "error event"


def _anthropic_document(answer: HeardAnswer, body: Any) -> None:
    if body["type"] != "message" or body["role"] != "assistant":
        raise _Broken("no message")
    for block in body["content"]:
        match block["type"]:
            case "text":
                answer.text += block["text"]
            case "thinking":
                answer.thinking += block["thinking"]
            case "tool_use":
                answer.calls.append((block["id"], block["name"], block["input"]))
    answer.stop = body["stop_reason"]
    if body["usage"]["output_tokens"] is None:
        raise _Broken("no usage")


def _gemini(answer: HeardAnswer, events: list[tuple[str, str]]) -> None:
    for _, raw in events:
        data = json.loads(raw)
        if answer.ending != "cut":
            raise _Broken("something behind the end")
        if "error" in data:
            _take_error("gemini", answer, data)
            answer.ending = "error event"
        else:
            _take_candidate(answer, data)
            if answer.stop:
                answer.ending = "whole"


def _take_candidate(answer: HeardAnswer, data: Any) -> None:
    """Null is the same as nothing, as for Google's SDK."""
    answer.stop = (data.get("promptFeedback") or {}).get("blockReason") or ""
    for candidate in data.get("candidates") or []:
        for part in (candidate.get("content") or {}).get("parts") or []:
            if part.get("thought"):
                answer.thinking += part.get("text") or ""
            else:
                answer.text += part.get("text") or ""
            if call := part.get("functionCall"):
                answer.calls.append((call.get("id") or "", call["name"], call.get("args") or {}))
        answer.stop = candidate.get("finishReason") or answer.stop


def _openai(answer: HeardAnswer, events: list[tuple[str, str]]) -> None:
    calls: dict[int, tuple[str, str, list[str]]] = {}
    for _, raw in events:
        if answer.ending != "cut":
            raise _Broken("something behind the end")
        if raw == "[DONE]":
            if not answer.stop:
                raise _Broken("done without a finish reason")
            answer.ending = "whole"
            continue
        data = json.loads(raw)
        if "error" in data:
            _take_error("openai", answer, data)
            answer.ending = "error event"
            continue
        for choice in data["choices"]:
            delta = choice["delta"]
            answer.text += delta.get("content") or ""
            answer.thinking += delta.get("reasoning_content") or ""
            for call in delta.get("tool_calls") or []:
                known = calls.setdefault(call["index"], (call.get("id"), call["function"].get("name"), []))
                known[2].append(call["function"].get("arguments") or "")
            if choice.get("finish_reason"):
                answer.stop = choice["finish_reason"]
    if answer.stop:
        answer.calls += [(i, name, json.loads("".join(a) or "{}")) for i, name, a in calls.values()]


def _openai_document(answer: HeardAnswer, body: Any) -> None:
    [choice] = body["choices"]
    message = choice["message"]
    answer.text = message.get("content") or ""
    answer.thinking = message.get("reasoning_content") or ""
    for call in message.get("tool_calls") or []:
        answer.calls.append((call["id"], call["function"]["name"], json.loads(call["function"]["arguments"])))
    answer.stop = choice["finish_reason"]


def _responses(answer: HeardAnswer, events: list[tuple[str, str]]) -> None:
    ended_by = ""
    texts: dict[tuple[int, int], str] = {}  # by their places: an odd upstream's come by turns
    for name, raw in events:
        data = json.loads(raw)
        if answer.ending != "cut" and (ended_by, name) != ("response.failed", "error"):
            raise _Broken(f"{name} behind the end")
        ended_by = name
        match data["type"]:
            case "response.output_text.delta":
                place = data.get("output_index", 0), data.get("content_index", 0)
                texts[place] = texts.get(place, "") + data["delta"]
            case "response.completed" | "response.incomplete":
                _responses_document(answer, data["response"])
                answer.ending = "whole"
            case "response.failed":
                _take_error("responses", answer, data["response"])
                answer.ending = "error event"
            case "error":
                _take_error("responses", answer, {"error": data.get("error") or data})
                answer.ending = "error event"
    said = "".join(texts[place] for place in sorted(texts))
    if answer.ending == "whole" and answer.text != said:
        raise _Broken("the final response does not hold what was said")
    answer.text = said


def _responses_document(answer: HeardAnswer, body: Any) -> None:
    for item in body["output"]:
        if item["type"] == "message":
            answer.text += "".join(part.get("text", "") for part in item["content"])
        elif item["type"] == "function_call":
            answer.calls.append((item["call_id"], item["name"], json.loads(item["arguments"])))
    answer.stop = body["status"]


_READERS = {"anthropic": _anthropic, "gemini": _gemini, "openai": _openai, "responses": _responses}
_DOCUMENTS = {
    "anthropic": _anthropic_document,
    "gemini": _take_candidate,
    "openai": _openai_document,
    "responses": _responses_document,
}
