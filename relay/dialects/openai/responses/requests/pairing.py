"""Items of an input that was refused because calls and outputs do not pair, put right. PURE, and linear.

An output may stand anywhere behind its call here. A conversation that is kept upstream, whole or in items
that are only referred to, has calls that are not in the input: it stays as it is.
"""

from typing import Any

from relay.dialects.translation.foreign_history import NO_RESULT, STRAY_RESULT, as_text
from relay.neutral.conversation import Json

_OUTPUTS = {"function_call": "function_call_output", "custom_tool_call": "custom_tool_call_output"}


def paired(body: Json) -> Json:
    """``body`` with one output behind each call, as ``relay/dialects/healing/pairing.py`` does it."""
    items = body.get("input")
    if not isinstance(items, list) or body.get("previous_response_id") or body.get("conversation"):
        return body
    if any(isinstance(item, dict) and item.get("type") == "item_reference" for item in items):
        return body
    lacking = _lacking(items)
    called: set[str] = set()
    outputs: dict[str, Any] = {}
    out: list[Any] = []
    for at, item in enumerate(items):
        if call_id := _answered(item):
            if call_id not in called:
                out.append(_shown(item))
            elif call_id not in outputs:
                outputs[call_id] = item
                out.append(item)
            elif item != outputs[call_id]:
                out.append(_shown(item))
            continue
        out.append(item)
        if call_id := _called(item):
            called.add(call_id)
            if at in lacking:
                out.append({"type": _OUTPUTS[item["type"]], "call_id": call_id, "output": NO_RESULT})
    if len(out) == len(items) and all(new is old for new, old in zip(out, items, strict=True)):
        return body
    return {**body, "input": out}


def _lacking(items: list[Any]) -> set[int]:
    """Where calls stand that no output behind them answers."""
    lacking: set[int] = set()
    answered: set[str] = set()
    for at in range(len(items) - 1, -1, -1):
        if call_id := _answered(items[at]):
            answered.add(call_id)
        elif (call_id := _called(items[at])) and call_id not in answered:
            lacking.add(at)
    return lacking


def _called(item: Any) -> str:
    """The id of a call that the client's side answers; "" for any other item."""
    return _id_of(item, tuple(_OUTPUTS))


def _answered(item: Any) -> str:
    return _id_of(item, tuple(_OUTPUTS.values()))


def _id_of(item: Any, types: tuple[str, ...]) -> str:
    if not isinstance(item, dict) or item.get("type") not in types:  # a tuple: a type may be no text at all
        return ""
    told = item.get("call_id")
    return told if isinstance(told, str) else ""


def _shown(item: Json) -> Json:
    """An output without its call, as a message of the user's."""
    output = item.get("output")
    told = output if isinstance(output, list) else [{"type": "input_text", "text": as_text(output)}]
    content = [{"type": "input_text", "text": STRAY_RESULT}, *told]
    return {"type": "message", "role": "user", "content": content}
