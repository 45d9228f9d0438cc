"""Namespaces, custom and additional tools of Responses: plain functions upstream, themselves again below."""

import json
from typing import Any

import pytest

from relay.dialects.openai import OPENAI_RESPONSES
from relay.dialects.openai.responses.requests.named_tools import plain_name
from relay.neutral.conversation import Json, ToolCall, ToolChoice, ToolResult
from relay.neutral.events import ArgumentsDelta, BlockStart, BlockStop, Event, MessageStart, Stop, Terminal
from tests.relay.dialects.openai.streams import client_for, data_of, new_encoder

SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}}}
SHELL = {"type": "custom", "name": "exec", "description": "Runs it.", "format": {"type": "text"}}
PATCH = {
    "type": "custom",
    "name": "patch",
    "format": {"type": "grammar", "syntax": "lark", "definition": "start: x"},
}
SPAWN = {"type": "function", "name": "spawn", "description": "Begins.", "parameters": SCHEMA, "strict": False}
PLAIN = {"type": "function", "name": "get_goal", "parameters": SCHEMA}
TOOLS = [
    {"type": "namespace", "name": "functions", "tools": [SHELL]},
    {"type": "namespace", "name": "agents", "description": "Sub-agents.", "tools": [SPAWN]},
    {"type": "namespace", "name": "mcp__hub__", "tools": [SPAWN]},
    PATCH,
    PLAIN,
]
BY_ITEM: Json = {"input": [{"type": "additional_tools", "role": "developer", "tools": TOOLS}]}
BY_FIELD: Json = {"tools": TOOLS, "input": []}
ASKED = {"role": "user", "content": "Go."}


def request(base: Json, *items: Json, **fields: Any) -> Json:
    return {"model": "m", **base, "input": [*base["input"], ASKED, *items], **fields}


@pytest.mark.parametrize("base", [BY_ITEM, BY_FIELD], ids=["additional_tools", "tools"])
def test_every_tool_becomes_a_function(base: Json) -> None:
    """Codex brings its tools in an item of the input: nothing of them may be lost."""
    told = OPENAI_RESPONSES.read(request(base))
    assert [tool.name for tool in told.tools] == [
        "exec",
        "agents__spawn",
        "mcp__hub__spawn",
        "patch",
        "get_goal",
    ]
    shell, spawn, patch = told.tools[0], told.tools[1], told.tools[3]
    assert shell.description == "Runs it."
    assert shell.schema["required"] == ["input"]
    assert (spawn.description, spawn.schema, spawn.strict) == ("Begins.", SCHEMA, False)
    assert "start: x" in patch.description
    assert told.system == ()
    assert told.dropped == ()


def test_what_a_search_found_is_a_tool_once() -> None:
    """Its calls stand in the history, and an account of another vendor has to know it too."""
    found = {
        "type": "tool_search_output",
        "call_id": "s",
        "execution": "client",
        "tools": [*TOOLS[1:3], PLAIN],
    }
    told = OPENAI_RESPONSES.read(request({"tools": [PLAIN], "input": []}, found, found))
    assert [tool.name for tool in told.tools] == ["get_goal", "agents__spawn", "mcp__hub__spawn"]
    assert OPENAI_RESPONSES.read(request({"tools": [PLAIN], "input": []}, {**found, "tools": None})).tools


def test_long_names_stay_possible_and_different() -> None:
    """At most 64 characters, and never the same for two tools."""
    names = {plain_name({"name": f"tool{number}" + "x" * 50, "namespace": "n" * 40}) for number in range(9)}
    assert len(names) == 9
    assert all(len(name) <= 64 for name in names)


@pytest.mark.parametrize(
    ("choice", "name"),
    [
        ({"type": "custom", "name": "exec", "namespace": "functions"}, "exec"),
        ({"type": "custom", "name": "patch"}, "patch"),
        ({"type": "function", "name": "spawn", "namespace": "agents"}, "agents__spawn"),
    ],
)
def test_a_choice_names_the_function(choice: Json, name: str) -> None:
    """A tool that must be called is found under its flat name."""
    assert OPENAI_RESPONSES.read(request(BY_FIELD, tool_choice=choice)).tool_choice == ToolChoice(
        "any", (name,)
    )


def test_calls_and_results_of_the_history() -> None:
    """A custom call's text travels as the function's argument, its output as the result."""
    told = OPENAI_RESPONSES.read(
        request(
            BY_ITEM,
            {
                "type": "custom_tool_call",
                "call_id": "c1",
                "name": "exec",
                "namespace": "functions",
                "input": "ls\n",
            },
            {
                "type": "function_call",
                "call_id": "c2",
                "name": "spawn",
                "namespace": "agents",
                "arguments": "{}",
            },
            {"type": "custom_tool_call_output", "call_id": "c1", "output": "a-file"},
            {
                "type": "function_call_output",
                "call_id": "c2",
                "output": [{"type": "input_text", "text": "ok"}],
            },
        )
    )
    assert told.turns[1].parts == (
        ToolCall("c1", "exec", {"input": "ls\n"}),
        ToolCall("c2", "agents__spawn", {}),
    )
    results = [part for part in told.turns[2].parts if isinstance(part, ToolResult)]
    assert [(result.call_id, result.name) for result in results] == [("c1", "exec"), ("c2", "agents__spawn")]


def called(name: str, *pieces: str) -> list[Event]:
    return [
        MessageStart("m", "up"),
        BlockStart(0, "tool_call", "call_1", name),
        *[ArgumentsDelta(0, piece) for piece in pieces],
        BlockStop(0),
        Stop("tool_use", "tool_use"),
        Terminal(),
    ]


def answered(name: str, *pieces: str) -> bytes:
    return new_encoder(OPENAI_RESPONSES, request=request(BY_ITEM)).encode(called(name, *pieces))


def test_a_call_in_a_namespace_is_told_as_one() -> None:
    """Name and namespace as the client gave them, in each event that tells them."""
    stream = answered("agents__spawn", '{"id":', '"7"}')
    with client_for(stream).responses.stream(model="m", input="x") as events:
        response = events.get_final_response()
    [item] = response.output
    assert (item.type, item.name, item.namespace, item.arguments) == (
        "function_call",
        "spawn",
        "agents",
        '{"id":"7"}',
    )
    added = next(data for data in data_of(stream) if data["type"] == "response.output_item.added")
    assert (added["item"]["name"], added["item"]["namespace"]) == ("spawn", "agents")


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (['{"inp', 'ut":"ls -l\\n', '# é"}'], "ls -l\n# é"),
        (['{"command":"ls"}'], '{"command":"ls"}'),
        (["{}"], "{}"),
    ],
)
def test_a_custom_call_is_told_as_one(pieces: list[str], text: str) -> None:
    """Its text in one delta; arguments that a model made up are the text as they stand."""
    stream = answered("exec", *pieces)
    with client_for(stream).responses.stream(model="m", input="x") as events:
        response = events.get_final_response()
    [item] = response.output
    assert (item.type, item.name, item.namespace, item.input) == (
        "custom_tool_call",
        "exec",
        "functions",
        text,
    )
    told = {data["type"]: data for data in data_of(stream)}
    assert told["response.custom_tool_call_input.delta"]["delta"] == text
    assert told["response.custom_tool_call_input.done"]["input"] == text
    assert json.dumps(told).count("function_call_arguments") == 0


def test_a_plain_function_stays_one() -> None:
    """No namespace where there was none."""
    added = next(data for data in data_of(answered("get_goal", "{}")) if "output_item.added" in data["type"])
    assert "namespace" not in added["item"]
    assert added["item"]["type"] == "function_call"
