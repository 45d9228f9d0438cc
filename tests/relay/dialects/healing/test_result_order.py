"""Results of tools stand right behind their calls, in every dialect that wants them there."""

from typing import Any

import pytest

from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.gemini import GEMINI
from relay.dialects.healing.result_order import in_order
from relay.dialects.interface import Dialect
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES

FORMS = {dialect.name: dialect.turns for dialect in (ANTHROPIC, GEMINI, OPENAI_CHAT)}


def turns_of(name: str, said: str) -> list[Any]:
    """A history in short: ``?a`` calls a, ``!a`` is its result, others the user says; ``|`` between turns."""
    return [turn for words in said.split(" | ") for turn in _turns(name, words.split())]


def _turns(name: str, words: list[str]) -> list[Any]:
    is_model = words[0].startswith("?")
    if name == "gemini":
        kinds = {"?": "functionCall", "!": "functionResponse"}
        parts = [{kinds[w[0]]: {"name": w[1:]}} if w[0] in kinds else {"text": w} for w in words]
        return [{"role": "model" if is_model else "user", "parts": parts}]
    if name == "anthropic":
        blocks = [_block(word) for word in words]
        return [{"role": "assistant" if is_model else "user", "content": blocks}]
    if is_model:
        return [{"role": "assistant", "tool_calls": [{"id": word[1:]} for word in words]}]
    return [
        {"role": "tool", "tool_call_id": w[1:]} if w[0] == "!" else {"role": "user", "content": w}
        for w in words
    ]


def _block(word: str) -> dict[str, str]:
    match word[0]:
        case "?":
            return {"type": "tool_use", "id": word[1:]}
        case "!":
            return {"type": "tool_result", "tool_use_id": word[1:]}
    return {"type": "text", "text": word}


@pytest.mark.parametrize("name", FORMS)
def test_where_results_go(name: str) -> None:
    """First in the turn behind their calls, in the order in which they stood; none is made up or lost."""
    table = {
        "hi | ?a ?b | !b !a | ok": "hi | ?a ?b | !b !a | ok",
        "hi | ?a ?b | !b | !a ok": "hi | ?a ?b | !b | !a ok",
        "hi | ?a | wait | !a": "hi | ?a | !a wait",
        "hi | ?a | wait !a": "hi | ?a | !a wait",
        "hi | ?a | ok": "hi | ?a | ok",
        "hi | !a | ?a | ok": "hi | !a | ?a | ok",
        "?a | ?b | !a !b": "?a | ?b | !a !b" if name != "openai_chat" else "?a | !a | ?b | !b",
        "?a | wait | ?a | !a": "?a | wait | ?a | !a",  # the second call's own
        "?a | wait | ?b | !b !a": "?a | !a wait | ?b | !b",
        "?a ?a | !a | wait !a": "?a ?a | !a !a | wait",
    }
    flat = {said: turns_of(name, said) for said in [*table, *table.values()]}
    wrong = {
        said: found
        for said, expected in table.items()
        if (found := in_order(FORMS[name], flat[said])) != flat[expected]
    }
    assert wrong == {}


@pytest.mark.parametrize("dialect", [ANTHROPIC, GEMINI, OPENAI_CHAT, OPENAI_RESPONSES], ids=lambda d: d.name)
def test_what_is_in_order_stays(dialect: Dialect) -> None:
    """Each turn is the very same object; also what is no turn at all."""
    turns = [*turns_of(dialect.name, "hi | ?a | !a ok"), 3, None, "x", {}, []]
    found = in_order(dialect.turns, turns)
    assert [id(turn) for turn in found] == [id(turn) for turn in turns]
