"""Every place of a signature is offered once, with what it is known by; its fate is done, and no more."""

import copy

import pytest

from relay.dialects.gemini import GEMINI
from relay.dialects.gemini.carried_signatures import redacted_to_client, to_client
from relay.dialects.healing.signature_slots import Fate, SignatureSlot
from relay.neutral.conversation import turn_key
from tests.relay.dialects.gemini.test_heal import PLACEHOLDER, call, model, result, user


def restore(resolution, *contents: dict):
    """The contents with each slot resolved by ``resolution`` (or what it returns), and the slots."""
    body = {"contents": list(contents)}
    before = copy.deepcopy(body)
    slots: list[SignatureSlot] = []

    def resolve(slot):
        slots.append(slot)
        return resolution(slot) if callable(resolution) else resolution

    restored = GEMINI.restore_signatures(body, resolve)
    assert body == before
    return restored["contents"] if restored is not body else None, slots


THOUGHT = {"text": "hm", "thought": True, "thoughtSignature": "VEhP"}
TEXT = {"text": "Hello", "thoughtSignature": "VEVY"}


def test_what_is_a_slot():
    """Signed parts of every kind, and the first call of a turn; the turn is known by its words and calls."""
    turn = model(THOUGHT, TEXT, call("f", "Q0FM", "1"), call("g", "", "2"))
    _, slots = restore(Fate.KEEP, user("hi"), turn, user(result("f")))
    key = turn_key("Hello", [("f", {}), ("g", {})])
    assert slots == [
        SignatureSlot("thinking", "VEhP", "", key),
        SignatureSlot("text", "VEVY", "", key),
        SignatureSlot("tool_call", "Q0FM", "1", key),
    ]


@pytest.mark.parametrize(
    ("turn", "kinds"),
    [
        ((call("f"), call("g")), ["tool_call"]),
        (("a", "b"), ["text"]),
        (("a", {"text": "", "thoughtSignature": "UEFS"}), ["text"]),
        ((THOUGHT,), ["thinking"]),
        (({"text": "hm", "thought": True},), []),
        (({"inlineData": {}, "thoughtSignature": "UEFS"},), []),
        (({"text": "", "thought": True, "thoughtSignature": redacted_to_client("x")},), ["redacted"]),
    ],
)
def test_where_one_could_be(turn, kinds):
    """A missing signature is asked for where upstream would have put it, and nowhere else."""
    _, slots = restore(Fate.KEEP, model(*turn))
    assert [slot.kind for slot in slots] == kinds


def test_a_streamed_turn_is_one():
    """Contents in a row are one turn: one key, and one first call."""
    contents = [model("Hel"), model("lo"), model(call("f", "", "1")), model(call("f", "", "2"))]
    _, slots = restore(Fate.KEEP, *contents)
    key = turn_key("Hello", [("f", {}), ("f", {})])
    assert slots == [SignatureSlot("tool_call", "", "1", key)]


def test_a_signature_is_put_back():
    """A resolved slot holds the signature, under the name that stands there; other turns are shared."""
    first, second = model(call("f")), model({"text": "a", "thought_signature": "T0xE"})
    restored, _ = restore("TkVX", user("a"), first, user("b"), second)
    assert restored[1] == model(call("f", "TkVX"))
    assert restored[3] == model({"text": "a", "thought_signature": "TkVX"})


def test_what_is_no_base64_is_told_as_it_is():
    """A signature of whatever form is told as the client wrote it."""
    _, slots = restore(Fate.KEEP, model({"text": "a", "thoughtSignature": "not base64!"}))
    assert slots[0].value == "not base64!"


@pytest.mark.parametrize("held", ["+/+/", "-_-_"])
def test_a_genuine_signature_is_recognised_and_left(held):
    """In either alphabet it is told as upstream wrote it, and stays as the client wrote it."""
    restored, slots = restore(lambda slot: slot.value, model({"text": "a", "thoughtSignature": held}))
    assert slots[0].value == "+/+/"
    assert restored is None


def test_stand_ins_are_recognised():
    """A handle of ours, and a signature that was wrapped for a Gemini client, are told as what they are."""
    handle = "evenkeel-handle-0123456789abcdef0123456789abcdef-0-0000000000000000"
    for held in (handle, to_client(handle)):
        _, slots = restore(Fate.KEEP, model({**THOUGHT, "thoughtSignature": held}))
        assert slots[0].value == handle


@pytest.mark.parametrize("fate", [Fate.KEEP, Fate.UNSIGNED, Fate.DEMOTE, ""])
def test_placeholders_stand_for_nothing(fate):
    """Google's placeholder is an empty slot: it can be filled, and stays when there is nothing for it."""
    restored, slots = restore(fate, model(call("f", PLACEHOLDER)))
    assert (restored, slots[0].value) == (None, "")
    assert restore("R09P", model(call("f", PLACEHOLDER)))[0] == [model(call("f", "R09P"))]


@pytest.mark.parametrize(
    ("fate", "left"),
    [
        (Fate.KEEP, None),
        (Fate.UNSIGNED, [{"text": "hm", "thought": True}, {"text": "Hello"}, call("f", PLACEHOLDER)]),
        (Fate.DEMOTE, [{"text": "hm"}, {"text": "Hello"}, call("f", PLACEHOLDER)]),
    ],
)
def test_fates(fate, left):
    """Kept; unsigned; or thinking as text. A call without its signature says so by the placeholder."""
    restored, _ = restore(fate, model(THOUGHT, TEXT, call("f", "Q0FM")))
    assert restored == (None if left is None else [model(*left)])


@pytest.mark.parametrize("fate", [Fate.UNSIGNED, Fate.DEMOTE])
def test_what_nothing_is_left_of_is_gone(fate):
    """Empty thoughts, redacted ones, and turns of nothing else go."""
    empty = {"text": "", "thought": True, "thoughtSignature": "VEhP"}
    redacted = {**empty, "thoughtSignature": redacted_to_client("data")}
    restored, _ = restore(fate, user("a"), model(empty, redacted), user("b"), model(empty, "c"))
    assert restored == [user("a"), user("b"), model("c")]


@pytest.mark.parametrize("body", [{}, {"contents": [3]}, {"contents": [{"role": "model", "parts": "x"}]}])
def test_strange_bodies(body):
    """Where there is no conversation there is no slot."""
    assert GEMINI.restore_signatures(body, lambda slot: "X") is body
