"""What an answer teaches the signature cache."""

from relay.engine.healing.signatures import MIN_SIGNATURE_LENGTH
from relay.memory.learning import learned
from relay.neutral.events import BlockStart, Signature, StreamState, TextDelta, ThinkingDelta

FIRST, SECOND = "a" * MIN_SIGNATURE_LENGTH, "b" * MIN_SIGNATURE_LENGTH


def test_a_signature_is_filed_by_family_call_and_turn() -> None:
    """Three layers: who can read it, which call it belongs to, which turn it stands in."""
    state = StreamState()
    state.fold([BlockStart(0, "tool_call", "call-1", "weather"), Signature(0, FIRST, "gemini-3")])
    items = learned(state, "session", "gemini-3", 5.0)
    assert [(item.layer, item.value) for item in items] == [
        ("family", FIRST),
        ("tool", FIRST),
        ("session", FIRST),
    ]
    assert items[1].name == "call-1"


def test_of_several_blocks_of_a_kind_none_is_filed_by_turn() -> None:
    """Nobody could tell which signature stands where, and a wrong one is refused."""
    state = StreamState()
    state.fold([BlockStart(0, "thinking"), ThinkingDelta(0, "one"), Signature(0, FIRST, "claude")])
    state.fold([BlockStart(1, "thinking"), ThinkingDelta(1, "two"), Signature(1, SECOND, "claude")])
    state.fold([BlockStart(2, "text"), TextDelta(2, "three")])
    assert {item.layer for item in learned(state, "session", "claude", 5.0)} == {"family"}


def test_a_texts_signature_is_filed_only_where_it_will_be_looked_for() -> None:
    """At the turn's last text, which has no other: what a client sends back as one text is one part again."""
    state = StreamState()
    state.fold(
        [BlockStart(0, "text"), TextDelta(0, "I am"), Signature(0, FIRST, "f"), TextDelta(0, " sorry")]
    )
    assert [item.layer for item in learned(state, "session", "f", 5.0)] == ["family", "session"]
    state.fold([Signature(0, SECOND, "f")])
    assert [item.layer for item in learned(state, "session", "f", 5.0)] == ["family"]
    state = StreamState()
    state.fold([BlockStart(0, "text"), TextDelta(0, "I am"), Signature(0, FIRST, "f")])
    state.fold([BlockStart(1, "server_call"), BlockStart(2, "text"), TextDelta(2, "done")])
    assert [item.layer for item in learned(state, "session", "f", 5.0)] == ["family"]


def test_an_answer_without_signatures_teaches_nothing() -> None:
    """Most answers."""
    assert learned(StreamState(), "session", "claude", 5.0) == []
