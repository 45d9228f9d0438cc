"""The places of thinking signatures in an Anthropic body."""

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.healing.signature_slots import Fate, Resolution, SignatureSlot
from relay.neutral.conversation import turn_key
from relay.neutral.events import StreamState
from tests.relay.dialects.anthropic.bodies import ANY_BODY
from tests.relay.dialects.anthropic.client_answer.test_encoder import answers
from tests.relay.dialects.anthropic.streams import decoded, new_encoder, state_of, transcript

BLOCKS = [
    {"type": "thinking", "thinking": "a", "signature": "old"},
    {"type": "redacted_thinking", "data": "DATA"},
    {"type": "thinking", "thinking": ""},
    {"type": "text", "text": "Hello"},
    {"type": "tool_use", "id": "t", "name": "look", "input": {"at": 1}},
]
BODY: dict[str, Any] = {
    "messages": [
        {"role": "user", "content": [{"type": "thinking", "thinking": "not mine"}]},
        {"role": "assistant", "content": BLOCKS},
        {"role": "assistant", "content": "plain"},
    ]
}


def restored(resolution: Resolution, body: dict[str, Any] = BODY) -> Any:
    return ANTHROPIC.restore_signatures(body, lambda slot: resolution)


def test_each_slot_tells_its_value_and_turn() -> None:
    """Thinking and redacted blocks of the model's turns, in order; a missing signature is empty."""
    slots: list[SignatureSlot] = []

    def keep(slot: SignatureSlot) -> Fate:
        slots.append(slot)
        return Fate.KEEP

    assert ANTHROPIC.restore_signatures(BODY, keep) is BODY
    turn = turn_key("Hello", [("look", {"at": 1})])
    assert slots == [
        SignatureSlot("thinking", "old", "", turn),
        SignatureSlot("redacted", "DATA", "", turn),
        SignatureSlot("thinking", "", "", turn),
    ]


def test_a_signature_is_put_in() -> None:
    """Where it differs; the rest of the body is shared, and the client's body is not changed."""
    before = json.dumps(BODY)
    found = restored("new")["messages"][1]["content"]
    assert [block.get("signature", block.get("data")) for block in found[:3]] == ["new", "new", "new"]
    assert found[3] is BLOCKS[3]
    assert json.dumps(BODY) == before


def test_the_same_signature_changes_nothing() -> None:
    """The very same object comes back."""
    signed = {"messages": [{"role": "assistant", "content": [BLOCKS[0]]}]}
    assert restored("old", signed) is signed


def test_a_slot_without_a_signature() -> None:
    """UNSIGNED leaves the block with an empty one."""
    found = restored(Fate.UNSIGNED)["messages"][1]["content"]
    assert [block.get("signature", block.get("data")) for block in found[:3]] == ["", "", ""]


def test_demoted_thinking_is_text() -> None:
    """Thinking with words becomes text, empty and redacted thinking goes, a turn of it alone goes with it."""
    alone = {"role": "assistant", "content": [BLOCKS[1]]}
    found = restored(Fate.DEMOTE, {"messages": [*BODY["messages"], alone]})["messages"]
    assert found[1]["content"] == [{"type": "text", "text": "a"}, *BLOCKS[3:]]
    assert len(found) == 3


@given(ANY_BODY, st.sampled_from([*Fate, "new", ""]))
def test_any_json_object_is_taken(body: dict[str, Any], resolution: Resolution) -> None:
    """Nothing raises, nothing of the client's body is changed, and doing it twice changes nothing more."""
    before = json.dumps(body)
    once = restored(resolution, body)
    assert json.dumps(body) == before
    assert restored(resolution, once) == once


def key_of_stream(state: StreamState) -> str:
    """The key that the stream side computes of what the client was told."""
    calls = [
        (block.name, msgspec.json.decode(block.text) if block.text else {})
        for block in state.blocks
        if block.kind == "tool_call"
    ]
    return turn_key(state.text, calls)


def key_of_body(stream: bytes) -> str:
    """The key of the same turn when the client sends the collected answer back."""
    content = json.loads(ANTHROPIC.collect(stream))["content"]
    turns: list[str] = []
    thought = {"type": "thinking", "thinking": "", "signature": ""}

    def note(slot: SignatureSlot) -> Fate:
        turns.append(slot.turn)
        return Fate.KEEP

    ANTHROPIC.restore_signatures({"messages": [{"role": "assistant", "content": [*content, thought]}]}, note)
    return turns[-1]


def test_a_forwarded_turn_is_recognised_when_it_comes_back() -> None:
    """The stream that made a turn and the body that brings it back name it alike."""
    for name in ("text", "thinking", "tools", "translated"):
        stream = transcript(name)
        assert key_of_stream(state_of(decoded(stream).events)) == key_of_body(stream)


@given(answers())
def test_a_translated_turn_is_recognised_when_it_comes_back(answer: Any) -> None:
    """Also when it was made by another dialect's upstream, with texts of any characters."""
    encoder = new_encoder()
    stream = encoder.encode(answer[0])
    assert key_of_stream(encoder.state) == key_of_body(stream)
