"""What a chat chunk tells in another place, or in another form, than OpenAI does."""

from typing import Any

import pytest

from relay.dialects.interface import DecoderOptions
from relay.dialects.openai import OPENAI_CHAT
from relay.dialects.openai.chat.upstream_answer.wire import PIECE
from relay.dialects.reading.half_characters import json_text
from relay.neutral.conversation import Json
from relay.neutral.events import Failed, Stop, Terminal, Usage
from tests.relay.dialects.openai.streams import chat, decoded, delta, state_of

COUNTS = {"prompt_tokens": 12, "completion_tokens": 9}


def event(told: Any) -> bytes:
    return b"data: " + json_text(told) + b"\n\n"


@pytest.mark.parametrize(
    "end",
    [
        {"choices": [{"index": 0, "delta": {}, "finish_reason": {"type": "length"}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": {"reason": "length", "code": 7}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": ["length"]}]},
        {"choices": [{"index": 0, "delta": {}, "finish_details": {"type": "length"}}]},
        {"choices": [{"index": 0, "delta": {"finish_reason": "length"}}]},
        {"choices": [{"index": 0, "delta": {}}], "finish_reason": "length"},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": ""}], "finish_reason": "length"},
        {"choices": [], "finish_reason": "length"},
        {"finish_reason": {"type": "length"}},
    ],
)
def test_the_end_is_heard_wherever_it_is_told(end: Json) -> None:
    """As an object, in a list, in the delta, beside the choices: clients of the form read it in its place."""
    chunk = decoded(OPENAI_CHAT, [chat(delta(content="fine"), done=False) + event(end) + event("[DONE]")])
    assert chunk.events[-2:] == [Stop("max_tokens", "length"), Terminal()]
    assert b'"finish_reason":"length"' in chunk.raw


@pytest.mark.parametrize("told", [True, {}, {"code": 7}, [], ["length", "stop"], [[]]])
def test_an_end_that_says_no_word_is_none(told: Any) -> None:
    """The field is lost, not its chunk; nothing is made up in its place."""
    end = {"choices": [{"index": 0, "delta": {"content": "!"}, "finish_reason": told}]}
    chunk = decoded(OPENAI_CHAT, [chat(delta(content="fine"), done=False) + event(end) + event("[DONE]")])
    assert (state_of(chunk.events).text, type(chunk.events[-1])) == ("fine!", Failed)


@pytest.mark.parametrize("usage", [[COUNTS], [{}, COUNTS], json_text(COUNTS).decode()])
def test_usage_in_a_list_or_in_a_text_is_usage(usage: Any) -> None:
    """The last of a list counts; clients of the form get the object."""
    stream = chat(delta(content="fine"), delta("stop"), done=False)
    chunk = decoded(OPENAI_CHAT, [stream + event({"choices": [], "usage": usage}) + event("[DONE]")])
    counts = [(one.input_uncached, one.output) for one in chunk.events if isinstance(one, Usage)]
    assert counts == [(12, 9)]
    assert b'"usage":{"prompt_tokens":12,"completion_tokens":9}' in chunk.raw


@pytest.mark.parametrize("usage", [[], [7], "", "none", 0, True])
def test_usage_that_is_none_costs_no_more_than_itself(usage: Any) -> None:
    """The answer is whole, and its counts are unknown."""
    stream = chat(delta(content="fine"), delta("stop"), done=False)
    chunk = decoded(OPENAI_CHAT, [stream + event({"choices": [], "usage": usage}) + event("[DONE]")])
    assert (state_of(chunk.events).text, chunk.events[-1]) == ("fine", Terminal())
    assert not any(isinstance(one, Usage) for one in chunk.events)


@pytest.mark.parametrize("place", ["choice", "delta"])
@pytest.mark.parametrize("finish", [None, "stop", "error"])
def test_an_error_in_a_choice_is_the_streams_error(place: str, finish: str | None) -> None:
    """With upstream's own words and status, and whatever reason stands beside it."""
    error = {"message": "the provider is busy", "code": 429}
    choice: Json = {"index": 0, "delta": {}, "finish_reason": finish}
    (choice if place == "choice" else choice["delta"])["error"] = error
    chunk = decoded(OPENAI_CHAT, [chat(delta(content="fine"), done=False) + event({"choices": [choice]})])
    failed = chunk.events[-1]
    assert isinstance(failed, Failed)
    assert (failed.failure.message, failed.failure.status) == ("the provider is busy", 429)


@pytest.mark.parametrize("error", [None, "", {}, False])
def test_no_error_in_a_choice_is_none(error: Any) -> None:
    """A field that is empty says nothing."""
    choice = {"index": 0, "delta": {"content": "fine"}, "finish_reason": "stop", "error": error}
    chunk = decoded(OPENAI_CHAT, [event({"choices": [choice]}) + event("[DONE]")])
    assert (state_of(chunk.events).text, chunk.events[-1]) == ("fine", Terminal())


def test_one_envelope_comes_off_and_no_more() -> None:
    """What wraps an envelope is no answer; an object of that name beside the choices is none either."""
    inner = {"choices": [{"index": 0, "delta": {"content": "fine"}, "finish_reason": "stop"}]}
    twice = decoded(OPENAI_CHAT, [event({"data": {"data": inner}}) + event("[DONE]")])
    assert type(twice.events[-1]) is Failed
    beside = decoded(OPENAI_CHAT, [event({**inner, "data": inner}) + event("[DONE]")])
    assert state_of(beside.events).text == "fine"


@pytest.mark.parametrize("name", ["error", "errors", "detail"])
def test_an_error_in_an_envelope_is_heard(name: str) -> None:
    """The envelope tells it where no answer is in it."""
    told = {"success": False, name: [{"code": 429, "message": "slow down"}], "data": None, "result": None}
    chunk = decoded(OPENAI_CHAT, [event(told)])
    failed = chunk.events[-1]
    assert isinstance(failed, Failed)
    assert "slow down" in failed.failure.message


@pytest.mark.parametrize("begun", [b"", chat(delta(content="fine"), done=False)])
@pytest.mark.parametrize("beside", [{"success": True}, {"code": 0, "error": {}}])
def test_an_envelope_may_hold_the_error(begun: bytes, beside: Json) -> None:
    """As it holds each chunk: with upstream's words and status."""
    told = {**beside, "data": {"error": {"message": "slow down", "code": 429}}}
    failed = decoded(OPENAI_CHAT, [begun + event(told)]).events[-1]
    assert isinstance(failed, Failed)
    assert (failed.failure.message, failed.failure.status) == ("slow down", 429)


@pytest.mark.parametrize(
    ("choice", "beside"),
    [
        ({"finish_reason": {"type": "length"}}, {}),
        ({"finish_details": {"type": "length"}}, {}),
        ({"finish_reason": None}, {"finish_reason": "length"}),
        ({"message": {"content": "fine", "finish_reason": "length"}}, {}),
    ],
)
def test_the_end_of_a_document_is_heard_wherever_it_is_told(choice: Json, beside: Json) -> None:
    """A whole completion, in place of a stream, is not over for good where it was cut."""
    told = {"choices": [{"index": 0, "message": {"content": "fine"}, **choice}], **beside}
    chunk = decoded(OPENAI_CHAT, [json_text(told)])
    assert (state_of(chunk.events).text, chunk.events[-2]) == ("fine", Stop("max_tokens", "length"))


@pytest.mark.parametrize(
    "beside",
    [
        {"choices": [{"index": 0, "delta": {"content": "fine"}, "finish_details": {"type": "none"}}]},
        {"choices": [{"index": 0, "delta": {"content": "fine", "finish_reason": "null"}}]},
        {"choices": [{"index": 0, "delta": {"content": "fine"}}], "finish_reason": "in_progress"},
    ],
)
def test_a_word_that_nobody_knows_is_no_end_in_another_place(beside: Json) -> None:
    """Servers tell there in each chunk how far they are: an answer that is cut there is not whole."""
    chunk = decoded(OPENAI_CHAT, [event(beside) + event({"choices": [], "finish_reason": "running"})])
    assert state_of(chunk.events).text == "fine"
    assert not any(isinstance(one, Stop | Terminal) for one in chunk.events)
    assert b"[DONE]" not in chunk.raw


@pytest.mark.parametrize("place", ["choice", "delta", "chunk"])
def test_a_break_is_heard_in_another_place(place: str) -> None:
    """A word for a failure is one wherever it stands."""
    choice: Json = {"index": 0, "delta": {}}
    told: Json = {"choices": [choice]}
    if place == "choice":
        choice["finish_details"] = {"type": "network_error"}
    else:
        (choice["delta"] if place == "delta" else told)["finish_reason"] = "network_error"
    chunk = decoded(OPENAI_CHAT, [chat(delta(content="fine"), done=False) + event(told)])
    assert type(chunk.events[-1]) is Failed


def test_an_empty_field_in_another_place_is_read_at_once() -> None:
    """Servers tell it with each word: it keeps its bytes, and nothing is bent."""
    choice = {
        "delta": {"content": "w", "finish_reason": "", "error": ""},
        "index": 0,
        "finish_details": "",
        "error": "",
    }
    told = {"id": "c", "object": "chat.completion.chunk", "choices": [choice], "finish_reason": ""}
    assert PIECE.decode(json_text(told)).choices
    decoder = OPENAI_CHAT.decoder(DecoderOptions("gpt", "seed"))
    chunk = decoder.feed(event(told))
    assert (state_of(chunk.events).text, chunk.raw, decoder.bent) == ("w", event(told), [])
    bent = {**told, "id": 7}
    assert decoder.feed(event(bent)).raw == event({**told, "id": "7"})
    assert decoder.bent == ["id"]


@pytest.mark.parametrize("name", ["data", "result"])
@pytest.mark.parametrize("is_document", [True, False])
def test_what_stands_beside_the_answer_in_an_envelope_is_its(name: str, is_document: bool) -> None:
    """Its id, its model and its counts, where the answer has none of its own."""
    choice = {"index": 0, "message" if is_document else "delta": {"content": "fine"}, "finish_reason": "stop"}
    told = {"id": "x", "model": "outer", "usage": COUNTS, name: {"model": "inner", "choices": [choice]}}
    stream = json_text(told) if is_document else event(told) + event("[DONE]")
    state = state_of(decoded(OPENAI_CHAT, [stream]).events)
    assert (state.text, state.message_id, state.model) == ("fine", "x", "inner")
    assert (state.usage.input_uncached, state.usage.output) == (12, 9)
