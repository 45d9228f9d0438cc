"""What the Messages API refuses, and what it says then."""

import pytest
from anthropic.types import Diagnostics

from tests.relay.simulator.raw import HEADERS, TOOL_SCHEMA, ask

TOOL = {"name": "get_weather", "input_schema": TOOL_SCHEMA}
USER = {"role": "user", "content": "hello"}
USE = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "42"}


async def post(simulator, fields, *, version="2023-06-01", beta="", path="/v1/messages"):
    body = {"model": "claude-opus-4-6", "max_tokens": 4000, "messages": [USER]} | fields
    headers = (
        HEADERS["anthropic"] | {"anthropic-version": version} | ({"anthropic-beta": beta} if beta else {})
    )
    return await ask(simulator.base_url, path, {k: v for k, v in body.items() if v is not None}, headers)


def turns(*messages):
    return {"messages": list(messages)}


def assistant(*blocks):
    return {"role": "assistant", "content": list(blocks)}


def user(*blocks):
    return {"role": "user", "content": list(blocks)}


REFUSED = [
    ({"max_tokens": None}, "max_tokens: Field required"),
    ({"max_tokens": -1}, "max_tokens: Input should be a valid integer"),
    ({"system": 5}, "system: Input should be a valid string"),
    ({"system": [{"type": "text", "text": ""}]}, "system.0: text content blocks must be non-empty"),
    ({"stop_sequences": "x"}, "stop_sequences: Input should be a valid list"),
    ({"tools": ["x"]}, "tools.0: Input should be a valid dictionary"),
    ({"thinking": "on"}, "thinking: Input should be a valid dictionary"),
    ({"thinking": {"type": "loud"}}, "thinking.type: Input tag 'loud'"),
    ({"thinking": {"type": "enabled"}}, "thinking.enabled.budget_tokens: Field required"),
    (
        {"model": "claude-sonnet-5-5", "thinking": {"type": "between_tools", "display": "omitted"}},
        "thinking.between_tools: Extra inputs are not permitted",
    ),
    ({"tools": [TOOL], "tool_choice": {"type": "some"}}, "tool_choice: Input tag 'some'"),
    ({"messages": ["hello"]}, "messages.0: Input should be a valid dictionary"),
    (turns({"role": "user", "content": 5}), "messages.0.content: Field required"),
    (turns(user({"type": "text"})), "messages.0.content.0.text.text: Field required"),
    (turns(user({"type": "document", "source": {"type": "tape"}})), "Input tag 'tape'"),
    (
        turns(user({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}})),
        "image cannot be empty",
    ),
    (turns(USER, assistant({"type": "tool_use", "id": "x"}), USER), "tool_use.name: Field required"),
    (turns(user({"type": "tool_result"})), "tool_result.tool_use_id: Field required"),
    (turns(USER, assistant(USE), user(RESULT | {"content": [RESULT]})), "Input should be a content block"),
    ({"model": "claude-haiku-4-5"} | turns(USER, assistant(USE)), "`tool_use` ids were found without"),
    (
        {"model": "claude-opus-5"} | turns({"role": "system", "content": "x"}, USER),
        "role 'system' must follow a user message",
    ),
    (
        {"model": "claude-opus-5"} | turns(USER, {"role": "system", "content": "x"}, USER),
        "role 'system' must be last or before an assistant message",
    ),
    ({"max_tokens": 999_999}, "max_tokens: 999999 > 128000"),
    ({"messages": []}, "messages: at least one message is required"),
    ({"messages": None}, "messages: Field required"),
    ({"made_up": 1}, "made_up: Extra inputs are not permitted"),
    ({"stream": "yes"}, "stream: Input should be a valid boolean"),
    ({"system": [{"type": "image"}]}, "system.0: Input should be a text block"),
    ({"stop_sequences": [" "]}, "stop_sequences: each stop sequence must contain non-whitespace"),
    ({"temperature": 2}, "temperature: range: 0..1"),
    ({"model": "claude-opus-5", "temperature": 1}, "`temperature` is not supported for this model."),
    ({"model": "claude-sonnet-5", "top_p": 0.5}, "`top_p` is not supported for this model."),
    ({"model": "claude-opus-4-5", "output_config": {"effort": "max"}}, "output_config.effort: 'max'"),
    (
        {"model": "claude-opus-5-5", "thinking": {"type": "disabled"}},
        '"thinking.type.disabled" is not supported',
    ),
    (
        {"model": "claude-opus-5-5", "thinking": {"type": "enabled", "budget_tokens": 2000}},
        '"thinking.type.enabled" is not supported',
    ),
    ({"thinking": {"type": "enabled", "budget_tokens": 99}}, "thinking.enabled.budget_tokens"),
    ({"thinking": {"type": "enabled", "budget_tokens": 4000}}, "`max_tokens` must be greater than"),
    (
        {"thinking": {"type": "enabled", "budget_tokens": 2000}, "temperature": 0.5},
        "`temperature` may only be set to 1 when thinking is enabled.",
    ),
    ({"thinking": {"type": "adaptive", "display": "all"}}, "thinking.adaptive.display"),
    (
        {"thinking": {"type": "adaptive", "block_binding": {}}},
        "thinking.adaptive.block_binding: Extra inputs are not permitted",
    ),
    (
        {"model": "claude-opus-5", "thinking": {"type": "disabled"}, "output_config": {"effort": "max"}},
        "\"thinking.type.disabled\" is not supported at effort 'max'.",
    ),
    ({"tool_choice": {"type": "any"}}, "tool_choice may only be specified while providing tools"),
    ({"tools": [TOOL], "tool_choice": {"type": "tool", "name": "x"}}, "Tool 'x' not found"),
    (
        {"model": "claude-opus-5-5", "tools": [TOOL], "tool_choice": {"type": "any"}},
        'tool_choice type "any" is not supported for this model.',
    ),
    (
        {"thinking": {"type": "adaptive"}, "tools": [TOOL], "tool_choice": {"type": "any"}},
        "Thinking may not be enabled when tool_choice forces tool use.",
    ),
    ({"tools": [TOOL, TOOL]}, "tools: Tool names must be unique."),
    ({"tools": [{"name": "a b", "input_schema": TOOL_SCHEMA}]}, "tools.0.custom.name"),
    ({"tools": [{"name": "a"}]}, "tools.0.custom.input_schema: Field required"),
    ({"tools": [{"name": "a", "input_schema": {"type": "string"}}]}, "tools.0.custom.input_schema.type"),
    (
        {"tools": [{"name": "a", "input_schema": {"type": "object", "oneOf": []}}]},
        "input_schema does not support oneOf, allOf, or anyOf at the top level",
    ),
    (turns({"role": "tool", "content": "x"}), "messages.0.role"),
    (turns(assistant({"type": "text", "text": "x"}), USER), 'first message must use the "user" role'),
    (turns(USER | {"name": "bob"}), "messages.0.name: Extra inputs are not permitted"),
    (turns({"role": "user", "content": ""}), "all messages must have non-empty content"),
    (turns(user({"type": "text", "text": ""})), "text content blocks must be non-empty"),
    (turns(user({"type": "thinking", "thinking": "", "signature": ""})), "Input tag 'thinking'"),
    (turns(user({"type": "image", "source": {"type": "base64", "media_type": "image/bmp"}})), "media_type"),
    (
        turns(user({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "?"}})),
        "invalid base64 data",
    ),
    (
        turns({"role": "system", "content": "x"}, USER),
        "messages.0: role 'system' is not supported on this model",
    ),
    (
        turns(USER, assistant({"type": "text", "text": "pre"})),
        "This model does not support assistant message prefill.",
    ),
    (
        {"model": "claude-haiku-4-5"} | turns(USER, assistant({"type": "text", "text": "pre "})),
        "cannot end with trailing whitespace",
    ),
    (
        turns(USER, assistant(USE), USER),
        "`tool_use` ids were found without `tool_result` blocks immediately after",
    ),
    (
        turns(USER, assistant(USE), user({"type": "text", "text": "first"}, RESULT)),
        "`tool_use` ids were found without",
    ),
    (turns(user(RESULT)), "unexpected `tool_use_id` found in `tool_result` blocks: toolu_1"),
    (turns(USER, assistant(USE, USE), user(RESULT)), "`tool_use` ids must be unique"),
    (turns(USER, assistant(USE), user(RESULT, RESULT)), "each `tool_use` must have a single result"),
    (
        turns(USER, assistant(USE | {"id": "call 1"}), user(RESULT)),
        "tool_use.id: String should match pattern",
    ),
    (turns(USER, assistant(USE), user(RESULT | {"name": "x"})), "tool_result.name: Extra inputs"),
]


async def test_what_is_wrong_is_refused(subtests: pytest.Subtests, simulator) -> None:
    """A request that the API would refuse is a 400 with the place and the reason."""
    for fields, message in REFUSED:
        with subtests.test(f"{fields, message!r:.120}"):
            answer = await post(simulator, fields)
            assert answer.status == 400
            assert answer.json()["error"]["type"] == "invalid_request_error"
            assert message in answer.json()["error"]["message"]


ACCEPTED = [
    {},
    {"temperature": 0.5, "top_p": 0.9},
    {"model": "claude-sonnet-5", "temperature": 1},
    {"model": "claude-haiku-4-5"} | turns(USER, assistant({"type": "text", "text": "pre"})),
    {"model": "claude-opus-5"} | turns(USER, {"role": "system", "content": "be brief"}),
    {"model": "claude-sonnet-5-5", "thinking": {"type": "between_tools"}},
    {"system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}]},
    {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "get_weather"}},
    turns(USER, assistant(USE), user(RESULT | {"is_error": True}, {"type": "text", "text": "and?"})),
    turns(USER, assistant(USE, USE | {"id": "toolu_2"}), user(RESULT, RESULT | {"tool_use_id": "toolu_2"})),
    turns(USER, USER, assistant({"type": "text", "text": "a"}), USER),
    {"tools": [{"type": "web_search_20260318", "name": "web_search"}]},
]


async def test_what_is_right_is_answered(subtests: pytest.Subtests, simulator) -> None:
    """What the API takes is a 200."""
    for fields in ACCEPTED:
        with subtests.test(f"{fields!r:.120}"):
            answer = await post(simulator, fields)
            assert (answer.status, answer.json().get("type")) == (200, "message")


async def test_the_version_of_october_2026_refuses_more(simulator):
    """Version 2026-10-21 refuses sampling on every model; a version is required and must exist."""
    answer = await post(simulator, {"temperature": 1}, version="2026-10-21")
    assert "temperature: Extra inputs are not permitted" in answer.json()["error"]["message"]
    assert (await post(simulator, {}, version="2022-01-01")).status == 400
    headers = {"x-api-key": "sim-a"}
    answer = await ask(simulator.base_url, "/v1/messages", {"model": "claude-opus-5"}, headers)
    assert answer.json()["error"]["message"] == "anthropic-version: header is required"


async def test_the_version_of_october_2026_refuses_blocks_too(simulator):
    """That version takes no document from the model and no citations from the user."""
    source = {"type": "text", "media_type": "text/plain", "data": "x"}
    document = turns(USER, assistant({"type": "document", "source": source}), USER)
    cited = turns(user({"type": "text", "text": "x", "citations": [{}]}))
    for fields, what in ((document, "document blocks"), (cited, "citations")):
        assert (await post(simulator, fields)).status == 200
        assert what in (await post(simulator, fields, version="2026-10-21")).json()["error"]["message"]


async def test_images_and_documents_are_seen(simulator):
    """Media in the prompt and in tool results are named by size, or by their address."""
    png = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0K"}}
    web = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    text = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "four"}}
    answer = await post(simulator, turns(user(png, web, text, {"type": "text", "text": "look"})))
    said = answer.json()["content"][0]["text"]
    for seen in ("image/png of 6 bytes", "image at https://example.com/a.png", "text/plain of 4 bytes"):
        assert f"I see {seen}" in said
    fields = turns(USER, assistant(USE), user(RESULT | {"content": [png]}))
    assert "I see image/png of 6 bytes" in (await post(simulator, fields)).json()["content"][0]["text"]


async def test_there_are_no_embeddings_here(simulator):
    """An unknown path is a 404 in the caller's dialect."""
    answer = await ask(simulator.base_url, "/v1/nothing", {}, HEADERS["anthropic"])
    assert (answer.status, answer.json()["error"]["type"]) == (404, "not_found_error")


async def test_beta_fields_need_their_header(simulator):
    """A beta field without its beta header is an unknown field."""
    edits = {"context_management": {"edits": []}}
    assert (await post(simulator, edits)).status == 400
    assert (await post(simulator, edits, beta="context-management-2025-06-27")).status == 200


@pytest.mark.parametrize("model", ["gemini-3-flash", "gpt-6-sol", "claude-no-such-model"])
async def test_another_vendors_model_is_not_found(simulator, model):
    """A model of another family, or none, is a 404."""
    answer = await post(simulator, {"model": model})
    assert (answer.status, answer.json()["error"]) == (
        404,
        {"type": "not_found_error", "message": f"model: {model}"},
    )


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'"text"', b"\xff"])
async def test_a_body_that_is_no_object_is_refused(simulator, body):
    """Invalid JSON and JSON that is no object are 400s in the dialect."""
    answer = await ask(simulator.base_url, "/v1/messages", body, HEADERS["anthropic"])
    assert (answer.status, answer.json()["type"]) == (400, "error")


async def test_a_request_without_a_credential_is_a_401(simulator):
    """No key, no answer."""
    headers = {"anthropic-version": "2023-06-01"}
    answer = await ask(simulator.base_url, "/v1/messages", {}, headers)
    assert (answer.status, answer.json()["error"]["type"]) == (401, "authentication_error")


async def test_tokens_are_counted(simulator):
    """count_tokens counts system, tools and messages, and needs no max_tokens."""
    path = "/v1/messages/count_tokens?beta=true"
    small = (await post(simulator, {"max_tokens": None}, path=path)).json()["input_tokens"]
    more = {"max_tokens": None, "system": "be brief", "tools": [TOOL]}
    assert (await post(simulator, more, path=path)).json()["input_tokens"] > small > 0


async def test_usage_shows_the_prompt_cache_of_the_account(simulator):
    """With a cache mark the second turn reads what the first wrote; another account reads nothing."""
    system = [{"type": "text", "text": "be brief " * 50, "cache_control": {"type": "ephemeral"}}]
    first = (await post(simulator, {"system": system})).json()["usage"]
    assert (first["cache_creation_input_tokens"] > 100, first["cache_read_input_tokens"]) == (True, 0)
    second = (await post(simulator, {"system": system})).json()["usage"]
    assert second["cache_read_input_tokens"] == first["cache_creation_input_tokens"]
    headers = HEADERS["anthropic"] | {"x-api-key": "sim-b"}
    body = {"model": "claude-opus-4-6", "max_tokens": 40, "messages": [USER], "system": system}
    other = await ask(simulator.base_url, "/v1/messages", body, headers)
    assert other.json()["usage"]["cache_read_input_tokens"] == 0


async def test_another_tool_choice_is_another_cache_of_the_messages(simulator):
    """Tools and system prompt are read all the same, as the manual's table says."""
    mark = {"type": "ephemeral"}
    system = [{"type": "text", "text": "be brief " * 50, "cache_control": mark}]
    asked = {"system": system, "tools": [TOOL], "cache_control": mark}
    await post(simulator, asked)
    whole = (await post(simulator, asked)).json()["usage"]["cache_read_input_tokens"]
    forced = (await post(simulator, {**asked, "tool_choice": {"type": "any"}})).json()["usage"]
    assert 100 < forced["cache_read_input_tokens"] < whole
    assert forced["cache_read_input_tokens"] + forced["cache_creation_input_tokens"] == whole


async def test_it_says_what_changed_where_it_is_asked_to(simulator):
    """The first that differs from the request that is named, in the types of Anthropic's own SDK."""
    more = {"role": "assistant", "content": "Yes."}
    asked = {"system": "be brief " * 50, "tools": [TOOL], "diagnostics": {"previous_message_id": None}}
    first = (await post(simulator, asked)).json()
    assert first["diagnostics"] is None
    assert "diagnostics" not in (await post(simulator, {})).json()
    for change, word in (
        ({"messages": [USER, more, USER]}, None),
        ({"messages": [{"role": "user", "content": "Another."}]}, "messages_changed"),
        ({"tools": []}, "tools_changed"),
        ({"system": "be long " * 50}, "system_changed"),
        ({"model": "claude-sonnet-4-6"}, "model_changed"),
    ):
        named = {"diagnostics": {"previous_message_id": first["id"]}}
        answer = (await post(simulator, {**asked, **change, **named})).json()
        told = Diagnostics.model_validate(answer["diagnostics"])
        assert (told.cache_miss_reason and told.cache_miss_reason.type) == word
        if word:
            assert told.cache_miss_reason.cache_missed_input_tokens > 0
    unknown = {**asked, "diagnostics": {"previous_message_id": "msg_none"}}
    told = (await post(simulator, unknown)).json()["diagnostics"]["cache_miss_reason"]
    assert told == {"type": "previous_message_not_found"}


async def test_models_are_listed_in_anthropics_shape(simulator):
    """``GET /v1/models`` with an anthropic-version, and one model."""
    listed = await ask(simulator.base_url, "/v1/models", b"", HEADERS["anthropic"], "GET")
    assert listed.json()["data"][0]["id"].startswith("claude-")
    one = await ask(simulator.base_url, "/v1/models/claude-opus-5-5", b"", HEADERS["anthropic"], "GET")
    types = one.json()["capabilities"]["thinking"]["types"]
    assert (types["adaptive"]["supported"], types["disabled"]["supported"]) == (True, False)
    missing = await ask(simulator.base_url, "/v1/models/claude-no-such", b"", HEADERS["anthropic"], "GET")
    assert missing.status == 404


async def test_max_tokens_of_zero_says_nothing(simulator):
    """``max_tokens: 0`` warms the cache: an empty message that stopped for its tokens."""
    message = (await post(simulator, {"max_tokens": 0})).json()
    assert (message["content"], message["stop_reason"]) == ([], "max_tokens")
