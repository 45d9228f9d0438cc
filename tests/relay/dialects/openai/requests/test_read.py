"""OpenAI requests as neutral conversations."""

import base64
from typing import Any

import pytest

from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.neutral.conversation import (
    Conversation,
    Json,
    Media,
    Redacted,
    Sampling,
    Text,
    Thinking,
    ThinkingConfig,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from relay.neutral.failures import BadRequest, CannotCarry
from tests.relay.dialects.openai.streams import FORMS

PIXEL = "iVBORw0KGgo="
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER = Tool("weather", "Tells it.", SCHEMA)
CALL = ToolCall("call_1", "weather", {"city": "Kyōto"})
FUNCTION = {"name": "weather", "description": "Tells it.", "parameters": SCHEMA}
ARGUMENTS = '{"city":"Kyōto"}'


def chat(*messages: Json, **fields: Any) -> Conversation:
    return OPENAI_CHAT.read({"model": "m", "messages": list(messages), **fields})


def responses(*items: Json, **fields: Any) -> Conversation:
    return OPENAI_RESPONSES.read({"model": "m", "input": list(items), **fields})


def user(content: Any) -> Json:
    return {"role": "user", "content": content}


CHAT_CALL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ARGUMENTS}}
    ],
}
RESPONSES_CALL = {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": ARGUMENTS}


def test_a_whole_chat() -> None:
    """System, user, call, result and answer of a chat with tools."""
    told = chat(
        {"role": "developer", "content": "Be kind."},
        {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
        user("Weather?"),
        CHAT_CALL,
        {"role": "tool", "tool_call_id": "call_1", "content": "Rain"},
        {"role": "assistant", "content": "It rains.", "reasoning_content": "Hm."},
        {"role": "system", "content": "Be formal."},
        user([{"type": "text", "text": "Thanks"}, {"type": "text", "text": ""}]),
    )
    assert told.system == (Text("Be kind."), Text("Be brief."))
    assert told.turns == (
        Turn("user", (Text("Weather?"),)),
        Turn("assistant", (CALL,)),
        Turn("user", (ToolResult("call_1", "weather", (Text("Rain"),)),)),
        Turn("assistant", (Thinking("Hm."), Text("It rains."))),
        Turn("system", (Text("Be formal."),)),
        Turn("user", (Text("Thanks"),)),
    )


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "reasoning_text", "thinking"])
def test_what_a_model_thought_comes_back_under_the_name_that_it_came_by(name: str) -> None:
    """Clients send a message back as they got it."""
    told = chat(user("?"), {"role": "assistant", "content": "4", name: "Hm."}, user("Thanks"))
    assert told.turns[1] == Turn("assistant", (Thinking("Hm."), Text("4")))


def test_a_whole_responses_input() -> None:
    """Items that stand together are one turn of the model; reasoning keeps its signature."""
    told = responses(
        {"role": "developer", "content": "Be brief."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "A"}, {"type": "summary_text", "text": "B"}],
            "encrypted_content": "sig",
        },
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Looking."}]},
        RESPONSES_CALL,
        {"type": "function_call_output", "call_id": "call_1", "output": "Rain"},
        {"type": "reasoning", "summary": [], "encrypted_content": "redacted:EmwK"},
        {"role": "assistant", "content": "It rains."},
        instructions="Be kind.",
    )
    assert told.system == (Text("Be kind."), Text("Be brief."))
    assert told.turns == (
        Turn("user", (Text("Weather?"),)),
        Turn("assistant", (Thinking("A\n\nB", "sig"), Text("Looking."), CALL)),
        Turn("user", (ToolResult("call_1", "weather", (Text("Rain"),)),)),
        Turn("assistant", (Redacted("EmwK"), Text("It rains."))),
    )


def test_turns_of_every_role() -> None:
    """System turns between the others, refusals, sounds and phases in Responses and in chat."""
    refusal = {"type": "refusal", "refusal": "No."}
    sound = {"type": "input_audio", "input_audio": {"data": "AAA=", "format": "flac"}}
    told = responses(
        user([sound]),
        {"role": "assistant", "phase": "commentary", "content": [refusal]},
        {"role": "developer", "content": "Now French."},
        user(""),
    )
    expected = (
        Turn("user", (Media("audio", "audio/flac", data="AAA="),)),
        Turn("assistant", (Text("No."),)),
        Turn("system", (Text("Now French."),)),
    )
    assert told.turns == expected
    assert told.dropped == ("phase",)
    answer = {"role": "assistant", "content": [refusal]}
    told = chat(user([sound]), answer, {"role": "developer", "content": "Now French."}, user(None))
    assert told.turns == expected
    assert chat({"role": "assistant", "content": None, "refusal": "No."}).turns == (expected[1],)


def test_hints_are_named() -> None:
    """How closely to look at an image, and where to cache, has no neutral form."""
    image = {"type": "image_url", "image_url": {"url": "https://x.example/a", "detail": "high"}}
    cached = {"type": "text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}}
    assert chat(user([image, cached])).dropped == ("image detail", "prompt_cache_breakpoint")
    flat = {"type": "input_image", "image_url": "https://x.example/a", "detail": "low"}
    assert responses(user([flat])).dropped == ("image detail",)
    assert chat(user("?"), web_search_options={"search_context_size": "low"}).dropped


def test_input_as_a_string() -> None:
    """A bare string is the user's turn."""
    assert OPENAI_RESPONSES.read({"model": "m", "input": "Hi"}).turns == (Turn("user", (Text("Hi"),)),)


def test_parallel_results_are_one_turn() -> None:
    """Results that stand together answer together, in both forms."""
    second = {"id": "call_2", "type": "function", "function": {"name": "time", "arguments": ""}}
    told = chat(
        user("?"),
        CHAT_CALL | {"tool_calls": [*CHAT_CALL["tool_calls"], second]},  # type: ignore[misc]
        {"role": "tool", "tool_call_id": "call_2", "content": "Noon"},
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "Rain"}]},
    )
    expected = Turn(
        "user",
        (
            ToolResult("call_2", "time", (Text("Noon"),)),
            ToolResult("call_1", "weather", (Text("Rain"),)),
        ),
    )
    assert told.turns[-1] == expected
    same = responses(
        user("?"),
        RESPONSES_CALL,
        {"type": "function_call", "call_id": "call_2", "name": "time", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_2", "output": "Noon"},
        {
            "type": "function_call_output",
            "call_id": "call_1",
            "output": [{"type": "input_text", "text": "Rain"}],
        },
    )
    assert same.turns[1:] == told.turns[1:]


def test_functions_of_old() -> None:
    """The older ``functions`` are tools; a call gets an id after its place, the same on every turn."""
    told = chat(
        user("?"),
        {"role": "assistant", "content": None, "function_call": {"name": "weather", "arguments": ARGUMENTS}},
        {"role": "function", "name": "weather", "content": "Rain"},
        functions=[FUNCTION],
        function_call={"name": "weather"},
    )
    assert told.tools == (WEATHER,)
    assert told.tool_choice == ToolChoice("any", ("weather",))
    call, result = told.turns[1].parts[0], told.turns[2].parts[0]
    assert isinstance(call, ToolCall)
    assert isinstance(result, ToolResult)
    assert call.id == result.call_id == "call_messages_1"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


IMAGE = Media("image", "image/png", data=PIXEL)
PDF = Media("document", "application/pdf", data="JVBERi0=", title="a.pdf")


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}, IMAGE),
        ({"type": "image_url", "image_url": f"data:image/png;base64,{PIXEL}"}, IMAGE),
        (
            {"type": "image_url", "image_url": {"url": "https://x.example/a.jpg"}},
            Media("image", "image/*", url="https://x.example/a.jpg"),
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AAA=", "format": "mp3"}},
            Media("audio", "audio/mpeg", "AAA="),
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AAA=", "format": "wav"}},
            Media("audio", "audio/wav", "AAA="),
        ),
        (
            {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
            },
            PDF,
        ),
        ({"type": "file", "file": {"filename": "a.pdf", "file_data": "JVBERi0="}}, PDF),
        (
            {"type": "file", "file": {"filename": "n.txt", "file_data": b64("hi")}},
            Media("document", "text/plain", data=b64("hi"), title="n.txt"),
        ),
    ],
)
def test_chat_media(part: Json, expected: Media) -> None:
    """Images, sounds and files, as data or by address."""
    assert chat(user([part])).turns[0].parts == (expected,)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}"}, IMAGE),
        (
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
            PDF,
        ),
        (
            {"type": "input_file", "file_url": "https://x.example/a.pdf"},
            Media("document", "application/pdf", url="https://x.example/a.pdf"),
        ),
    ],
)
def test_responses_media(part: Json, expected: Media) -> None:
    """The same in Responses, in a message and in a function's output."""
    assert responses(user([part])).turns[0].parts == (expected,)
    output = {"type": "function_call_output", "call_id": "call_1", "output": [part]}
    result = responses(RESPONSES_CALL, output).turns[1].parts[0]
    assert isinstance(result, ToolResult)
    assert result.parts == (expected,)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, ToolChoice()),
        ("auto", ToolChoice()),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("any")),
        ({"type": "function", "function": {"name": "weather"}}, ToolChoice("any", ("weather",))),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [{"type": "function", "function": {"name": "weather"}}],
                },
            },
            ToolChoice("any", ("weather",)),
        ),
    ],
)
def test_tool_choice(choice: Any, expected: ToolChoice) -> None:
    """Every way to choose among tools, chat's nested and Responses' flat."""
    tool = {"type": "function", "function": FUNCTION}
    told = chat(user("?"), tools=[tool], tool_choice=choice)
    assert (told.tools, told.tool_choice) == ((WEATHER,), expected)
    if isinstance(choice, dict):
        flat = {"type": choice["type"]}
        if "function" in choice:
            choice = {**flat, **choice["function"]}
        else:
            names = [{"type": "function", "name": "weather"}]
            choice = {**flat, "mode": choice["allowed_tools"]["mode"], "tools": names}
    told = responses(user("?"), tools=[{"type": "function", **FUNCTION}], tool_choice=choice)
    assert (told.tools, told.tool_choice) == ((WEATHER,), expected)


def test_allowed_tools_leaves_the_others_out() -> None:
    """A subset to choose freely from: the other tools are not offered, and that is named."""
    tools = [{"type": "function", **FUNCTION}, {"type": "function", "name": "time"}]
    choice = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "weather"}]}
    told = responses(user("?"), tools=tools, tool_choice=choice)
    assert told.tools == (WEATHER,)
    assert told.tool_choice == ToolChoice()
    assert told.dropped == ("allowed_tools: the other tools are left out",)


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_one_call_at_a_time(form: str) -> None:
    """``parallel_tool_calls: false`` is carried."""
    key = "messages" if form == "chat" else "input"
    told = FORMS[form].read({"model": "m", key: [user("?")], "parallel_tool_calls": False})
    assert told.tool_choice == ToolChoice(parallel=False)


@pytest.mark.parametrize(
    ("effort", "expected"),
    [
        ("none", ThinkingConfig("off")),
        ("minimal", ThinkingConfig("adaptive", effort="minimal", show=True)),
        ("high", ThinkingConfig("adaptive", effort="high", show=True)),
        ("max", ThinkingConfig("adaptive", effort="max", show=True)),
        (None, ThinkingConfig()),
    ],
)
def test_chat_effort(effort: str | None, expected: ThinkingConfig) -> None:
    """Who asks for reasoning in chat is shown it; who says nothing leaves all to the model."""
    assert chat(user("?"), reasoning_effort=effort).thinking == expected


@pytest.mark.parametrize(
    ("reasoning", "expected"),
    [
        ({"effort": "low", "summary": "auto"}, ThinkingConfig("adaptive", effort="low", show=True)),
        ({"effort": "low"}, ThinkingConfig("adaptive", effort="low")),
        ({"summary": "detailed"}, ThinkingConfig(show=True)),
        (None, ThinkingConfig()),
    ],
)
def test_responses_reasoning(reasoning: Json | None, expected: ThinkingConfig) -> None:
    """Effort and summary are said apart in Responses."""
    assert responses(user("?"), reasoning=reasoning).thinking == expected


def test_chat_parameters() -> None:
    """Everything that has a neutral place is carried."""
    told = chat(
        user("?"),
        temperature=0.5,
        top_p=0.9,
        seed=7,
        presence_penalty=0.1,
        frequency_penalty=0.2,
        max_tokens=5,
        max_completion_tokens=9,
        stop="END",
        user="u",
        safety_identifier="s",
        n=1,
        web_search_options={},
        stream=True,
        stream_options={"include_usage": True},
        store=False,
        metadata={"a": "b"},
        logprobs=False,
        service_tier="auto",
    )
    assert told.sampling == Sampling(
        temperature=0.5, top_p=0.9, seed=7, presence_penalty=0.1, frequency_penalty=0.2
    )
    assert (told.max_tokens, told.stop_sequences, told.user_id) == (9, ("END",), "s")
    assert told.web_search
    assert told.dropped == ()
    assert chat(user("?"), stop=["a", "b"], max_tokens=5, user="u").stop_sequences == ("a", "b")


def test_responses_parameters() -> None:
    """Everything that has a neutral place is carried; search is upstream's own."""
    told = responses(
        user("?"),
        temperature=0.5,
        top_p=0.9,
        max_output_tokens=64,
        user="u",
        tools=[{"type": "web_search"}],
        store=True,
        truncation="disabled",
        include=["reasoning.encrypted_content"],
    )
    assert told.sampling == Sampling(temperature=0.5, top_p=0.9)
    assert (told.max_tokens, told.user_id, told.web_search) == (64, "u", True)
    assert told.dropped == ()


@pytest.mark.parametrize(
    ("form", "fields", "named"),
    [
        ("chat", {"logprobs": True, "top_logprobs": 3}, ("logprobs", "top_logprobs")),
        ("chat", {"logit_bias": {"1": 5}}, ("logit_bias",)),
        ("chat", {"verbosity": "low"}, ("verbosity",)),
        ("chat", {"a_field_of_tomorrow": 1}, ("a_field_of_tomorrow",)),
        ("responses", {"truncation": "auto", "max_tool_calls": 3}, ("truncation", "max_tool_calls")),
        ("responses", {"text": {"verbosity": "low"}}, ("text.verbosity",)),
        ("responses", {"reasoning": {"context": "all_turns"}}, ("reasoning.context",)),
    ],
)
def test_what_has_no_place_is_named(form: str, fields: Json, named: tuple[str, ...]) -> None:
    """Parameters without a neutral form are named, for the row."""
    key = "messages" if form == "chat" else "input"
    assert FORMS[form].read({"model": "m", key: [user("?")], **fields}).dropped == named


@pytest.mark.parametrize(
    ("chat_format", "responses_format", "expected"),
    [
        ({"type": "text"}, {"type": "text"}, (False, None)),
        ({"type": "json_object"}, {"type": "json_object"}, (True, None)),
        (
            {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}},
            {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True},
            (True, SCHEMA),
        ),
    ],
)
def test_answer_formats(
    chat_format: Json, responses_format: Json, expected: tuple[bool, Json | None]
) -> None:
    """JSON mode and JSON Schema, in both forms."""
    for told in (
        chat(user("?"), response_format=chat_format),
        responses(user("?"), text={"format": responses_format}),
    ):
        assert (told.json_answer, told.response_schema) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 2},
        {"audio": {"voice": "x"}},
        {"modalities": ["text", "audio"]},
        {"tools": [{"type": "code_interpreter"}]},
        {"messages": [user([{"type": "file", "file": {"file_id": "file-1"}}])]},
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "a", "type": "mcp", "mcp": {}}]}]},
        {"response_format": {"type": "grammar"}},
    ],
)
def test_chat_content_that_cannot_travel(fields: Json) -> None:
    """What only OpenAI's own models know is refused clearly."""
    with pytest.raises(CannotCarry):
        OPENAI_CHAT.read({"model": "m", "messages": [user("?")]} | fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [{"type": "namespace", "name": "x", "tools": [{"type": "mcp"}]}]},
        {"tools": [{"type": "computer_use"}]},
        {"input": [{"type": "item_reference", "id": "x"}]},
        {"input": [{"type": "additional_tools", "tools": [{"type": "computer_use"}]}]},
        {"input": [user([{"type": "input_image", "file_id": "file-1"}])]},
        {"input": [user([{"type": "input_file", "file_id": "file-1"}])]},
        {"prompt": {"id": "p"}},
    ],
)
def test_responses_content_that_cannot_travel(fields: Json) -> None:
    """What only OpenAI's own service has is refused clearly."""
    with pytest.raises(CannotCarry):
        OPENAI_RESPONSES.read({"model": "m", "input": [user("?")]} | fields)


def test_searches_of_earlier_turns_are_left_out() -> None:
    """What OpenAI's search found stands in the answer's text; the search itself is named as dropped."""
    told = responses(user("?"), {"type": "web_search_call", "id": "ws_1", "status": "completed"})
    assert told.turns == (Turn("user", (Text("?"),)),)
    assert told.dropped == ("web_search_call items",)


def test_what_is_wrong_is_said_with_its_place(subtests: pytest.Subtests) -> None:
    """A body that is not what the dialect says is refused in words that name the place."""
    for body, said in [
        ({"messages": [{"role": "narrator", "content": "x"}]}, "messages.0.role 'narrator' is unknown"),
        ({"messages": [user(7)]}, "messages.0.content must be an array"),
        ({"messages": [user([{"type": "text"}])]}, "messages.0.content.0.text must be a string"),
        ({"messages": [user([{"type": "image_url"}])]}, "messages.0.content.0.image_url.url is missing"),
        (
            {"messages": [user([{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}])]},
            "must be an http",
        ),
        (
            {"messages": [user([{"type": "image_url", "image_url": {"url": "data:image/png,abc"}}])]},
            "without base64 data",
        ),
        (
            {"messages": [CHAT_CALL | {"tool_calls": [{"function": {"name": "f"}}]}]},
            "tool_calls.0.id is missing",
        ),
        ({"tools": [{"type": "function", "function": {}}]}, "tools.0.function.name is missing"),
        ({"tool_choice": "perhaps"}, "tool_choice must be none, auto, required"),
        ({"reasoning_effort": "extreme"}, "reasoning_effort must be one of none, minimal, low"),
        ({"temperature": "hot"}, "temperature must be a number"),
        ({"max_tokens": 1.5}, "max_tokens must be a whole number"),
        ({"stop": [1]}, "stop must be a string"),
        (
            {"messages": [user([{"type": "input_audio"}])]},
            "messages.0.content.0.input_audio must be an object",
        ),
        ({"messages": [user([{"type": "file", "file": {}}])]}, "has neither file_data nor file_url"),
    ]:
        with subtests.test(f"{body, said!r:.120}"), pytest.raises(BadRequest, match=said):
            OPENAI_CHAT.read({"model": "m", "messages": [user("?")]} | body)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"role": "narrator", "content": "x"}, "input.0.role 'narrator' is unknown"),
        ({"type": "function_call", "name": "f", "arguments": "{}"}, "input.0.call_id is missing"),
        ({"type": "function_call", "call_id": "c", "arguments": "{}"}, "name is missing"),
        (user([{"type": "input_image"}]), "input.0.content.0.image_url is missing"),
        ({"type": "reasoning", "summary": "x"}, "input.0.summary must be an array"),
    ],
)
def test_what_is_wrong_with_an_item(item: Json, said: str) -> None:
    """The same in Responses."""
    with pytest.raises(BadRequest, match=said):
        responses(item)


def test_more_that_cannot_travel() -> None:
    """What is not known at all cannot be carried."""
    with pytest.raises(CannotCarry):
        OPENAI_RESPONSES.read({"model": "m", "input": "x", "text": {"format": {"type": "grammar"}}})
