"""The heal of a refused history, and the same heal on later turns."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.facts.known_models import facts_for
from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.healing.fix_prompt import FIX_PROMPT
from relay.neutral.conversation import digest
from tests.relay.dialects.anthropic.bodies import ANY_BODY

ENABLED = facts_for("claude-sonnet-4-5")
BOTH = facts_for("claude-opus-4-6")
ADAPTIVE = facts_for("claude-opus-5-5")
FIX = {"type": "text", "text": FIX_PROMPT}


def text(words: str, **fields: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **fields}


def thinking(words: str, signature: str = "bad") -> dict[str, Any]:
    return {"type": "thinking", "thinking": words, "signature": signature}


def call(call_id: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": "look", "input": {}}


def result(call_id: str) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": "seen"}


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def model(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def body_of(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 9, "messages": list(messages), **fields}


def healed(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ANTHROPIC.heal(body_of(*messages), ADAPTIVE).body["messages"]
    return found


def test_thinking_becomes_text_and_what_cannot_be_read_goes() -> None:
    """Thinking with words is a text block at its place; empty and redacted thinking is dropped."""
    redacted = {"type": "redacted_thinking", "data": "AAAA"}
    history = (
        user(text("q")),
        model(thinking("I add."), redacted, thinking(""), thinking(" "), text("4")),
        user(text("r")),
    )
    assert healed(*history) == [
        user(text("q")),
        model(text("I add."), text("4")),
        user(text("r"), FIX),
    ]


def test_no_signature_is_left() -> None:
    """Nothing of the refused blocks' signatures goes upstream again."""
    history = (
        user(text("q")),
        model(thinking("a", "one"), call("t")),
        user(result("t")),
        model(thinking("b", "two")),
    )
    assert '"signature"' not in json.dumps(healed(*history))


@pytest.mark.parametrize("content", ["q", [text("q")]])
def test_the_prompt_is_a_block_of_its_own_in_the_last_user_turn(content: Any) -> None:
    """It stands behind what the user said, whether that was a string or blocks."""
    last = {"role": "user", "content": content}
    assert healed(user(text("p")), model(thinking("x"), text("y")), last)[-1] == user(text("q"), FIX)


def test_system_turns_do_not_count_as_last() -> None:
    """Claude Code puts them behind the user's turn: the prompt goes into the user's."""
    system = {"role": "system", "content": "Be quick."}
    assert healed(user(text("q")), system) == [user(text("q"), FIX), system]


def test_a_user_turn_is_added_behind_the_models_own() -> None:
    """Where the model's turn is the last, the prompt comes in a turn of its own behind it."""
    system = {"role": "system", "content": "s"}
    assert healed(user(text("q")), model(text("Here is")), system) == [
        user(text("q")), model(text("Here is")), user(FIX), system,
    ]  # fmt: skip


def test_no_message_is_left_empty() -> None:
    """A turn of refused thinking alone disappears."""
    assert healed(user(text("q")), model(thinking("")), user(text("r"))) == [
        user(text("q")),
        user(text("r"), FIX),
    ]


def test_tool_results_stand_directly_behind_their_calls() -> None:
    """Results that came late or behind other blocks are put first into the next user turn."""
    assert healed(
        user(text("q")), model(call("a"), call("b"), call("c")), user(text("wait"), result("b")),
        user(result("a"), text("done")), user(result("c")),
    ) == [
        user(text("q")), model(call("a"), call("b"), call("c")),
        user(result("b"), result("a"), result("c"), text("wait")), user(text("done")), user(FIX),
    ]  # fmt: skip


def test_a_result_behind_a_system_turn_comes_before_it() -> None:
    """A user turn is added for it where none stands directly behind the call."""
    system = {"role": "system", "content": "s"}
    assert healed(user(text("q")), model(call("a")), system, user(result("a"), text("so?"))) == [
        user(text("q")), model(call("a")), user(result("a")), system, user(text("so?"), FIX),
    ]  # fmt: skip


def test_ids_that_come_again_find_their_own_results() -> None:
    """Some clients use an id twice: each call keeps the result that follows it."""
    history = [
        user(text("q")),
        model(call("a")),
        user(result("a")),
        model(call("a")),
        user(result("a"), text("r")),
    ]
    assert healed(*history)[:-1] == history[:-1]


def test_calls_without_a_result_and_results_without_a_call_stay() -> None:
    """What is missing cannot be made up: upstream says so to the client."""
    history = [user(text("q"), result("x")), model(call("a")), user(text("r"))]
    assert healed(*history) == [user(text("q"), result("x")), model(call("a")), user(text("r"), FIX)]


def test_tools_model_and_everything_else_stay() -> None:
    """A heal is about messages; the client's body itself is not changed."""
    tools = [{"name": "look", "input_schema": {"type": "object"}}]
    body = body_of(
        user(text("q")), model(thinking("x"), text("y")), user(text("r")),
        tools=tools, system="s", thinking={"type": "adaptive"}, output_config={"effort": "max"},
    )  # fmt: skip
    before = copy.deepcopy(body)
    told = ANTHROPIC.heal(body, ADAPTIVE)
    assert body == before
    assert {**told.body, "messages": None} == {**body, "messages": None}
    assert told.blocks == (digest(thinking("x")),)
    assert told.changes == (
        "1 thinking block or signature taken out of the history",
        "the fix prompt was added",
    )
    assert told.headers == ()


CALLING = (user(text("q")), model(thinking("x"), call("t")), user(result("t")))
CLEARING = {"edits": [{"type": "clear_thinking_20251015"}]}


@pytest.mark.parametrize(
    ("facts", "config", "stays"),
    [
        (ENABLED, {"type": "enabled", "budget_tokens": 1024}, False),
        (BOTH, {"type": "enabled", "budget_tokens": 1024}, False),
        (BOTH, {"type": "adaptive"}, False),
        (BOTH, {"type": "disabled"}, True),
        (ADAPTIVE, {"type": "adaptive"}, True),
    ],
)
def test_thinking_goes_where_the_api_would_refuse_the_turn_again(
    facts: Any, config: dict[str, Any], stays: bool
) -> None:
    """A last turn that calls tools must begin with thinking where the model takes ``enabled`` thinking."""
    told = ANTHROPIC.heal(body_of(*CALLING, thinking=config, context_management=CLEARING), facts)
    assert ("thinking" in told.body) is stays
    assert ("context_management" in told.body) is stays
    assert (len(told.changes) == 2) is stays


def test_thinking_stays_where_the_last_turn_calls_no_tools() -> None:
    """Then there is nothing that the API would refuse."""
    body = body_of(
        *CALLING, model(text("done")), user(text("r")), thinking={"type": "enabled", "budget_tokens": 1024}
    )
    assert ANTHROPIC.heal(body, ENABLED).body["thinking"] == body["thinking"]


def again(body: dict[str, Any], *heals: Any) -> dict[str, Any]:
    blocks = frozenset(block for told in heals for block in told.blocks)
    turns = frozenset(told.prompt_turn for told in heals if told.prompt_turn)
    found: dict[str, Any] = ANTHROPIC.heal_again(body, blocks, turns)
    return found


def test_later_turns_convert_the_same_blocks_to_the_same_bytes() -> None:
    """The healed turns are the prefix of every later request; what came after the heal is not touched."""
    first = body_of(*CALLING)
    told = ANTHROPIC.heal(first, ADAPTIVE)
    new = (model(thinking("fresh", "good"), text("done")), user(text("next")))
    later = again(body_of(*CALLING, *new), told)
    assert later["messages"] == [*told.body["messages"], *new]


def test_the_prompt_is_found_though_the_client_wrote_the_turn_anew() -> None:
    """Text as a string or as a block, with or without a cache marker: it is the same turn."""
    marked = text("q", cache_control={"type": "ephemeral"})
    told = ANTHROPIC.heal(body_of(user(text("p")), model(thinking("x"), text("y")), user(marked)), ADAPTIVE)
    later = body_of(
        {"role": "user", "content": "p"}, model(thinking("x"), text("y")), {"role": "user", "content": "q"},
        model(text("ok")), user(text("n", cache_control={"type": "ephemeral"})),
    )  # fmt: skip
    assert again(later, told)["messages"][2] == user(text("q"), FIX)
    assert FIX not in again(later, told)["messages"][4]["content"]


def test_of_two_equal_turns_only_the_one_that_had_it_gets_the_prompt() -> None:
    """A user who says "go on" twice gets the prompt at the second, as it was, and not at the third."""
    go_on = user(text("go on"))
    history = (go_on, model(thinking("x"), text("1")), go_on)
    told = ANTHROPIC.heal(body_of(*history), ADAPTIVE)
    later = again(body_of(*history, model(text("2")), go_on), told)
    assert [FIX in message["content"] for message in later["messages"]] == [False, False, True, False, False]


def test_a_request_without_those_blocks_is_not_touched() -> None:
    """The very same object: nothing to do, nothing copied."""
    told = ANTHROPIC.heal(body_of(*CALLING), ADAPTIVE)
    other = body_of(user(text("other")), model(thinking("x", "another"), text("y")), user(text("z")))
    assert again(other, told) is other
    assert ANTHROPIC.heal_again(other, frozenset(), frozenset()) is other


def test_in_a_tool_loop_the_next_turn_goes_without_thinking_too() -> None:
    """The turn made without thinking would be refused with it: no second 400 for one heal."""
    config = {"type": "enabled", "budget_tokens": 1024}
    told = ANTHROPIC.heal(body_of(*CALLING, thinking=config), ENABLED)
    loop = (model(text("again"), call("u")), user(result("u")))
    assert "thinking" not in again(body_of(*CALLING, *loop, thinking=config), told)
    done = (*loop, model(text("done")), user(text("next")))
    assert again(body_of(*CALLING, *done, thinking=config), told)["thinking"] == config


BLOCKS = st.one_of(
    st.builds(text, st.text(min_size=1, max_size=3)),
    st.builds(thinking, st.text(max_size=2), st.sampled_from(["", "s1", "s2"])),
    st.builds(call, st.sampled_from(["a", "b"])),
    st.builds(result, st.sampled_from(["a", "b", "c"])),
    st.builds(lambda data: {"type": "redacted_thinking", "data": data}, st.text(max_size=2)),
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["user", "assistant", "assistant", "user", "system"]),
            "content": st.sampled_from(["", "go on"]) | st.lists(BLOCKS, max_size=3),
        }
    ),
    max_size=7,
)


PLAIN = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant"]), "content": st.sampled_from(["go on", "yes"])}
    ),
    max_size=4,
)


@given(MESSAGES, PLAIN)
def test_the_same_heal_gives_the_same_bytes(
    messages: list[dict[str, Any]], later: list[dict[str, Any]]
) -> None:
    """On the refused body itself, and as the beginning of every later one: the prompt cache stays whole."""
    told = ANTHROPIC.heal(body_of(*messages), ADAPTIVE)
    if told.prompt_turn:
        assert again(body_of(*messages, *later), told)["messages"] == [*told.body["messages"], *later]
    else:  # nobody said anything: there is no turn to remember
        assert not any(message["role"] != "system" for message in messages)


@given(MESSAGES)
def test_a_healed_body_holds_no_thinking_and_is_in_order(messages: list[dict[str, Any]]) -> None:
    """No thinking block in any turn of the model's, no empty turn, one prompt, and nothing more to heal."""
    found = ANTHROPIC.heal(body_of(*messages), ADAPTIVE).body["messages"]
    for message in found:
        assert message["content"] or message["role"] == "system"
        if message["role"] == "assistant" and isinstance(message["content"], list):
            assert not {"thinking", "redacted_thinking"} & {block["type"] for block in message["content"]}
    prompts = [
        block for message in found if isinstance(message["content"], list) for block in message["content"]
    ]
    assert prompts.count(FIX) == (1 if any(message["role"] != "system" for message in messages) else 0)
    said = [
        block for message in messages if isinstance(message["content"], list) for block in message["content"]
    ]
    for kind in ("tool_use", "tool_result"):
        of_kind = [[block for block in blocks if block["type"] == kind] for blocks in (said, prompts)]
        assert sorted(map(str, of_kind[0])) == sorted(map(str, of_kind[1]))


@given(ANY_BODY)
def test_any_json_object_is_healed(body: dict[str, Any]) -> None:
    """Whatever a body holds, nothing raises and nothing of it is changed."""
    before = json.dumps(body)
    told = ANTHROPIC.heal(body, BOTH)
    again(body, told)
    ANTHROPIC.drop_blocks(body)
    assert json.dumps(body) == before


def test_upstream_drops_the_blocks_itself() -> None:
    """The body asks for it, and the beta header that this takes travels along."""
    body = body_of(*CALLING, thinking={"type": "adaptive", "display": "summarized"})
    dropped = ANTHROPIC.drop_blocks(body)
    assert dropped is not None
    assert dropped.body == {
        **body,
        "thinking": {
            "type": "adaptive",
            "display": "summarized",
            "block_binding": {"prefix_mismatch_behavior": "drop_block"},
        },
    }
    assert dropped.headers == (("anthropic-beta", "thinking-binding-controls-2026-08-01"),)
    assert (dropped.blocks, dropped.prompt_turn) == ((), "")
    assert dropped.changes


def test_upstream_drops_blocks_of_a_body_that_says_nothing_of_thinking() -> None:
    """The models that bind blocks think by default: adaptive is what they do anyway."""
    dropped = ANTHROPIC.drop_blocks(body_of(*CALLING))
    assert dropped is not None
    assert dropped.body["thinking"]["type"] == "adaptive"


@pytest.mark.parametrize(
    "config",
    [
        {"type": "between_tools"},
        {"type": "disabled"},
        {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}},
        "odd",
    ],
)
def test_where_dropping_cannot_be_asked_for(config: Any) -> None:
    """Types that take no other key, and a body that asked for it in vain, are healed the other way."""
    assert ANTHROPIC.drop_blocks(body_of(*CALLING, thinking=config)) is None
