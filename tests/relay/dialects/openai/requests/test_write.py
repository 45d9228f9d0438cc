"""Neutral conversations as OpenAI requests."""

import base64
import json
from typing import Any

import msgspec
import pytest

from accounts.facts.known_models import facts_for
from accounts.facts.model_facts import ModelFacts
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.dialects.translation.notes import CONTINUE
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
from relay.neutral.failures import CannotCarry
from tests.relay.dialects.openai.streams import FORMS

ANY = facts_for("some-model", "openai")
OWN = facts_for("gpt-6-sol", "openai")
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
STRICT = SCHEMA | {"additionalProperties": False, "required": ["city"]}
WEATHER = Tool("weather", "Tells it.", SCHEMA)
IMAGE = Media("image", "image/png", data="iVBO")
PDF = Media("document", "application/pdf", data="JVBERi0=", title="a.pdf")
HELLO = Turn("user", (Text("Hello"),))


def written(form: str, facts: ModelFacts = ANY, *turns: Turn, **fields: Any) -> tuple[Json, list[str]]:
    changes: list[str] = []
    conversation = Conversation(turns=turns or (HELLO,), **fields)
    body = FORMS[form].write(conversation, "up-model", facts, changes)
    json.dumps(body)
    return body, changes


def messages(*turns: Turn, facts: ModelFacts = ANY, **fields: Any) -> list[Json]:
    return written("chat", facts, *turns, **fields)[0]["messages"]  # type: ignore[no-any-return]


def items(*turns: Turn, facts: ModelFacts = OWN, **fields: Any) -> list[Json]:
    return written("responses", facts, *turns, **fields)[0]["input"]  # type: ignore[no-any-return]


def test_the_least() -> None:
    """A conversation that says nothing more becomes a body that says nothing more."""
    assert written("chat") == ({"model": "up-model", "messages": [{"role": "user", "content": "Hello"}]}, [])
    assert written("responses") == (
        {
            "model": "up-model",
            "input": [
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}
            ],
            "store": False,
            "include": ["reasoning.encrypted_content"],
        },
        [],
    )


TURNS = (
    HELLO,
    Turn(
        "assistant",
        (Thinking("Hm.", "sig"), Text("Look"), Text("ing."), ToolCall("c1", "weather", {"city": "京"})),
    ),
    Turn("user", (ToolResult("c1", "weather", (Text("Rain"), Text("Wind")), is_error=True), Text("And?"))),
    Turn("assistant", (Text("It rains."),)),
    HELLO,
)


def test_chat_messages() -> None:
    """Results go before the user's words; thinking stays behind; a failed tool is told in words."""
    assert messages(*TURNS, system=(Text("Be kind."), Text("Be brief."))) == [
        {"role": "system", "content": "Be kind.\n\nBe brief."},
        {"role": "user", "content": "Hello"},
        {
            "role": "assistant",
            "content": "Looking.",
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "weather", "arguments": '{"city":"京"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "Error: Rain\nWind"},
        {"role": "user", "content": "And?"},
        {"role": "assistant", "content": "It rains."},
        {"role": "user", "content": "Hello"},
    ]
    assert written("chat", ANY, *TURNS)[1] == [
        "thinking of earlier turns left out: it cannot be read here",
        "is_error became words",
    ]


def test_responses_items() -> None:
    """The same as items; signed thinking is a reasoning item."""
    assert items(*TURNS)[1:] == [
        {
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "Hm."}],
            "encrypted_content": "sig",
        },
        {
            "type": "message",
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "Look", "annotations": []},
                {"type": "output_text", "text": "ing.", "annotations": []},
            ],
        },
        {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": '{"city":"京"}'},
        {"type": "function_call_output", "call_id": "c1", "output": "Error: Rain\nWind"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "And?"}]},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "It rains.", "annotations": []}],
        },
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
    ]
    assert written("responses", OWN, *TURNS, system=(Text("a"), Text("b")))[0]["instructions"] == "a\n\nb"


def test_reasoning_goes_back_where_it_is_wanted() -> None:
    """DeepSeek and its kin want ``reasoning_content`` in each turn with calls, and refuse an empty one."""
    told = messages(
        *TURNS, Turn("assistant", (ToolCall("c2", "weather", {}),)), facts=facts_for("deepseek-chat")
    )
    assert [message.get("reasoning_content") for message in told if message["role"] == "assistant"] == [
        "Hm.",
        None,
        " ",
    ]


def test_unsigned_and_foreign_thinking_is_left_out() -> None:
    """Responses take only reasoning that they encrypted themselves."""
    turn = Turn("assistant", (Thinking("Hm."), Redacted("EmwK"), Text("4")))
    assert [item["type"] for item in items(HELLO, turn, HELLO)] == ["message"] * 3


def test_an_image_in_a_tool_result() -> None:
    """Chat's tool message holds text only: the image follows in the user's message, behind all results."""
    calls = Turn("assistant", (ToolCall("c1", "shot", {}), ToolCall("c2", "time", {})))
    results = Turn(
        "user",
        (
            ToolResult("c1", "shot", (Text("Here:"), IMAGE)),
            ToolResult("c2", "time", (Text("Noon"),)),
            Text("Well?"),
        ),
    )
    told = messages(HELLO, calls, results)
    assert told[2:4] == [
        {"role": "tool", "tool_call_id": "c1", "content": "Here:\n[see the next user message]"},
        {"role": "tool", "tool_call_id": "c2", "content": "Noon"},
    ]
    assert told[4] == {
        "role": "user",
        "content": [
            {"type": "text", "text": "What shot returned (c1):"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}},
            {"type": "text", "text": "Well?"},
        ],
    }
    output = items(HELLO, calls, results)[3]["output"]
    assert output == [
        {"type": "input_text", "text": "Here:"},
        {"type": "input_image", "image_url": "data:image/png;base64,iVBO"},
    ]


def test_a_failed_tool_with_an_image() -> None:
    """The failure is said in words before the parts; words that say so already are left alone."""
    failed = Turn("user", (ToolResult("c1", "shot", (IMAGE,), is_error=True),))
    call = Turn("assistant", (ToolCall("c1", "shot", {}),))
    assert items(HELLO, call, failed)[2]["output"][0] == {"type": "input_text", "text": "Error: "}
    said = Turn("user", (ToolResult("c1", "shot", (Text("error 7"),), is_error=True),))
    assert messages(HELLO, call, said)[-1]["content"] == "error 7"


def test_parts_in_the_wrong_turn() -> None:
    """A call in the user's turn is no conversation."""
    with pytest.raises(CannotCarry):
        written("chat", ANY, Turn("user", (ToolCall("c", "f", {}),)))


def test_documents_that_are_no_text() -> None:
    """A text document that does not decode is sent as the file it is; one of any type has a name."""
    broken = Media("document", "text/plain", data="/w==")
    assert items(Turn("user", (broken,)))[0]["content"][0]["type"] == "input_file"
    odd = Media("document", "application/x-odd", data="AA==")
    assert items(Turn("user", (odd,)))[0]["content"][0]["filename"] == "document.bin"


def text_document(text: str) -> Media:
    return Media("document", "text/plain", data=base64.b64encode(text.encode()).decode(), title="n.txt")


@pytest.mark.parametrize(
    ("media", "in_chat", "in_responses"),
    [
        (
            IMAGE,
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}},
            {"type": "input_image", "image_url": "data:image/png;base64,iVBO"},
        ),
        (
            Media("image", "image/*", url="https://x.example/a"),
            {"type": "image_url", "image_url": {"url": "https://x.example/a"}},
            {"type": "input_image", "image_url": "https://x.example/a"},
        ),
        (
            PDF,
            {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
            },
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
        ),
        (
            Media("document", "application/pdf", data="JVBERi0="),
            {
                "type": "file",
                "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
            },
            {
                "type": "input_file",
                "filename": "document.pdf",
                "file_data": "data:application/pdf;base64,JVBERi0=",
            },
        ),
        (
            text_document("Zeile ä"),
            {"type": "text", "text": "n.txt:\nZeile ä"},
            {"type": "input_text", "text": "n.txt:\nZeile ä"},
        ),
        (
            Media("audio", "audio/mpeg", data="AAA="),
            {"type": "input_audio", "input_audio": {"data": "AAA=", "format": "mp3"}},
            None,
        ),
        (
            Media("document", "application/pdf", url="https://x.example/a.pdf"),
            None,
            {"type": "input_file", "file_url": "https://x.example/a.pdf"},
        ),
        (Media("audio", "audio/flac", data="AAA="), None, None),
        (Media("audio", "audio/wav", url="https://x.example/a.wav"), None, None),
        (Media("video", "video/mp4", data="AAA="), None, None),
    ],
)
def test_media(media: Media, in_chat: Json | None, in_responses: Json | None) -> None:
    """What each form can carry of media; what it cannot is a clear refusal."""
    turn = Turn("user", (Text("See"), media))
    for form, key, expected in (("chat", "messages", in_chat), ("responses", "input", in_responses)):
        if expected is None:
            with pytest.raises(CannotCarry):
                written(form, ANY, turn)
        else:
            assert written(form, ANY, turn)[0][key][0]["content"][1] == expected


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_media_in_the_models_own_turn(form: str) -> None:
    """OpenAI takes no image back that a model made: words say that there was one, and the row does."""
    body, changes = written(form, ANY, HELLO, Turn("assistant", (IMAGE,)))
    assert "(image/png that the model made; it is not shown here)" in json.dumps(body)
    assert "image/png in a turn of the model's became a note" in changes


def test_tools() -> None:
    """Nested in chat, flat in Responses, where nothing is strict unless it was said."""
    body, _ = written("chat", ANY, tools=(WEATHER,))
    function = {"name": "weather", "description": "Tells it.", "parameters": SCHEMA}
    assert body["tools"] == [{"type": "function", "function": function}]
    body, _ = written("responses", ANY, tools=(WEATHER,))
    assert body["tools"] == [{"type": "function", **function, "strict": False}]


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (STRICT, True),
        (SCHEMA, False),
        (STRICT | {"required": []}, False),
        (STRICT | {"properties": {"city": SCHEMA}}, False),
        (
            {
                "type": "object",
                "properties": {"required": {"type": "string"}},
                "additionalProperties": False,
                "required": ["required"],
            },
            True,
        ),
    ],
)
def test_strict_tools(schema: Json, strict: bool) -> None:
    """``strict`` is said where the schema allows it; otherwise that is named."""
    body, changes = written("chat", ANY, tools=(Tool("f", "", schema, strict=True),))
    assert body["tools"][0]["function"].get("strict", False) is strict
    assert bool(changes) is not strict


def test_a_schema_without_a_type() -> None:
    """OpenAI wants an object's schema."""
    body, _ = written("chat", ANY, tools=(Tool("f", "", {}),))
    assert body["tools"][0]["function"]["parameters"] == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("choice", "in_chat", "in_responses"),
    [
        (ToolChoice(), None, None),
        (ToolChoice("none"), "none", "none"),
        (ToolChoice("any"), "required", "required"),
        (
            ToolChoice("any", ("weather",)),
            {"type": "function", "function": {"name": "weather"}},
            {"type": "function", "name": "weather"},
        ),
        (
            ToolChoice("any", ("weather", "time")),
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [
                        {"type": "function", "function": {"name": "weather"}},
                        {"type": "function", "function": {"name": "time"}},
                    ],
                },
            },
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "function", "name": "weather"}, {"type": "function", "name": "time"}],
            },
        ),
    ],
)
def test_tool_choice(choice: ToolChoice, in_chat: Any, in_responses: Any) -> None:
    """Free, off, must, this one, some of them."""
    tools = (WEATHER, Tool("time", "", SCHEMA))
    assert written("chat", ANY, tools=tools, tool_choice=choice)[0].get("tool_choice") == in_chat
    assert written("responses", OWN, tools=tools, tool_choice=choice)[0].get("tool_choice") == in_responses
    assert "tool_choice" not in written("chat", ANY, tool_choice=choice)[0]


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_one_call_at_a_time(form: str) -> None:
    """``parallel_tool_calls`` is said beside tools only: without, OpenAI refuses the word."""
    choice = ToolChoice(parallel=False)
    assert written(form, ANY, tools=(WEATHER,), tool_choice=choice)[0]["parallel_tool_calls"] is False
    assert "parallel_tool_calls" not in written(form, ANY, tool_choice=choice)[0]


def test_web_search() -> None:
    """Responses have a search of their own, which is asked for its pages; chat completions have none."""
    searching = written("responses", OWN, web_search=True)[0]
    assert searching["tools"] == [{"type": "web_search"}]
    assert searching["include"] == ["reasoning.encrypted_content", "web_search_call.action.sources"]
    body, changes = written("chat", ANY, web_search=True)
    assert "tools" not in body
    assert changes == ["web search dropped: chat completions have none"]


@pytest.mark.parametrize(("schema", "strict"), [(STRICT, True), (SCHEMA, False)])
def test_answer_schema(schema: Json, strict: bool) -> None:
    """JSON Schema answers, enforced where the schema closes every object."""
    told = {"name": "answer", "schema": schema, "strict": strict}
    body, changes = written("chat", ANY, response_schema=schema, json_answer=True)
    assert body["response_format"] == {"type": "json_schema", "json_schema": told}
    assert bool(changes) is not strict
    body, _ = written("responses", ANY, response_schema=schema, json_answer=True)
    assert body["text"] == {"format": {"type": "json_schema", **told}}


def test_json_mode_needs_the_word() -> None:
    """OpenAI refuses JSON mode where nobody says JSON: then the system prompt says it."""
    body, changes = written("chat", ANY, json_answer=True)
    assert body["response_format"] == {"type": "json_object"}
    assert body["messages"][0] == {"role": "system", "content": "Answer in JSON."}
    assert changes == ["added to the system prompt: Answer in JSON."]
    asked = Turn("user", (Text("Give me json"),))
    assert written("chat", ANY, asked, json_answer=True)[1] == []


def test_effort(subtests: pytest.Subtests) -> None:
    """How much to think becomes the nearest effort that the model takes, by its facts."""
    for config, facts, expected, named in [
        (ThinkingConfig(), OWN, None, []),
        (ThinkingConfig("off"), OWN, "none", []),
        (ThinkingConfig("off"), facts_for("gpt-6.1-sol"), "low", ["reasoning effort none became low"]),
        (ThinkingConfig("off"), facts_for("gpt-4o"), None, []),
        (ThinkingConfig("adaptive", effort="max"), OWN, "max", []),
        (
            ThinkingConfig("adaptive", effort="max"),
            facts_for("gpt-6.2-sol"),
            "xhigh",
            ["reasoning effort max became xhigh"],
        ),
        (ThinkingConfig("adaptive", effort="minimal"), OWN, "low", ["reasoning effort minimal became low"]),
        (ThinkingConfig("adaptive"), OWN, None, []),
        (ThinkingConfig("budget", 1024), OWN, "low", []),
        (ThinkingConfig("budget", 8192), OWN, "medium", []),
        (ThinkingConfig("budget", 31_999), OWN, "high", []),
        (
            ThinkingConfig("budget", 31_999),
            facts_for("gpt-4o"),
            None,
            ["reasoning effort high dropped: the model takes none"],
        ),
        (ThinkingConfig(effort="high"), OWN, "high", []),
    ]:
        with subtests.test(f"{config, facts, expected, named!r:.120}"):
            body, changes = written("chat", facts, thinking=config)
            assert (body.get("reasoning_effort"), changes) == (expected, named)
            body, changes = written("responses", facts, thinking=config)
            assert (body.get("reasoning", {}).get("effort"), changes) == (expected, named)


def test_shown_thinking_is_a_summary() -> None:
    """Responses show their reasoning in summary to whoever asks to see it."""
    body, _ = written("responses", OWN, thinking=ThinkingConfig("adaptive", effort="high", show=True))
    assert body["reasoning"] == {"effort": "high", "summary": "auto"}
    body, changes = written("responses", facts_for("gpt-4o"), thinking=ThinkingConfig(show=True))
    assert "reasoning" not in body
    assert changes == ["reasoning dropped: the model does not reason"]


def test_tools_beside_effort() -> None:
    """Chat completions refuse effort beside tools on newer models: it goes, and is named."""
    thinking = ThinkingConfig("adaptive", effort="high")
    body, changes = written("chat", OWN, tools=(WEATHER,), thinking=thinking)
    assert body["reasoning_effort"] == "none"
    assert len(changes) == 1
    body, _ = written("chat", facts_for("gpt-6.1-sol"), tools=(WEATHER,), thinking=thinking)
    assert "reasoning_effort" not in body
    body, _ = written("chat", ANY, tools=(WEATHER,), thinking=thinking)
    assert body["reasoning_effort"] == "high"
    body, _ = written("responses", OWN, tools=(WEATHER,), thinking=thinking)
    assert body["reasoning"] == {"effort": "high", "summary": "auto"}


SAMPLING = Sampling(0.5, 0.9, 40, 7, 0.1, 0.2)


def test_sampling_where_it_is_taken() -> None:
    """What each form knows of sampling; the rest is named."""
    body, changes = written("chat", ANY, sampling=SAMPLING, stop_sequences=("END",), max_tokens=100)
    assert body | {"messages": 0} == {
        "model": "up-model",
        "messages": 0,
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 7,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "stop": ["END"],
        "max_tokens": 100,
    }
    assert changes == ["top_k dropped: OpenAI has none"]
    body, changes = written("responses", ANY, sampling=SAMPLING, stop_sequences=("END",), max_tokens=100)
    assert (body["temperature"], body["top_p"], body["max_output_tokens"]) == (0.5, 0.9, 100)
    assert {change.split()[0] for change in changes} == {
        "stop",
        "top_k",
        "seed",
        "presence_penalty",
        "frequency_penalty",
    }


def test_sampling_of_reasoning_models() -> None:
    """A reasoning model's refusals are kept from it; with its effort at none it takes sampling."""
    body, changes = written("chat", OWN, sampling=SAMPLING, stop_sequences=("END",), max_tokens=100)
    assert set(body) == {"model", "messages", "seed", "max_completion_tokens"}
    assert len(changes) == 6
    body, _ = written("chat", OWN, sampling=SAMPLING, thinking=ThinkingConfig("off"))
    assert (body["temperature"], body["presence_penalty"]) == (0.5, 0.1)
    body, changes = written("chat", facts_for("gpt-6.1-sol"), sampling=Sampling(temperature=1, top_p=1))
    assert set(body) == {"model", "messages"}
    assert changes == []


def test_limits() -> None:
    """The output limit stays within what the model gives, and Responses' own minimum."""
    assert written("chat", facts_for("gpt-4o"), max_tokens=64_000)[0]["max_completion_tokens"] == 16_384
    body, changes = written("responses", OWN, max_tokens=1)
    assert (body["max_output_tokens"], changes) == (16, ["output limit 1 became 16"])
    stops = tuple("abcdef")
    body, changes = written("chat", ANY, stop_sequences=stops)
    assert body["stop"] == list("abcd")
    assert changes == ["stop: only the first 4 of 6 are sent"]


def test_forced_choice_of_a_model_that_cannot_be_forced() -> None:
    """Then the choice is left to the model, and that is named."""
    facts = msgspec.structs.replace(OWN, forced_tool_choice="no")
    body, changes = written("chat", facts, tools=(WEATHER,), tool_choice=ToolChoice("any"))
    assert body["tool_choice"] == "auto"
    assert changes == ["forced tool choice became auto"]


def test_system_turns() -> None:
    """A system turn between the others stays one, or becomes a note of the user's."""
    turns = (HELLO, Turn("system", (Text("Now French."),)))
    assert messages(*turns)[-1] == {"role": "system", "content": "Now French."}
    facts = msgspec.structs.replace(ANY, system_turns=False)
    assert messages(*turns, facts=facts)[-1] == {
        "role": "user",
        "content": "<system-note>\nNow French.\n</system-note>",
    }
    assert items(*turns)[-1]["role"] == "system"


def test_prefill() -> None:
    """A model that takes no prefill is asked to go on; one that does sees its own turn last."""
    turns = (HELLO, Turn("assistant", (Text("Once upon"),)))
    assert messages(*turns, facts=OWN)[-1] == {"role": "user", "content": CONTINUE}
    assert items(*turns)[-1]["content"] == [{"type": "input_text", "text": CONTINUE}]
    assert messages(*turns)[-1] == {"role": "user", "content": CONTINUE}  # a server that nobody knows
    takes_it = msgspec.structs.replace(ANY, prefill=True)
    assert messages(*turns, facts=takes_it)[-1] == {"role": "assistant", "content": "Once upon"}


def test_long_names_are_shortened() -> None:
    """Ids and user names that OpenAI refuses get stable stand-ins, the same for a call and its result."""
    long = "x" * 80
    turns = (
        HELLO,
        Turn("assistant", (ToolCall(long, "f", {}),)),
        Turn("user", (ToolResult(long, "f", (Text("y"),)),)),
    )
    _, call, result = messages(*turns, user_id=long)
    assert call["tool_calls"][0]["id"] == result["tool_call_id"]
    assert len(result["tool_call_id"]) <= 40
    assert len(written("chat", ANY, user_id=long)[0]["user"]) <= 64
    assert written("responses", ANY, user_id="u-1")[0]["safety_identifier"] == "u-1"


@pytest.mark.parametrize(
    ("body", "model", "expected"),
    [
        (
            {
                "max_tokens": 10,
                "temperature": 0.5,
                "stop": ["x"],
                "reasoning_effort": "max",
                "new": {"field": 1},
            },
            "gpt-6.2-sol",
            {"max_completion_tokens": 10, "reasoning_effort": "xhigh", "new": {"field": 1}},
        ),
        (
            {"max_completion_tokens": 10, "temperature": 0.5, "logprobs": True, "n": 2},
            "gpt-4o",
            {"max_completion_tokens": 10, "temperature": 0.5, "logprobs": True, "n": 2},
        ),
        ({"max_completion_tokens": 10}, "gpt-oss-20b", {"max_tokens": 10}),
        ({"logprobs": True, "top_logprobs": 2, "logit_bias": {"1": 1}}, "gpt-6.1-sol", {}),
    ],
)
def test_fit_chat(body: Json, model: str, expected: Json) -> None:
    """A chat body for another model: what that one refuses is mapped or dropped, the rest stays as it is."""
    changes: list[str] = []
    given: Json = {"model": "asked-for", "messages": []} | body
    before = json.dumps(given)
    fitted = OPENAI_CHAT.fit(given, model, facts_for(model, "openai"), changes)
    assert fitted == {"model": model, "messages": []} | expected
    assert json.dumps(given) == before


def test_fit_responses() -> None:
    """A Responses body for another model."""
    changes: list[str] = []
    given = {
        "model": "a",
        "input": "x",
        "reasoning": {"effort": "none", "summary": "auto"},
        "temperature": 0.2,
    }
    fitted = OPENAI_RESPONSES.fit(given, "gpt-6.1-sol", facts_for("gpt-6.1-sol"), changes)
    assert fitted == {"model": "gpt-6.1-sol", "input": "x", "reasoning": {"effort": "low", "summary": "auto"}}
    assert len(changes) == 2


@pytest.mark.parametrize(
    ("model", "body", "expected"),
    [
        ("gpt-6-sol", {}, True),
        ("gpt-6-sol", {"reasoning_effort": "none", "reasoning": {"effort": "none"}}, False),
        ("gpt-4o", {}, False),
        ("deepseek-reasoner", {"reasoning_effort": "high", "reasoning": {"effort": "high"}}, False),
        ("some-model", {}, False),
        ("some-model", {"reasoning_effort": "high", "reasoning": {"effort": "high"}}, True),
    ],
)
def test_thinks_unseen(model: str, body: Json, expected: bool) -> None:
    """OpenAI's models may think long before they say a word."""
    facts = facts_for(model, "openai")
    assert OPENAI_CHAT.thinks_unseen(body, facts) is expected
    assert OPENAI_RESPONSES.thinks_unseen(body, facts) is expected
