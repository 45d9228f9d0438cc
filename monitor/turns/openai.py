"""OpenAI's chat completions and responses as turns. PURE."""

from typing import Any

from monitor.turns.parts import (
    ShownTurn,
    TurnPart,
    arguments,
    as_dict,
    as_json,
    as_list,
    as_text,
    image_at,
    raw,
    vectors,
)

_DELTAS = {
    "response.output_text.delta": ("message", "said"),
    "response.function_call_arguments.delta": ("function_call", "arguments"),
    "response.reasoning_summary_text.delta": ("reasoning", "thought"),
    "response.reasoning_text.delta": ("reasoning", "thought"),
}
"""The events of the responses form by which an item grows: the item's type, and where its text is put."""


def request_turns(body: dict[str, Any]) -> list[ShownTurn]:
    """Instructions, tools and messages, of either form."""
    turns = []
    if body.get("instructions"):
        turns.append(ShownTurn("system", [TurnPart("text", as_text(body["instructions"]))]))
    names = [
        as_text(as_dict(as_dict(tool).get("function")).get("name") or as_dict(tool).get("name"))
        for tool in as_list(body.get("tools"))
    ]
    if names:
        turns.append(ShownTurn("system", [TurnPart("text", ", ".join(names), "tools")]))
    said = body.get("input")
    if isinstance(said, str):
        turns.append(ShownTurn("user", [TurnPart("text", said)]))
    turns += [_input(item) for item in as_list(said)]
    turns += [_message(as_dict(message)) for message in as_list(body.get("messages"))]
    return turns


def response_turns(objects: list[dict[str, Any]]) -> list[ShownTurn]:
    """The answer of either form, from its events or its one object."""
    message: dict[str, Any] = {}
    calls: dict[int, dict[str, Any]] = {}
    items: dict[int, dict[str, Any]] = {}
    errors: list[ShownTurn] = []
    embedded: list[ShownTurn] = []
    for event in objects:
        if event.get("error"):
            errors.append(ShownTurn("error", [raw(event["error"])]))
        for choice in as_list(event.get("choices")):
            held = as_dict(choice)
            _add(message, calls, as_dict(held.get("delta") or held.get("message")))
        response = as_dict(event.get("response")) if "response" in event else event
        for index, item in enumerate(as_list(response.get("output"))):
            items[index] = as_dict(item)
        _add_item(items, event)
        found = [as_dict(one).get("embedding") for one in as_list(event.get("data"))]
        embedded = embedded or vectors(found)
    turns = [*embedded, *(_item(item) for _, item in sorted(items.items()))]
    if message or calls:
        turns.append(_message({"role": "assistant", **message, "tool_calls": list(calls.values())}))
    return [*turns, *errors]


def _add(message: dict[str, Any], calls: dict[int, dict[str, Any]], delta: dict[str, Any]) -> None:
    """Fold a chat delta (or the whole message) into what is there."""
    for name in ("content", "reasoning_content", "reasoning", "refusal"):
        if isinstance(delta.get(name), str):
            message[name] = message.get(name, "") + delta[name]
    for at, call in enumerate(as_list(delta.get("tool_calls"))):
        held = as_dict(call)
        index = held.get("index")
        function = as_dict(held.get("function"))
        into = calls.setdefault(
            index if isinstance(index, int) else at, {"function": {"name": "", "arguments": ""}}
        )["function"]
        into["name"] += as_text(function.get("name"))
        into["arguments"] += as_text(function.get("arguments"))


def _add_item(items: dict[int, dict[str, Any]], event: dict[str, Any]) -> None:
    """Fold an event of the responses form into its items: a finished item replaces its deltas."""
    index = event.get("output_index")
    if not isinstance(index, int):
        return
    match event.get("type"):
        case "response.output_item.added" | "response.output_item.done":
            items[index] = dict(as_dict(event.get("item")))
        case str(name) if name in _DELTAS:
            kind, field = _DELTAS[name]
            into = items.setdefault(index, {"type": kind})
            into[field] = as_text(into.get(field)) + as_text(event.get("delta"))


def _input(item: object) -> ShownTurn:
    """A piece of the responses form, or a text (or its tokens) that is to be embedded."""
    if isinstance(item, dict):
        return _item(item)
    return ShownTurn("user", [TurnPart("text", item) if isinstance(item, str) else raw(item)])


def _item(item: dict[str, Any]) -> ShownTurn:
    match item.get("type"):
        case "function_call":
            title = f"tool call {as_text(item.get('name'))}"
            return ShownTurn("assistant", [TurnPart("tool", arguments(item.get("arguments")), title)])
        case "function_call_output":
            return ShownTurn("tool", [TurnPart("result", as_text(item.get("output")), "tool result")])
        case "reasoning":
            told = as_list(item.get("summary")) or as_list(item.get("content"))
            texts = [as_text(as_dict(part).get("text")) for part in told] or [as_text(item.get("thought"))]
            return ShownTurn("assistant", [TurnPart("thinking", "\n".join(texts), "thinking")])
        case None | "message":
            role = as_text(item.get("role")) or "assistant"
            content = item.get("content") or item.get("said")
            return ShownTurn("system" if role == "developer" else role, _parts(content))
        case _:
            return ShownTurn("assistant", [raw(item)])


def _message(message: dict[str, Any]) -> ShownTurn:
    role = as_text(message.get("role")) or "user"
    parts = [
        TurnPart("thinking", message[name], "thinking")
        for name in ("reasoning_content", "reasoning")
        if isinstance(message.get(name), str) and message[name]
    ]
    if role == "tool":
        content = message.get("content")
        parts.append(
            TurnPart("result", content if isinstance(content, str) else as_json(content), "tool result")
        )
        return ShownTurn(role, parts)
    parts += _parts(message.get("content"))
    if message.get("refusal"):
        parts.append(TurnPart("text", as_text(message["refusal"]), "refusal"))
    for call in as_list(message.get("tool_calls")):
        function = as_dict(as_dict(call).get("function"))
        title = f"tool call {as_text(function.get('name'))}"
        parts.append(TurnPart("tool", arguments(function.get("arguments")), title))
    return ShownTurn("system" if role == "developer" else role, parts)


def _parts(content: object) -> list[TurnPart]:
    if isinstance(content, str):
        return [TurnPart("text", content)] if content else []
    return [_part(as_dict(part)) for part in as_list(content)]


def _part(part: dict[str, Any]) -> TurnPart:
    match part.get("type"):
        case "text" | "input_text" | "output_text":
            return TurnPart("text", as_text(part.get("text")))
        case "refusal":
            return TurnPart("text", as_text(part.get("refusal")), "refusal")
        case "image_url":
            held = part.get("image_url")
            return image_at(held.get("url") if isinstance(held, dict) else held)
        case "input_image":
            return image_at(part.get("image_url"))
        case _:
            return raw(part)
