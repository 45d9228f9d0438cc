"""Histories with reasoning that upstream refused, healed once and again on every later request."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.facts.model_facts import ModelFacts
from relay.dialects.healing.fix_prompt import FIX_PROMPT
from relay.dialects.healing.signature_slots import Fate, HealedBody, Resolution, SignatureSlot
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.neutral.conversation import Json
from tests.relay.dialects.openai.streams import FORMS

KEY = {"chat": "messages", "responses": "input"}
CHAT_PROMPT = {"type": "text", "text": FIX_PROMPT}
RESPONSES_PROMPT = {"type": "input_text", "text": FIX_PROMPT}


def user(content: Any) -> Json:
    return {"role": "user", "content": content}


def thought(text: str = "Hm.", **fields: Any) -> Json:
    return {"role": "assistant", "content": "4", "reasoning_content": text, **fields}


def reasoning(*texts: str, encrypted: str = "sig") -> Json:
    summary = [{"type": "summary_text", "text": text} for text in texts]
    return {"type": "reasoning", "summary": summary, "encrypted_content": encrypted}


def healed(form: str, *turns: Json) -> HealedBody:
    body = {"model": "m", KEY[form]: list(turns), "tools": [], "temperature": 1}
    before = json.dumps(body)
    told = FORMS[form].heal(body, ModelFacts())
    assert json.dumps(body) == before
    assert {key: value for key, value in told.body.items() if key != KEY[form]} == {
        "model": "m",
        "tools": [],
        "temperature": 1,
    }
    return told


def test_chat_reasoning_becomes_text() -> None:
    """Reasoning under any name stands before the model's words, and the prompt behind the user's."""
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    told = healed(
        "chat",
        user("?"),
        thought(),
        thought("", reasoning="Why", content=None, tool_calls=[call]),
        {"role": "tool", "tool_call_id": "c", "content": "x"},
        thought("", reasoning_details=[{"type": "reasoning.text", "text": "So", "signature": "s"}]),
        user("Go on"),
        {"role": "system", "content": "note"},
    )
    assert told.body["messages"] == [
        user("?"),
        {"role": "assistant", "content": "Hm.\n\n4"},
        {"role": "assistant", "content": "Why", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "x"},
        {"role": "assistant", "content": "So\n\n4"},
        user([{"type": "text", "text": "Go on"}, CHAT_PROMPT]),
        {"role": "system", "content": "note"},
    ]
    assert len(told.blocks) == 3
    assert told.prompt_turn
    assert len(told.changes) == 2


def test_googles_signatures_get_the_documented_stand_in() -> None:
    """Of a Gemini model behind a compatible server, the calls' signatures are what is refused."""
    extra = {"google": {"thought_signature": "old", "other": 1}}
    call = {"id": "c", "function": {"name": "f", "arguments": "{}"}, "extra_content": extra}
    result = {"role": "tool", "tool_call_id": "c", "content": "x"}
    told = healed("chat", {"role": "assistant", "content": None, "tool_calls": [call]}, result)
    (call,) = told.body["messages"][0]["tool_calls"]
    assert call["extra_content"]["google"] == {
        "thought_signature": "skip_thought_signature_validator",
        "other": 1,
    }


def test_responses_reasoning_becomes_text() -> None:
    """A reasoning item with words is a message, one without goes; the prompt is a part of the user's item."""
    told = healed(
        "responses",
        user("?"),
        reasoning("A", "B"),
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "x"},
        reasoning(),
        {"role": "assistant", "content": "4"},
        user("Go on"),
    )
    text = {"type": "output_text", "text": "A\n\nB", "annotations": []}
    assert told.body["input"] == [
        user("?"),
        {"type": "message", "role": "assistant", "content": [text]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "x"},
        {"role": "assistant", "content": "4"},
        user([{"type": "input_text", "text": "Go on"}, RESPONSES_PROMPT]),
    ]


@pytest.mark.parametrize(
    ("form", "last", "expected"),
    [
        ("chat", [user("x")], [user([{"type": "text", "text": "x"}, CHAT_PROMPT])]),
        ("chat", [user([{"type": "image_url"}])], [user([{"type": "image_url"}, CHAT_PROMPT])]),
        (
            "chat",
            [{"role": "tool", "tool_call_id": "c", "content": "x"}],
            [{"role": "tool", "tool_call_id": "c", "content": "x"}, user([CHAT_PROMPT])],
        ),
        (
            "chat",
            [{"role": "assistant", "content": "half"}],
            [{"role": "assistant", "content": "half"}, user([CHAT_PROMPT])],
        ),
        ("responses", [user("x")], [user([{"type": "input_text", "text": "x"}, RESPONSES_PROMPT])]),
        (
            "responses",
            [{"type": "function_call_output", "call_id": "c", "output": "x"}],
            [
                {"type": "function_call_output", "call_id": "c", "output": "x"},
                {"type": "message", "role": "user", "content": [RESPONSES_PROMPT]},
            ],
        ),
        (
            "responses",
            [{"role": "assistant", "content": "half"}],
            [
                {"role": "assistant", "content": "half"},
                {"type": "message", "role": "user", "content": [RESPONSES_PROMPT]},
            ],
        ),
    ],
)
def test_where_the_prompt_goes(form: str, last: list[Json], expected: list[Json]) -> None:
    """Into the last user turn; behind results; as a turn of its own behind the model's; and there again."""
    first = thought() if form == "chat" else reasoning("A")
    told = healed(form, user("?"), first, *last)
    assert told.body[KEY[form]][2:] == expected
    body = {"model": "m", KEY[form]: [user("?"), first, *last]}
    again = FORMS[form].heal_again(body, told.blocks, [told.prompt_turn])
    assert again[KEY[form]] == told.body[KEY[form]]


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_nothing_to_heal(form: str) -> None:
    """A history without reasoning is left alone, and nothing is said to have changed."""
    told = healed(form, user("?"), {"role": "assistant", "content": "4"}, user("x"))
    assert (told.blocks, told.changes, told.prompt_turn) == ((), (), "")


def test_results_stand_behind_their_calls() -> None:
    """The order is put right with the rest: an answer that strayed goes back to its call, by nearest id."""
    call = {"id": "c", "function": {"name": "f", "arguments": "{}"}}
    asks = {"role": "assistant", "content": None, "tool_calls": [call]}
    first, second = ({"role": "tool", "tool_call_id": "c", "content": text} for text in ("1", "2"))
    told = healed("chat", thought(), asks, user("meanwhile"), first, asks, second, user("x"))
    assert [m.get("content") for m in told.body["messages"][1:-1]] == [None, "1", "meanwhile", None, "2"]


def test_an_empty_turn_goes() -> None:
    """A turn of the model's that held nothing but unreadable reasoning is not sent empty."""
    encrypted = [{"type": "reasoning.encrypted", "data": "x"}]
    told = healed(
        "chat", user("?"), {"role": "assistant", "content": None, "reasoning_details": encrypted}, user("x")
    )
    assert len(told.body["messages"]) == 2


chat_turns = st.lists(
    st.sampled_from(
        [
            user("go on"),
            user("Well?"),
            thought("Hm."),
            thought("Oh."),
            {"role": "assistant", "content": "4"},
            {"role": "system", "content": "note"},
            {"role": "tool", "tool_call_id": "c", "content": "x"},
            {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]},
        ]
    ),
    max_size=8,
)
responses_turns = st.lists(
    st.sampled_from(
        [
            user("go on"),
            user("Well?"),
            reasoning("A"),
            reasoning(encrypted="other"),
            {"role": "assistant", "content": "4"},
            {"role": "developer", "content": "note"},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "x"},
        ]
    ),
    max_size=8,
)


@pytest.mark.parametrize("form", ["chat", "responses"])
@given(data=st.data())
def test_again_gives_the_same_bytes(form: str, data: st.DataObject) -> None:
    """What is remembered of a heal makes the same body again, and the beginning of every later one."""
    turns = data.draw(chat_turns if form == "chat" else responses_turns)
    told = healed(form, *turns)
    if not told.prompt_turn:
        return
    body = {"model": "m", KEY[form]: turns}
    blocks, prompts = frozenset(told.blocks), frozenset([told.prompt_turn])
    again = FORMS[form].heal_again(body, blocks, prompts)
    assert again[KEY[form]] == told.body[KEY[form]]
    later = {"model": "m", KEY[form]: [*turns, {"role": "assistant", "content": "new"}, user("go on")]}
    longer = FORMS[form].heal_again(later, blocks, prompts)[KEY[form]]
    assert longer[: len(again[KEY[form]])] == again[KEY[form]]
    assert longer[-1] == user("go on")


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_again_leaves_others_alone(form: str) -> None:
    """A request without those blocks and turns is the very same object; new thinking is not touched."""
    body = {"model": "m", KEY[form]: [user("new"), thought() if form == "chat" else reasoning("A")]}
    assert FORMS[form].heal_again(body, frozenset({"other"}), frozenset({"another"})) is body
    assert FORMS[form].heal_again(body, frozenset(), frozenset()) is body


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_there_is_no_drop_block(form: str) -> None:
    """OpenAI has no such request."""
    assert FORMS[form].drop_blocks({KEY[form]: []}) is None


BODY = {"model": "m", "input": [user("?"), reasoning("A"), {"role": "assistant", "content": "4"}]}


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [
        ("new", [reasoning("A", encrypted="new")]),
        (Fate.UNSIGNED, [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "A"}]}]),
        (
            Fate.DEMOTE,
            [
                {
                    "type": "message",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": "A", "annotations": []}],
                }
            ],
        ),
    ],
)
def test_signatures_are_resolved(resolution: Resolution, expected: list[Json]) -> None:
    """A reasoning item gets its signature, loses it, or becomes text."""
    restored = OPENAI_RESPONSES.restore_signatures(BODY, lambda slot: resolution)
    assert restored["input"][1:-1] == expected


@pytest.mark.parametrize("resolution", [Fate.KEEP, "sig"])
def test_what_is_right_stays(resolution: Resolution) -> None:
    """Where nothing changes the body is the very same object; chat completions hold no signature at all."""
    assert OPENAI_RESPONSES.restore_signatures(BODY, lambda slot: resolution) is BODY
    text = {"model": "m", "input": "x"}
    assert OPENAI_RESPONSES.restore_signatures(text, lambda slot: Fate.DEMOTE) is text
    chat = {"model": "m", "messages": [thought()]}
    assert OPENAI_CHAT.restore_signatures(chat, lambda slot: Fate.DEMOTE) is chat


def test_silent_reasoning_is_dropped_when_demoted() -> None:
    """Reasoning without words leaves nothing behind."""
    body = {"model": "m", "input": [user("?"), reasoning()]}
    assert OPENAI_RESPONSES.restore_signatures(body, lambda slot: Fate.DEMOTE)["input"] == [user("?")]


def test_slots_name_their_turn() -> None:
    """Each turn of the model's has a name of its own; items of one turn share it."""
    slots: list[SignatureSlot] = []

    def look(slot: SignatureSlot) -> Resolution:
        slots.append(slot)
        return Fate.KEEP

    said = {"role": "assistant", "content": "4"}
    items = [
        user("?"),
        reasoning("A"),
        reasoning("B"),
        said,
        user("!"),
        reasoning("A"),
        said | {"content": "5"},
    ]
    OPENAI_RESPONSES.restore_signatures({"input": items}, look)
    assert [slot.value for slot in slots] == ["sig"] * 3
    assert slots[0].turn == slots[1].turn != slots[2].turn
