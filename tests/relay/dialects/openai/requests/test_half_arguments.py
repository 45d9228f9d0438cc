"""Half a character in a call's arguments, in a body that passes through to a server of the same form."""

import json

import pytest

from relay.dialects.interface import Dialect
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.neutral.conversation import Json


def chat(arguments: str) -> Json:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
    messages = [
        {"role": "user", "content": "?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
    ]
    return {"model": "m", "messages": messages}


def responses(arguments: str) -> Json:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": arguments}
    return {"model": "m", "input": [{"role": "user", "content": "?"}, call]}


FORMS = [(OPENAI_CHAT, chat), (OPENAI_RESPONSES, responses)]


@pytest.mark.parametrize(("dialect", "body"), FORMS)
def test_a_half_becomes_the_sign_for_what_cannot_be_shown(dialect: Dialect, body: type) -> None:
    """The arguments stay JSON, and say the rest unchanged; the row is told."""
    changes: list[str] = []
    mended = dialect.mend(body(r'{"a": "x\ud83d", "b": ["東\u4eac"]}'), changes)
    assert mended == body(
        json.dumps({"a": "x\ufffd", "b": ["東京"]}, ensure_ascii=False, separators=(",", ":"))
    )
    assert changes == ["halves of characters in the arguments of calls became U+FFFD"]


@pytest.mark.parametrize(("dialect", "body"), FORMS)
@pytest.mark.parametrize(
    "arguments", [r'{"a": "\ud83d\ude00"}', r'{"a": "\ud55c"}', "{", r'{"a": "\ud83d', ""]
)
def test_other_arguments_travel_as_they_are(dialect: Dialect, body: type, arguments: str) -> None:
    """Whole characters, and what is no JSON anyway."""
    asked = body(arguments)
    assert dialect.mend(asked, []) is asked
