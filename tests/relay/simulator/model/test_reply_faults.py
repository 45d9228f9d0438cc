"""The faults in what the model says."""

import json

import pytest

from relay.simulator.model.prose import answer_text
from tests.relay.simulator.raw import DIALECTS, HEADERS, PATHS, ask, body_for, is_finished, stream, text_of

each_dialect = pytest.mark.parametrize("dialect", DIALECTS)


def gemini_finish(answer):
    return answer.events()[-1]["candidates"][0]["finishReason"]


@each_dialect
async def test_stop_empty_stops_normally_with_nothing(simulator, dialect):
    """``stop_empty``: the protocol is kept from start to end, and nothing is said."""
    simulator.plan("stop_empty")
    answer = await stream(simulator.base_url, dialect, "hello")
    assert is_finished(dialect, answer.events())
    assert text_of(dialect, answer.events()) == ""
    if dialect == "gemini":
        assert answer.events()[0]["candidates"][0]["content"] == {"role": "model"}
    if dialect == "anthropic":
        names = [event["type"] for event in answer.events()]
        assert names == ["message_start", "message_delta", "message_stop"]


@pytest.mark.parametrize(("fault", "finish"), [("thinking_only", "STOP"), ("max_tokens_empty", "MAX_TOKENS")])
async def test_thinking_without_an_answer(simulator, fault, finish):
    """``thinking_only`` stops normally after its thoughts, ``max_tokens_empty`` for want of tokens."""
    simulator.plan(fault, fault)
    answer = await stream(simulator.base_url, "gemini", "hello")
    assert gemini_finish(answer) == finish
    assert text_of("gemini", answer.events()) == ""
    assert answer.events()[0]["candidates"][0]["content"]["parts"][0]["thought"] is True
    assert answer.events()[-1]["usageMetadata"]["thoughtsTokenCount"] > 0
    claude = await stream(simulator.base_url, "anthropic", "hello")
    reasons = {"STOP": "end_turn", "MAX_TOKENS": "max_tokens"}
    assert claude.events()[-2]["delta"]["stop_reason"] == reasons[finish]


async def test_safety_stops_and_blocked_prompts(simulator):
    """``safety@n`` breaks off after n text events; ``blocked_prompt`` says nothing; each in its words."""
    simulator.plan("safety@2", "blocked_prompt", "safety@2", "blocked_prompt", "safety@2", "blocked_prompt")
    gemini = await stream(simulator.base_url, "gemini", "hello")
    assert gemini_finish(gemini) == "SAFETY"
    assert answer_text("hello").startswith(text_of("gemini", gemini.events()))
    blocked = (await stream(simulator.base_url, "gemini", "hello")).events()
    assert blocked[0]["promptFeedback"] == {"blockReason": "SAFETY"}
    assert "candidates" not in blocked[0]
    for _ in range(2):
        claude = await stream(simulator.base_url, "anthropic", "hello")
        assert claude.events()[-2]["delta"]["stop_reason"] == "refusal"
        assert claude.events()[-2]["delta"]["stop_details"]["type"] == "refusal"
    for _ in range(2):
        chat = await stream(simulator.base_url, "chat", "hello")
        assert chat.events()[-2]["choices"][0]["finish_reason"] == "content_filter"


@pytest.mark.parametrize(
    ("fault", "finish"),
    [
        ("malformed_function_call", "MALFORMED_FUNCTION_CALL"),
        ("missing_thought_signature", "MISSING_THOUGHT_SIGNATURE"),
    ],
)
async def test_gemini_finish_reasons_of_its_own(simulator, fault, finish):
    """Gemini's broken calls end with their reason and without parts; elsewhere the fault is a 501."""
    simulator.plan(fault, fault)
    assert gemini_finish(await stream(simulator.base_url, "gemini", "hello")) == finish
    assert (await stream(simulator.base_url, "anthropic", "hello")).status == 501


async def test_continuation_goes_on_with_its_token(simulator):
    """``continuation``: half the answer and a token; the same request with the token gets the rest."""
    simulator.plan("continuation")
    first = await stream(simulator.base_url, "gemini", "hello")
    ending = first.events()[-1]["candidates"][0]
    assert ending["finishReason"] == "CONTINUATION"
    body = body_for("gemini", "hello") | {"continuationToken": ending["continuationToken"]}
    second = await ask(simulator.base_url, PATHS["gemini"], body, HEADERS["gemini"])
    texts = [text_of("gemini", answer.events()) for answer in (first, second)]
    assert "".join(texts) == answer_text("hello")
    assert all(texts)
    body["continuationToken"] = "bm9uZQ=="
    assert (await ask(simulator.base_url, PATHS["gemini"], body, HEADERS["gemini"])).status == 400


@each_dialect
async def test_a_big_event_is_one_event(simulator, dialect):
    """``big_event=bytes``: one text event of that size between the others."""
    simulator.plan("big_event=2000000")
    answer = await stream(simulator.base_url, dialect, "hello")
    sizes = [len(json.dumps(event, ensure_ascii=False).encode()) for event in answer.events()]
    assert sum(2_000_000 <= size < 2_000_600 for size in sizes) >= 1
    assert is_finished(dialect, answer.events())


@each_dialect
async def test_duplicate_ids_double_a_call(simulator, dialect):
    """``duplicate_ids``: two calls share one id."""
    simulator.plan("duplicate_ids")
    answer = await stream(simulator.base_url, dialect, "hello", tools=True)
    text = json.dumps(answer.events())
    assert text.count('"name": "get_weather"') >= 2
