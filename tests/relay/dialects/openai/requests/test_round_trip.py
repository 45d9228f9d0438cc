"""What OpenAI can say and the neutral conversation can hold comes back the same."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.facts.known_models import facts_for
from relay.dialects.healing.signature_slots import Fate, Resolution, SignatureSlot
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.neutral.conversation import (
    Conversation,
    Media,
    Part,
    Sampling,
    Text,
    Thinking,
    ThinkingConfig,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
    turn_key,
)
from tests.relay.dialects.openai.streams import ALL_KINDS, FORMS, new_encoder, state_of

FACTS = msgspec.structs.replace(
    facts_for("some-model", "openai"),
    effort_levels=("none", "minimal", "low", "medium", "high", "xhigh", "max"),
)

texts = st.text(min_size=1, max_size=12)
text_parts = texts.map(Text)
images = st.sampled_from(["image/png", "image/jpeg"]).map(lambda kind: Media("image", kind, data="AAAA"))
documents = texts.map(lambda title: Media("document", "application/pdf", data="JVBERg==", title=title))
values = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5)
arguments = st.dictionaries(st.text(max_size=5), values | st.lists(values, max_size=2), max_size=3)


@st.composite
def exchanges(draw: st.DrawFn, number: int, form: str) -> list[Turn]:
    """A user's turn, the model's, and the results of its calls."""
    turns = [Turn("user", tuple(draw(st.lists(text_parts | images | documents, min_size=1, max_size=3))))]
    said: list[Part] = []
    if form == "responses" and draw(st.booleans()):
        said.append(Thinking(draw(st.text(max_size=9)), draw(st.text("abc=", min_size=50, max_size=60))))
    if draw(st.booleans()):
        said.append(draw(text_parts))
    calls = [
        ToolCall(f"call_{number}_{index}", draw(st.sampled_from(["weather", "time"])), draw(arguments))
        for index in range(draw(st.integers(0, 3)))
    ]
    if said or calls:
        turns.append(Turn("assistant", (*said, *calls)))
    if calls:
        shown = text_parts | images if form == "responses" else text_parts
        size = 3 if form == "responses" else 1
        results = [
            ToolResult(call.id, call.name, tuple(draw(st.lists(shown, min_size=1, max_size=size))))
            for call in calls
        ]
        # Several texts in a row are one text in a function's output.
        turns.append(Turn("user", tuple(msgspec.structs.replace(r, parts=_merged(r.parts)) for r in results)))
    return turns


def _merged(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    if all(isinstance(part, Text) for part in parts):
        return (Text("\n".join(part.text for part in parts)),)
    return parts


@st.composite
def conversations(draw: st.DrawFn, form: str) -> Conversation:
    turns: list[Turn] = []
    for number in range(draw(st.integers(1, 3))):
        turns += draw(exchanges(number, form))
    turns.append(Turn("user", (draw(text_parts),)))
    tools = (Tool("weather", draw(st.text(max_size=9)), {"type": "object", "properties": {}}, strict=False),)
    effort = draw(st.sampled_from(["low", "high", "max"]))
    numbers = st.none() | st.integers(0, 2)
    is_chat = form == "chat"
    return Conversation(
        turns=tuple(turns),
        system=tuple(draw(st.lists(text_parts, max_size=1))),
        tools=tools if draw(st.booleans()) else (),
        thinking=draw(
            st.sampled_from([ThinkingConfig(), ThinkingConfig("adaptive", effort=effort, show=True)])  # type: ignore[arg-type]
        ),
        sampling=Sampling(
            temperature=draw(numbers), top_p=draw(numbers), seed=draw(numbers) if is_chat else None
        ),
        max_tokens=draw(st.none() | st.integers(16, 999)),
        stop_sequences=tuple(draw(st.lists(texts, max_size=4))) if is_chat else (),
        user_id=draw(st.text(max_size=9)),
    )


@pytest.mark.parametrize("form", ["chat", "responses"])
@given(data=st.data())
def test_written_and_read_it_is_the_same(form: str, data: st.DataObject) -> None:
    """A conversation that the form can carry survives being written and read; nothing is said to change."""
    conversation = data.draw(conversations(form))
    changes: list[str] = []
    body = FORMS[form].write(conversation, "m", FACTS, changes)
    assert changes == []
    # Strings of parts and of JSON text travel as JSON.
    assert FORMS[form].read(json.loads(json.dumps(body))) == conversation


@pytest.mark.parametrize("form", ["chat", "responses"])
@pytest.mark.parametrize(
    "choice",
    [
        ToolChoice(),
        ToolChoice("none"),
        ToolChoice("any"),
        ToolChoice("any", ("a",)),
        ToolChoice("any", ("a", "b"), False),
    ],
)
def test_tool_choice(form: str, choice: ToolChoice) -> None:
    """Every neutral choice survives."""
    tools = tuple(Tool(name, "", {"type": "object", "properties": {}}, False) for name in "ab")
    conversation = Conversation((Turn("user", (Text("x"),)),), tools=tools, tool_choice=choice)
    told = FORMS[form].read(FORMS[form].write(conversation, "m", FACTS, []))
    assert (told.tools, told.tool_choice) == (tools, choice)


def slots_in(body: dict[str, Any]) -> list[SignatureSlot]:
    found: list[SignatureSlot] = []

    def look(slot: SignatureSlot) -> Resolution:
        found.append(slot)
        return Fate.KEEP

    assert OPENAI_RESPONSES.restore_signatures(body, look) is body
    return found


def test_the_turn_is_recognised_when_it_comes_back() -> None:
    """The stream that made a turn and the body that brings it back name it alike: its signature is found."""
    answer = json.loads(OPENAI_RESPONSES.collect(new_encoder(OPENAI_RESPONSES).encode(ALL_KINDS)))
    state = state_of(ALL_KINDS)
    calls = [(b.name, json.loads(b.text or "{}")) for b in state.blocks if b.kind == "tool_call"]
    question = {"role": "user", "content": "?"}
    outputs = [
        {"type": "function_call_output", "call_id": item["call_id"], "output": "x"}
        for item in answer["output"]
        if item["type"] == "function_call"
    ]
    (slot,) = slots_in({"input": [question, *answer["output"], *outputs, question]})
    assert (slot.kind, slot.turn) == ("thinking", turn_key(state.text, calls))


def test_a_chat_answer_comes_back_whole() -> None:
    """The assistant message of a collected answer, put into the next request, says what the stream said."""
    message = json.loads(OPENAI_CHAT.collect(new_encoder(OPENAI_CHAT).encode(ALL_KINDS)))["choices"][0][
        "message"
    ]
    turn = OPENAI_CHAT.read({"model": "m", "messages": [message]}).turns[0]
    assert turn.parts == (
        Thinking("Two calls."),
        Text("Looking — 東京"),
        ToolCall("toolu_1", "weather", {"city": "Kyōto"}),
        ToolCall("toolu_2", "time", {}),
    )
