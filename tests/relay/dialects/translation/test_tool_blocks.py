"""Behaviour 5.8: no tool call is ever closed whose JSON does not parse, whoever calls and whoever listens.

Each upstream's streams with tool calls are spoiled: an event is lost, or the connection ends anywhere. What
each client is told then is read as its dialect says, by code of this file alone.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.dialects.interface import DecoderOptions
from relay.neutral.events import Failed
from tests.relay.dialects.every_dialect import DIALECTS, new_encoder

STREAMS = (
    "anthropic_tools",
    "anthropic_cut_tool",
    "gemini_parallel_tools",
    "gemini_partial_arguments",
    "openai_chat_parallel_tools",
    "openai_chat_cut_tool",
    "openai_responses_reasoning_tools",
    "openai_responses_cut_tool",
)
FOLDER = Path(__file__).parents[3] / "transcripts"


def told(stream: str, events: list[bytes], pieces: list[int], client: str) -> bytes:
    """What a client of ``client`` is told of ``events`` of ``stream``, read in pieces of these sizes."""
    upstream = next(name for name in DIALECTS if stream.removeprefix("openai_").startswith(name))
    decoder = DIALECTS[upstream].decoder(DecoderOptions(family="f", call_id_seed="seed"))
    encoder = new_encoder(client)
    data, out = b"".join(events), b""
    reads = [data[at : at + size] for at, size in _places(len(data), pieces)]
    for chunk in [*map(decoder.feed, reads), decoder.finish()]:
        if upstream == client:
            out += encoder.forward(chunk)
        else:
            out += encoder.encode([event for event in chunk.events if type(event) is not Failed])
    return out


def _places(length: int, sizes: list[int]) -> Iterator[tuple[int, int]]:
    at = 0
    while at < length:
        for size in sizes:
            yield at, size
            at += size


def closed_calls(client: str, told: bytes) -> list[str]:
    """The arguments of every tool call that the client must take for whole."""
    data = [
        json.loads(line[6:])
        for line in told.decode().replace("\r\n", "\n").split("\n")
        if line.startswith("data: ") and line != "data: [DONE]"
    ]
    match client:
        case "anthropic":
            return _anthropic(data)
        case "gemini":
            parts = [
                p
                for d in data
                for c in d.get("candidates", ())
                for p in c.get("content", {}).get("parts", ())
            ]
            calls = [part["functionCall"] for part in parts if "functionCall" in part]
            return [json.dumps(call.get("args", {})) for call in calls if not call.get("willContinue")]
        case "chat":
            return _chat(data)
        case _:
            done = [d for d in data if d.get("type") == "response.function_call_arguments.done"]
            items = [d["item"] for d in data if d.get("type") == "response.output_item.done"]
            calls = [item for item in items if item["type"] == "function_call"]
            whole = [item["arguments"] for item in calls if item["status"] == "completed"]
            return whole if _is_incomplete(data) else [*(d["arguments"] for d in done), *whole]


def _is_incomplete(data: list[Any]) -> bool:
    return any(d.get("type") == "response.incomplete" for d in data)


def _anthropic(data: list[Any]) -> list[str]:
    """A block that the limit of tokens cut is closed, too: the stop reason says so."""
    if any(d["type"] == "message_delta" and d["delta"].get("stop_reason") == "max_tokens" for d in data):
        return []
    pieces: dict[int, list[str]] = {}
    closed = []
    for d in data:
        if d["type"] == "content_block_start" and d["content_block"]["type"] == "tool_use":
            pieces[d["index"]] = []
        elif d["type"] == "content_block_delta" and "partial_json" in d["delta"]:
            pieces[d["index"]].append(d["delta"]["partial_json"])
        elif d["type"] == "content_block_stop" and d["index"] in pieces:
            closed.append("".join(pieces[d["index"]]) or "{}")
    return closed


def _chat(data: list[Any]) -> list[str]:
    """Calls are whole when the answer ends for them."""
    calls: dict[int, str] = {}
    reason = ""
    for d in data:
        for choice in d.get("choices", ()):
            for call in choice["delta"].get("tool_calls") or ():
                calls[call["index"]] = calls.get(call["index"], "") + (
                    call["function"].get("arguments") or ""
                )
            reason = choice.get("finish_reason") or reason
    return [arguments or "{}" for arguments in calls.values()] if reason in ("tool_calls", "stop") else []


def events_of(stream: str) -> list[bytes]:
    """The stream's events, each with its blank line."""
    data = (FOLDER / f"{stream}.sse").read_bytes().replace(b"\r\n", b"\n")
    return [event + b"\n\n" for event in data.split(b"\n\n") if event.strip()]


def test_a_call_that_is_whole_is_closed(subtests: pytest.Subtests) -> None:
    """What is read here finds them: unspoiled, every call is closed."""
    for client in DIALECTS:
        for stream in STREAMS:
            with subtests.test(f"{client, stream!r:.120}"):
                calls = closed_calls(client, told(stream, events_of(stream), [100_000], client))
                assert bool(calls) is not stream.endswith("cut_tool")
                assert all(isinstance(json.loads(arguments), dict) for arguments in calls)


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("stream", STREAMS)
@settings(max_examples=30)
@given(data=st.data())
def test_no_call_is_closed_whose_json_does_not_parse(stream: str, client: str, data: st.DataObject) -> None:
    """Events lost anywhere, the connection ended anywhere, read in any pieces."""
    events = events_of(stream)
    lost = data.draw(st.sets(st.integers(0, len(events) - 1), max_size=2))
    kept = [event for index, event in enumerate(events) if index not in lost]
    whole = b"".join(kept)
    cut = data.draw(st.integers(0, len(whole)) | st.just(len(whole)))
    pieces = data.draw(st.lists(st.integers(1, 400), min_size=1, max_size=4))
    for arguments in closed_calls(client, told(stream, [whole[:cut]], pieces, client)):
        assert isinstance(json.loads(arguments), dict)


def test_the_end_of_half_a_call_that_never_began_waits_for_its_reason() -> None:
    """The event that tells all of its arguments is no end where they are no object."""
    stream = "openai_responses_cut_tool"
    begun = events_of(stream)[:2]
    told_whole, ends, incomplete = events_of(stream)[4:]
    half = b"".join([*begun, told_whole])
    assert closed_calls("responses", told(stream, [half], [100_000], "responses")) == []
    whole = told(stream, [half + ends + incomplete], [100_000], "responses")
    assert told_whole in whole
    assert b"response.incomplete" in whole
