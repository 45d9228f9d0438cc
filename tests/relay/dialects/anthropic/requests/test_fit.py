"""A body fitted to a Claude model: what the model refuses is mapped, and named."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.facts.known_models import facts_for, names_offered_by
from relay.dialects.anthropic import ANTHROPIC
from tests.relay.dialects.anthropic.bodies import ANY_BODY
from tests.relay.dialects.anthropic.upstream_rules import judge

OLD = "claude-sonnet-4-5"
BETWEEN = "claude-opus-4-6"
NEW = "claude-opus-5-5"
MODELS = [*names_offered_by("anthropic"), "claude-3-5-haiku-20241022"]
HI = {"role": "user", "content": "hi"}
TOOLS = [{"name": "look", "input_schema": {"type": "object"}}]


def fitted(model: str, *messages: dict[str, Any], **fields: Any) -> tuple[dict[str, Any], list[str]]:
    """The body for ``model``, and what was changed; checked to be one that upstream takes."""
    body = {"model": "claude-by-the-client", "max_tokens": 4096, "messages": list(messages) or [HI], **fields}
    before = json.dumps(body)
    changes: list[str] = []
    result = ANTHROPIC.fit(body, model, facts_for(model), changes)
    assert json.dumps(body) == before
    assert result["model"] == model
    judge(result)
    return result, changes


def test_a_plain_body_only_gets_the_models_name(subtests: pytest.Subtests) -> None:
    """What a model does not refuse stays as it came, unknown fields too."""
    for model in MODELS:
        with subtests.test(f"{model!r:.120}"):
            fields = {
                "metadata": {"user_id": "u"},
                "service_tier": "auto",
                "system": "Be kind.",
                "tools": TOOLS,
            }
            body, changes = fitted(model, **fields)
            assert body == {"model": model, "max_tokens": 4096, "messages": [HI], **fields}
            assert changes == []


def test_max_tokens_is_clamped() -> None:
    """No more is asked for than the model gives."""
    body, changes = fitted("claude-opus-4-20250514", max_tokens=64_000)
    assert body["max_tokens"] == 32_000
    assert changes == ["max_tokens 64000 became 32000"]


def test_thinking_and_effort(subtests: pytest.Subtests) -> None:
    """The nearest that the model takes; whatever differs is named."""
    for model, thinking, effort, thinking_after, effort_after, is_named in [
        (NEW, {"type": "adaptive"}, "max", {"type": "adaptive"}, "max", False),
        (NEW, {"type": "enabled", "budget_tokens": 2000}, None, {"type": "adaptive"}, "low", True),
        (
            NEW,
            {"type": "enabled", "budget_tokens": 3000, "display": "summarized"},
            "max",
            {"type": "adaptive", "display": "summarized"},
            "max",
            True,
        ),
        (NEW, {"type": "disabled"}, None, None, "low", True),
        (NEW, {"type": "between_tools"}, "high", None, "low", True),
        ("claude-opus-5", {"type": "disabled"}, "max", {"type": "disabled"}, "high", True),
        ("claude-opus-5", {"type": "disabled"}, "low", {"type": "disabled"}, "low", False),
        ("claude-opus-5", {"type": "between_tools"}, None, {"type": "disabled"}, None, True),
        ("claude-opus-4-8", {"type": "disabled"}, "max", {"type": "disabled"}, "max", False),
        ("claude-sonnet-5-5", {"type": "disabled"}, None, {"type": "between_tools"}, None, True),
        ("claude-sonnet-5-5", {"type": "between_tools"}, "xhigh", {"type": "between_tools"}, "high", True),
        (OLD, {"type": "adaptive"}, "low", {"type": "enabled", "budget_tokens": 1024}, None, True),
        (OLD, {"type": "adaptive"}, None, {"type": "enabled", "budget_tokens": 3072}, None, True),
        (
            OLD,
            {"type": "enabled", "budget_tokens": 31_999},
            None,
            {"type": "enabled", "budget_tokens": 3072},
            None,
            True,
        ),
        (OLD, {"type": "disabled"}, "high", {"type": "disabled"}, None, True),
        (
            "claude-opus-4-5",
            {"type": "adaptive"},
            "max",
            {"type": "enabled", "budget_tokens": 3072},
            "high",
            True,
        ),
        (BETWEEN, {"type": "adaptive"}, "xhigh", {"type": "adaptive"}, "high", True),
        (
            BETWEEN,
            {"type": "enabled", "budget_tokens": 2000},
            None,
            {"type": "enabled", "budget_tokens": 2000},
            None,
            False,
        ),
        ("claude-3-5-haiku-20241022", {"type": "adaptive"}, "low", None, None, True),
        ("claude-3-5-haiku-20241022", {"type": "enabled", "budget_tokens": 2000}, None, None, None, True),
        ("claude-3-5-haiku-20241022", {"type": "disabled"}, None, None, None, True),
    ]:
        with subtests.test(f"{model, thinking, effort, thinking_after, effort_after, is_named!r:.120}"):
            output = {"output_config": {"effort": effort}} if effort else {}
            body, changes = fitted(model, thinking=thinking, **output)
            assert body.get("thinking") == thinking_after
            assert body.get("output_config", {}).get("effort") == effort_after
            assert bool(changes) is is_named


def test_other_output_configuration_stays() -> None:
    """Only the effort is taken out."""
    wanted = {"type": "json_schema", "schema": {"type": "object"}}
    body, _ = fitted(OLD, output_config={"effort": "high", "format": wanted})
    assert body["output_config"] == {"format": wanted}


def test_a_budget_leaves_a_quarter_for_the_answer_or_thinking_is_off() -> None:
    """A budget must be below max_tokens; where nothing is left of it the request goes without."""
    thinking = {"type": "enabled", "budget_tokens": 8000}
    assert fitted(OLD, max_tokens=8000, thinking=thinking)[0]["thinking"]["budget_tokens"] == 6000
    edits = {"edits": [{"type": "clear_thinking_20251015"}, {"type": "clear_tool_uses_20250919"}]}
    body, changes = fitted(OLD, max_tokens=1200, thinking=thinking, context_management=edits)
    assert body["thinking"] == {"type": "disabled"}
    assert body["context_management"] == {"edits": [{"type": "clear_tool_uses_20250919"}]}
    assert changes == ["thinking switched off: max_tokens 1200 leaves no room for it"]


def test_clearing_of_old_thinking_goes_where_thinking_goes() -> None:
    """The API takes that edit only beside thinking; alone, the whole field goes."""
    edits = {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}
    body, _ = fitted("claude-3-5-haiku-20241022", thinking={"type": "adaptive"}, context_management=edits)
    assert "context_management" not in body
    assert (
        fitted(NEW, thinking={"type": "adaptive"}, context_management=edits)[0]["context_management"] == edits
    )


def test_block_binding_stays_with_models_that_bind() -> None:
    """Another model would refuse the field."""
    thinking = {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}}
    body: dict[str, Any] = {"model": "m", "messages": [HI], "thinking": thinking}
    changes: list[str] = []
    assert ANTHROPIC.fit(body, NEW, facts_for(NEW), changes)["thinking"] == thinking
    other = ANTHROPIC.fit(body, "claude-opus-5", facts_for("claude-opus-5"), changes)
    assert other["thinking"] == {"type": "adaptive"}
    assert len(changes) == 1


def test_thinking_goes_where_the_history_does_not_allow_it() -> None:
    """With ``enabled`` thinking, a last turn that calls tools must begin with thinking."""
    call = {"type": "tool_use", "id": "t", "name": "look", "input": {}}
    history = [
        HI,
        {"role": "assistant", "content": [{"type": "text", "text": "I look."}, call]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "seen"}]},
    ]
    body, changes = fitted(OLD, *history, thinking={"type": "adaptive"}, tools=TOOLS)
    assert "thinking" not in body
    assert changes[-1] == "thinking left out: the last turn has tool calls and no thinking"
    history[1]["content"] = [{"type": "thinking", "thinking": "Hm", "signature": "s"}, call]  # type: ignore[index]
    assert (
        fitted(OLD, *history, thinking={"type": "adaptive"}, tools=TOOLS)[0]["thinking"]["type"] == "enabled"
    )


@pytest.mark.parametrize(
    ("model", "sampling", "kept", "changes"),
    [
        (
            NEW,
            {"temperature": 0.5, "top_p": 0.9, "top_k": 5},
            {},
            ["temperature dropped", "top_p dropped", "top_k dropped"],
        ),
        (NEW, {"temperature": 1}, {}, []),
        ("claude-sonnet-5", {"temperature": 0.2}, {}, ["temperature dropped"]),
        (OLD, {"temperature": 0.2, "top_k": 5}, {"temperature": 0.2, "top_k": 5}, []),
        (OLD, {"temperature": 0.2, "top_p": 0.9}, {"temperature": 0.2}, ["top_p dropped"]),
    ],
)
def test_sampling(model: str, sampling: dict[str, float], kept: dict[str, float], changes: list[str]) -> None:
    """Refused parameters go, by name; to leave out a default is no change."""
    body, named = fitted(model, **sampling)
    assert {name: body[name] for name in ("temperature", "top_p", "top_k") if name in body} == kept
    assert named == changes


def test_sampling_beside_thinking() -> None:
    """While it thinks, a model takes no temperature and no top_k, and top_p from 0.95 on."""
    thinking = {"type": "enabled", "budget_tokens": 1024}
    assert fitted(OLD, thinking=thinking, temperature=0.3, top_k=9)[1] == [
        "temperature dropped",
        "top_k dropped",
    ]
    assert fitted(OLD, thinking=thinking, top_p=0.5)[1] == ["top_p dropped"]
    assert fitted(OLD, thinking=thinking, top_p=0.97)[1] == []


def test_a_forced_tool_choice_becomes_an_instruction() -> None:
    """Where it is refused the model is asked in words, in the last user turn: nothing before it changes."""
    choice = {"type": "tool", "name": "look", "disable_parallel_tool_use": True}
    body, changes = fitted(NEW, HI, tools=TOOLS, tool_choice=choice)
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert body["messages"][-1]["content"][-1]["text"] == "Answer with a call of the tool look."
    assert changes == ["tool_choice tool became auto and an instruction"]
    body, _ = fitted(NEW, HI, tools=TOOLS, tool_choice={"type": "any"})
    assert body["messages"][-1]["content"][-1]["text"] == "Answer with a tool call."


def test_a_forced_tool_choice_goes_before_thinking() -> None:
    """Where both together are refused, the request goes without thinking."""
    body, changes = fitted(BETWEEN, tools=TOOLS, tool_choice={"type": "any"}, thinking={"type": "adaptive"})
    assert (body["thinking"], body["tool_choice"]) == ({"type": "disabled"}, {"type": "any"})
    assert len(changes) == 1
    assert fitted(BETWEEN, tools=TOOLS, tool_choice={"type": "any"})[1] == []


def test_system_turns_become_notes_where_they_are_refused() -> None:
    """They are marked, stay at their place, and keep their cache markers."""
    marker = {"type": "ephemeral"}
    turn = {"role": "system", "content": [{"type": "text", "text": "Be quick.", "cache_control": marker}]}
    body, changes = fitted("claude-sonnet-5", HI, turn)
    assert body["messages"][1] == {
        "role": "user",
        "content": [
            {"type": "text", "text": "<system-note>\nBe quick.\n</system-note>", "cache_control": marker}
        ],
    }
    assert changes == ["system turns became notes in the user's turn"]


def test_a_system_turn_stays_where_the_model_takes_it() -> None:
    """Behind the user's turn, last or before the model's."""
    turn = {"role": "system", "content": "Be quick."}
    answer = {"role": "assistant", "content": "ok"}
    assert fitted(NEW, HI, turn, answer, HI, turn)[1] == []


@pytest.mark.parametrize("place", [0, 2])
def test_a_system_turn_out_of_place_becomes_a_note(place: int) -> None:
    """As the first turn, or behind the model's, no model takes one."""
    messages = [HI, {"role": "assistant", "content": "ok"}, HI]
    messages.insert(place, {"role": "system", "content": "Be quick."})
    body, changes = fitted(NEW, *messages)
    assert [message["role"] for message in body["messages"]].count("system") == 0
    assert len(changes) == 1


def test_changes_of_the_tools_in_a_system_turn_are_named() -> None:
    """Blocks that only a system turn may hold go with it, and are said."""
    turn = {"role": "system", "content": [{"type": "tool_addition"}]}
    body, changes = fitted(OLD, HI, turn)
    assert body["messages"] == [HI]
    assert "changes of the tools in a system turn dropped" in changes


def test_a_prefill_becomes_a_request_to_go_on() -> None:
    """Where a model takes no unfinished turn of its own, the user asks to continue it."""
    prefill = {"role": "assistant", "content": "Here is"}
    body, changes = fitted(NEW, HI, prefill)
    assert body["messages"][:2] == [HI, prefill]
    assert body["messages"][2]["role"] == "user"
    assert "Go on" in body["messages"][2]["content"][0]["text"]
    assert len(changes) == 1
    assert fitted(OLD, HI, prefill)[1] == []
    assert len(fitted(OLD, HI, prefill, thinking={"type": "enabled", "budget_tokens": 1024})[1]) == 1


def test_a_turn_that_upstream_goes_on_with_is_no_prefill() -> None:
    """A paused turn ends in a server tool's block and is sent back as it came."""
    paused = {
        "role": "assistant",
        "content": [{"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}],
    }
    body: dict[str, Any] = {"model": "m", "messages": [HI, paused]}
    changes: list[str] = []
    assert ANTHROPIC.fit(body, NEW, facts_for(NEW), changes)["messages"] == [HI, paused]
    assert changes == []


@given(ANY_BODY, st.sampled_from(MODELS))
def test_any_json_object_is_fitted(body: dict[str, Any], model: str) -> None:
    """Nothing raises, nothing of the client's body is changed, and fitting twice changes nothing more."""
    before = json.dumps(body)
    once = ANTHROPIC.fit(body, model, facts_for(model), [])
    assert json.dumps(body) == before
    assert once["model"] == model
    changes: list[str] = []
    assert ANTHROPIC.fit(once, model, facts_for(model), changes) == once
    assert changes == []


THINKINGS = st.sampled_from(
    [
        None, {"type": "adaptive"}, {"type": "disabled"}, {"type": "between_tools"},
        {"type": "enabled", "budget_tokens": 2000}, {"type": "enabled", "budget_tokens": 40_000},
        {"type": "adaptive", "display": "summarized"},
    ]
)  # fmt: skip
SAMPLING = st.fixed_dictionaries(
    {}, optional={"temperature": st.floats(0, 1), "top_p": st.floats(0, 1), "top_k": st.integers(1, 9)}
)
CHOICES = st.sampled_from([None, {"type": "any"}, {"type": "tool", "name": "look"}, {"type": "none"}])
ENDS = st.sampled_from(
    [[], [{"role": "system", "content": "Be quick."}], [{"role": "assistant", "content": "Here is"}]]
)


@given(
    st.sampled_from(MODELS), THINKINGS, CHOICES, ENDS,
    st.sampled_from([None, "low", "high", "xhigh", "max"]),
    SAMPLING,
    st.sampled_from([1100, 4096, 200_000]),
)  # fmt: skip
def test_what_is_fitted_is_never_refused(
    model: str,
    thinking: Any,
    choice: Any,
    end: list[Any],
    effort: str | None,
    sampling: dict[str, Any],
    limit: int,
) -> None:
    """Whatever one Claude model takes is fitted to any other, so that upstream has nothing to refuse."""
    fields: dict[str, Any] = {"tools": TOOLS, "max_tokens": limit, **sampling}
    fields |= {"thinking": thinking} if thinking else {}
    fields |= {"tool_choice": choice} if choice else {}
    fields |= {"output_config": {"effort": effort}} if effort else {}
    fitted(model, HI, *end, **fields)


@given(st.sampled_from(MODELS), THINKINGS)
def test_thinking_unseen(model: str, thinking: Any) -> None:
    """The model may think for long without a byte where it thinks and nothing of it is shown."""
    facts = facts_for(model)
    body = {"thinking": thinking} if thinking else {}
    kind = (thinking or {}).get("type")
    thinks = kind in ("adaptive", "enabled") or (kind is None and facts.thinks_by_default)
    is_shown = "display" in (thinking or {}) or facts.thinking_shown_by_default
    assert ANTHROPIC.thinks_unseen(body, facts) is ((thinks and not is_shown) or kind == "between_tools")
    assert ANTHROPIC.thinks_unseen({"thinking": {"type": "adaptive", "display": "omitted"}}, facts)


def test_as_stream() -> None:
    """The body asks for a stream; the client's own stays as it was."""
    body = {"model": "m", "stream": False}
    assert ANTHROPIC.as_stream(body) == {"model": "m", "stream": True}
    assert body["stream"] is False
