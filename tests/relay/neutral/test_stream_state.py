"""The neutral events, and the state that they fold into."""

import pytest

from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Event,
    Extra,
    Failed,
    Heartbeat,
    MessageStart,
    Signature,
    Stop,
    StreamState,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
    merged,
)
from relay.neutral.failures import Failure, Kind, Phase


def folded(*events: Event) -> StreamState:
    """What the events amount to."""
    state = StreamState()
    state.fold(events)
    return state


def test_an_answer_grows_from_its_events() -> None:
    """Blocks with their text, signature and identity, in order; id, model, stop and end."""
    state = folded(
        MessageStart("msg_1", "m-1"),
        BlockStart(0, "thinking"),
        ThinkingDelta(0, "Let me "),
        ThinkingDelta(0, "see"),
        Signature(0, "s" * 60, "claude"),
        BlockStop(0),
        BlockStart(1, "text"),
        TextDelta(1, "Hello"),
        BlockStop(1),
        BlockStart(2, "tool_call", "call_1", "look"),
        ArgumentsDelta(2, '{"a":'),
        ArgumentsDelta(2, "1}"),
        Heartbeat(),
        Extra("top", "x"),
        Stop("tool_use", "STOP"),
        Terminal(),
    )
    assert (state.message_id, state.model) == ("msg_1", "m-1")
    assert [(block.kind, block.text, block.is_open) for block in state.blocks] == [
        ("thinking", "Let me see", False),
        ("text", "Hello", False),
        ("tool_call", '{"a":1}', True),
    ]
    assert state.blocks[0].signature == "s" * 60
    assert (state.blocks[2].id, state.blocks[2].name) == ("call_1", "look")
    assert state.stop == Stop("tool_use", "STOP")
    assert state.terminal
    assert state.text == "Hello"
    assert state.failure is None


def test_a_block_that_never_started_is_an_error() -> None:
    """Decoders guarantee it; whoever breaks it is told so."""
    with pytest.raises(IndexError):
        folded(TextDelta(0, "H"))


def test_the_text_is_that_of_all_text_blocks() -> None:
    """Thinking and tool calls are not what the user reads."""
    state = folded(
        BlockStart(0, "text"),
        TextDelta(0, "one "),
        BlockStart(1, "thinking"),
        ThinkingDelta(1, "hm"),
        BlockStart(2, "text"),
        TextDelta(2, "two"),
    )
    assert state.text == "one two"


def test_a_failure_in_the_stream_is_kept() -> None:
    """The classified failure, as the decoder named it."""
    failure = Failure(Kind.GARBAGE, "no JSON object")
    assert folded(Failed(failure)).failure is failure


def test_where_the_stream_stands(subtests: pytest.Subtests) -> None:
    """The youngest open block says the phase, else the last one; a stop is behind all of them."""
    for events, phase, is_thinking in [
        ([], Phase.PEEK, False),
        ([MessageStart("id", "m")], Phase.PEEK, False),
        ([BlockStart(0, "text")], Phase.TEXT, False),
        ([BlockStart(0, "media")], Phase.TEXT, False),
        ([BlockStart(0, "thinking")], Phase.THINKING, True),
        ([BlockStart(0, "thinking"), BlockStop(0)], Phase.THINKING, False),
        ([BlockStart(0, "redacted")], Phase.THINKING, False),
        ([BlockStart(0, "tool_call")], Phase.TOOL_CALL, False),
        ([BlockStart(0, "server_call")], Phase.TOOL_CALL, False),
        ([BlockStart(0, "thinking"), BlockStart(1, "text"), BlockStop(1)], Phase.THINKING, True),
        ([BlockStart(0, "text"), Stop("end_turn", "STOP")], Phase.AFTER_STOP, False),
        ([Terminal()], Phase.AFTER_STOP, False),
    ]:
        with subtests.test(f"{events, phase, is_thinking!r:.120}"):
            state = folded(*events)
            assert state.phase is phase
            assert state.is_thinking is is_thinking


def test_cumulative_usage_replaces_what_it_tells() -> None:
    """message_delta's usage overrides message_start's; what it leaves out stays."""
    before = Usage(input_uncached=10, cache_read=5, output=1)
    assert merged(before, Usage(output=7)) == Usage(input_uncached=10, cache_read=5, output=7)
    assert merged(before, Usage(input_uncached=0)) == Usage(input_uncached=0, cache_read=5, output=1)


def test_usage_in_pieces_is_added() -> None:
    """Unknown stays unknown, and unknown plus something is that."""
    before = Usage(input_uncached=10, output=1)
    after = merged(before, Usage(output=7, thinking=3, is_cumulative=False))
    assert after == Usage(input_uncached=10, output=8, thinking=3)
    assert after.cache_read is None


def test_usage_folds() -> None:
    """The state's usage is what is known so far."""
    state = folded(Usage(input_uncached=10), Usage(output=5), Usage(output=9))
    assert state.usage == Usage(input_uncached=10, output=9)
