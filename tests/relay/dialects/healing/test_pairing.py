"""A refused history whose calls and results do not pair: each call gets one result, in every dialect."""

import json
from typing import Any

import pytest

from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.errors.refused_parameters import PAIRS
from relay.dialects.gemini import GEMINI
from relay.dialects.interface import Dialect
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.dialects.translation.foreign_history import NO_RESULT, STRAY_RESULT
from tests.relay.dialects.healing.test_result_order import turns_of

DIALECTS = {dialect.name: dialect for dialect in (ANTHROPIC, GEMINI, OPENAI_CHAT)}


def in_short(dialect: Dialect, body: dict[str, Any]) -> str:
    """The turns as ``turns_of`` reads them; ``.a`` says that call a got no result, ``+`` is a stray one."""
    turns = []
    for turn in dialect.turns.turns(body):
        parts = dialect.turns.parts(turn)
        turns.append(" ".join(word for part in parts for word in _words(dialect, part)))
    return " | ".join(turn for turn in turns if turn)


def _words(dialect: Dialect, part: Any) -> list[str]:
    if called := list(dialect.turns.called(part)):
        return [f"?{keys[0] if dialect is not GEMINI else keys[0][-1]}" for keys in called]
    if answered := dialect.turns.answered(part):
        sign = "." if NO_RESULT in json.dumps(part) else "!"
        return [f"{sign}{answered[0] if dialect is not GEMINI else answered[0][-1]}"]
    if STRAY_RESULT in json.dumps(part):
        return ["+"]
    told = part.get("text") or part.get("content")
    return [] if isinstance(told, list) or told is None else [told]


@pytest.mark.parametrize("name", ["anthropic", "gemini"])
def test_results_are_parts_of_turns(name: str) -> None:
    """Twice told results go, strays become what the user shows, and what is missing is said to be."""
    table = {
        "hi | ?a | !a !a | ok": "hi | ?a | !a | ok",  # gemini-cli sends this when it resumes a session
        "hi | ?a ?b | !a !b !a !b": "hi | ?a ?b | !a !b",
        "hi | ?a | ok": "hi | ?a | .a ok",
        "hi | ?a ?b | !b ok": "hi | ?a ?b | .a !b ok",
        "hi | ?a": "hi | ?a | .a",
        "?a | ?b | !b": "?a | ?b | .a !b",
        "hi | !a ok": "hi | ok +",
        "hi | ?a | !a | ok | !a so": "hi | ?a | !a | ok | so",  # told again later
        "hi | ?a | !a | ?b | wait | ?c | !c !b": "hi | ?a | !a | ?b | !b wait | ?c | !c",
    }
    wrong = {}
    for said, expected in table.items():
        dialect = DIALECTS[name]
        if (found := in_short(dialect, _paired(dialect, said))) != expected:
            wrong[said] = found
    assert wrong == {}


def test_results_are_turns_of_their_own() -> None:
    """In chat completions each stands right behind its call, and what the user shows behind them all."""
    table = {
        "hi | ?a | !a !a | ok": "hi | ?a | !a | ok",
        "hi | ?a ?b | !b | ok": "hi | ?a ?b | .a | !b | ok",
        "hi | ?a | ok": "hi | ?a | .a | ok",
        "?a | ?b | !b": "?a | .a | ?b | !b",
    }
    found = {said: in_short(OPENAI_CHAT, _paired(OPENAI_CHAT, said)) for said in table}
    assert found == table
    strays = _paired(OPENAI_CHAT, "hi | ?a | !x !a | ok")["messages"]
    assert [turn["role"] for turn in strays] == ["user", "assistant", "tool", "user", "user"]


def _paired(dialect: Dialect, said: str) -> dict[str, Any]:
    return dialect.take_back({dialect.turns.key: turns_of(dialect.name, said)}, PAIRS)


@pytest.mark.parametrize("name", DIALECTS)
def test_what_pairs_is_the_very_same(name: str) -> None:
    """No body is written anew without need."""
    for said in ("hi | ?a ?b | !a !b | ok", "hi", "hi | ?a | !a | ?a | !a ok"):
        body = {DIALECTS[name].turns.key: turns_of(name, said)}
        assert DIALECTS[name].take_back(body, PAIRS) is body
    for body in ({}, {DIALECTS[name].turns.key: [3, None, "x", {}, []]}, {DIALECTS[name].turns.key: "x"}):
        assert DIALECTS[name].take_back(body, PAIRS) is body


def test_two_results_that_differ_are_both_kept() -> None:
    """The second becomes what the user shows: nothing that was said is lost."""
    call = {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]}
    results = [{"type": "tool_result", "tool_use_id": "a", "content": text} for text in ("one", "two")]
    body = {"messages": [call, {"role": "user", "content": results}]}
    paired = ANTHROPIC.take_back(body, PAIRS)["messages"][1]["content"]
    assert paired[0] == results[0]
    assert json.dumps(paired[1:]).count("two") == 1


def _stray(text: str) -> dict[str, Any]:
    """A result without its call, as a message of the user's."""
    told = [{"type": "input_text", "text": one} for one in (STRAY_RESULT, text)]
    return {"type": "message", "role": "user", "content": told}


def test_items_of_a_responses_input() -> None:
    """Outputs stand anywhere behind their calls; a conversation that is kept upstream stays as it is."""
    call = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
    own = {"type": "custom_tool_call", "call_id": "b", "name": "g", "input": "x"}
    output = {"type": "function_call_output", "call_id": "a", "output": "done"}
    none_given = {"type": "custom_tool_call_output", "call_id": "b", "output": NO_RESULT}
    user = {"role": "user", "content": "hi"}
    table: list[tuple[list[Any], list[Any]]] = [
        ([user, call, output, output], [user, call, output]),
        ([call, own, output], [call, own, none_given, output]),
        ([call, user, output], [call, user, output]),
        ([output, call], [_stray("done"), call, {**output, "output": NO_RESULT}]),
        ([{**output, "output": None}], [_stray("")]),
        ([{**output, "output": {"n": 1}}], [_stray('{"n":1}')]),
    ]
    for given, expected in table:
        assert OPENAI_RESPONSES.take_back({"input": given}, PAIRS)["input"] == expected
    [shown] = OPENAI_RESPONSES.take_back({"input": [output]}, PAIRS)["input"]
    assert (shown["role"], shown["content"][1]["text"]) == ("user", "done")
    for kept in (
        {"input": [output], "previous_response_id": "r"},
        {"input": [user, {"type": "item_reference", "id": "fc_1"}, output]},
        {"input": [call, output]},
        {"input": "hi"},
    ):
        assert OPENAI_RESPONSES.take_back(kept, PAIRS) is kept
