"""How compatible servers depart from OpenAI's chat stream, and what is made of it."""

import json
from typing import Any

import pytest

from relay.dialects.interface import DecoderOptions
from relay.dialects.openai import OPENAI_CHAT
from relay.neutral.conversation import Json
from relay.neutral.events import Event, Extra, Failed, Stop, Terminal
from relay.neutral.failures import Kind
from tests.relay.dialects.openai.streams import (
    call,
    chat,
    client_for,
    data_of,
    decoded,
    delta,
    new_encoder,
    state_of,
)  # fmt: skip


def events_of(*chunks: Json, done: bool = True) -> list[Event]:
    return decoded(OPENAI_CHAT, [chat(*chunks, done=done)]).events


def calls_of(*chunks: Json) -> list[tuple[str, str, str]]:
    state = state_of(events_of(*chunks, delta("tool_calls")))
    assert state.failure is None
    return [(block.id, block.name, block.text) for block in state.blocks if block.kind == "tool_call"]


def fragments(*told: Json) -> Json:
    return delta(tool_calls=list(told))


def test_white_space_behind_a_whole_call() -> None:
    """It belongs to the call and changes nothing, also where the next call has begun."""
    first, second = fragments(call(0, '{"x":1}', "a", "f")), fragments(call(1, '{"y":2}', "b", "g"))
    space = fragments(call(0, "\n "))
    assert calls_of(first, second, space) == [FIRST, SECOND]
    assert calls_of(first, space, second) == [(*FIRST[:2], '{"x":1}\n '), SECOND]
    assert calls_of(first, space) == [(*FIRST[:2], '{"x":1}\n ')]


FIRST, SECOND = ("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param(
            [fragments(call(0, '{"x":1}', "a", "f")), fragments(call(0, '{"y":2}', "b", "g"))],
            id="every call is number 0",
        ),
        pytest.param(
            [fragments(call(None, '{"x":1}', "a", "f")), fragments(call(None, '{"y":2}', "b", "g"))],
            id="no numbers",
        ),
        pytest.param(
            [
                fragments(call(None, '{"x"', "a", "f")),
                fragments(call(None, ":1}")),
                fragments(call(None, '{"y":2}', "b", "g")),
            ],
            id="no numbers, in pieces",
        ),
        pytest.param(
            [
                fragments(call(0, '{"x"', "a", "f")),
                fragments(call(0, ":1}", "a", "f")),
                fragments(call(1, '{"y":2}', "b", "g")),
            ],
            id="id and name in every fragment",
        ),
        pytest.param(
            [fragments(call(0, '{"x":1}', "a", "f"), call(1, '{"y":2}', "b", "g"))], id="all in one chunk"
        ),
        pytest.param(
            [
                fragments(call(0, "", "a", "f"), call(1, "", "b", "g")),
                fragments(call(0, '{"x"')),
                fragments(call(1, '{"y"')),
                fragments(call(0, ":1}")),
                fragments(call(1, ":2}")),
            ],
            id="interleaved",
        ),
        pytest.param(
            [fragments(call(0, {"x": 1}, "a", "f")), fragments(call(1, {"y": 2}, "b", "g"))],
            id="arguments as objects",
        ),
        pytest.param(
            [fragments(call(1, '{"x":1}', "a", "f")), fragments(call(2, '{"y":2}', "b", "g"))],
            id="numbers from 1",
        ),
    ],
)
def test_two_calls_however_they_are_numbered(chunks: list[Json]) -> None:
    """Two calls are two calls, each whole and one after the other."""
    assert calls_of(*chunks) == [FIRST, SECOND]


def test_ids_are_made_where_none_are_told() -> None:
    """A call without an id, or with a used one, gets one of its own, the same at every decoding."""
    told = [
        fragments(call(0, "{}", "", "f")),
        fragments(call(1, "{}", "x", "g")),
        fragments(call(2, "{}", "x", "h")),
    ]
    ids = [call_id for call_id, _, _ in calls_of(*told)]
    assert ids == ["call_seed0", "x", "call_seed2"]


def test_text_behind_a_call_waits_until_the_call_is_whole() -> None:
    """Blocks never overlap, whatever order a server sends."""
    state = state_of(
        events_of(
            fragments(call(0, '{"x"', "a", "f")),
            delta(content="and "),
            delta(content="text"),
            fragments(call(0, ":1}")),
            delta("tool_calls"),
        )
    )
    assert [(block.kind, block.text) for block in state.blocks] == [
        ("tool_call", '{"x":1}'),
        ("text", "and text"),
    ]


def test_a_call_without_a_name_is_garbage() -> None:
    """Arguments for a call that nobody named, also at the end, break the protocol."""
    failed = events_of(fragments(call(0, '{"x":1}')), delta("tool_calls"))[-1]
    assert isinstance(failed, Failed)
    assert failed.failure.kind is Kind.GARBAGE


def test_arguments_for_a_call_that_is_whole_are_garbage() -> None:
    """A closed call does not grow."""
    failed = events_of(
        fragments(call(0, '{"x":1}', "a", "f")), delta(content="text"), fragments(call(0, '{"z":3}'))
    )[-1]
    assert isinstance(failed, Failed)
    assert failed.failure.kind is Kind.GARBAGE


@pytest.mark.parametrize(
    ("finish_reason", "chunks", "expected"),
    [
        ("stop", [fragments(call(0, "{}", "a", "f"))], "tool_use"),
        ("tool_calls", [delta(content="only text")], "end_turn"),
        ("function_call", [delta(function_call={"name": "f", "arguments": "{}"})], "tool_use"),
        ("eos", [delta(content="text")], "end_turn"),
        ("of tomorrow", [delta(content="text")], "other"),
        ("content_filter", [fragments(call(0, '{"x', "a", "f"))], "refusal"),
    ],
)
def test_finish_reasons_that_say_something_else(
    finish_reason: str, chunks: list[Json], expected: str
) -> None:
    """What was said decides between an end and a call; unknown words are ``other``."""
    stop = state_of(events_of(*chunks, delta(finish_reason))).stop
    assert stop is not None
    assert (stop.reason, stop.upstream_reason) == (expected, finish_reason)


def test_vllm_tells_the_stop_sequence() -> None:
    """``stop_reason`` beside ``finish_reason`` is the sequence that matched; a number is a token."""
    chunk = delta("stop")
    chunk["choices"][0]["stop_reason"] = "END"
    assert Stop("stop_sequence", "stop", "END") in events_of(delta(content="x"), chunk)
    chunk["choices"][0]["stop_reason"] = 128001
    assert Stop("end_turn", "stop") in events_of(delta(content="x"), chunk)


@pytest.mark.parametrize(
    "fields",
    [
        {"reasoning_content": "Hm."},
        {"reasoning": "Hm."},
        {"reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]},
        {"reasoning_details": [{"type": "reasoning.summary", "summary": "Hm."}]},
        {"reasoning": "Hm.", "reasoning_content": "Hm."},
        {"reasoning_text": "Hm."},
        {"reasoning_text": "Hm.", "reasoning_opaque": "e30="},
        {"thinking": "Hm."},
        {"thinking": {"text": "Hm."}},
        {"reasoning_details": {"type": "reasoning.text", "text": "Hm."}},
        {"thinking_blocks": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]},
        {"content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}]},
        {"content": [{"type": "reasoning", "text": "Hm."}]},
        {"content": {"type": "thinking", "thinking": "Hm."}},
    ],
)
def test_reasoning_under_any_name(fields: dict[str, Any]) -> None:
    """Every vendor's field for reasoning text is thinking, and said once."""
    state = state_of(events_of(delta(**fields), delta(content="4"), delta("stop")))
    assert [(block.kind, block.text) for block in state.blocks] == [("thinking", "Hm."), ("text", "4")]
    whole = delta("stop")
    whole["choices"][0]["message"] = {"role": "assistant", "content": "4", **fields}
    in_content = "content" in fields
    for chunks in [whole], *([] if in_content else [[delta(**fields), whole]]):
        state = state_of(events_of(*chunks))
        told = [("thinking", "Hm."), ("text", "4")]
        assert [(block.kind, block.text) for block in state.blocks] == (told[:1] if in_content else told)


@pytest.mark.parametrize(
    "part", [{"type": "text", "text": "4"}, {"text": "4"}, {"type": "output_text", "text": "4"}]
)
def test_content_as_one_part_is_its_text(part: Json) -> None:
    """In a delta, in a whole message and in a document; the SDK hears a text."""
    message = {"index": 0, "message": {"role": "assistant", "content": part}, "finish_reason": "stop"}
    for stream in (
        chat(delta(content=part), delta(content=part), delta("stop")),
        chat({"choices": [message]}),
        json.dumps({"id": "c", "object": "chat.completion", "choices": [message]}).encode(),
    ):
        chunk = decoded(OPENAI_CHAT, [stream])
        text = state_of(chunk.events).text
        assert set(text) == {"4"}
        with client_for(chunk.raw).chat.completions.stream(model="m", messages=[]) as events:
            assert events.get_final_completion().choices[0].message.content == text


def test_a_thought_that_its_signed_block_repeats_is_told_once() -> None:
    """LiteLLM tells it in pieces, and whole beside the signature; the next block is another thought."""

    def signed(thought: str) -> Json:
        return delta(thinking_blocks=[{"type": "thinking", "thinking": thought, "signature": "s"}])

    def piece(thought: str) -> Json:
        return delta(reasoning_content=thought, thinking_blocks=[{"type": "thinking", "thinking": thought}])

    first = [piece("Hm"), piece("."), signed("Hm.")]
    second = [piece(" So"), signed(" So"), signed("New.")]
    state = state_of(events_of(*first, *second, delta(content="4"), delta("stop")))
    assert [(block.kind, block.text) for block in state.blocks] == [("thinking", "Hm. SoNew."), ("text", "4")]


def test_content_as_parts() -> None:
    """Mistral's content parts are text, and so are mere texts; what is not known there is counted."""
    parts = [{"type": "text", "text": "a"}, {"type": "hologram"}, "b"]
    events = events_of(delta(content=parts), delta("stop"))
    assert state_of(events).text == "ab"
    assert [event.name for event in events if isinstance(event, Extra)] == ["content part"]


def test_done_without_a_finish_reason_is_a_cut() -> None:
    """``[DONE]`` alone is no end, and is withheld: the client would take it for one."""
    said = decoded(OPENAI_CHAT, [chat(delta(content="half"))])
    assert isinstance(said.events[-1], Failed)
    assert said.events[-1].failure.kind is Kind.CUT
    assert b"[DONE]" not in said.raw
    empty = decoded(OPENAI_CHAT, [chat(delta(role="assistant"))]).events[-1]
    assert isinstance(empty, Failed)
    assert empty.failure.kind is Kind.EMPTY


def test_an_end_in_capitals() -> None:
    """Cohere's word for the end, as gateways pass it on."""
    assert events_of(delta(content="x"), delta("COMPLETE"))[-2:] == [Stop("end_turn", "COMPLETE"), Terminal()]


def test_an_end_without_done_is_an_end() -> None:
    """Behind a finish_reason, an orderly end of the connection is the answer's; clients are told so."""
    whole = [delta(content="x"), delta("stop")]
    for text in (chat(*whole, done=False), chat(*whole, done=False).rstrip()):
        told = decoded(OPENAI_CHAT, [text])
        assert (told.events[-1], told.raw) == (Terminal(), chat(*whole))
    for bent in (
        b"data: [DONE]\ndata: [DONE]\n\n",
        b"data [DONE]\n\n",
        b"dat\xff: [DONE]\n\n",
        b"[DONE]\n\n",
        b"data: [DO",
    ):
        told = decoded(OPENAI_CHAT, [chat(*whole, done=False) + bent])
        assert (told.events[-1], told.raw) == (Terminal(), chat(*whole))
    assert not any(isinstance(event, Terminal) for event in events_of(delta(content="x"), done=False))


def test_a_finish_reason_on_every_chunk() -> None:
    """What follows a finish_reason is of the answer, in the same block; the last reason counts, once."""
    chunks = [delta("stop", content="one "), delta("stop", content="two "), delta("length", content="three")]
    for done in (True, False):
        told = decoded(OPENAI_CHAT, [chat(chunk, done=False) for chunk in chunks] + [chat(done=done)])
        assert [(b.kind, b.text) for b in state_of(told.events).blocks] == [("text", "one two three")]
        assert told.events[-2:] == [Stop("max_tokens", "length"), Terminal()]
        assert sum(isinstance(event, Stop) for event in told.events) == 1
        assert told.raw == b"".join(chat(chunk, done=False) for chunk in chunks) + chat()


def test_a_call_in_pieces_over_finish_reasons() -> None:
    """A call's pieces may each come with a finish_reason; no client sees the end of a call that is half."""
    pieces = [
        delta("tool_calls", tool_calls=[call(0, '{"x"', "a", "f")]),
        delta("tool_calls", tool_calls=[call(0, ":1}")]),
    ]
    whole = decoded(OPENAI_CHAT, [chat(*pieces)])
    assert [block.text for block in state_of(whole.events).blocks] == ['{"x":1}']
    assert (whole.raw, whole.events[-2:]) == (chat(*pieces), [Stop("tool_use", "tool_calls"), Terminal()])
    for done in (True, False):
        half = decoded(OPENAI_CHAT, [chat(pieces[0], done=done)])
        assert half.raw == b""
        assert isinstance(half.events[-1], Failed)
        assert half.events[-1].failure.kind is Kind.GARBAGE


def test_text_behind_the_last_finish_reason_needs_an_end() -> None:
    """``[DONE]`` ends an answer that told a reason before; the end of the connection alone does not."""
    chunks = [delta("stop", content="a"), delta(content="b")]
    assert events_of(*chunks)[-1] == Terminal()
    assert not any(isinstance(event, Terminal) for event in events_of(*chunks, done=False))


def finishing_after(*chunks: Json, choices: int = 1) -> list[bool]:
    """Whether the decoder holds the answer for finished, after each chunk."""
    decoder = OPENAI_CHAT.decoder(DecoderOptions("gpt", "seed", choices=choices))
    return [decoder.feed(chat(chunk, done=False)).is_finishing for chunk in chunks]


def test_what_is_told_while_the_end_is_awaited() -> None:
    """A finish_reason is the end until more of the answer comes; usage is none, each choice has its own."""
    usage: Json = {"choices": [], "usage": {"completion_tokens": 3}}
    assert finishing_after(delta(content="a"), delta("stop"), usage) == [False, True, True]
    assert finishing_after(delta("stop", content="a"), delta(content="b"), delta("stop")) == [
        True,
        False,
        True,
    ]
    second, last = delta(content="second"), delta("stop")
    second["choices"][0]["index"] = last["choices"][0]["index"] = 1
    first = delta("stop", content="first")
    assert finishing_after(second, first, last, choices=2) == [False, False, True]


@pytest.mark.parametrize("content", [None, ""])
def test_role_only_chunks_say_nothing(content: str | None) -> None:
    """A role, null and empty deltas are no data."""
    events = events_of(delta(role="assistant", content=content, tool_calls=None, refusal=None), done=False)
    assert [type(event).__name__ for event in events] == ["MessageStart"]


def test_another_choice_is_counted() -> None:
    """With ``n`` above 1 only the first answer is watched; the others pass through."""
    chunk = delta(content="second")
    chunk["choices"][0]["index"] = 1
    told = decoded(OPENAI_CHAT, [chat(delta(content="first"), chunk, delta("stop"))], choices=2)
    assert state_of(told.events).text == "first"
    assert b"second" in told.raw


def test_finish_reason_error_is_an_error() -> None:
    """A server that gives up says so; the client does not see it as an end."""
    told = decoded(OPENAI_CHAT, [chat(delta(content="x"), delta("error"))])
    failed = told.events[-1]
    assert isinstance(failed, Failed)
    assert (failed.failure.kind, failed.failure.status) == (Kind.ERROR_EVENT, 502)
    assert b'"error"' not in told.raw


@pytest.mark.parametrize("code", [502, "502", None])
def test_error_with_a_numeric_code(code: object) -> None:
    """OpenRouter gives the HTTP status as the error's code, some as a text; without a word it is a 500."""
    stream = chat({"error": {"code": code, "message": "Provider returned error"}, "choices": []})
    failed = decoded(OPENAI_CHAT, [stream]).events[-1]
    assert isinstance(failed, Failed)
    assert failed.failure.status == (502 if code else 500)


def test_a_field_of_an_unknown_shape_costs_itself() -> None:
    """What stands in the place of the choices breaks nothing: a client gets a chunk that its SDK reads."""
    told = decoded(OPENAI_CHAT, [chat({"choices": {"of": "tomorrow"}}, delta(content="x"), delta("stop"))])
    assert isinstance(told.events[-1], Terminal)
    assert data_of(told.raw)[0]["choices"] == []


def test_half_a_character() -> None:
    """Two escapes of one emoji in one string are one character; a lone half becomes U+FFFD."""
    stream = b'data: {"choices":[{"delta":{"content":"\\ud83d\\uddfc \\ud83d"}}]}\n\n'
    assert state_of(decoded(OPENAI_CHAT, [stream]).events).text == "🗼 �"


@pytest.mark.parametrize("error", [{"message": "Oops", "code": 503}, "Oops"])
def test_an_error_behind_half_a_call_reaches_the_client(error: object) -> None:
    """The end of the call is withheld, upstream's own error is not: in one read with it, or in the next."""
    half = chat(fragments(call(0, '{"x', "a", "f")), delta("tool_calls"), done=False)
    told = chat({"error": error}, done=False)
    for pieces in ([half + told], [half, told]):
        decoder, encoder = OPENAI_CHAT.decoder(DecoderOptions("gpt", "seed")), new_encoder(OPENAI_CHAT)
        heard = b"".join(encoder.forward(decoder.feed(piece)) for piece in pieces)
        failure = encoder.state.failure
        assert failure is not None
        assert (failure.kind, failure.message) == (Kind.ERROR_EVENT, "Oops")
        assert b'"finish_reason": "tool_calls"' not in heard
        assert ("Oops" in str(data_of(heard)[-1].get("error"))) is failure.from_upstream_event


def test_an_error_event_that_is_not_there_is_not_changed() -> None:
    """What holds no error object is forwarded as it is."""
    assert new_encoder(OPENAI_CHAT).identified({"choices": []}, "") == {"choices": []}


def test_choices_of_a_text_completion_are_text() -> None:
    """In a stream, and in one piece; a client of chat is told them as deltas."""
    texts = [
        {"index": 0, "text": "Hel", "finish_reason": None},
        {"index": 0, "text": "lo", "finish_reason": None},
    ]
    chunks = [{"object": "text_completion", "choices": [one]} for one in texts]
    end = {"object": "text_completion", "choices": [{"index": 0, "text": "", "finish_reason": "stop"}]}
    whole = {
        "id": "c",
        "object": "text_completion",
        "choices": [{"index": 0, "text": "Hello", "finish_reason": "stop"}],
    }
    for stream in (chat(*chunks, end), json.dumps(whole).encode()):
        chunk = decoded(OPENAI_CHAT, [stream])
        state = state_of(chunk.events)
        assert (state.text, state.failure, state.terminal) == ("Hello", None, True)
        with client_for(chunk.raw).chat.completions.stream(model="m", messages=[]) as events:
            assert events.get_final_completion().choices[0].message.content == "Hello"


def test_one_call_in_the_place_of_a_list_is_a_list_of_it() -> None:
    """In a delta, in a whole message and in a document."""
    one = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "tool_calls": one}
    whole = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    streams = (
        chat(delta(tool_calls={"index": 0, **one}), delta("tool_calls")),
        chat({"choices": [whole]}),
        json.dumps({"id": "c", "object": "chat.completion", "choices": [whole]}).encode(),
    )
    for stream in streams:
        chunk = decoded(OPENAI_CHAT, [stream])
        blocks = [(block.id, block.name, block.text) for block in state_of(chunk.events).blocks]
        assert blocks == [("a", "f", "{}")]
        with client_for(chunk.raw).chat.completions.stream(model="m", messages=[]) as events:
            [call] = events.get_final_completion().choices[0].message.tool_calls or []
            assert call.id == "a"
