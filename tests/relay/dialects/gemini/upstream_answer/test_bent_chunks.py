"""Chunks of proxies: mere texts for contents, reasons as numbers, Code Assist's envelope left on."""

import json
from typing import Any

import pytest

from relay.neutral.events import Failed, Stop, Terminal
from relay.neutral.failures import Kind
from tests.relay.dialects.gemini.streams import decode, events_of, folded, sse


def candidate(content: Any, reason: Any = "STOP") -> dict[str, Any]:
    return {"candidates": [{"content": content, "finishReason": reason, "index": 0}]}


FINE = {"role": "model", "parts": [{"text": "fine"}]}


@pytest.mark.parametrize(
    "told",
    [
        candidate("fine"),
        candidate({"role": "model", "parts": ["fi", "ne"]}),
        candidate({"role": "model", "parts": "fine"}),
        {"response": candidate(FINE), "traceId": "x"},
        {"response": candidate("fine")},
    ],
)
def test_the_text_is_heard_and_passed_on_in_googles_form(told: dict[str, Any]) -> None:
    """Also by a client of Google's: the chunk that goes out is as documented."""
    chunk = decode([sse(told)])
    assert (folded(chunk.events).text, chunk.events[-1]) == ("fine", Terminal())
    passed = json.loads(chunk.raw.removeprefix(b"data:"))
    assert "".join(part["text"] for part in passed["candidates"][0]["content"]["parts"]) == "fine"


@pytest.mark.parametrize(
    ("reason", "meaning"),
    [
        (1, "end_turn"),
        (2, "max_tokens"),
        (3, "refusal"),
        (5, "other"),
        ("stop", "end_turn"),
        ("max_tokens", "max_tokens"),
        ("FINISH_REASON_STOP", "end_turn"),
        ("FINISH_REASON_MAX_TOKENS", "max_tokens"),
        ("end_turn", "end_turn"),
        ("length", "max_tokens"),
        ("content_filter", "refusal"),
    ],
)
def test_a_reason_is_read_as_number_and_in_small_letters(reason: int | str, meaning: str) -> None:
    """The numbers are those of the enumeration, on which both of Google's homes agree as far as five."""
    [stop] = [event for event in events_of(sse(candidate(FINE, reason))) if isinstance(event, Stop)]
    assert stop.reason == meaning


def test_a_number_of_no_known_reason_is_unknown() -> None:
    """From six on the two homes differ: nobody guesses."""
    [stop] = [event for event in events_of(sse(candidate(FINE, 7))) if isinstance(event, Stop)]
    assert stop.reason == "unknown"


@pytest.mark.parametrize("is_enveloped", [False, True])
def test_an_envelope_in_an_envelope_is_no_chunk(is_enveloped: bool) -> None:
    """A hundred around a megabyte would be read a hundred times over."""
    told: Any = candidate(FINE)
    for levels in range(1, 4):
        told = {"response": told}
        chunk = decode([sse(told)], is_enveloped=is_enveloped)
        if levels == 1:
            assert (folded(chunk.events).text, chunk.events[-1]) == ("fine", Terminal())
        else:
            [failed] = chunk.events
            assert isinstance(failed, Failed)
            assert (failed.failure.kind, chunk.raw) == (Kind.GARBAGE, b"")


@pytest.mark.parametrize("is_enveloped", [False, True])
@pytest.mark.parametrize("nothing", [None, 7, "", []])
def test_an_envelope_of_nothing_breaks_no_stream(nothing: Any, is_enveloped: bool) -> None:
    """The answer is in the others."""
    answer = {"response": candidate(FINE)} if is_enveloped else candidate(FINE)
    chunk = decode([sse({"response": nothing}, answer)], is_enveloped=is_enveloped)
    assert (folded(chunk.events).text, chunk.events[-1]) == ("fine", Terminal())


ARGUMENTS = {"a": 1}


@pytest.mark.parametrize(
    "bent",
    [
        {"arguments": ARGUMENTS},
        {"arguments": json.dumps(ARGUMENTS)},
        {"parameters": ARGUMENTS},
        {"args": None, "parameters": json.dumps(ARGUMENTS)},
        {"args": json.dumps(ARGUMENTS)},
    ],
)
@pytest.mark.parametrize("reason", ["STOP", "TOOL_CALLS", "tool_use", "function_call"])
def test_a_call_is_made_with_its_arguments_under_any_name(bent: dict[str, Any], reason: str) -> None:
    """Never without them; and whatever the proxy calls its end, agents are told to run it."""
    chunk = decode([sse(candidate({"parts": [{"functionCall": {"name": "f", **bent}}]}, reason))])
    state = folded(chunk.events)
    [block] = state.blocks
    assert (block.kind, block.name, json.loads(block.text)) == ("tool_call", "f", ARGUMENTS)
    assert state.stop is not None
    assert state.stop.reason == "tool_use"
    passed = json.loads(chunk.raw.removeprefix(b"data:"))
    [part] = passed["candidates"][0]["content"]["parts"]
    assert part["functionCall"] == {"name": "f", "args": ARGUMENTS}
