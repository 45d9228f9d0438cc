"""A tool's schema, from every dialect's client to every dialect's validator."""

from typing import Any

from accounts.facts.known_models import facts_for
from relay.neutral.conversation import Json
from tests.relay.dialects.every_dialect import DIALECTS, KINDS
from tests.relay.dialects.schemas.judges import ARTIFACT_PATTERN, judge_2020, judge_openai

SCHEMA: Json = {
    "type": "object",
    "properties": {
        "collection": {"type": "string", "pattern": ARTIFACT_PATTERN},
        "pattern": {"type": "string"},
        "deep": {"type": "array", "items": {"anyOf": [{"type": "string", "pattern": "^\\p{L}+$"}]}},
        "place": {"type": "array", "items": [{"type": "number"}, {"type": "number"}]},
        "ttl": {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
    },
    "anyOf": [{"required": ["collection"]}, {"properties": {"id": {"type": "integer"}}, "required": ["id"]}],
}
MODELS = {
    "anthropic": "claude-sonnet-4-6",
    "gemini": "gemini-3-flash-preview",
    "chat": "gpt-6-sol",
    "responses": "gpt-6-sol",
}
PARAMETERS = ("collection", "deep", "id", "pattern", "place", "ttl")


def asked_with(name: str, schema: Json) -> Json:
    """A client's body in the dialect ``name`` that offers one tool."""
    match name:
        case "anthropic":
            tool = {"name": "Artifact", "description": "d", "input_schema": schema}
            return {"max_tokens": 100, "messages": [{"role": "user", "content": "hi"}], "tools": [tool]}
        case "gemini":
            declared = {"name": "Artifact", "description": "d", "parametersJsonSchema": schema}
            contents = [{"role": "user", "parts": [{"text": "hi"}]}]
            return {"contents": contents, "tools": [{"functionDeclarations": [declared]}]}
        case "chat":
            function = {"name": "Artifact", "description": "d", "parameters": schema}
            tools = [{"type": "function", "function": function}]
            return {"messages": [{"role": "user", "content": "hi"}], "tools": tools}
        case _:
            tools = [{"type": "function", "name": "Artifact", "description": "d", "parameters": schema}]
            return {"input": "hi", "tools": tools}


def offered(name: str, body: Json) -> tuple[Json, str]:
    """The schema in a body of the dialect ``name``, and its tool's description."""
    tool: Any = body["tools"][0]
    tool = tool["functionDeclarations"][0] if name == "gemini" else tool
    tool = tool["function"] if name == "chat" else tool
    key = next(key for key in ("input_schema", "parametersJsonSchema", "parameters") if key in tool)
    return tool[key], tool.get("description", "")


def test_every_validator_takes_it() -> None:
    """Translated or mapped: the validator takes it, no parameter is lost, and the row says what changed."""
    for client, dialect in DIALECTS.items():
        for upstream, target in DIALECTS.items():
            if "gemini" in (client, upstream) and client == upstream:
                continue  # its own form is upstream's to judge
            facts, changes = facts_for(MODELS[upstream], KINDS[upstream]), list[str]()
            body = asked_with(client, SCHEMA)
            if client == upstream:
                written = target.fit(body, MODELS[upstream], facts, changes)
            else:
                written = target.write(dialect.read(body), MODELS[upstream], facts, changes)
            schema, description = offered(upstream, written)
            assert tuple(sorted(schema["properties"])) == PARAMETERS, (client, upstream)
            match upstream:
                case "anthropic":
                    judge_2020(schema)
                case "chat" | "responses":
                    judge_openai(schema)
                    assert ARTIFACT_PATTERN in schema["properties"]["collection"]["description"]
                case _:
                    continue
            assert "give one of these sets: collection; or id" in description, (client, upstream)
            assert "schema of Artifact: the choice at its root became one object" in changes, (
                client,
                upstream,
            )
