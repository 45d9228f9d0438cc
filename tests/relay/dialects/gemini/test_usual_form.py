"""Lists of one without brackets, as Google's own samples have them."""

import json
from typing import Any

from relay.admission.request_body import parsed
from relay.dialects.gemini import GEMINI
from relay.dialects.gemini.usual_form import usual_form
from relay.neutral.conversation import Text, Tool, Turn

SAMPLE: dict[str, Any] = {
    "system_instruction": {"parts": {"text": "You are a cat."}},
    "contents": {"parts": {"text": "Hello there"}},
    "tools": {"function_declarations": {"name": "purr", "description": "p"}},
}
LISTED: dict[str, Any] = {
    "system_instruction": {"parts": [{"text": "You are a cat."}]},
    "contents": [{"parts": [{"text": "Hello there"}]}],
    "tools": [{"function_declarations": [{"name": "purr", "description": "p"}]}],
}


def test_one_value_stands_for_a_list_of_it() -> None:
    """Contents, parts, tools and declarations, under either name, and in what a counter wraps."""
    assert usual_form(SAMPLE) == LISTED
    wrapped = usual_form({"generateContentRequest": {**SAMPLE, "model": "m"}})
    assert wrapped == {"generateContentRequest": {**LISTED, "model": "m"}}


def test_a_body_that_has_its_lists_is_the_very_same() -> None:
    """Nothing is copied, and what is of no use at all is left to those who say so."""
    for body in (LISTED, {}, {"contents": "x"}, {"contents": ["x"]}, {"generateContentRequest": LISTED}):
        assert usual_form(body) is body


def test_such_a_body_is_read_and_its_bytes_stay() -> None:
    """It is inspected and carried like any other; upstream gets what the client wrote."""
    raw = json.dumps(SAMPLE).encode()
    read = parsed(raw, GEMINI.usual_form)
    assert read.raw == raw
    assert GEMINI.inspect(read.body, {}).preview == "Hello there"
    conversation = GEMINI.read(read.body)
    assert conversation.system == (Text("You are a cat."),)
    assert conversation.turns == (Turn("user", (Text("Hello there"),)),)
    assert conversation.tools == (Tool("purr", "p", {"type": "object", "properties": {}}),)
