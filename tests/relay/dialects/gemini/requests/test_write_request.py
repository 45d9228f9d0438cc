"""A conversation becomes a body that Gemini takes; what it takes no part of is named, never left to a 400."""

import msgspec
import pytest

from accounts.facts.known_models import facts_for
from accounts.facts.model_facts import ThinkingBudget
from relay.dialects.gemini import GEMINI
from relay.dialects.translation.notes import BEGIN, CONTINUE, OPENING
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

HI = Turn("user", (Text("hi"),))
TOOL = Tool("look", "Looks.", {"type": "object", "properties": {"at": {"type": "string"}}})
PLACEHOLDER = "skip_thought_signature_validator"


def write(conversation: Conversation, model: str = "gemini-3-flash-preview") -> tuple[dict, list[str]]:
    """The body for ``conversation`` and what was changed."""
    changes: list[str] = []
    return GEMINI.write(conversation, model, facts_for(model, "gemini"), changes), changes


def contents(*turns: Turn, model: str = "gemini-3-flash-preview") -> list[dict]:
    """The contents for ``turns``."""
    return write(Conversation(turns), model)[0]["contents"]


def config(model: str = "gemini-3-flash-preview", **fields: object) -> tuple[dict, list[str]]:
    """The generation config for a conversation with ``fields``, and what was changed."""
    body, changes = write(Conversation((HI,), **fields), model)
    return body.get("generationConfig", {}), changes


def test_a_system_prompt_alone():
    """OpenAI answers a system prompt alone; Gemini refuses a request without contents."""
    body, changes = write(Conversation((), system=(Text("Tell a joke."),)))
    assert body["contents"] == [{"role": "user", "parts": [{"text": BEGIN}]}]
    assert changes == ["a first user turn was added: Gemini wants one"]


@pytest.mark.parametrize("model", ["gemini-3-flash-preview", "gemini-2.5-flash"])
def test_a_conversation_that_begins_with_a_call(model):
    """As compacted histories do; Gemini wants a call behind a user's turn, but lets the model speak first."""
    call = Turn("assistant", (ToolCall("c1", "look", {"at": "x"}),))
    result = Turn("user", (ToolResult("c1", "look", (Text("seen"),)),))
    body, changes = write(Conversation((call, result)), model)
    first, second, third = body["contents"]
    assert first == {"role": "user", "parts": [{"text": OPENING}]}
    assert (second["role"], third["role"]) == ("model", "user")
    assert "a first user turn was added: Gemini lets no call begin" in changes
    assert contents(Turn("assistant", (Text("Hello."),)), HI, model=model)[0]["role"] == "model"


def test_a_whole_conversation():
    """System, tools, turns and parameters stand where Gemini looks for them."""
    conversation = Conversation(
        turns=(
            HI,
            Turn("assistant", (Text("Looking."), ToolCall("c1", "look", {"at": "x"}, "SIG="))),
            Turn("user", (ToolResult("c1", "look", (Text("a"), Text("b"))), Text("and now?"))),
        ),
        system=(Text("Be brief."),),
        tools=(TOOL,),
        tool_choice=ToolChoice("any", ("look",)),
        sampling=Sampling(temperature=0.5, top_p=0.9, top_k=40, seed=7),
        max_tokens=100,
        stop_sequences=("END",),
        response_schema={"type": "object", "$schema": "x"},
    )
    body, changes = write(conversation)
    assert body == {
        "contents": [
            {"role": "user", "parts": [{"text": "hi"}]},
            {
                "role": "model",
                "parts": [
                    {"text": "Looking."},
                    {
                        "functionCall": {"id": "c1", "name": "look", "args": {"at": "x"}},
                        "thoughtSignature": "SIG=",
                    },
                ],
            },
            {
                "role": "user",
                "parts": [
                    {"functionResponse": {"id": "c1", "name": "look", "response": {"output": "a\nb"}}},
                    {"text": "and now?"},
                ],
            },
        ],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "tools": [
            {
                "functionDeclarations": [
                    {"name": "look", "description": "Looks.", "parametersJsonSchema": TOOL.schema}
                ]
            }
        ],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["look"]}},
        "generationConfig": {
            "maxOutputTokens": 100,
            "temperature": 0.5,
            "topP": 0.9,
            "topK": 40,
            "seed": 7,
            "stopSequences": ["END"],
            "responseMimeType": "application/json",
            "responseJsonSchema": {"type": "object"},
        },
    }
    assert changes == []


def test_turns_of_one_role_are_merged():
    """Gemini wants user and model in turns."""
    written = contents(HI, HI, Turn("assistant", (Text("a"),)), Turn("assistant", (Text("b"),)), HI)
    assert [(content["role"], len(content["parts"])) for content in written] == [
        ("user", 2),
        ("model", 2),
        ("user", 1),
    ]


def test_results_stand_right_behind_their_calls():
    """All results of a step come first in one user turn, whatever stood between them."""
    calls = Turn("assistant", (ToolCall("a", "f", {}, "S"), ToolCall("b", "g", {})))
    first = Turn("user", (Text("note"), ToolResult("a", "", (Text("1"),))))
    second = Turn("user", (ToolResult("b", "", (Text("2"),), is_error=True),))
    written = contents(HI, calls, first, second)
    assert written[2]["parts"] == [
        {"functionResponse": {"id": "a", "name": "f", "response": {"output": "1"}}},
        {"functionResponse": {"id": "b", "name": "g", "response": {"error": "2"}}},
        {"text": "note"},
    ]


def test_system_turns_become_notes():
    """A system turn between the others is a note in a user turn, named once."""
    turns = (
        HI,
        Turn("system", (Text("rule"),)),
        Turn("assistant", (Text("a"),)),
        Turn("system", (Text("r2"),)),
    )
    body, changes = write(Conversation(turns))
    assert body["contents"][0]["parts"] == [
        {"text": "hi"},
        {"text": "<system-note>\nrule\n</system-note>"},
    ]
    assert changes == ["system turns in the conversation became notes in user turns"]


def test_images_in_tool_results():
    """Media go into the result where the model takes them there, else beside it."""
    image = Media("image", "image/png", data="AAAA")
    turns = (
        HI,
        Turn("assistant", (ToolCall("a", "f", {}),)),
        Turn("user", (ToolResult("a", "f", (Text("see"), image)),)),
    )
    inside = contents(*turns)[2]["parts"]
    beside = contents(*turns, model="gemini-2.5-flash")[2]["parts"]
    blob = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    assert [list(part) for part in inside] == [["functionResponse"]]
    assert inside[0]["functionResponse"]["parts"] == [blob]
    assert beside == [{"functionResponse": {"id": "a", "name": "f", "response": {"output": "see"}}}, blob]


@pytest.mark.parametrize(
    ("media", "part"),
    [
        (
            Media("document", "application/pdf", data="AAAA", title="t"),
            {"inlineData": {"mimeType": "application/pdf", "data": "AAAA"}},
        ),
        (
            Media("image", "image/*", url="https://x/a.webp"),
            {"fileData": {"mimeType": "image/webp", "fileUri": "https://x/a.webp"}},
        ),
        (
            Media("document", "", url="https://x/paper"),
            {"fileData": {"mimeType": "application/pdf", "fileUri": "https://x/paper"}},
        ),
        (
            Media("image", "image/gif", url="http://["),
            {"fileData": {"mimeType": "image/gif", "fileUri": "http://["}},
        ),
        (
            Media("image", "", url="http://["),
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "http://["}},
        ),
    ],
)
def test_media(media, part):
    """Bytes are inline data; an address is file data with the type that it says or looks like."""
    assert contents(Turn("user", (media,)))[0]["parts"] == [part]


def test_thinking_in_the_history():
    """Thinking is a thought part with its signature; what is empty or unreadable is left out."""
    turn = Turn(
        "assistant",
        (Thinking("a", "S1"), Thinking("", "S2"), Thinking("", ""), Redacted("x"), Text("t", "S3")),
    )
    body, changes = write(Conversation((HI, turn, HI)))
    assert body["contents"][1]["parts"] == [
        {"thought": True, "text": "a", "thoughtSignature": "S1"},
        {"thought": True, "text": "", "thoughtSignature": "S2"},
        {"text": "t", "thoughtSignature": "S3"},
    ]
    assert changes == ["redacted thinking dropped: only its maker can read it"]
    nothing = (Turn("assistant", (Redacted("x"),)), Turn("system", ()))
    assert contents(HI, *nothing, HI) == [{"role": "user", "parts": [{"text": "hi"}, {"text": "hi"}]}]


def test_placeholders_where_a_signature_is_demanded():
    """The first call of each step without a signature gets Google's placeholder, on models that validate."""
    step = Turn("assistant", (ToolCall("a", "f", {}), ToolCall("b", "f", {})))
    signed = Turn("assistant", (ToolCall("c", "f", {}, "REAL"), ToolCall("d", "f", {})))
    results = Turn("user", (ToolResult("a", "f", ()), ToolResult("b", "f", ())))
    written = contents(HI, step, results, signed)
    assert [part.get("thoughtSignature") for part in written[1]["parts"]] == [PLACEHOLDER, None]
    assert [part.get("thoughtSignature") for part in written[3]["parts"]] == ["REAL", None]
    old = contents(HI, step, model="gemini-2.5-pro")
    assert [part.get("thoughtSignature") for part in old[1]["parts"]] == [None, None]


def test_a_trailing_model_turn():
    """Where the model refuses prefill the user asks it to go on; a call that waits is no prefill."""
    turns = (HI, Turn("assistant", (Text("Once"),)))
    body, changes = write(Conversation(turns), "gemini-4-neon")
    assert body["contents"][-1] == {"role": "user", "parts": [{"text": CONTINUE}]}
    assert changes == ["the model refuses prefill: a user turn asks it to continue"]
    assert contents(*turns)[-1]["role"] == "model"
    waiting = Turn("assistant", (ToolCall("a", "f", {}),))
    assert contents(HI, waiting, model="gemini-4-neon")[-1]["role"] == "model"


def test_web_search():
    """Web search is Google's own, which does not go together with functions."""
    body, changes = write(Conversation((HI,), web_search=True))
    assert (body["tools"], changes) == ([{"googleSearch": {}}], [])
    body, changes = write(Conversation((HI,), tools=(TOOL,), web_search=True))
    assert [list(tool) for tool in body["tools"]] == [["functionDeclarations"]]
    assert changes == ["web search dropped: Gemini refuses it beside functions"]


@pytest.mark.parametrize(
    ("choice", "written", "changed"),
    [
        (ToolChoice(), None, []),
        (ToolChoice("none"), {"mode": "NONE"}, []),
        (ToolChoice("any"), {"mode": "ANY"}, []),
        (
            ToolChoice("any", parallel=False),
            {"mode": "ANY"},
            ["one tool call at a time: Gemini has no such setting"],
        ),
    ],
)
def test_tool_choice(choice, written, changed):
    """Each choice has its mode; without tools there is nothing to choose."""
    body, changes = write(Conversation((HI,), tools=(TOOL,), tool_choice=choice))
    assert body.get("toolConfig", {}).get("functionCallingConfig") == written
    assert changes == changed
    assert "toolConfig" not in write(Conversation((HI,), tool_choice=choice))[0]


def test_strict_tools():
    """That a schema is to be kept to the letter has no place at Gemini, and is named."""
    strict = Tool("f", "", {"type": "object", "properties": {}}, strict=True)
    body, changes = write(Conversation((HI,), tools=(strict,)))
    assert body["tools"][0]["functionDeclarations"] == [{"name": "f", "parametersJsonSchema": strict.schema}]
    assert changes == ["strict tool schemas: Gemini does not enforce them"]


def test_limits_and_sampling():
    """Limits are clamped to the model's; what it takes no part of is dropped by name."""
    assert config(max_tokens=200_000) == (
        {"maxOutputTokens": 65_536},
        ["output limit 200000 became 65536"],
    )
    everything = Sampling(1.0, 0.5, 3, 2**40, 0.1, 0.2)
    assert config("gemini-4-neon", sampling=everything) == (
        {},
        [
            "temperature dropped: the model takes none",
            "top_p dropped: the model takes none",
            "top_k dropped: the model takes none",
            "presence_penalty dropped: the model takes none",
            "frequency_penalty dropped: the model takes none",
            "seed dropped: Gemini takes 32 bits",
        ],
    )
    assert config(sampling=everything)[0] == {
        "temperature": 1.0,
        "topP": 0.5,
        "topK": 3,
        "presencePenalty": 0.1,
        "frequencyPenalty": 0.2,
    }
    assert config(stop_sequences=tuple("abcdefg")) == (
        {"stopSequences": list("abcde")},
        ["2 stop sequences dropped: Gemini takes five"],
    )


def test_json_mode_beside_tools():
    """JSON answers go together with functions on the models that take both."""
    conversation = Conversation((HI,), tools=(TOOL,), json_answer=True)
    assert write(conversation)[0]["generationConfig"] == {"responseMimeType": "application/json"}
    body, changes = write(conversation, "gemini-2.5-flash")
    assert "generationConfig" not in body
    assert changes == ["JSON mode dropped: the model refuses it beside functions"]


NEON, FLASH, PRO, LITE, OLD = (
    "gemini-4-neon",
    "gemini-3.6-flash",
    "gemini-2.5-pro",
    "gemini-2.5-flash-lite",
    "gemini-2.0-flash",
)


def test_thinking(subtests: pytest.Subtests) -> None:
    """Thinking becomes the budget or level nearest to what was asked that the model takes."""
    for model, thinking, written, changed in [
        (FLASH, ThinkingConfig(), None, []),
        (FLASH, ThinkingConfig(show=True), {"includeThoughts": True}, []),
        (
            FLASH,
            ThinkingConfig("off"),
            {"thinkingLevel": "MINIMAL"},
            ["thinking cannot be switched off: level MINIMAL"],
        ),
        (
            NEON,
            ThinkingConfig("off"),
            {"thinkingLevel": "LOW"},
            ["thinking cannot be switched off: level LOW"],
        ),
        (
            NEON,
            ThinkingConfig("between_tools"),
            {"thinkingLevel": "LOW"},
            ["thinking cannot be switched off: level LOW"],
        ),
        (LITE, ThinkingConfig("off"), {"thinkingBudget": 0}, []),
        (
            PRO,
            ThinkingConfig("off"),
            {"thinkingBudget": 128},
            ["thinking cannot be switched off: budget 128"],
        ),
        (OLD, ThinkingConfig("off"), None, []),
        (OLD, ThinkingConfig("budget", budget_tokens=9), None, ["thinking dropped: the model has none"]),
        (
            PRO,
            ThinkingConfig("budget", budget_tokens=31_999),
            {"thinkingBudget": 31_999, "includeThoughts": True},
            [],
        ),
        (
            LITE,
            ThinkingConfig("budget", budget_tokens=31_999),
            {"thinkingBudget": 24_576, "includeThoughts": True},
            ["thinking budget 31999 became 24576"],
        ),
        (
            NEON,
            ThinkingConfig("budget", budget_tokens=31_999),
            {"thinkingLevel": "HIGH", "includeThoughts": True},
            ["thinking budget 31999 became level HIGH"],
        ),
        (
            NEON,
            ThinkingConfig("budget", budget_tokens=1_024, show=False),
            {"thinkingLevel": "LOW"},
            ["thinking budget 1024 became level LOW"],
        ),
        (NEON, ThinkingConfig("adaptive"), {"includeThoughts": True}, []),
        (
            NEON,
            ThinkingConfig("adaptive", effort="high"),
            {"thinkingLevel": "HIGH", "includeThoughts": True},
            [],
        ),
        (
            NEON,
            ThinkingConfig("adaptive", effort="max"),
            {"thinkingLevel": "XHIGH", "includeThoughts": True},
            ["thinking effort max became level XHIGH"],
        ),
        (
            FLASH,
            ThinkingConfig("adaptive", effort="xhigh"),
            {"thinkingLevel": "HIGH", "includeThoughts": True},
            ["thinking effort xhigh became level HIGH"],
        ),
        (
            NEON,
            ThinkingConfig("adaptive", effort="minimal"),
            {"thinkingLevel": "LOW", "includeThoughts": True},
            ["thinking effort minimal became level LOW"],
        ),
        (PRO, ThinkingConfig("adaptive"), {"thinkingBudget": -1, "includeThoughts": True}, []),
        (
            PRO,
            ThinkingConfig("adaptive", effort="medium"),
            {"thinkingBudget": 8_192, "includeThoughts": True},
            ["thinking effort medium became budget 8192"],
        ),
        (
            LITE,
            ThinkingConfig("adaptive", effort="max"),
            {"thinkingBudget": 24_576, "includeThoughts": True},
            ["thinking effort max became budget 24576"],
        ),
    ]:
        with subtests.test(f"{model, thinking, written, changed!r:.120}"):
            fields, changes = config(model, thinking=thinking)
            assert fields.get("thinkingConfig") == written
            assert changes == changed


def test_a_budget_that_cannot_be_left_open():
    """A model with a budget that is neither dynamic nor levelled is left to its own default."""
    fixed = ThinkingBudget(minimum=1, maximum=9, can_disable=False, dynamic=False)
    facts = msgspec.structs.replace(facts_for("gemini-2.5-pro"), thinking_budget=fixed)
    conversation = Conversation((HI,), thinking=ThinkingConfig("adaptive", show=False))
    assert "generationConfig" not in GEMINI.write(conversation, "m", facts, [])


def test_a_round_trip_keeps_what_matters():
    """Body, conversation, body: the same request."""
    body = {
        "contents": [
            {
                "role": "user",
                "parts": [{"text": "hi"}, {"inlineData": {"mimeType": "image/png", "data": "AA=="}}],
            },
            {
                "role": "model",
                "parts": [
                    {"thought": True, "text": "hm", "thoughtSignature": "U0lH"},
                    {
                        "functionCall": {"id": "c", "name": "look", "args": {"at": "x"}},
                        "thoughtSignature": "U0lI",
                    },
                ],
            },
            {
                "role": "user",
                "parts": [{"functionResponse": {"id": "c", "name": "look", "response": {"error": "gone"}}}],
            },
        ],
        "systemInstruction": {"parts": [{"text": "s"}]},
        "tools": [
            {"functionDeclarations": [{"name": "look", "parametersJsonSchema": TOOL.schema}]},
        ],
        "toolConfig": {"functionCallingConfig": {"mode": "NONE"}},
        "generationConfig": {
            "maxOutputTokens": 9,
            "temperature": 0.1,
            "stopSequences": ["x"],
            "responseMimeType": "application/json",
            "responseJsonSchema": {"type": "object", "properties": {"a": {"type": "string"}}},
            "thinkingConfig": {"thinkingLevel": "LOW", "includeThoughts": True},
        },
    }
    assert write(GEMINI.read(body)) == (body, [])
