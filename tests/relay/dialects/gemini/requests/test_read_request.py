"""A Gemini client's body is read whole, or refused with a word about what cannot be carried."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.gemini import GEMINI
from relay.dialects.gemini.carried_signatures import redacted_to_client, to_client
from relay.neutral.conversation import (
    Conversation,
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

HI = [{"role": "user", "parts": [{"text": "hi"}]}]


def read(**body: object) -> Conversation:
    """The conversation of a body with one user turn, and ``body``."""
    return GEMINI.read({"contents": HI, **body})


def test_a_whole_request():
    """System, turns, tools, choice, sampling, limits, schema and thinking are all carried."""
    body = {
        "systemInstruction": {"role": "user", "parts": [{"text": "Be brief."}, {"text": "In verse."}]},
        "contents": [
            {"parts": [{"text": "Look:"}, {"inlineData": {"mimeType": "image/png", "data": "-_-_"}}]},
            {
                "role": "model",
                "parts": [
                    {"text": "Hm.", "thought": True, "thoughtSignature": "AAAA"},
                    {"functionCall": {"id": "c1", "name": "look", "args": {"at": 1}}},
                ],
            },
            {
                "role": "user",
                "parts": [{"functionResponse": {"id": "c1", "name": "look", "response": {"output": "seen"}}}],
            },
        ],
        "tools": [
            {
                "functionDeclarations": [
                    {
                        "name": "look",
                        "description": "Looks.",
                        "parameters": {"type": "OBJECT", "properties": {"at": {"type": "INTEGER"}}},
                    },
                    {"name": "rest"},
                ]
            },
            {"googleSearch": {}},
        ],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["look"]}},
        "generationConfig": {
            "temperature": 0.5,
            "topP": 0.9,
            "topK": 40.0,
            "seed": 7,
            "presencePenalty": 0.1,
            "frequencyPenalty": 0.2,
            "maxOutputTokens": 100,
            "stopSequences": ["END"],
            "responseMimeType": "application/json",
            "responseJsonSchema": {"type": "OBJECT"},
            "thinkingConfig": {"includeThoughts": True, "thinkingLevel": "HIGH"},
            "candidateCount": 1,
        },
        "safetySettings": [{"category": "X", "threshold": "Y"}],
        "labels": {},
    }
    assert GEMINI.read(body) == Conversation(
        turns=(
            Turn("user", (Text("Look:"), Media("image", "image/png", data="+/+/"))),
            Turn("assistant", (Thinking("Hm.", "AAAA"), ToolCall("c1", "look", {"at": 1}))),
            Turn("user", (ToolResult("c1", "look", (Text("seen"),)),)),
        ),
        system=(Text("Be brief."), Text("In verse.")),
        tools=(
            Tool("look", "Looks.", {"type": "object", "properties": {"at": {"type": "integer"}}}),
            Tool("rest", "", {"type": "object", "properties": {}}),
        ),
        web_search=True,
        tool_choice=ToolChoice("any", ("look",)),
        thinking=ThinkingConfig("adaptive", effort="high", show=True),
        sampling=Sampling(0.5, 0.9, 40, 7, 0.1, 0.2),
        max_tokens=100,
        stop_sequences=("END",),
        json_answer=True,
        response_schema={"type": "object"},
        dropped=("safetySettings",),
    )


def test_snake_case_is_the_same():
    """A body in snake_case means the same; names that are the user's own are not touched."""
    camel = {
        "systemInstruction": {"parts": [{"text": "s"}]},
        "contents": [
            *HI,
            {
                "role": "model",
                "parts": [
                    {"functionCall": {"name": "f", "args": {"my_key": 1}}, "thoughtSignature": "AAAA"}
                ],
            },
        ],
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {
            "type": "object", "properties": {"my_key": {"type": "integer"}}}}]}],
        "generationConfig": {"maxOutputTokens": 5, "thinkingConfig": {"thinkingBudget": 9}},
    }  # fmt: skip
    snake = {
        "system_instruction": camel["systemInstruction"],
        "contents": [
            *HI,
            {
                "role": "model",
                "parts": [
                    {"function_call": {"name": "f", "args": {"my_key": 1}}, "thought_signature": "AAAA"}
                ],
            },
        ],
        "tools": [{"function_declarations": [{"name": "f", "parameters_json_schema": {
            "type": "object", "properties": {"my_key": {"type": "integer"}}}}]}],
        "generation_config": {"max_output_tokens": 5, "thinking_config": {"thinking_budget": 9}},
    }  # fmt: skip
    assert GEMINI.read(snake) == GEMINI.read(camel)


def test_streamed_pieces_are_one_turn():
    """A chat sends a streamed answer back chunk by chunk: that is one turn, its deltas joined."""
    contents = [
        *HI,
        {"role": "model", "parts": [{"text": "a", "thought": True}]},
        {"role": "model", "parts": [{"text": "b", "thought": True}]},
        {"role": "model", "parts": [{"text": "", "thought": True, "thoughtSignature": "U0lH"}]},
        {"role": "model", "parts": [{"text": "c", "thought": True, "thoughtSignature": "U0lI"}]},
        {"role": "model", "parts": [{"text": "Hel"}, {"text": "lo"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "f"}}]},
        {"role": "model", "parts": [{"text": ""}]},
    ]
    turn = GEMINI.read({"contents": contents}).turns[1]
    assert turn.parts == (
        Thinking("ab", "U0lH"),
        Thinking("c", "U0lI"),
        Text("Hello"),
        ToolCall("call_1", "f", {}),
    )


@pytest.mark.parametrize("signature", ["+/+/", "not base64!", "evenkeel-handle-0", "gAAAA-_x", "x", "日本"])
def test_signatures_come_back_as_they_went_out(signature):
    """A signature that was handed to a Gemini client is restored to the letter; so is redacted data."""
    part = {"text": "t", "thought": True, "thoughtSignature": to_client(signature)}
    hidden = {"text": "", "thought": True, "thoughtSignature": redacted_to_client(signature)}
    url_safe = {**part, "thoughtSignature": to_client(signature).replace("+", "-").replace("/", "_")}
    for given_part in (part, url_safe):
        turns = GEMINI.read({"contents": [*HI, {"role": "model", "parts": [given_part, hidden]}]}).turns
        assert turns[1].parts == (Thinking("t", signature), Redacted(signature))


@pytest.mark.parametrize(
    "placeholder",
    [
        "skip_thought_signature_validator",
        "context_engineering_is_the_way_to_go",
        "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=",
    ],
)
def test_a_placeholder_is_no_signature(placeholder):
    """Google's placeholders stand for a signature that is not there, also as the SDK encodes them."""
    part = {"functionCall": {"name": "f"}, "thoughtSignature": placeholder}
    assert GEMINI.read({"contents": [{"role": "model", "parts": [part]}]}).turns[0].parts[0].signature == ""


def test_results_find_their_calls():
    """Results without ids answer the calls of their name, in order; made ids are the same every time."""

    def call(name):
        return {"functionCall": {"name": name, "args": {}}}

    def result(name, text):
        return {"functionResponse": {"name": name, "response": {"result": text}}}

    contents = [
        *HI,
        {"role": "model", "parts": [call("f"), call("g"), call("f")]},
        {"role": "function", "parts": [result("f", "1"), result("f", "2"), result("g", "3")]},
        {"role": "model", "parts": [call("f")]},
        {"role": "user", "parts": [result("f", "4")]},
    ]
    turns = GEMINI.read({"contents": contents}).turns
    assert [part.id for turn in turns for part in turn.parts if isinstance(part, ToolCall)] == [
        "call_1",
        "call_2",
        "call_3",
        "call_4",
    ]
    results = [part for turn in turns for part in turn.parts if isinstance(part, ToolResult)]
    assert [(one.call_id, one.parts[0].text) for one in results] == [
        ("call_1", "1"),
        ("call_3", "2"),
        ("call_2", "3"),
        ("call_4", "4"),
    ]


def test_equal_ids_are_told_apart():
    """Two calls of the same id are two calls, and their results follow."""
    call = {"functionCall": {"id": "x", "name": "f"}}
    result = {"functionResponse": {"id": "x", "name": "f", "response": {}}}
    contents = [{"role": "model", "parts": [call, call]}, {"role": "user", "parts": [result, result]}]
    calls, results = GEMINI.read({"contents": contents}).turns
    assert [part.id for part in calls.parts] == ["x", "x_2"]
    assert [part.call_id for part in results.parts] == ["x", "x_2"]


@pytest.mark.parametrize(
    ("response", "text", "is_error"),
    [
        ({"output": "words"}, "words", False),
        ({"result": [1, 2]}, "[1,2]", False),
        ({"error": "no"}, "no", True),
        ({"a": 1, "b": None}, '{"a":1,"b":null}', False),
        ({"output": "x", "error": "y"}, '{"output":"x","error":"y"}', False),
        ({}, "{}", False),
    ],
)
def test_tool_results(response, text, is_error):
    """A result's own words are its text; an error says so."""
    contents = [
        {"role": "model", "parts": [{"functionCall": {"name": "f"}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": response}}]},
    ]
    [result] = GEMINI.read({"contents": contents}).turns[1].parts
    assert (result.parts, result.is_error) == ((Text(text),), is_error)


def test_media():
    """Bytes and addresses, in turns and in results; the kind follows from the media type."""
    parts = [
        {"inlineData": {"mimeType": "application/pdf", "data": "AAAA", "displayName": "a.pdf"}},
        {"inlineData": {"mimeType": "audio/wav", "data": "AAA"}},
        {"fileData": {"mimeType": "video/mp4", "fileUri": "https://x/y"}},
        {"fileData": {"fileUri": "https://x/y.webp?z=1"}},
    ]
    response = {"name": "f", "response": {"output": "o"}, "parts": parts[:1]}
    contents = [
        {"role": "user", "parts": parts},
        {"role": "model", "parts": [{"functionCall": {"name": "f"}}]},
        {"role": "user", "parts": [{"functionResponse": response}]},
    ]
    user, _, result = GEMINI.read({"contents": contents}).turns
    pdf = Media("document", "application/pdf", data="AAAA", title="a.pdf")
    assert user.parts == (
        pdf,
        Media("audio", "audio/wav", data="AAA="),
        Media("video", "video/mp4", url="https://x/y"),
        Media("image", "image/webp", url="https://x/y.webp?z=1"),
    )
    assert result.parts[0].parts == (Text("o"), pdf)


def test_what_stands_beside_a_payload():
    """A sketch on the way to an image is no content; how a video is to be looked at is named as dropped."""
    video = {"fileData": {"mimeType": "video/mp4", "fileUri": "https://x/y"}, "videoMetadata": {"fps": 1}}
    sketch = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}, "thought": True}
    conversation = GEMINI.read({"contents": [{"parts": [video, {}]}, {"role": "model", "parts": [sketch]}]})
    assert conversation.turns == (Turn("user", (Media("video", "video/mp4", url="https://x/y"),)),)
    assert conversation.dropped == ("videoMetadata",)


@pytest.mark.parametrize(
    ("config", "thinking"),
    [
        ({}, ThinkingConfig(show=False)),
        ({"includeThoughts": True}, ThinkingConfig(show=True)),
        ({"thinkingBudget": 0}, ThinkingConfig("off", show=False)),
        ({"thinkingBudget": -1}, ThinkingConfig("adaptive", show=False)),
        ({"thinkingBudget": 512}, ThinkingConfig("budget", budget_tokens=512, show=False)),
        ({"thinkingLevel": "minimal"}, ThinkingConfig("adaptive", effort="minimal", show=False)),
        ({"thinkingLevel": "XHIGH"}, ThinkingConfig("adaptive", effort="xhigh", show=False)),
    ],
)
def test_thinking(config, thinking):
    """Budgets and levels; thoughts are shown to those who ask for them only."""
    assert read(generationConfig={"thinkingConfig": config}).thinking == thinking


@pytest.mark.parametrize(
    ("config", "choice"),
    [
        ({"mode": "AUTO"}, ToolChoice()),
        ({"mode": "none"}, ToolChoice("none")),
        ({"mode": "ANY"}, ToolChoice("any")),
        ({"mode": "VALIDATED"}, ToolChoice()),
    ],
)
def test_tool_choice(config, choice):
    """The modes of function calling."""
    assert read(toolConfig={"functionCallingConfig": config}).tool_choice == choice


def test_what_is_dropped_is_named():
    """Parameters that only Gemini has are named; what says nothing is not."""
    conversation = read(
        serviceTier="priority",
        store=False,
        generationConfig={"logprobs": 3, "responseLogprobs": False, "responseMimeType": "text/x.enum"},
        tools=[{"googleSearch": {"timeRangeFilter": {}}}, {"functionDeclarations": [
            {"name": "f", "response": {"type": "STRING"}}]}],
        toolConfig={"retrievalConfig": {"languageCode": "de"}},
    )  # fmt: skip
    assert set(conversation.dropped) == {
        "serviceTier",
        "logprobs",
        "responseMimeType text/x.enum",
        "options of googleSearch",
        "functionDeclarations.response",
        "retrievalConfig",
    }


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"cachedContent": "cachedContents/x"}, "cachedContent"),
        ({"generationConfig": {"continuationToken": "x"}}, "continuationToken"),
        ({"generationConfig": {"candidateCount": 2}}, "candidateCount"),
        ({"generationConfig": {"responseModalities": ["TEXT", "IMAGE"]}}, "IMAGE"),
        ({"tools": [{"codeExecution": {}}]}, "tools.0.codeExecution"),
        ({"contents": [{"parts": [{"fileData": {"fileUri": "gs://b/o"}}]}]}, "only Google can read it"),
        (
            {
                "contents": [
                    {
                        "parts": [
                            {
                                "fileData": {
                                    "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/1"
                                }
                            }
                        ]
                    }
                ]
            },
            "only Google can read it",
        ),
    ],
)
def test_what_cannot_be_carried(body, words):
    """Content that only Gemini understands is refused with its place, never left out in silence."""
    with pytest.raises(CannotCarry, match=words):
        read(**body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"contents": "hi"}, "contents must be an array"),
        ({"contents": [{"role": "robot", "parts": []}]}, "contents.0.role must be user or model"),
        ({"contents": [{"parts": {}}]}, "contents.0.parts must be an array"),
        ({"contents": [{"parts": [{"text": 3}]}]}, "contents.0.parts.0.text must be a string"),
        ({"contents": [{"parts": [{"functionCall": {}}]}]}, "functionCall.name is missing"),
        ({"contents": [{"parts": [{"inlineData": {"data": "AAAA"}}]}]}, "mimeType is missing"),
        ({"tools": [{"functionDeclarations": [{}]}]}, "name is missing"),
        ({"generationConfig": {"temperature": "hot"}}, "generationConfig.temperature must be a number"),
        ({"generationConfig": {"maxOutputTokens": 1.5}}, "must be a whole number"),
        ({"generationConfig": {"stopSequences": [1]}}, "stopSequences must be a string"),
    ],
)
def test_wrong_types_are_named(body, words):
    """What is of the wrong type is a bad request that names the place."""
    with pytest.raises(BadRequest, match=words):
        read(**body)


def test_system_turns_and_texts():
    """A system instruction may be a bare text; a system turn in the conversation is one."""
    conversation = GEMINI.read(
        {"systemInstruction": "Be.", "contents": [{"role": "system", "parts": [{"text": "now"}]}]}
    )
    assert conversation.system == (Text("Be."),)
    assert conversation.turns == (Turn("system", (Text("now"),)),)


def test_a_counting_request_is_read():
    """What countTokens wraps is the request itself."""
    assert GEMINI.read({"generateContentRequest": {"model": "models/x", "contents": HI}}) == read()


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
_names = st.sampled_from(
    [
        "contents", "parts", "role", "text", "thought", "thoughtSignature", "functionCall", "args", "name",
        "functionResponse", "response", "inlineData", "mimeType", "data", "fileData", "fileUri", "tools",
        "functionDeclarations", "parameters", "toolConfig", "functionCallingConfig", "generationConfig",
        "thinkingConfig", "systemInstruction", "generateContentRequest", "responseSchema", "stopSequences",
    ]
)  # fmt: skip
_bodies = st.dictionaries(
    _names,
    st.recursive(
        _json | st.sampled_from(["user", "model"]),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=4),
        max_leaves=14,
    ),
    max_size=5,
)


@given(_bodies)
def test_any_body_is_read_or_refused(body):
    """Any JSON object is a conversation, a bad request or content that cannot be carried; nothing else."""
    for step in (GEMINI.read, lambda one: GEMINI.inspect(one, {})):
        try:
            step(body)
        except (BadRequest, CannotCarry):
            continue


def test_a_body_nested_too_deeply():
    """A body that is nested beyond reason is a bad request."""
    deep = msgspec.json.decode(b'{"a":' * 500 + b"1" + b"}" * 500)
    for _ in range(3):
        deep = {"x": deep, "y": [deep]}
    for _ in range(600):
        deep = {"z": deep}
    with pytest.raises(BadRequest, match="nested too deeply"):
        GEMINI.read({"contents": HI, "extra": deep})
    with pytest.raises(BadRequest, match="nested too deeply"):
        GEMINI.inspect({"contents": [{"role": "user", "parts": [{"text": "x"}], "extra": deep}]}, {})
