"""The vendors' own SDKs against the simulator: the proof that its formats are theirs."""

import anthropic
import httpx
import openai
import pytest
from google import genai
from google.genai import types

from relay.simulator.model.prompts import SOURCE
from relay.simulator.model.prose import answer_text
from tests.relay.simulator.raw import TOOL_SCHEMA

ANTHROPIC_TOOL = {"name": "get_weather", "description": "Tells the weather", "input_schema": TOOL_SCHEMA}


@pytest.fixture
async def claude(simulator):
    async with anthropic.AsyncAnthropic(
        api_key="sim-a", base_url=simulator.base_url, max_retries=0
    ) as client:
        yield client


@pytest.fixture
def gemini(simulator):
    return genai.Client(api_key="sim-g", http_options=types.HttpOptions(base_url=simulator.base_url)).aio


@pytest.fixture
async def gpt(simulator):
    async with openai.AsyncOpenAI(
        api_key="sim-o", base_url=simulator.base_url + "/v1", max_retries=0
    ) as client:
        yield client


async def test_anthropic_streams_text_and_thinking(claude):
    """messages.stream accumulates thinking with its signature, the text, and the usage."""
    thinking = {"type": "adaptive", "display": "summarized"}
    async with claude.messages.stream(
        model="claude-opus-5-5",
        max_tokens=4000,
        thinking=thinking,
        messages=[{"role": "user", "content": "hello"}],
    ) as stream:
        message = await stream.get_final_message()
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.content[0].thinking.startswith("(0) ")
    assert len(message.content[0].signature) >= 50
    assert message.content[1].text == answer_text("hello")
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens > message.usage.output_tokens_details.thinking_tokens > 0


async def test_anthropic_calls_tools_in_parallel_over_turns(claude):
    """Two calls, whose results and thinking the SDK sends back, are answered; streamed and not."""
    messages = [{"role": "user", "content": "use the tool in parallel"}]
    options = {"model": "claude-opus-5-5", "max_tokens": 4000, "tools": [ANTHROPIC_TOOL]}
    async with claude.messages.stream(**options, messages=messages) as stream:
        message = await stream.get_final_message()
    calls = [block for block in message.content if block.type == "tool_use"]
    assert len(calls) == len({call.id for call in calls}) == 2
    assert set(calls[0].input) == {"city", "days"}
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": "42"} for call in calls]
    messages += [{"role": "assistant", "content": message.content}, {"role": "user", "content": results}]
    answer = await claude.messages.create(**options, messages=messages)
    assert answer.content[-1].text.startswith("The tool said: 42 | 42. ")


async def test_anthropic_errors_have_their_classes(simulator, claude):
    """Statuses and error events raise the SDK's own exceptions."""
    options = {"model": "claude-opus-5", "max_tokens": 40, "messages": [{"role": "user", "content": "x"}]}
    for fault, error in (
        ("status=529", anthropic.APIStatusError),
        ("status=401", anthropic.AuthenticationError),
        ("rate_limit", anthropic.RateLimitError),
        ("refused_signature", anthropic.BadRequestError),
    ):
        simulator.plan(fault)
        with pytest.raises(error):
            await claude.messages.create(**options)
    simulator.plan("error_event@1=overloaded_error")
    with pytest.raises(anthropic.APIStatusError):
        async with claude.messages.stream(**options) as stream:
            await stream.get_final_message()


async def test_anthropic_models_and_counts(claude):
    """The list of models, one model, and count_tokens parse into the SDK's types."""
    assert (await claude.models.list()).data[0].id.startswith("claude-")
    assert (await claude.models.retrieve("claude-opus-5-5")).max_input_tokens == 1_000_000
    counted = await claude.messages.count_tokens(
        model="claude-opus-5", messages=[{"role": "user", "content": "x"}]
    )
    assert counted.input_tokens > 0


async def test_gemini_streams_text_and_thoughts(gemini):
    """generate_content_stream gives thoughts, text, a finish reason, usage and a signature."""
    config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
    chunks = [
        chunk
        async for chunk in await gemini.models.generate_content_stream(
            model="gemini-3-flash-preview", contents="hello", config=config
        )
    ]
    assert chunks[0].candidates[0].content.parts[0].thought
    assert "".join(chunk.text or "" for chunk in chunks) == answer_text("hello")
    last = chunks[-1]
    assert last.candidates[0].finish_reason == types.FinishReason.STOP
    assert len(last.candidates[0].content.parts[0].thought_signature) >= 50
    assert last.usage_metadata.thoughts_token_count > 0


@pytest.mark.parametrize("model", ["gemini-2.5-flash", "gemini-3-flash-preview", "gemini-4-neon"])
async def test_gemini_chats_with_tools(gemini, model):
    """A chat sends calls and signatures back as it got them (URL-safe base64) and gets its answer."""
    declared = types.FunctionDeclaration(name="get_weather", parameters_json_schema=TOOL_SCHEMA)
    config = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[declared])])
    chat = gemini.chats.create(model=model, config=config)
    asked = await chat.send_message("use the tool in parallel")
    assert [call.name for call in asked.function_calls] == ["get_weather", "get_weather"]
    answers = [
        types.Part.from_function_response(name=call.name, response={"output": "42"})
        for call in asked.function_calls
    ]
    answer = await chat.send_message(answers)
    assert answer.text.startswith("The tool said: 42 | 42. ")
    assert (await chat.send_message("and now?")).text.startswith("[0] ")


async def test_gemini_takes_bytes_and_schemas(gemini):
    """Inline images are read from URL-safe base64, and a response schema is answered with JSON."""
    image = types.Part.from_bytes(data=bytes(range(256)), mime_type="image/png")
    seen = await gemini.models.generate_content(model="gemini-3-flash-preview", contents=[image, "look"])
    assert seen.text.startswith("I see image/png of 256 bytes")
    config = types.GenerateContentConfig(
        response_mime_type="application/json",
        response_schema={"type": "OBJECT", "properties": {"n": {"type": "INTEGER"}}},
    )
    parsed = await gemini.models.generate_content(model="gemini-3-flash-preview", contents="x", config=config)
    assert parsed.parsed == {"n": 7}


async def test_gemini_follows_a_continuation_by_itself(simulator, gemini):
    """The SDK resends with the token and shows one whole answer."""
    simulator.plan("continuation")
    stream = await gemini.models.generate_content_stream(model="gemini-4-neon", contents="hello")
    assert "".join([chunk.text or "" async for chunk in stream]) == answer_text("hello")
    assert len(simulator.requests) == 2


async def test_gemini_counts_embeds_and_lists(gemini):
    """The other methods parse into the SDK's types."""
    model = "gemini-3-flash-preview"
    assert (await gemini.models.count_tokens(model=model, contents="x")).total_tokens > 0
    embedded = await gemini.models.embed_content(model="gemini-embedding-001", contents="x")
    assert len(embedded.embeddings[0].values) == 768
    assert (await gemini.models.get(model=model)).input_token_limit == 1_048_576
    assert (await gemini.models.list())[0].name.startswith("models/gemini-")


async def test_openai_chat_streams(gpt):
    """chat.completions.stream accumulates text and usage."""
    async with gpt.chat.completions.stream(
        model="gpt-6-sol",
        messages=[{"role": "user", "content": "hello"}],
        stream_options={"include_usage": True},
    ) as stream:
        completion = await stream.get_final_completion()
    assert completion.choices[0].message.content == answer_text("hello")
    assert completion.usage.completion_tokens_details.reasoning_tokens > 0


async def test_openai_chat_calls_tools(gpt):
    """Streamed tool calls accumulate to valid arguments and their results are answered."""
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": TOOL_SCHEMA}}]
    messages = [{"role": "user", "content": "use the tool in parallel"}]
    async with gpt.chat.completions.stream(model="gpt-4.1", messages=messages, tools=tools) as stream:
        message = (await stream.get_final_completion()).choices[0].message
    assert len({call.id for call in message.tool_calls}) == 2
    messages.append({"role": "assistant", "tool_calls": [call.to_dict() for call in message.tool_calls]})
    messages += [{"role": "tool", "tool_call_id": call.id, "content": "42"} for call in message.tool_calls]
    answer = await gpt.chat.completions.create(model="gpt-4.1", messages=messages, tools=tools)
    assert answer.choices[0].message.content.startswith("The tool said: 42 | 42. ")


async def test_openai_responses_stream(gpt):
    """responses.stream accumulates reasoning summary, text, a function call and usage."""
    tool = {"type": "function", "name": "get_weather", "parameters": TOOL_SCHEMA, "strict": False}
    async with gpt.responses.stream(
        model="gpt-6.2-sol",
        input="use the tool",
        tools=[tool],
        reasoning={"effort": "high", "summary": "auto"},
    ) as stream:
        response = await stream.get_final_response()
    assert [item.type for item in response.output] == ["reasoning", "message", "function_call"]
    assert response.output[0].summary[0].text.startswith("(0) ")
    assert response.usage.output_tokens_details.reasoning_tokens > 0
    plain = await gpt.responses.create(model="gpt-6.2-sol", input="hello")
    assert plain.output_text == answer_text("hello")


async def test_openai_errors_models_and_embeddings(simulator, gpt):
    """Errors raise the SDK's classes; models and base64 embeddings parse."""
    simulator.plan("quota_exhausted", "status=503")
    for error in (openai.RateLimitError, openai.InternalServerError):
        with pytest.raises(error):
            await gpt.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "x"}])
    assert (await gpt.models.list()).data[0].id.startswith("gpt-")
    embedded = await gpt.embeddings.create(model="text-embedding-3-small", input="x")
    assert len(embedded.data[0].embedding) == 1536


async def test_httpx_sees_a_cut_as_a_broken_body(simulator):
    """An ordinary client reads what came, then finds the body unfinished."""
    simulator.plan("cut@5")
    got = bytearray()

    async def read():
        body = {"contents": [{"role": "user", "parts": [{"text": "x"}]}]}
        url = simulator.base_url + "/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse"
        headers = {"x-goog-api-key": "sim-a"}
        async with (
            httpx.AsyncClient() as client,
            client.stream("POST", url, json=body, headers=headers) as response,
        ):
            async for data in response.aiter_raw():
                got.extend(data)

    with pytest.raises(httpx.RemoteProtocolError):
        await read()
    assert b"[4]" in got


async def test_gemini_2_5_signs_its_first_words(gemini):
    """With functions declared, the signature stands on the first part of a text, which goes on behind it."""
    declared = types.FunctionDeclaration(name="get_weather", parameters_json_schema=TOOL_SCHEMA)
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[declared])],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    stream = await gemini.models.generate_content_stream(
        model="gemini-2.5-flash", contents="hello", config=config
    )
    parts = [part for chunk in [one async for one in stream] for part in chunk.candidates[0].content.parts]
    texts = [part for part in parts if part.text and not part.thought]
    assert [bool(part.thought_signature) for part in texts] == [True] + [False] * (len(texts) - 1)
    assert len(texts) > 1


@pytest.mark.parametrize("include", [[], ["web_search_call.action.sources"]])
async def test_openai_tells_what_a_search_found_where_it_is_asked_to(gpt, include):
    """A forced search is an item of its own before the text that cites its page; streamed and not."""
    asked = {
        "model": "gpt-6-sol",
        "input": "hello",
        "tools": [{"type": "web_search"}],
        "tool_choice": {"type": "web_search"},
        "include": include,
    }
    async with gpt.responses.stream(**asked) as stream:
        streamed = await stream.get_final_response()
    for response in (streamed, await gpt.responses.create(**asked)):
        search, message = (item for item in response.output if item.type != "reasoning")
        assert search.type == "web_search_call"
        assert search.action.query == "hello"
        found = [source.url for source in search.action.sources or []]
        assert found == ([SOURCE] if include else [])
        assert [note.url for note in message.content[0].annotations] == [SOURCE]
