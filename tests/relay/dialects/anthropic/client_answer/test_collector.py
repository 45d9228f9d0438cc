"""A whole stream as the one JSON answer of a request without ``stream``."""

import json

import pytest

from relay.dialects.anthropic import ANTHROPIC
from tests.relay.dialects.anthropic.streams import (
    NAMES,
    block_start,
    block_stop,
    delta,
    message_end,
    message_start,
    sdk_message,
    transcript,
)

COMPLETE = [name for name in NAMES if name != "overloaded"]


@pytest.mark.parametrize("name", COMPLETE)
def test_it_is_what_the_vendors_sdk_accumulates(name: str) -> None:
    """The collected answer and the SDK's own accumulation of the stream say the same."""
    collected = json.loads(ANTHROPIC.collect(transcript(name)))
    theirs = sdk_message(transcript(name)).model_dump(mode="json", exclude_unset=True, warnings=False)
    assert collected["id"] == theirs["id"]
    known = [block for block in collected["content"] if block["type"] != "hologram"]
    assert known == [block for block in theirs["content"] if block["type"] != "hologram"]
    for key in ("stop_reason", "stop_sequence", "stop_details"):
        assert collected.get(key) == theirs.get(key)
    told = {key: value for key, value in theirs["usage"].items() if value is not None}
    assert {key: collected["usage"][key] for key in told} == told


def test_what_is_unknown_survives() -> None:
    """Unknown blocks, deltas and fields of the same dialect stand in the answer as they came."""
    collected = json.loads(ANTHROPIC.collect(transcript("server_tool")))
    assert collected["content"][3] == {"type": "hologram", "depth": 3, "shape": "cube"}
    assert collected["context_management"] == {"applied_edits": []}
    assert collected["container"]["id"] == "container_1"
    assert collected["usage"]["server_tool_use"] == {"web_search_requests": 1, "web_fetch_requests": 0}
    assert collected["usage"]["service_tier"] == "standard"
    assert "weather_report" not in json.dumps(collected)


def test_a_null_count_leaves_the_first_one() -> None:
    """message_delta overrides only what it tells."""
    end = message_end().replace(b'"output_tokens": 9', b'"output_tokens": 9, "input_tokens": null')
    usage = json.loads(ANTHROPIC.collect(message_start(input_tokens=31) + end))["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (31, 9)


def test_a_later_signature_overwrites() -> None:
    """Two signatures are never merged, as in the SDKs."""
    stream = message_start() + block_start(0, type="thinking", thinking="", signature="")
    stream += delta(0, "signature_delta", signature="one") + delta(0, "signature_delta", signature="two")
    collected = json.loads(ANTHROPIC.collect(stream + block_stop(0) + message_end()))
    assert collected["content"][0]["signature"] == "two"


@pytest.mark.parametrize(
    ("fragment", "arguments"),
    [
        ('{"path": "a.txt", "n": [1, 2], "text": "once', {"path": "a.txt", "n": [1, 2]}),
        ("{", {}),
        ("[1]", {}),
        ("}", {}),
    ],
)
def test_arguments_that_were_cut_hold_what_was_whole(fragment: str, arguments: dict[str, object]) -> None:
    """A call cut by max_tokens has the arguments that came complete, never a string instead of an object."""
    stream = message_start() + block_start(0, type="tool_use", id="i", name="n", input={})
    stream += delta(0, "input_json_delta", partial_json=fragment) + block_stop(0) + message_end("max_tokens")
    assert json.loads(ANTHROPIC.collect(stream))["content"][0]["input"] == arguments


def test_a_stream_without_a_message_is_no_answer() -> None:
    """There is nothing to collect: an error, not an empty object."""
    with pytest.raises(ValueError, match="no message"):
        ANTHROPIC.collect(b": nothing\n\n")


def test_a_stream_that_ends_in_an_error_is_no_answer() -> None:
    """What was said before the error is not passed off as the whole."""
    with pytest.raises(ValueError, match="Overloaded"):
        ANTHROPIC.collect(transcript("overloaded"))


def test_a_long_answer_is_collected_in_linear_time() -> None:
    """Twenty thousand deltas are joined once; the test would take minutes if each were added to the whole."""
    piece = delta(0, "text_delta", text="x" * 400)
    stream = (
        message_start()
        + block_start(0, type="text", text="")
        + piece * 20_000
        + block_stop(0)
        + message_end()
    )
    assert len(json.loads(ANTHROPIC.collect(stream))["content"][0]["text"]) == 8_000_000


@pytest.mark.parametrize("said", [{"text": None}, {}, {"text": ""}])
def test_a_text_is_an_empty_one_at_least(said: dict[str, None]) -> None:
    """Clients join the texts of blocks: null would break them. A block of another kind has none."""
    stream = message_start() + block_start(0, type="text", **said) + block_stop(0)
    stream += block_start(1, type="server_thing") + block_stop(1) + message_end()
    content = json.loads(ANTHROPIC.collect(stream))["content"]
    assert content == [{"type": "text", "text": ""}, {"type": "server_thing"}]
