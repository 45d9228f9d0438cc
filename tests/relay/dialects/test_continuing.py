"""Behaviour 7: how the partial text travels in each dialect, and which requests want more than text."""

from typing import Any

import pytest

from accounts.facts.known_models import facts_for
from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.gemini import GEMINI
from relay.dialects.interface import Dialect
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.dialects.translation.notes import CONTINUE

SAID = "Once upon a "


def test_a_claude_that_takes_a_prefill() -> None:
    """The trailing turn is the model's; white space at its end, which is refused, is not shown."""
    body = {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "Tell."}]}
    going = ANTHROPIC.continue_answer(body, SAID, 30, facts_for("claude-haiku-4-5"))
    assert going.body == {
        "model": "m",
        "max_tokens": 70,
        "messages": [
            {"role": "user", "content": "Tell."},
            {"role": "assistant", "content": [{"type": "text", "text": "Once upon a"}]},
        ],
    }
    assert (going.unseen, going.changes) == (1, ())
    assert body["max_tokens"] == 100


def test_a_claude_that_refuses_a_prefill() -> None:
    """A user's turn asks for the rest, and the text is shown as it is."""
    body = {"max_tokens": 10, "messages": [{"role": "user", "content": "Tell."}]}
    going = ANTHROPIC.continue_answer(body, SAID, 30, facts_for("claude-sonnet-5-5"))
    assert going.body["messages"][1:] == [
        {"role": "assistant", "content": [{"type": "text", "text": SAID}]},
        {"role": "user", "content": [{"type": "text", "text": CONTINUE}]},
    ]
    assert going.body["max_tokens"] == 1
    assert going.unseen == 0


def test_a_claude_with_a_thinking_budget() -> None:
    """It has no room in what is left, and a model that thinks refuses a prefill: this leg goes without."""
    thinking = {"type": "enabled", "budget_tokens": 1024}
    body = {"max_tokens": 1100, "thinking": thinking, "messages": [{"role": "user", "content": "Tell."}]}
    going = ANTHROPIC.continue_answer(body, SAID, 300, facts_for("claude-haiku-4-5"))
    assert going.body["thinking"] == {"type": "disabled"}
    assert going.body["messages"][-1]["role"] == "assistant"
    assert len(going.changes) == 1


def test_a_system_turn_behind_the_users_stays_where_it_is() -> None:
    """Claude Code sends them."""
    messages = [{"role": "user", "content": "Tell."}, {"role": "system", "content": "Be brief."}]
    going = ANTHROPIC.continue_answer({"messages": messages}, SAID, 3, facts_for("claude-sonnet-5-5"))
    assert [message["role"] for message in going.body["messages"]] == ["user", "system", "assistant", "user"]


@pytest.mark.parametrize(
    ("model", "last"), [("gemini-3-flash-preview", "model"), ("gemini-4-carbon", "user")]
)
def test_gemini(model: str, last: str) -> None:
    """As the model's own content, continued by itself or on request; the limit under the name it came by."""
    body = {
        "contents": [{"role": "user", "parts": [{"text": "Tell."}]}],
        "generation_config": {"max_output_tokens": 100, "temperature": 1},
    }
    going = GEMINI.continue_answer(body, SAID, 30, facts_for(model))
    assert going.body["contents"][1] == {"role": "model", "parts": [{"text": SAID}]}
    assert going.body["contents"][-1]["role"] == last
    assert going.body["generation_config"] == {"max_output_tokens": 70, "temperature": 1}
    assert body["generation_config"]["max_output_tokens"] == 100  # type: ignore[index]


def test_chat_completions() -> None:
    """OpenAI's models answer anew behind a turn of their own, and so may any compatible server."""
    body = {"messages": [{"role": "user", "content": "Tell."}], "max_completion_tokens": 100}
    for model, kind in (("gpt-6.1-sol", ""), ("somebody-s-model", "openai")):
        going = OPENAI_CHAT.continue_answer(body, SAID, 30, facts_for(model, kind))
        assert going.body["messages"][1:] == [
            {"role": "assistant", "content": SAID},
            {"role": "user", "content": CONTINUE},
        ]
        assert going.body["max_completion_tokens"] == 70


def test_responses() -> None:
    """A string as input is one message; less than 16 tokens are refused."""
    going = OPENAI_RESPONSES.continue_answer(
        {"input": "Tell.", "max_output_tokens": 40}, SAID, 30, facts_for("gpt-5")
    )
    told = [(item["role"], item["content"][0]) for item in going.body["input"]]
    assert told == [
        ("user", {"type": "input_text", "text": "Tell."}),
        ("assistant", {"type": "output_text", "text": SAID}),
        ("user", {"type": "input_text", "text": CONTINUE}),
    ]
    assert going.body["max_output_tokens"] == 16


@pytest.mark.parametrize("dialect", [ANTHROPIC, OPENAI_CHAT, OPENAI_RESPONSES, GEMINI])
def test_no_limit_stays_no_limit(dialect: Dialect) -> None:
    """Nobody is limited who set none."""
    going = dialect.continue_answer(
        {"messages": [], "contents": [], "input": []}, SAID, 30, facts_for("gpt-5")
    )
    assert not [key for key in going.body if "max" in key.lower() or "config" in key.lower()]


JSON = {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}
WANTS: list[tuple[Dialect, dict[str, Any], str]] = [
    (ANTHROPIC, {"output_config": {"format": {"type": "json_schema", "schema": {}}}}, "JSON"),
    (ANTHROPIC, {"tool_choice": {"type": "any"}}, "a tool call"),
    (ANTHROPIC, {"tool_choice": {"type": "tool", "name": "a"}}, "a tool call"),
    (ANTHROPIC, {"thread": {"enabled": True}}, "a conversation that upstream keeps"),
    (ANTHROPIC, {"tool_choice": {"type": "auto"}, "output_config": {"effort": "low"}, "tools": [{}]}, ""),
    (GEMINI, {"generationConfig": {"responseMimeType": "application/json"}}, "JSON"),
    (GEMINI, {"generation_config": {"response_mime_type": "text/x.enum"}}, "JSON"),
    (GEMINI, {"generationConfig": {"responseSchema": {"type": "OBJECT"}}}, "JSON"),
    (GEMINI, {"generationConfig": {"responseJsonSchema": {"type": "object"}}}, "JSON"),
    (GEMINI, {"generationConfig": {"candidateCount": 2}}, "several answers"),
    (GEMINI, {"generationConfig": {"responseLogprobs": True}}, "log probabilities"),
    (GEMINI, {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}, "a tool call"),
    (
        GEMINI,
        {"generationConfig": {"candidateCount": 1, "responseMimeType": "text/plain"}, "tools": [{}]},
        "",
    ),
    (GEMINI, {"toolConfig": {"functionCallingConfig": {"mode": "AUTO"}}}, ""),
    (OPENAI_CHAT, {"response_format": {"type": "json_object"}}, "JSON"),
    (OPENAI_CHAT, {"response_format": JSON}, "JSON"),
    (OPENAI_CHAT, {"tool_choice": "required"}, "a tool call"),
    (OPENAI_CHAT, {"tool_choice": {"type": "function", "function": {"name": "a"}}}, "a tool call"),
    (OPENAI_CHAT, {"function_call": {"name": "a"}}, "a tool call"),
    (OPENAI_CHAT, {"n": 2}, "several answers"),
    (OPENAI_CHAT, {"audio": {"voice": "alloy"}}, "sound"),
    (OPENAI_CHAT, {"logprobs": True}, "log probabilities"),
    (OPENAI_CHAT, {"response_format": {"type": "text"}, "tool_choice": "auto", "n": 1}, ""),
    (OPENAI_RESPONSES, {"text": {"format": {"type": "json_object"}}}, "JSON"),
    (OPENAI_RESPONSES, {"tool_choice": "required"}, "a tool call"),
    (OPENAI_RESPONSES, {"previous_response_id": "resp_1"}, "a conversation that upstream keeps"),
    (OPENAI_RESPONSES, {"conversation": "conv_1"}, "a conversation that upstream keeps"),
    (OPENAI_RESPONSES, {"top_logprobs": 3}, "log probabilities"),
    (OPENAI_RESPONSES, {"text": {"format": {"type": "text"}, "verbosity": "low"}, "tool_choice": "none"}, ""),
]


def test_what_a_client_wants_beside_plain_text(subtests: pytest.Subtests) -> None:
    """Such an answer is not continued, and the row says for what."""
    for dialect, body, wanted in WANTS:
        with subtests.test(f"{dialect, body, wanted!r:.120}"):
            assert dialect.wants(body) == wanted
