"""What chat completions and responses refuse, and their reasoning, tools and usage."""

import pytest

from tests.relay.simulator.raw import HEADERS, TOOL_SCHEMA, ask

USER = {"role": "user", "content": "hello"}
FUNCTION = {"name": "get_weather", "parameters": TOOL_SCHEMA}
CHAT_TOOL = {"type": "function", "function": FUNCTION}
TOOL = {"type": "function", **FUNCTION}
CALLING = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    ],
}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "42"}
CALL_ITEM = {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": "{}"}
OUTPUT_ITEM = {"type": "function_call_output", "call_id": "call_1", "output": "42"}


async def chat(simulator, fields, account="sim-a"):
    body = {"model": "gpt-4.1", "messages": [USER]} | fields
    return await ask(simulator.base_url, "/v1/chat/completions", body, {"authorization": f"Bearer {account}"})


async def responses(simulator, fields):
    body = {"model": "gpt-6-sol", "input": "hello"} | fields
    return await ask(simulator.base_url, "/v1/responses", body, HEADERS["responses"])


CHAT_REFUSED = [
    ({"messages": []}, "empty array"),
    ({"messages": None}, "Missing required parameter: 'messages'"),
    ({"messages": [{"role": "model", "content": "x"}]}, "Invalid value: 'model'"),
    ({"messages": [{"role": "user", "content": None}]}, "expected a string, got null"),
    ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "Invalid value: 'image'"),
    ({"messages": [USER, CALLING, USER]}, "must be followed by tool messages"),
    ({"messages": [USER, CALLING]}, "must be followed by tool messages"),
    ({"messages": [USER, RESULT]}, "must be a response to a preceding message"),
    (
        {
            "messages": [
                USER,
                CALLING,
                RESULT | {"content": [{"type": "image_url", "image_url": {"url": "https://x"}}]},
            ]
        },
        "text only",
    ),
    ({"messages": [USER | {"content": 5}]}, "expected a string or an array"),
    ({"messages": [USER | {"content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
    ({"messages": [USER | {"content": [{"type": "image_url", "image_url": {}}]}]}, "image"),
    (
        {"messages": [USER | {"content": [{"type": "input_audio", "input_audio": {"data": "?"}}]}]},
        "Invalid base64",
    ),
    ({"messages": [USER, {"role": "assistant", "tool_calls": [{"id": "x"}]}]}, "tool_calls[0].id"),
    (
        {
            "messages": [
                USER,
                {"role": "assistant", "tool_calls": [{"id": "x", "function": {"arguments": {}}}]},
            ]
        },
        "function.arguments': expected a string",
    ),
    ({"max_tokens": 0}, "max_tokens is too large or not a positive integer"),
    ({"n": 2}, "one choice only"),
    ({"tools": [{"type": "magic"}]}, "tools[0].type"),
    ({"tools": [{"type": "function", "function": {}}]}, "function.name"),
    (
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "x"}}}]},
        'type: "object',
    ),
    ({"response_format": {"type": "xml"}}, "Invalid value: 'xml'"),
    ({"response_format": {"type": "json_schema", "json_schema": {"name": "n"}}}, "json_schema.schema"),
    (
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "n", "strict": True, "schema": {"type": "object"}},
            }
        },
        "additionalProperties",
    ),
    ({"model": "gpt-6-sol", "presence_penalty": 1}, "'presence_penalty' is not supported"),
    ({"model": "gpt-6-sol", "logprobs": True}, "'logprobs' is not supported"),
    ({"stream_options": {"include_usage": True}}, "only allowed when 'stream' is enabled"),
    ({"tool_choice": "required"}, "only allowed when 'tools' are specified"),
    (
        {"tools": [CHAT_TOOL], "tool_choice": {"type": "function", "function": {"name": "x"}}},
        "not found in 'tools'",
    ),
    ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "does not match pattern"),
    ({"tools": [{"type": "function", "function": FUNCTION | {"strict": True}}]}, "additionalProperties"),
    ({"response_format": {"type": "json_object"}}, "must contain the word 'json'"),
    ({"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}}, "json_schema.name"),
    ({"stop": list("abcde")}, "maximum length 4"),
    ({"model": "gpt-6-sol", "made_up": 1}, "Unrecognized request argument supplied: made_up"),
    ({"model": "gpt-6-sol", "temperature": 0.2}, "'temperature' is not supported"),
    ({"model": "gpt-6-sol", "max_tokens": 50}, "Use 'max_completion_tokens' instead"),
    ({"model": "gpt-6-sol", "stop": ["x"]}, "'stop' is not supported"),
    ({"model": "gpt-6-astra", "reasoning_effort": "none"}, "does not support 'none'"),
    (
        {"model": "gpt-6-sol", "reasoning_effort": "high", "tools": [CHAT_TOOL]},
        "Function tools with reasoning_effort are not supported for gpt-6-sol in /v1/chat/completions.",
    ),
]


async def test_what_is_wrong_in_a_chat_is_refused(subtests: pytest.Subtests, simulator) -> None:
    """A chat request that the API would refuse is a 400 with its reason."""
    for fields, message in CHAT_REFUSED:
        with subtests.test(f"{fields, message!r:.120}"):
            answer = await chat(simulator, fields)
            assert (answer.status, answer.json()["error"]["type"]) == (400, "invalid_request_error")
            assert message in answer.json()["error"]["message"]


CHAT_ACCEPTED = [
    {"temperature": 0.2, "max_tokens": 50, "stop": "x"},
    {"made_up_by_a_compatible_server": 1},
    {"model": "gpt-6-sol", "max_completion_tokens": 500, "reasoning_effort": "high"},
    {"model": "gpt-6-sol", "reasoning_effort": "none", "tools": [CHAT_TOOL], "temperature": 0.2},
    {"messages": [{"role": "developer", "content": "d"}, {"role": "system", "content": "s"}, USER]},
    {"messages": [USER, CALLING, RESULT]},
    {"model": "some/unheard-of-model"},
]


@pytest.mark.parametrize("fields", CHAT_ACCEPTED)
async def test_what_is_right_in_a_chat_is_answered(simulator, fields):
    """What the API or a compatible server takes is a 200."""
    answer = await chat(simulator, fields)
    assert answer.status == 200, answer.json()


async def test_tool_choices(simulator):
    """none, required, one function, and a subset with its mode say what may be called."""
    other = {"type": "function", "function": {"name": "other"}}
    only_other = {"mode": "required", "tools": [{"type": "function", "function": {"name": "other"}}]}
    choices = [
        ("none", None),
        ("required", "get_weather"),
        ({"type": "function", "function": {"name": "other"}}, "other"),
        ({"type": "allowed_tools", "allowed_tools": only_other}, "other"),
    ]
    for choice, called in choices:
        fields = {"tools": [CHAT_TOOL, other], "tool_choice": choice}
        message = (await chat(simulator, fields)).json()["choices"][0]["message"]
        calls = message.get("tool_calls") or [{"function": {"name": None}}]
        assert calls[0]["function"]["name"] == called


async def test_json_mode(simulator):
    """json_object and json_schema answer JSON, in both APIs."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    named = {"name": "answer", "schema": schema | {"additionalProperties": False}, "strict": True}
    form = {"response_format": {"type": "json_schema", "json_schema": named}}
    assert (await chat(simulator, form)).json()["choices"][0]["message"]["content"] == '{"n":7}'
    prompt = [{"role": "user", "content": "as json"}]
    loose = await chat(simulator, {"messages": prompt, "response_format": {"type": "json_object"}})
    assert loose.json()["choices"][0]["message"]["content"].startswith("{")
    fields = {"text": {"format": {"type": "json_schema"} | named}}
    assert (await responses(simulator, fields)).json()["output"][-1]["content"][0]["text"] == '{"n":7}'
    assert (await responses(simulator, {"text": {"format": {"type": "json_object"}}})).status == 200
    assert (await responses(simulator, {"text": {"format": {"type": "xml"}}})).status == 400


async def test_images_files_and_sounds_are_seen(simulator):
    """Data URLs, addresses, files and audio are named."""
    parts = [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0K"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
    ]
    answer = await chat(simulator, {"messages": [{"role": "user", "content": parts}]})
    said = answer.json()["choices"][0]["message"]["content"]
    for seen in (
        "image/png of 6",
        "image at https://example.com/a.png",
        "application/pdf of 5",
        "audio of 3",
    ):
        assert f"I see {seen}" in said


async def test_models_and_what_is_missing(simulator):
    """One model is told; an empty input, a missing model and a missing path are refused."""
    headers = HEADERS["chat"]
    assert (await ask(simulator.base_url, "/v1/models/gpt-4.1", b"", headers, "GET")).json()[
        "id"
    ] == "gpt-4.1"
    assert (await ask(simulator.base_url, "/v1/models/no-such", b"", headers, "GET")).status == 404
    assert (await ask(simulator.base_url, "/v1/embeddings", {"model": "m"}, headers)).status == 400
    assert (await ask(simulator.base_url, "/v1/chat/completions", {}, headers)).status == 400
    assert (await ask(simulator.base_url, "/nowhere", {}, headers)).status == 404


async def test_a_model_that_does_not_exist(simulator):
    """An unknown model is a 404 with its code."""
    answer = await chat(simulator, {"model": "no-such-model"})
    assert (answer.status, answer.json()["error"]["code"]) == (404, "model_not_found")


async def test_reasoning_text_is_a_vendor_extension(simulator):
    """Official models count reasoning and show nothing; compatible ones say ``reasoning_content``."""
    official = (await chat(simulator, {"model": "gpt-6-sol"})).json()
    assert official["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0
    assert "reasoning_content" not in official["choices"][0]["message"]
    compatible = (await chat(simulator, {"model": "deepseek-sim"})).json()
    assert compatible["choices"][0]["message"]["reasoning_content"].startswith("(0) ")


async def test_stream_usage_is_asked_for(simulator):
    """With ``include_usage`` a last chunk has no choices and the usage; else there is none."""
    options = {"stream": True, "stream_options": {"include_usage": True}}
    events = (await chat(simulator, options)).events()
    assert (events[-1], events[-2]["choices"]) == ("[DONE]", [])
    assert events[-2]["usage"]["total_tokens"] > 0
    assert all(event["usage"] is None for event in events[:-2])
    assert "usage" not in (await chat(simulator, {"stream": True})).events()[-2]


async def test_tool_calls_stream_their_arguments(simulator):
    """Id and name come in the first fragment only, arguments by index behind it."""
    prompt = {"role": "user", "content": "use the tool in parallel"}
    fields = {"messages": [prompt], "tools": [CHAT_TOOL], "stream": True}
    events = (await chat(simulator, fields)).events()
    fragments = [
        event["choices"][0]["delta"]["tool_calls"][0]
        for event in events[:-1]
        if event["choices"][0]["delta"].get("tool_calls")
    ]
    assert [one["index"] for one in fragments if "id" in one] == [0, 1]
    assert len({one["id"] for one in fragments if "id" in one}) == 2
    assert events[-2]["choices"][0]["finish_reason"] == "tool_calls"
    single = (await chat(simulator, fields | {"stream": False, "parallel_tool_calls": False})).json()
    assert len(single["choices"][0]["message"]["tool_calls"]) == 1


async def test_the_prompt_cache_belongs_to_the_account(simulator):
    """A repeated prompt is cached for the key that sent it."""
    cached = []
    for account in ("sim-a", "sim-a", "sim-b"):
        usage = (await chat(simulator, {}, account)).json()["usage"]
        cached.append(usage["prompt_tokens_details"]["cached_tokens"] > 0)
    assert cached == [False, True, False]


RESPONSES_REFUSED = [
    ({"input": ""}, "Missing required parameter: 'input'"),
    ({"stop": ["x"]}, "Unknown parameter: 'stop'"),
    ({"previous_response_id": "resp_1"}, "Previous response with id 'resp_1' not found."),
    ({"max_output_tokens": 1}, "below minimum value"),
    ({"reasoning": {"effort": "minimal"}}, "does not support 'minimal'"),
    ({"temperature": 0.1}, "'temperature' is not supported"),
    ({"input": [{"role": "tool", "content": "x"}]}, "Invalid value: 'tool'"),
    ({"input": [USER, OUTPUT_ITEM]}, "No tool call found for function call output with call_id call_1."),
    ({"input": [USER, CALL_ITEM]}, "No tool output found for function call call_1."),
    ({"input": [USER, {"type": "item_reference", "id": "msg_1"}]}, "Item with id 'msg_1' not found"),
    ({"input": [USER, {"type": "reasoning", "encrypted_content": "made up"}]}, "could not be verified"),
    ({"tools": [TOOL | {"strict": True}]}, "additionalProperties"),
    ({"tools": [{"name": "f"}]}, "tools[0].type"),
    ({"input": [USER, {"type": "function_call"}]}, "input[1].call_id"),
    ({"input": [USER, {"type": "reasoning", "encrypted_content": "QUJD" * 20}]}, "could not be verified"),
    ({"tools": [TOOL], "tool_choice": {"type": "function", "name": "x"}}, "not found in 'tools'"),
]


async def test_what_is_wrong_in_a_response_is_refused(subtests: pytest.Subtests, simulator) -> None:
    """A responses request that the API would refuse is a 400 with its reason."""
    for fields, message in RESPONSES_REFUSED:
        with subtests.test(f"{fields, message!r:.120}"):
            answer = await responses(simulator, fields)
            assert answer.status == 400
            assert message in answer.json()["error"]["message"]


async def test_a_forced_function_is_called(simulator):
    """``required`` and a named function are called unasked, ``none`` forbids; other items pass."""
    for choice, types in (("required", 3), ({"type": "function", "name": "get_weather"}, 3), ("none", 2)):
        answer = (await responses(simulator, {"tools": [TOOL], "tool_choice": choice})).json()
        assert len(answer["output"]) == types
    items = [{"role": "developer", "content": "d"}, USER, {"type": "web_search_call", "id": "ws_1"}]
    assert (await responses(simulator, {"input": items, "instructions": "i"})).status == 200


async def test_reasoning_comes_back_encrypted(simulator):
    """A reasoning item with its encrypted content, the call and its output are accepted and answered."""
    prompt = {"role": "user", "content": "use the tool"}
    first = (await responses(simulator, {"input": [prompt], "tools": [TOOL]})).json()
    assert [item["type"] for item in first["output"]] == ["reasoning", "message", "function_call"]
    output = OUTPUT_ITEM | {"call_id": first["output"][-1]["call_id"]}
    second = await responses(simulator, {"input": [prompt, *first["output"], output], "tools": [TOOL]})
    assert "The tool said: 42" in second.json()["output"][-1]["content"][0]["text"]


async def test_events_are_numbered_and_named(simulator):
    """Every event names itself and the numbers rise by one, from created to completed."""
    fields = {"stream": True, "reasoning": {"effort": "low", "summary": "auto"}}
    answer = await responses(simulator, fields)
    events = answer.events()
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert (events[0]["type"], events[-1]["type"]) == ("response.created", "response.completed")
    names = [
        line.removeprefix("event: ")
        for line in answer.payload.decode().split("\n")
        if line.startswith("event")
    ]
    assert names == [event["type"] for event in events]


async def test_a_limit_leaves_the_response_incomplete(simulator):
    """Out of tokens: status incomplete, with its reason."""
    answer = (await responses(simulator, {"max_output_tokens": 30})).json()
    assert (answer["status"], answer["incomplete_details"]["reason"]) == ("incomplete", "max_output_tokens")


async def test_embeddings(simulator):
    """Vectors as numbers, one for each input."""
    body = {"model": "text-embedding-3-small", "input": ["a", "b"], "dimensions": 4}
    data = (await ask(simulator.base_url, "/v1/embeddings", body, HEADERS["chat"])).json()["data"]
    assert [len(one["embedding"]) for one in data] == [4, 4]
