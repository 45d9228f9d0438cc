"""What a server refuses of a request's form, by its own words, and the body without it."""

import copy

import pytest

from accounts.facts.known_models import facts_for
from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.errors import refused_parameters as refused
from relay.dialects.errors.refused_parameters import known_refusals, refused_parameter
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.neutral.conversation import Json
from tests.relay.dialects.schemas.judges import ARTIFACT_PATTERN, compiles

SAID: tuple[tuple[int, str, str, str], ...] = (
    # status, upstream's sentence as it was reported, the parameter that it names, what is taken back
    (
        400,
        "Your organization must be verified to stream this model. Please go to: https://…",
        "stream",
        "stream",
    ),
    (
        400,
        "Unsupported value: 'stream' does not support true with this model. Supported values are: false.",
        "stream",
        "stream",
    ),
    (
        400,
        (
            "Unsupported value: 'audio.format' does not support 'wav' when stream=true. "
            "Supported values are: 'pcm16'."
        ),
        "audio.format",
        "stream",
    ),
    (
        400,
        "Streaming is not supported for this model",
        "",
        "stream",
    ),
    (
        400,
        (
            "Invalid value: 'web_search_call.action.sources'. Supported values are: "
            "'file_search_call.results', and 'message.input_image.image_url'."
        ),
        "include[1]",
        "web_search_call.action.sources",
    ),
    (
        400,
        "Unknown parameter: 'stream_options'.",
        "stream_options",
        "stream_options",
    ),
    (
        422,
        '[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]',
        "",
        "stream_options",
    ),
    (
        400,
        (
            "messages[0].role: unknown variant `developer`, expected one of `system`, `user`,"
            " `assistant`, `tool`"
        ),
        "",
        "developer role",
    ),
    (
        400,
        "'developer' is not one of ['system', 'assistant', 'user', 'function'] - 'messages.0.role'",
        "",
        "developer role",
    ),
    (
        400,
        "The `reasoning_content` in the thinking mode must be passed back to the API.",
        "",
        "reasoning_content",
    ),
    (
        400,
        "Missing `reasoning_content` field in the assistant message at message index 2.",
        "",
        "reasoning_content",
    ),
    (
        400,
        "thinking is enabled but reasoning_content is missing in assistant tool call message at index 2",
        "",
        "reasoning_content",
    ),
    (
        400,
        f"Invalid schema for function 'Artifact': '{ARTIFACT_PATTERN}' is not a 'regex'.",
        "tools[1].parameters",
        "schema patterns",
    ),
    (
        400,
        'Invalid schema for function "T": "^(?!a)" is not a "regex"',
        "",
        "schema patterns",
    ),
    (
        400,
        "Invalid JSON schema: regex lookaround is not supported. Found at $.properties.email.pattern.",
        "tools",
        "schema patterns",
    ),
    (
        400,
        (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
            "'max_completion_tokens' instead."
        ),
        "max_tokens",
        "max_tokens",
    ),
    (
        400,
        "Unrecognized request argument supplied: max_completion_tokens",
        "",
        "max_completion_tokens",
    ),
    (
        400,
        "Unsupported parameter: 'top_p' is not supported with this model.",
        "top_p",
        "top_p",
    ),
    (
        400,
        (
            "Unsupported value: 'temperature' does not support 0.2 with this model. Only the "
            "default (1) value is supported."
        ),
        "temperature",
        "temperature",
    ),
    (
        400,
        "Unsupported value: 'temperature' is not supported with this model.",
        "temperature",
        "temperature",
    ),
    (
        400,
        "context_management: Extra inputs are not permitted",
        "",
        "context_management",
    ),
    (
        400,
        "property 'parallel_tool_calls' is unsupported",
        "",
        "parallel_tool_calls",
    ),
    # what no form is at fault for, and what the answer could not do without
    (
        400,
        "tools is not supported with this model",
        "tools",
        "",
    ),
    (
        400,
        "This image input is not supported for user messages",
        "",
        "",
    ),
    (
        400,
        "Invalid value for 'content': expected a string, got null.",
        "messages[1].content",
        "",
    ),
    (
        400,
        "prompt is too long: 200001 tokens > 200000 maximum",
        "",
        "",
    ),
    (
        429,
        "Unknown parameter: 'stream_options'.",
        "stream_options",
        "",
    ),
    (
        500,
        "Streaming is not supported for this model",
        "",
        "",
    ),
)

UNPAIRED = (
    # sentences of Anthropic, Bedrock, OpenAI (DeepSeek and Qwen have taken its words over) and Mistral
    "messages.22: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_01Gh.",
    "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_01S8.",
    "messages.3: each tool_use must have a single result. Found multiple `tool_result` blocks with id: t_2",
    '{"message":"messages.243: \\"tool_use\\" ids were found without \\"tool_result\\" blocks"}',
    "Expected toolResult blocks at messages.2.content for the following Ids: tooluse_x",
    "The number of toolResult blocks at messages.2.content exceeds the number of toolUse blocks of …",
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each …",
    '<400> InternalError.Algo: An assistant message with "tool_calls" must be followed by tool messages …',
    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with …",
    "Not the same number of function calls and responses",
    "No tool output found for function call call_5RT.",
    "No tool call found for function call output with call_id call_aXb.",
)


def test_calls_and_results_that_do_not_pair() -> None:
    """Every vendor refuses such a history, each in its words."""
    assert [message for message in UNPAIRED if refused_parameter(400, message) != refused.PAIRS] == []


def test_refusals_in_vendors_own_words() -> None:
    """Each sentence as it was reported, by status and the parameter that it names."""
    found = [(message, refused_parameter(status, message, param)) for status, message, param, _ in SAID]
    assert found == [(message, taken) for _, message, _, taken in SAID]


CHAT: Json = {
    "model": "m",
    "stream": True,
    "stream_options": {"include_usage": True},
    "temperature": 0.2,
    "max_tokens": 9,
    "messages": [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "a"}]},
        {"role": "assistant", "content": "x", "reasoning_content": "Hm."},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "t",
                "parameters": {
                    "type": "object",
                    "properties": {"a": {"type": "string", "pattern": ARTIFACT_PATTERN}},
                },
            },
        }
    ],
}


def test_what_is_taken_back_of_a_chat() -> None:
    """Only that, and nothing of the client's own body is touched."""
    before = copy.deepcopy(CHAT)
    assert OPENAI_CHAT.take_back(CHAT, refused.STREAM)["stream"] is False
    assert "stream_options" not in OPENAI_CHAT.take_back(CHAT, refused.STREAM)
    assert OPENAI_CHAT.take_back(CHAT, refused.STREAM_OPTIONS) == {
        key: value for key, value in CHAT.items() if key != "stream_options"
    }
    assert OPENAI_CHAT.take_back(CHAT, refused.DEVELOPER)["messages"][0]["role"] == "system"
    turns = OPENAI_CHAT.take_back(CHAT, refused.REASONING)["messages"]
    assert [turn.get("reasoning_content") for turn in turns] == [None, None, " ", "Hm."]
    parameters = OPENAI_CHAT.take_back(CHAT, refused.PATTERNS)["tools"][0]["function"]["parameters"]
    assert "pattern" not in parameters["properties"]["a"]
    renamed = OPENAI_CHAT.take_back(CHAT, refused.COMPLETION_LIMIT)
    assert (renamed.get("max_tokens"), renamed["max_completion_tokens"]) == (None, 9)
    assert "temperature" not in OPENAI_CHAT.take_back(CHAT, "temperature")
    assert before == CHAT


@pytest.mark.parametrize("dialect", [OPENAI_CHAT, OPENAI_RESPONSES, ANTHROPIC])
def test_a_body_that_holds_nothing_of_the_kind_stays(dialect) -> None:  # type: ignore[no-untyped-def]
    """The very same object: there is nothing to be asked again without."""
    body: Json = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    names = {row.taken_back for row in refused.ROWS} | set(refused.REMOVABLE)
    assert [name for name in sorted(names) if dialect.take_back(body, name) is not body] == []


def test_patterns_are_taken_back_of_an_anthropic_body() -> None:
    """DeepSeek and others speak Anthropic's dialect, and compile patterns with an engine of their own."""
    schema = CHAT["tools"][0]["function"]["parameters"]
    body: Json = {"messages": [], "stream": True, "tools": [{"name": "t", "input_schema": schema}]}
    taken = ANTHROPIC.take_back(body, refused.PATTERNS)
    assert "pattern" not in taken["tools"][0]["input_schema"]["properties"]["a"]
    assert not compiles(ARTIFACT_PATTERN)
    assert ANTHROPIC.take_back(body, refused.STREAM)["stream"] is False


def test_what_is_known_before_it_is_refused() -> None:
    """Facts, not code: a role that DeepSeek does not know goes where a mapping leads there."""
    deepseek, own = facts_for("deepseek-chat", "openai"), facts_for("gpt-6-sol", "openai")
    assert known_refusals(deepseek, is_own=False) == [refused.DEVELOPER]
    assert known_refusals(deepseek, is_own=True) == []
    assert known_refusals(own, is_own=False) == []


def test_reasoning_goes_back_where_the_server_wants_it() -> None:
    """On every path: most clients of chat completions do not send back what OpenAI itself never tells."""
    deepseek, own = facts_for("deepseek-chat", "openai"), facts_for("gpt-6-sol", "openai")
    turns = OPENAI_CHAT.known_form(CHAT, deepseek)["messages"]
    assert [turn.get("reasoning_content") for turn in turns] == [None, None, " ", "Hm."]
    assert OPENAI_CHAT.known_form(CHAT, own) is CHAT


def test_the_pages_of_searches_are_not_asked_for_again() -> None:
    """The word alone goes, whatever else ``include`` asks for."""
    asked = [refused.SEARCH_SOURCES, "reasoning.encrypted_content"]
    taken = OPENAI_RESPONSES.take_back({"input": "hi", "include": asked}, refused.SEARCH_SOURCES)
    assert taken == {"input": "hi", "include": ["reasoning.encrypted_content"]}
    assert refused.is_the_clients(refused.SEARCH_SOURCES)
