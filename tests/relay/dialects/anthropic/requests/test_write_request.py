"""A neutral conversation as an Anthropic body, judged by the upstream's own checks."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.facts.known_models import facts_for, names_offered_by
from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.anthropic.requests.cache_marks import without_cache_marks
from relay.neutral.conversation import (
    Conversation,
    Media,
    Part,
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
from tests.relay.dialects.anthropic.upstream_rules import judge

MODEL = "claude-opus-5"
HI = Turn("user", (Text("hi"),))
LOOK = Tool("look", "Looks.", {"type": "object", "properties": {"at": {"type": "string"}}})
PNG = base64.b64encode(b"\x89PNG\xfb\xff").decode()


def written(
    *turns: Turn, model: str = MODEL, changes: list[str] | None = None, **fields: Any
) -> dict[str, Any]:
    """The body for these turns, checked to be one that upstream takes; without its cache marks."""
    conversation = Conversation(turns or (HI,), **fields)
    body = ANTHROPIC.write(conversation, model, facts_for(model), [] if changes is None else changes)
    judge(body)
    return without_cache_marks(body)


def user(*parts: Part) -> Turn:
    return Turn("user", parts)


def model(*parts: Part) -> Turn:
    return Turn("assistant", parts)


def test_the_smallest_body() -> None:
    """Model, turns, and the limit that the API demands, out of the model table."""
    changes: list[str] = []
    assert written(changes=changes) == {
        "model": MODEL,
        "max_tokens": facts_for(MODEL).default_max_tokens,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    }
    assert changes == []


def test_a_whole_conversation() -> None:
    """System, thinking, calls and their results, tools, choice, stops and the user's id."""
    changes: list[str] = []
    body = written(
        HI,
        model(Thinking("Hm", "sig"), Redacted("QUJD"), Text("I look."), ToolCall("t1", "look", {"at": "x"})),
        user(
            ToolResult("t1", "look", (Text("seen"), Media("image", "image/png", PNG)), is_error=True),
            Text("so?"),
        ),
        system=(Text("Be kind."), Text("  "), Text("Be brief.")),
        tools=(LOOK,),
        tool_choice=ToolChoice("any", ("look",), parallel=False),
        max_tokens=2000,
        stop_sequences=("###",),
        user_id="u-1",
        changes=changes,
    )
    assert changes == []
    assert body == {
        "model": MODEL,
        "max_tokens": 2000,
        "system": [{"type": "text", "text": "Be kind."}, {"type": "text", "text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "hi"}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "Hm", "signature": "sig"},
                    {"type": "redacted_thinking", "data": "QUJD"},
                    {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": "x"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "t1",
                        "content": [
                            {"type": "text", "text": "seen"},
                            {
                                "type": "image",
                                "source": {"type": "base64", "media_type": "image/png", "data": PNG},
                            },
                        ],
                        "is_error": True,
                    },
                    {"type": "text", "text": "so?"},
                ],
            },
        ],
        "tools": [{"name": "look", "description": "Looks.", "input_schema": LOOK.schema}],
        "tool_choice": {"type": "tool", "name": "look", "disable_parallel_tool_use": True},
        "stop_sequences": ["###"],
        "metadata": {"user_id": "u-1"},
    }


def messages(*turns: Turn, **fields: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = written(*turns, tools=(LOOK,), **fields)["messages"]
    return found


def test_turns_of_one_role_are_merged_with_results_first() -> None:
    """A result stands directly behind its call, before all else that the user said."""
    turns = messages(
        HI, model(ToolCall("a", "look", {})), model(ToolCall("b", "look", {})),
        user(Text("wait")), user(ToolResult("b", "look", (Text("2"),))), user(ToolResult("a", "look", ())),
    )  # fmt: skip
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert [block["type"] for block in turns[2]["content"]] == ["tool_result", "tool_result", "text"]
    assert [block.get("tool_use_id") for block in turns[2]["content"]] == ["b", "a", None]
    assert "content" not in turns[2]["content"][1]


def test_ids_that_are_impossible_or_used_before_are_replaced() -> None:
    """The API wants letters, digits, _ and -, each id once in the whole conversation; the same every time."""
    history = (
        HI, model(ToolCall("call:1.0", "look", {})), user(ToolResult("call:1.0", "look", ())),
        model(ToolCall("one", "look", {})), user(ToolResult("one", "look", ())),
        model(ToolCall("one", "look", {})), user(ToolResult("one", "look", ())),
    )  # fmt: skip
    turns = messages(*history)
    ids = [turns[at]["content"][0]["id"] for at in (1, 3, 5)]
    assert len(set(ids)) == 3
    assert ids[1] == "one"
    assert [turns[at]["content"][0]["tool_use_id"] for at in (2, 4, 6)] == ids
    assert messages(*history) == turns


def test_empty_texts_and_turns_are_left_out() -> None:
    """The API refuses both; what they would have parted is joined."""
    turns = messages(HI, model(Text(" "), Thinking("")), user(Text(""), Text("more")))
    assert turns == [
        {"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "text", "text": "more"}]}
    ]


def test_thinking_without_a_signature_keeps_its_place() -> None:
    """The slot stays, for the signature that the cache may know."""
    turns = messages(HI, model(Thinking("Hm"), Text("yes")), HI)
    assert turns[1]["content"][0] == {"type": "thinking", "thinking": "Hm", "signature": ""}


def test_the_user_speaks_first() -> None:
    """Where the model did, or nobody behind the system prompt, a turn is added, and named."""
    changes: list[str] = []
    turns = messages(model(Text("Welcome.")), HI, changes=changes)
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert [turn["role"] for turn in messages(Turn("system", (Text("Greet."),)), changes=changes)] == ["user"]
    assert len(changes) == 2


def test_white_space_at_the_end_of_a_prefill_goes() -> None:
    """The API refuses it there."""
    turns = messages(HI, model(Text("Here is ")), model="claude-sonnet-4-5")
    assert turns[-1]["content"] == [{"type": "text", "text": "Here is"}]


def test_system_turns() -> None:
    """Before the first turn they are the system prompt; later they stay, where the model takes them."""
    body = written(Turn("system", (Text("A"),)), HI, Turn("system", (Text("B"),)), system=(Text("S"),))
    assert [block["text"] for block in body["system"]] == ["S", "A"]
    assert body["messages"][1] == {"role": "system", "content": [{"type": "text", "text": "B"}]}
    changes: list[str] = []
    assert (
        messages(HI, Turn("system", (Text("B"),)), model="claude-sonnet-5", changes=changes)[1]["role"]
        == "user"
    )
    assert len(changes) == 1


def test_a_system_turn_between_a_call_and_its_result_waits() -> None:
    """Nothing may part the two: it becomes a note behind the result."""
    changes: list[str] = []
    turns = messages(
        HI, model(ToolCall("a", "look", {})), Turn("system", (Text("B"),)),
        user(ToolResult("a", "look", (Text("1"),))), changes=changes,
    )  # fmt: skip
    assert [block["type"] for block in turns[2]["content"]] == ["tool_result", "text"]
    assert "B" in turns[2]["content"][1]["text"]
    assert len(changes) == 1


def test_what_claude_has_no_place_for_is_refused(subtests: pytest.Subtests) -> None:
    """A clear text that says what, instead of an upstream's 400 or a loss in silence."""
    for turns in [
        (HI, model(ToolCall("a", "look", {}))),
        (HI, model(ToolCall("a", "look", {})), HI),
        (HI, model(ToolCall("a", "look", {})), HI, model(Text("x")), HI),
        (HI, user(ToolResult("a", "look", ()))),
        (user(Media("image", "image/heic", PNG)),),
        (user(Media("audio", "audio/wav", PNG)),),
        (user(Media("video", "video/mp4", url="https://a.example/v")),),
        (user(Media("document", "application/msword", PNG)),),
        (user(Media("document", "text/html", url="https://a.example/p")),),
        (user(Media("image", "image/png", url="gs://bucket/i.png")),),
        (user(Media("image", "image/png", url="https://generativelanguage.googleapis.com/v1beta/files/x")),),
        (user(Thinking("x")),),
        (Turn("system", (Media("image", "image/png", PNG),)), HI),
    ]:
        with subtests.test(f"{turns!r:.120}"), pytest.raises(CannotCarry, match=r"\w+ \w+"):
            written(*turns)


@pytest.mark.parametrize(
    "turns",
    [
        (Turn("user", ()),),
        (user(Media("document", "text/plain", "////")),),
        (user(Media("document", "text/plain", "?")),),
    ],
)
def test_what_says_nothing_or_is_broken_is_a_bad_request(turns: tuple[Turn, ...]) -> None:
    """An empty conversation, and a document whose bytes are none."""
    with pytest.raises(BadRequest):
        written(*turns)


def test_media() -> None:
    """Images and PDFs as bytes or addresses, text documents as text."""
    blocks = messages(
        user(
            Media("image", "image/png", PNG),
            Media("image", "image/*", url="https://a.example/i.png"),
            Media("document", "application/pdf", "JVBERi0=", title="Paper"),
            Media("document", "application/pdf", url="https://a.example/p.pdf"),
            Media("document", "text/csv", base64.b64encode("ä;b".encode()).decode()),
        )
    )[0]["content"]
    assert blocks == [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        {"type": "image", "source": {"type": "url", "url": "https://a.example/i.png"}},
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
            "title": "Paper",
        },
        {"type": "document", "source": {"type": "url", "url": "https://a.example/p.pdf"}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "ä;b"}},
    ]


def test_tools() -> None:
    """A schema is an object's at its root, strict only where nothing is open; search is upstream's own."""
    changes: list[str] = []
    tools = (
        Tool("bare", "", {}),
        Tool("either", "", {"anyOf": [{"type": "object"}]}),
        Tool("closed", "", LOOK.schema, strict=True),
        Tool("open", "", {"type": "object", "additionalProperties": {"type": "string"}}, strict=True),
    )
    body = written(tools=tools, web_search=True, changes=changes)
    bare, either, closed, open_, search = body["tools"]
    assert bare == {"name": "bare", "input_schema": {"type": "object", "properties": {}}}
    assert either["input_schema"] == {"type": "object", "properties": {}}
    assert closed["strict"] is True
    assert closed["input_schema"]["additionalProperties"] is False
    assert "strict" not in open_
    assert search["name"] == "web_search"
    assert len(changes) == 2
    assert "tool_choice" not in body


@pytest.mark.parametrize(
    ("choice", "on_the_wire"),
    [
        (ToolChoice(), None),
        (ToolChoice(parallel=False), {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice("none"), {"type": "none"}),
        (ToolChoice("any"), {"type": "any"}),
        (ToolChoice("any", ("look",)), {"type": "tool", "name": "look"}),
    ],
)
def test_tool_choice(choice: ToolChoice, on_the_wire: dict[str, Any] | None) -> None:
    """Each neutral choice has its word; without tools there is nothing to choose."""
    assert written(tools=(LOOK,), tool_choice=choice).get("tool_choice") == on_the_wire
    assert "tool_choice" not in written(tool_choice=choice)


def test_a_choice_among_some_tools_leaves_the_others_out() -> None:
    """The API has no such choice: the nearest is to offer no others."""
    changes: list[str] = []
    tools = (LOOK, Tool("peek", "", {}), Tool("listen", "", {}))
    body = written(tools=tools, tool_choice=ToolChoice("any", ("look", "peek")), changes=changes)
    assert [tool["name"] for tool in body["tools"]] == ["look", "peek"]
    assert body["tool_choice"] == {"type": "any"}
    assert len(changes) == 1


def test_thinking(subtests: pytest.Subtests) -> None:
    """What the client said, in the words of the model; shown where it is not shown by itself."""
    for name, config, thinking, effort in [
        (MODEL, ThinkingConfig(), None, None),
        (MODEL, ThinkingConfig(effort="high"), None, "high"),
        (MODEL, ThinkingConfig(show=True), {"type": "adaptive", "display": "summarized"}, None),
        (MODEL, ThinkingConfig(show=False), None, None),
        ("claude-opus-4-8", ThinkingConfig(show=True), None, None),
        (MODEL, ThinkingConfig("off"), {"type": "disabled"}, None),
        (MODEL, ThinkingConfig("adaptive", effort="minimal"), {"type": "adaptive"}, "low"),
        (
            MODEL,
            ThinkingConfig("budget", 30_000, show=True),
            {"type": "adaptive", "display": "summarized"},
            "high",
        ),
        ("claude-sonnet-5-5", ThinkingConfig("between_tools"), {"type": "between_tools"}, None),
        ("claude-sonnet-5-5", ThinkingConfig("off"), {"type": "between_tools"}, None),
        (
            "claude-sonnet-4-5",
            ThinkingConfig("budget", 5000, show=True),
            {"type": "enabled", "budget_tokens": 5000},
            None,
        ),
        (
            "claude-sonnet-4-5",
            ThinkingConfig("budget", effort="high"),
            {"type": "enabled", "budget_tokens": 24_576},
            None,
        ),
        (
            "claude-sonnet-4-5",
            ThinkingConfig("adaptive", effort="medium", show=False),
            {"type": "enabled", "budget_tokens": 8192, "display": "omitted"},
            None,
        ),
    ]:
        with subtests.test(f"{name, config, thinking, effort!r:.120}"):
            body = written(model=name, thinking=config)
            assert body.get("thinking") == thinking
            assert body.get("output_config", {}).get("effort") == effort


def test_sampling_and_stops() -> None:
    """Carried where the model takes them; what Claude has no parameter for is named."""
    changes: list[str] = []
    sampling = Sampling(1.6, None, 40, 7, 0.1, 0.2)
    body = written(
        model="claude-sonnet-4-5", sampling=sampling, stop_sequences=("\n", "END"), changes=changes
    )
    assert (body["temperature"], body["top_k"], body["stop_sequences"]) == (1, 40, ["END"])
    assert len(changes) == 5
    assert all(
        any(word in change for change in changes) for word in ("seed", "presence", "frequency", "1.6", "stop")
    )


def test_a_schema_for_the_answer() -> None:
    """Guaranteed where nothing in it is left open; else, and for JSON of any kind, asked for in words."""
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]}
    output = written(json_answer=True, response_schema=schema, thinking=ThinkingConfig(effort="low"))[
        "output_config"
    ]
    assert output["effort"] == "low"
    assert output["format"]["type"] == "json_schema"
    assert output["format"]["schema"]["properties"]["n"] == {"type": "integer", "description": "minimum: 1"}
    for fields in ({"response_schema": {"type": "object"}}, {}):
        changes: list[str] = []
        body = written(json_answer=True, changes=changes, **fields)
        assert "output_config" not in body
        assert "JSON" in body["messages"][-1]["content"][-1]["text"]
        assert len(changes) == 1


def test_what_was_read_is_written_again() -> None:
    """Through the neutral form and back a body says the same."""
    body = {
        "model": "claude-opus-5-5",
        "max_tokens": 64000,
        "system": [{"type": "text", "text": "Be kind."}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "hi"}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "", "signature": "sig"},
                    {"type": "redacted_thinking", "data": "QUJD"},
                    {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "t1",
                        "content": [{"type": "text", "text": "seen"}],
                    },
                    {
                        "type": "document",
                        "title": "P",
                        "source": {"type": "url", "url": "https://a.example/p"},
                    },
                ],
            },
            {"role": "system", "content": [{"type": "text", "text": "Be quick."}]},
        ],
        "tools": [{"name": "look", "description": "Looks.", "input_schema": LOOK.schema}],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        "thinking": {"type": "adaptive", "display": "summarized"},
        "output_config": {"effort": "xhigh"},
        "stop_sequences": ["###"],
        "metadata": {"user_id": "u-1"},
    }
    changes: list[str] = []
    conversation = ANTHROPIC.read(body)
    assert conversation.dropped == ()
    assert ANTHROPIC.write(conversation, "claude-opus-5-5", facts_for("claude-opus-5-5"), changes) == body
    assert changes == []


TEXTS = st.builds(Text, st.text(max_size=4))
THOUGHTS = st.builds(Thinking, st.text(max_size=3), st.sampled_from(["", "sig"]))


@st.composite
def exchanges(draw: st.DrawFn) -> list[Turn]:
    """The model calls tools, maybe with ids used before; the user answers in any order."""
    ids = draw(st.lists(st.sampled_from(["a", "b", "x:y"]), min_size=1, max_size=3, unique=True))
    calls = [ToolCall(call_id, draw(st.sampled_from(["look", "peek"])), {}) for call_id in ids]
    results = [ToolResult(call.id, call.name, (draw(TEXTS),), draw(st.booleans())) for call in calls]
    said = draw(st.lists(THOUGHTS | TEXTS, max_size=2))
    answered = draw(st.permutations([*results, *draw(st.lists(TEXTS, max_size=1))]))
    between = [Turn("system", (draw(TEXTS),))] if draw(st.booleans()) else []
    return [Turn("assistant", (*said, *calls)), *between, Turn("user", tuple(answered))]


SINGLE = st.one_of(
    st.builds(Turn, st.just("user"), st.lists(TEXTS, max_size=2).map(tuple)),
    st.builds(Turn, st.just("assistant"), st.lists(TEXTS | THOUGHTS, max_size=3).map(tuple)),
    st.builds(Turn, st.just("system"), st.lists(TEXTS, max_size=1).map(tuple)),
)
TURNS = st.lists(SINGLE.map(lambda turn: [turn]) | exchanges(), max_size=5).map(
    lambda parts: [turn for part in parts for turn in part]
)
CHOICES = st.builds(
    ToolChoice, st.sampled_from(["auto", "any", "none"]), st.sampled_from([(), ("look",)]), st.booleans()
)
SAMPLINGS = st.builds(
    Sampling, st.none() | st.floats(0, 2), st.none() | st.floats(0, 1), st.none() | st.integers(1, 9)
)
CONFIGS = st.builds(
    ThinkingConfig,
    st.sampled_from(["unset", "off", "budget", "adaptive", "between_tools"]),
    st.sampled_from([None, 500, 100_000]),
    st.sampled_from([None, "minimal", "high", "max"]),
    st.sampled_from([None, True, False]),
)


@given(
    TURNS, st.sampled_from(names_offered_by("anthropic")), CONFIGS,
    CHOICES, st.sampled_from([None, 900, 3000, 500_000]), SAMPLINGS,
)  # fmt: skip
def test_what_is_written_is_never_refused(
    turns: list[Turn],
    name: str,
    config: ThinkingConfig,
    choice: ToolChoice,
    limit: int | None,
    sampling: Sampling,
) -> None:
    """Any conversation in order is a body that upstream takes; only one that says nothing is refused."""
    conversation = Conversation(
        tuple(turns), tools=(LOOK, Tool("peek", "", {})), thinking=config, tool_choice=choice,
        max_tokens=limit, sampling=sampling,
    )  # fmt: skip
    try:
        body = ANTHROPIC.write(conversation, name, facts_for(name), [])
    except BadRequest:
        assert not any(part.text.strip() for turn in turns for part in turn.parts if isinstance(part, Text))
        return
    judge(body)
