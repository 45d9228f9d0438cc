"""A call's arguments in the events that tell all of them: the text of the object, however it was told. PURE.

Servers tell the object itself, or, as in pieces, an empty one before it, or the object as a text of JSON.
"""

from typing import Any

import msgspec

from relay.dialects.json_object import json_object
from relay.dialects.openai.responses.upstream_answer.wire import StreamEvent, as_json, text_at
from relay.dialects.reading.call_arguments import put_right
from relay.dialects.reading.half_characters import json_text
from relay.neutral.conversation import Json
from relay.neutral.sse import SseEvent, framed

_OTHERS = ("parameters", "input")
"""What Llama and Anthropic call them."""
_DONE = "response.function_call_arguments.done"
_TELL_AN_ITEM = frozenset({"response.output_item.added", "response.output_item.done"})
_TELL_ALL_ITEMS = frozenset({"response.completed", "response.incomplete"})
_TELL_ALL = _TELL_AN_ITEM | _TELL_ALL_ITEMS | {_DONE}


def with_arguments(told: StreamEvent, event: SseEvent) -> tuple[SseEvent, str]:
    """The event, ``told`` too, and the path of what was put right in it; "" and the very same for none."""
    data, name = event.data or b"", told.type
    if name not in _TELL_ALL or b"function_call" not in data:
        return event, ""
    fields, path = _put_right(told), "arguments"
    if not fields:
        return event, ""
    if name in _TELL_AN_ITEM:
        told.item, path = msgspec.Raw(json_text(fields["item"])), "item.arguments"
    elif name in _TELL_ALL_ITEMS:
        told.response, path = msgspec.Raw(json_text(fields["response"])), "response.output.arguments"
    else:
        told.arguments = fields["arguments"]
    return with_fields(event, fields), path


def with_fields(event: SseEvent, fields: Json) -> SseEvent:
    """The event that says ``fields`` beside, or in place of, its own."""
    data = json_text({**(json_object(event.data or b"") or {}), **fields})
    return SseEvent(event.name, data, framed(event.name, data))


TELL_TEXT = frozenset(
    f"response.{name}.delta"
    for name in (
        "output_text", "refusal", "reasoning_text", "reasoning_summary_text", "function_call_arguments",
        "custom_tool_call_input", "mcp_call_arguments", "code_interpreter_call_code", "audio.transcript",
    )
)  # fmt: skip
"""The events whose delta is a text. In one that nobody here knows an object is what upstream means."""


def text_of_delta(told: StreamEvent) -> str:
    """The text that an object in a delta's place is: a call's arguments as JSON, or what it says itself."""
    given = told.delta if isinstance(told.delta, dict) else {}
    if told.type == "response.function_call_arguments.delta":
        return json_text(given).decode() if given else ""
    return text_at(given, "text")


def _put_right(told: StreamEvent) -> Json:
    """The field of ``told`` that tells arguments otherwise than as the text of an object, put right."""
    if told.type == _DONE:
        text = _text_of(told.arguments)
        return {} if text is told.arguments else {"arguments": text}
    if told.type in _TELL_AN_ITEM:
        item = as_json(told.item)
        whole = with_text(item)
        return {} if whole is item else {"item": whole}
    response = as_json(told.response)
    items = response.get("output")
    listed = items if isinstance(items, list) else []
    wholes = [with_text(one) for one in listed]
    is_same = all(whole is one for whole, one in zip(wholes, listed, strict=True))
    return {} if is_same else {"response": {**response, "output": wholes}}


def with_text(item: Any) -> Any:
    """An item whose arguments are a text, if they say an object; the very same where nothing is to do."""
    if not isinstance(item, dict) or item.get("type") != "function_call":
        return item
    arguments = item.get("arguments")
    if arguments is None:
        others = (item[name] for name in _OTHERS if isinstance(item.get(name), dict | str))
        arguments = next(others, "" if "arguments" in item else None)
    text = _text_of(arguments)
    return item if text is item.get("arguments") else {**item, "arguments": text}


def _text_of(arguments: Any) -> Any:
    if isinstance(arguments, dict):
        return json_text(arguments).decode()
    if not isinstance(arguments, str):
        return arguments
    text = put_right(arguments)
    return arguments if text.strip() == arguments.strip() else text
