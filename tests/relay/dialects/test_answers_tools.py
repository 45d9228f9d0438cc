"""Does a request give the results of tools? In every dialect, by what stands behind the model's last turn."""

from typing import Any

from relay.neutral.conversation import Json
from tests.relay.dialects.every_dialect import DIALECTS


def _anthropic(*messages: tuple[str, list[Json]]) -> Json:
    return {"messages": [{"role": role, "content": content} for role, content in messages]}


def _gemini(*contents: tuple[str, list[Json]]) -> Json:
    return {"contents": [{"role": role, "parts": parts} for role, parts in contents]}


TEXT = {"type": "text", "text": "hi"}
USE = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "ok"}
CALL, RESPONSE = {"functionCall": {"name": "f"}}, {"functionResponse": {"name": "f", "response": {}}}
ASKS = {"role": "user", "content": "hi"}
CALLS = {"role": "assistant", "tool_calls": [{"id": "t", "function": {"name": "f", "arguments": "{}"}}]}
TOOL = {"role": "tool", "tool_call_id": "t", "content": "ok"}
ITEM = {"type": "function_call", "call_id": "t", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "t", "output": "ok"}

CASES: list[tuple[str, Json, bool]] = [
    ("anthropic", _anthropic(("user", [TEXT])), False),
    ("anthropic", _anthropic(("user", [TEXT]), ("assistant", [USE]), ("user", [RESULT])), True),
    ("anthropic", _anthropic(("assistant", [USE]), ("user", [RESULT, TEXT]), ("system", [TEXT])), True),
    ("anthropic", _anthropic(("user", [RESULT]), ("assistant", [TEXT]), ("user", [TEXT])), False),
    ("anthropic", {"messages": [{"role": "user", "content": "hi"}]}, False),
    ("gemini", _gemini(("user", [{"text": "hi"}])), False),
    ("gemini", _gemini(("model", [CALL]), ("user", [RESPONSE])), True),
    ("gemini", _gemini(("user", [RESPONSE]), ("model", [{"text": "a"}]), ("user", [{"text": "b"}])), False),
    ("chat", {"messages": [ASKS]}, False),
    ("chat", {"messages": [ASKS, CALLS, TOOL]}, True),
    ("chat", {"messages": [ASKS, CALLS, TOOL, ASKS]}, True),
    ("chat", {"messages": [ASKS, CALLS, {**TOOL, "role": "function"}]}, True),
    ("chat", {"messages": [CALLS, TOOL, {"role": "assistant", "content": "a"}, ASKS]}, False),
    ("responses", {"input": "hi"}, False),
    ("responses", {"input": [ASKS, ITEM, OUTPUT]}, True),
    ("responses", {"input": [{"type": "custom_tool_call_output", "call_id": "t", "output": "ok"}]}, True),
    ("responses", {"input": [ITEM, OUTPUT, {"type": "message", "role": "assistant"}, ASKS]}, False),
]


def test_results_behind_the_models_last_turn() -> None:
    """Results count until the model speaks again, also with the user's words beside or behind them."""
    seen: list[Any] = []
    for name, body, _ in CASES:
        inspected = DIALECTS[name].inspect({"model": "m", **body}, {})
        seen.append((name, body, inspected.answers_tools))
    assert seen == CASES
