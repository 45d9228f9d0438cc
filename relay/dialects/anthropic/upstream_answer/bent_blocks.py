"""A content block as it begins, with what a client cannot do without. PURE."""

from typing import Any

from relay.dialects.reading.call_arguments import object_of
from relay.dialects.reading.half_characters import json_text
from relay.neutral.conversation import Json

_CALLED = {
    "tool_call": "tool_use",
    "function_call": "tool_use",
    "function": "tool_use",
    "reasoning": "thinking",
    "output_text": "text",
}
"""What gateways call a kind of block."""
_TEXTS = {"text": "text", "thinking": "thinking"}
"""The fields that SDKs append to, by kind."""


def whole_content(content: Json, call_id: str) -> tuple[Json, list[str]]:
    """``content`` as a client can read it, and the paths of what was put right.

    The client answers a call by its id: one without gets ``call_id``. A call's input is an object, a text or
    a thought a text; a kind that is not told shows in the fields.
    """
    whole = dict(content)
    told = whole.get("type") or _shown_kind(whole)
    kind = whole["type"] = _CALLED.get(told, told) if isinstance(told, str) else told
    if kind == "tool_use":
        _put_call_right(whole, call_id)
    name = _TEXTS.get(kind, "") if isinstance(kind, str) else ""
    if name and not isinstance(whole.get(name), str):
        text = whole.get("text")
        whole[name] = text if isinstance(text, str) else ""
    if isinstance(given := whole.get("input"), str):
        whole["input"] = object_of(given) or {}
    changed = [name for name, value in whole.items() if name not in content or value is not content[name]]
    return (whole, [f"content_block.{name}" for name in changed]) if changed else (content, [])


def input_at_end(body: Json) -> str:
    """The input that a content_block_stop tells, as text; "" without, or for an empty one."""
    content = body.get("content_block")
    given = [one.get("input") for one in (body, content) if isinstance(one, dict)]
    told = next((one for one in given if one and isinstance(one, dict | str)), "")
    return told if isinstance(told, str) else json_text(told).decode()


def _shown_kind(content: Json) -> str:
    if "input" in content or "name" in content:
        return "tool_use"
    return "thinking" if "thinking" in content else "text"


def _put_call_right(whole: Json, call_id: str) -> None:
    function: Any = whole.get("function")
    function = function if isinstance(function, dict) else {}
    if not whole.get("name") and isinstance(name := function.get("name"), str):
        whole["name"] = name
    if not whole.get("id"):
        whole["id"] = call_id
    if not isinstance(whole.get("input"), dict | str):
        given = (source.get("arguments") for source in (whole, function))
        whole["input"] = next((one for one in given if isinstance(one, dict | str)), {})
