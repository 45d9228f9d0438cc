"""Behaviour 5.3: is there an answer in this stream?"""

import pytest

from relay.engine.answer.peek import examine, unsaid
from relay.neutral.block import BlockKind
from relay.neutral.events import (
    BlockStart,
    BlockStop,
    Citation,
    Event,
    Extra,
    Failed,
    Heartbeat,
    MessageStart,
    Signature,
    Stop,
    StopReason,
    StreamState,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from relay.neutral.failures import Failure, Kind


def verdict(*events: Event) -> Failure | bool:
    """What the peek says of a stream that begins with ``events``."""
    state = StreamState()
    state.fold(events)
    return examine(events, state)


def kind_of(verdict: Failure | bool) -> Kind:
    """The failure's kind; the verdict has to be one."""
    assert isinstance(verdict, Failure)
    return verdict.kind


START = MessageStart("id", "m-1")


def test_skipped(subtests: pytest.Subtests) -> None:
    """Empty reads, comments, pings, role-only and usage-only chunks and empty blocks say nothing yet;
    thought tokens in the usage alone are not thinking."""
    for events in [
        (),
        (Heartbeat(),),
        (Heartbeat(), Heartbeat()),
        (START,),
        (START, Usage(input_uncached=12)),
        (START, Usage(input_uncached=12, output=0, thinking=500)),
        (START, BlockStart(0, "text")),
        (START, BlockStart(0, "text"), TextDelta(0, "")),
        (START, BlockStart(0, "refusal")),
        (START, BlockStart(0, "thinking")),
        (START, BlockStart(0, "thinking"), ThinkingDelta(0, "")),
        (START, BlockStart(0, "text"), BlockStop(0)),
        (START, BlockStart(0, "text"), Signature(0, "s" * 60, "gemini-3")),
        (START, BlockStart(0, "text"), Citation(0, b"{}")),
        (START, Extra("top", "modelStatus", b"{}")),
    ]:
        with subtests.test(f"{events!r:.120}"):
            assert verdict(*events) is False


@pytest.mark.parametrize(
    "events",
    [
        (BlockStart(0, "text"), TextDelta(0, "H")),
        (BlockStart(0, "text"), TextDelta(0, " ")),
        (BlockStart(0, "refusal"), TextDelta(0, "I can not")),
        (BlockStart(0, "thinking"), ThinkingDelta(0, "Let me see")),
        (BlockStart(0, "thinking"), Signature(0, "s" * 60, "claude")),
        (Heartbeat(), START, BlockStart(0, "text"), TextDelta(0, "H")),
    ],
    ids=str,
)
def test_valid(events: tuple[Event, ...]) -> None:
    """Text, and thinking with text or with a signature, are valid data."""
    assert verdict(*events) is True


@pytest.mark.parametrize("kind", ["redacted", "tool_call", "server_call", "server_result", "media", "opaque"])
def test_blocks_that_are_valid_when_they_start(kind: BlockKind) -> None:
    """Redacted thinking, a tool call, a server tool's block and inline data are valid data."""
    assert verdict(START, BlockStart(0, kind)) is True


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("max_tokens", "MAX_TOKENS"),
        ("refusal", "SAFETY"),
        ("refusal", "promptFeedback: PROHIBITED_CONTENT"),
        ("stop_sequence", "stop_sequence"),
        ("pause_turn", "pause_turn"),
        ("context_window", "model_context_window_exceeded"),
        ("continuation", "CONTINUATION"),
        ("unknown", "sunset"),
    ],
)
def test_an_end_with_a_reason_is_an_answer(reason: StopReason, word: str) -> None:
    """MAX_TOKENS, SAFETY, a refusal, a blocked prompt: answers, also with nothing said, and never retried."""
    assert verdict(START, Stop(reason, word), Terminal()) is True


@pytest.mark.parametrize("reason", ["end_turn", "tool_use", "other"])
def test_a_normal_stop_with_nothing_said_is_the_zero_token_answer(reason: StopReason) -> None:
    """STOP with nothing said is no answer."""
    assert kind_of(verdict(START, Usage(output=0), Stop(reason, "STOP"), Terminal())) is Kind.EMPTY_STOP
    assert kind_of(verdict(START, BlockStart(0, "thinking"), Stop(reason, "STOP"))) is Kind.EMPTY_STOP


def test_an_empty_end_behind_the_results_of_tools_is_an_answer() -> None:
    """Anthropic documents it: two or three tokens, no content, end_turn. Without tokens it is a failure."""
    end = Stop("end_turn", "end_turn")
    for usage, may_say_nothing, expected in (
        (Usage(output=2), True, True),
        (Usage(output=2), False, False),
        (Usage(output=0), True, False),
        (Usage(input_uncached=9), True, False),
    ):
        events = (START, usage, end, Terminal())
        state = StreamState()
        state.fold(events)
        assert (examine(events, state, may_say_nothing) is True) is expected
        assert (unsaid(state, may_say_nothing) is None) is expected
    state = StreamState()
    state.fold((START, Usage(output=2), Stop("other", "OTHER")))
    assert kind_of(examine((Stop("other", "OTHER"),), state, True)) is Kind.EMPTY_STOP


def test_a_terminal_event_without_any_stop_is_empty_too() -> None:
    """message_stop straight after message_start."""
    assert kind_of(verdict(START, Terminal())) is Kind.EMPTY_STOP


@pytest.mark.parametrize(
    "word", ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE", "TOO_MANY_TOOL_CALLS"]
)
def test_a_malformed_answer_with_nothing_said_is_a_peek_failure(word: str) -> None:
    """Upstream's own name for it, and its explanation, are kept for people."""
    failure = verdict(START, Stop("malformed", word, explanation="print(x)"))
    assert kind_of(failure) is Kind.MALFORMED_ANSWER
    assert isinstance(failure, Failure)
    assert failure.reason == word
    assert "print(x)" in failure.message


def test_a_missing_thought_signature_is_to_be_healed() -> None:
    """The finish reason MISSING_THOUGHT_SIGNATURE is a refused signature: a 400 that heals."""
    failure = verdict(START, Stop("missing_signature", "MISSING_THOUGHT_SIGNATURE"))
    assert kind_of(failure) is Kind.MISSING_SIGNATURE
    assert isinstance(failure, Failure)
    assert (failure.status, failure.is_signature) == (400, True)


def test_an_error_object_is_the_error_that_it_names() -> None:
    """overloaded_error 529 inside a 200 stream is a 529."""
    overloaded = Failure(Kind.ERROR_EVENT, "Overloaded", status=529, reason="overloaded_error")
    assert verdict(START, Failed(overloaded)) is overloaded


def test_garbage_is_a_broken_stream() -> None:
    """What is not a JSON object ends the attempt."""
    garbage = Failure(Kind.GARBAGE, "not a JSON object")
    assert verdict(Heartbeat(), Failed(garbage)) is garbage


def test_what_comes_first_counts() -> None:
    """An error behind valid data is a cut, and no peek failure; valid data behind an error does not exist."""
    overloaded = Failure(Kind.ERROR_EVENT, "Overloaded", status=529)
    assert verdict(START, BlockStart(0, "text"), TextDelta(0, "H"), Failed(overloaded)) is True


def test_thinking_alone_with_a_normal_stop_is_passed_on() -> None:
    """The peek commits at the thinking; what is only thinking is marked so, and not retried."""
    events = (
        START,
        BlockStart(0, "thinking"),
        ThinkingDelta(0, "Hm"),
        BlockStop(0),
        Stop("end_turn", "STOP"),
    )
    assert verdict(*events) is True
