"""What an answer's schema says at its root, and what is asked of whom takes objects alone."""

import pytest

from accounts.facts.known_models import facts_for
from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.schemas.answers import asks_to_fit, says_an_object
from relay.neutral.conversation import Conversation, Json, Text, ToolResult, Turn
from tests.relay.dialects.openai.streams import FORMS

HELLO = Turn("user", (Text("Hello"),))
ONE = {"type": "object", "properties": {"a": {"type": "string"}}}
LIST = {"type": "array", "items": ONE}
NO_OBJECTS = [
    LIST,
    {"type": "string", "enum": ["yes", "no"]},
    {"enum": ["yes", "no"]},
    {"const": 1},
    {"type": ["object", "null"]},
    {"$ref": "#/$defs/All", "$defs": {"All": LIST}},
    {"$ref": "#/definitions/All", "definitions": {"All": {"anyOf": [ONE, LIST]}}},
    {"anyOf": [ONE, {"type": "string"}]},
    {"allOf": [{"oneOf": [LIST]}]},
]
OBJECTS = [
    ONE,
    {},
    {"properties": {"a": LIST}},
    {"anyOf": [ONE, {"properties": {}}]},
    {"enum": [{"a": 1}]},
    {"$ref": "#/$defs/Node", "$defs": {"Node": {"$ref": "#/$defs/Node"}}},
    {"$ref": "#/$defs/Gone"},
    {"$ref": 1, "enum": "x", "anyOf": {}},
]


@pytest.mark.parametrize("schema", NO_OBJECTS)
def test_what_is_no_object(schema: Json) -> None:
    """A list, a word of several, or a choice with one of them among it."""
    assert not says_an_object(schema)


@pytest.mark.parametrize("schema", OBJECTS)
def test_what_is_an_object(schema: Json) -> None:
    """An object by its type, or what leaves it open; a schema that leads back to itself ends."""
    assert says_an_object(schema)


@pytest.mark.parametrize("form", ["chat", "responses"])
@pytest.mark.parametrize("schema", NO_OBJECTS)
def test_openai_is_asked_in_words(form: str, schema: Json) -> None:
    """OpenAI refuses an answer's schema that is no object's, and one made of it would be another answer."""
    changes: list[str] = []
    asked = Conversation(turns=(HELLO,), response_schema=schema, json_answer=True)
    body = FORMS[form].write(asked, "up-model", facts_for("gpt-6-sol", "openai"), changes)
    assert "response_format" not in body
    assert "format" not in body.get("text", {})
    assert asks_to_fit(schema) in [part["text"] for part in _last(body)["content"]]
    assert changes == ["the answer's schema became an instruction: OpenAI takes an object's alone"]


@pytest.mark.parametrize("form", ["chat", "responses"])
@pytest.mark.parametrize(
    "before",
    [
        (HELLO, Turn("user", (ToolResult("c", "f", (Text("r"),)),))),
        (HELLO, Turn("assistant", (Text("Well, "),))),
        (HELLO, Turn("system", (Text("Be brief."),))),
        (),
    ],
)
def test_the_words_are_the_users_last(form: str, before: tuple[Turn, ...]) -> None:
    """Behind a tool's results and behind what the model began; a system turn at the end keeps its place."""
    asked = Conversation(turns=before, response_schema=LIST)
    body = FORMS[form].write(asked, "up-model", facts_for("gpt-6-sol", "openai"), [])
    spoken = [one for one in body.get("messages", body.get("input")) if one.get("role") != "system"]
    assert spoken[-1]["role"] == "user"
    assert asks_to_fit(LIST) in str(spoken[-1]["content"])


def test_claude_is_not_asked_for_an_object_that_is_a_list() -> None:
    """Where Claude cannot be given the schema, the words say what kind of JSON it is."""
    asked = Conversation(turns=(HELLO,), response_schema={"type": "array", "items": {}})
    facts = facts_for("claude-sonnet-4-6", "anthropic")
    body = ANTHROPIC.write(asked, "claude-sonnet-4-6", facts, [])
    assert body["messages"][-1]["content"][-1]["text"].startswith("Answer with one JSON value and nothing")


def _last(body: Json) -> Json:
    last: Json = body.get("messages", body.get("input"))[-1]
    return last if isinstance(last["content"], list) else {"content": [{"text": last["content"]}]}
