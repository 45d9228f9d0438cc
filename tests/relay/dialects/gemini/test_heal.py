"""A refused history is healed once, and the same heal is made again to the same bytes, and nowhere else."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.facts.known_models import facts_for
from relay.dialects.gemini import GEMINI
from relay.dialects.healing.fix_prompt import FIX_PROMPT
from relay.dialects.healing.signature_slots import HealedBody
from relay.neutral.conversation import digest

FACTS = facts_for("gemini-3-flash-preview")
PROMPT = {"text": FIX_PROMPT}
PLACEHOLDER = "skip_thought_signature_validator"


def user(*parts: dict | str) -> dict:
    """A user turn."""
    return {"role": "user", "parts": [{"text": part} if isinstance(part, str) else part for part in parts]}


def model(*parts: dict | str) -> dict:
    """A model turn."""
    return {**user(*parts), "role": "model"}


def call(name: str, signature: str = "", call_id: str = "") -> dict:
    """A function call part."""
    function_call = {"name": name, "args": {}, **({"id": call_id} if call_id else {})}
    return {"functionCall": function_call, **({"thoughtSignature": signature} if signature else {})}


def result(name: str, call_id: str = "") -> dict:
    """A function response part."""
    response = {"name": name, "response": {"output": "o"}, **({"id": call_id} if call_id else {})}
    return {"functionResponse": response}


def heal(*contents: dict) -> HealedBody:
    """The healed body of ``contents``; the body given is not changed."""
    body = {"contents": list(contents), "tools": [{"x": 1}]}
    before = copy.deepcopy(body)
    healed = GEMINI.heal(body, FACTS)
    assert body == before
    assert healed.body["tools"] == [{"x": 1}]
    return healed


def test_thinking_becomes_text():
    """Thoughts with text are text, empty ones and signatures are gone, calls get placeholders."""
    healed = heal(
        user("hi"),
        model(
            {"text": "I think", "thought": True, "thoughtSignature": "BAD"},
            {"text": "", "thought": True, "thoughtSignature": "BAD"},
            {"thought": True, "thought_signature": "BAD"},
            {"text": "Hello", "thoughtSignature": "BAD"},
            {"text": "", "thoughtSignature": "BAD"},
            {"inlineData": {"mimeType": "image/png", "data": "AA=="}, "thought_signature": "BAD"},
            "plain",
            call("f", "BAD"),
            call("g"),
        ),
        user(result("f"), result("g")),
    )
    assert healed.body["contents"] == [
        user("hi"),
        model(
            "I think",
            "Hello",
            {"inlineData": {"mimeType": "image/png", "data": "AA=="}},
            "plain",
            call("f", PLACEHOLDER),
            call("g", PLACEHOLDER),
        ),
        user(result("f"), result("g"), PROMPT),
    ]
    assert healed.changes == (
        "8 thinking blocks and signatures taken out of the history",
        "the fix prompt was added",
    )


def test_the_fix_prompt_is_a_part_of_the_last_user_turn():
    """The prompt is a text of its own in the last user turn; a system turn behind it does not count."""
    system = {"role": "system", "parts": [{"text": "rule"}]}
    healed = heal(user("a"), model("b"), user("c"), system)
    assert healed.body["contents"] == [user("a"), model("b"), user("c", PROMPT), system]
    assert healed.prompt_turn == digest(user("c"))


def test_a_user_turn_is_added_behind_the_models():
    """Where the model spoke last, the prompt gets a user turn."""
    healed = heal(user("a"), model({"text": "b", "thoughtSignature": "BAD"}))
    assert healed.body["contents"] == [user("a"), model("b"), user(PROMPT)]


def test_no_empty_turn_stays():
    """A turn that was nothing but unreadable thinking is left out."""
    healed = heal(user("a"), model({"text": "", "thought": True, "thoughtSignature": "BAD"}), user("b"))
    assert healed.body["contents"] == [user("a"), user("b", PROMPT)]


def test_results_move_behind_their_calls():
    """A result that stands too late is put where the API looks for it."""
    healed = heal(
        user("a"),
        model(call("f", "BAD", "1"), call("g", "", "2")),
        user(result("g", "2")),
        model("hm"),
        user(result("f", "1"), "and?"),
    )
    assert healed.body["contents"] == [
        user("a"),
        model(call("f", PLACEHOLDER, "1"), call("g", PLACEHOLDER, "2")),
        user(result("g", "2"), result("f", "1")),
        model("hm"),
        user("and?", PROMPT),
    ]


def test_results_in_place_stay():
    """Results right behind their calls are not touched, with ids or without, in one turn or in two."""
    contents = [
        user("a"),
        model(call("f", "BAD")),
        model(call("f", "", "x")),
        user(result("f")),
        user(result("f", "x")),
        model(call("f", "BAD")),
    ]
    healed = heal(*contents)
    assert [content["role"] for content in healed.body["contents"]] == [
        "user",
        "model",
        "model",
        "user",
        "user",
        "model",
        "user",
    ]


def again(healed: HealedBody, *contents: dict) -> dict:
    """What is remembered of ``healed``, done again to other contents."""
    prompts = frozenset([healed.prompt_turn] if healed.prompt_turn else [])
    return GEMINI.heal_again({"contents": list(contents)}, frozenset(healed.blocks), prompts)


def test_the_next_turn_has_the_same_bytes():
    """Later the same blocks become the same, the prompt stays where it was, new thinking is left alone."""
    bad = model({"text": "old", "thought": True, "thoughtSignature": "BAD"}, call("f", "BAD"))
    new = model({"text": "new", "thought": True, "thoughtSignature": "GOOD"}, call("f", "GOOD"))
    healed = heal(user("a"), bad, user(result("f")))
    later = again(healed, user("a"), bad, user(result("f")), new, user(result("f"), "go"))
    assert later["contents"][:3] == healed.body["contents"]
    assert later["contents"][3:] == [new, user(result("f"), "go")]


def test_the_prompt_is_not_put_into_a_turn_of_the_same_words():
    """A user who says the same words again does not get the prompt again, before or after."""
    bad = model({"text": "t", "thought": True, "thoughtSignature": "BAD"})
    healed = heal(user("go on"), bad, user("go on"))
    later = again(healed, user("go on"), bad, user("go on"), model("x"), user("go on"))
    assert [PROMPT in content["parts"] for content in later["contents"]] == [False, False, True, False, False]


def test_a_lost_signature_is_the_same_block():
    """A client that loses a signature sends the refused block without it: it is healed all the same."""
    healed = heal(user("a"), model(call("f", "BAD", "id")), user(result("f", "id")))
    later = again(healed, user("a"), model(call("f", "", "id")), user(result("f", "id")))
    assert later["contents"] == healed.body["contents"]


def test_nothing_remembered_nothing_touched():
    """A request without the refused blocks stays the very same object."""
    healed = heal(user("a"), model({"text": "t", "thought": True, "thoughtSignature": "BAD"}), user("b"))
    body = {
        "contents": [user("x"), model({"text": "u", "thought": True, "thoughtSignature": "S"}), user("y")]
    }
    assert GEMINI.heal_again(body, frozenset(healed.blocks), frozenset([healed.prompt_turn])) is body
    assert GEMINI.heal_again(body, frozenset(), frozenset()) is body


def test_gemini_drops_no_blocks_itself():
    """There is nothing to ask upstream for."""
    assert GEMINI.drop_blocks({"contents": [user("a")]}) is None


_text = st.sampled_from(["", "a", "b"])
_signature = st.sampled_from(["", "BAD", PLACEHOLDER])


def _thought(text: str, signature: str) -> dict:
    return {"text": text, "thought": True, **({"thoughtSignature": signature} if signature else {})}


_parts = st.one_of(
    st.builds(lambda t: {"text": t}, _text),
    st.builds(_thought, _text, _signature),
    st.builds(lambda t, s: {"text": t, "thoughtSignature": s}, _text, _signature),
    st.builds(call, st.sampled_from(["f", "g"]), _signature, st.sampled_from(["", "1", "2"])),
    st.builds(result, st.sampled_from(["f", "g"]), st.sampled_from(["", "1", "2"])),
    st.just({}),
)
_contents = st.lists(
    st.builds(
        lambda role, parts: {"role": role, "parts": parts},
        st.sampled_from(["user", "model", "system"]),
        st.lists(_parts, max_size=4),
    ),
    max_size=7,
)


@given(_contents)
def test_healed_again_is_healed(contents):
    """Healing, and doing the remembered heals on the same body, give the same; no thinking is left."""
    healed = heal(*contents)
    body = {"contents": contents, "tools": [{"x": 1}]}
    prompts = frozenset([healed.prompt_turn] if healed.prompt_turn else [])
    assert GEMINI.heal_again(body, frozenset(healed.blocks), prompts) == healed.body
    for content in healed.body["contents"]:
        if content["role"] != "model":
            continue
        assert content["parts"]
        for part in content["parts"]:
            assert not part.get("thought")
            assert part.get("thoughtSignature") == (PLACEHOLDER if "functionCall" in part else None)


@given(_contents)
def test_a_conversation_goes_on_from_what_was_healed(contents):
    """Whatever is said later, the healed part of the history keeps its bytes: the prompt cache stays warm."""
    contents = [*contents, user("last words")]
    healed = heal(*contents)
    later = again(healed, *contents, model("fresh"), user("more"))
    assert later["contents"][: len(healed.body["contents"])] == healed.body["contents"]


@pytest.mark.parametrize("body", [{}, {"contents": None}, {"contents": [3, "x", None]}, {"contents": []}])
def test_strange_bodies(body):
    """A body that is no conversation is left as it is."""
    assert GEMINI.heal(body, FACTS).body is body
    assert GEMINI.heal_again(body, frozenset(["x"]), frozenset(["y"])) is body
