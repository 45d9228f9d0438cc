"""What an OpenAI client reads of an answer in another dialect."""

from collections.abc import Callable

import msgspec
import openai
import pytest

from relay.dialects.interface import ErrorAnswer
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.neutral.conversation import Json
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Chunk,
    Citation,
    Event,
    Extra,
    Heartbeat,
    MessageStart,
    Signature,
    Stop,
    StopReason,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from relay.neutral.server_tools import ServerResult, Source
from tests.relay.dialects.openai.streams import (
    ALL_KINDS,
    FORMS,
    OVERLOADED,
    SIGNATURE,
    TRANSCRIPTS,
    WHOLE_NAMES,
    chat,
    client_for,
    data_of,
    decoded,
    delta,
    events_in,
    new_encoder,
    state_of,
    transcript,
)

REQUEST = {"model": "x", "tools": [{"type": "function", "name": "f"}], "instructions": "Be kind."}


def encoded(form: str, events: list[Event], **options: bool) -> bytes:
    return new_encoder(FORMS[form], **options).encode(events)


def answer(*blocks: Event, stop: StopReason = "end_turn", explanation: str | None = None) -> list[Event]:
    """A whole answer of these blocks."""
    end: list[Event] = [Stop(stop, "X", explanation=explanation), Terminal()]
    return [MessageStart("up", "m"), *blocks, *end]


def text(index: int, said: str) -> list[Event]:
    return [BlockStart(index, "text"), TextDelta(index, said), BlockStop(index)]


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_golden(form: str) -> None:
    """The bytes of an answer with one of each kind stand in a golden file."""
    golden = TRANSCRIPTS / f"encoded_for_openai_{form}.sse"
    stream = new_encoder(FORMS[form], request=REQUEST).encode(ALL_KINDS)
    assert stream == golden.read_bytes()


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_cut_anywhere_it_is_the_same(form: str) -> None:
    """Whatever arrives together, the client's bytes are the same."""
    encoder = new_encoder(FORMS[form])
    assert b"".join(encoder.encode([event]) for event in ALL_KINDS) == encoded(form, ALL_KINDS)


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_our_own_decoder_reads_it_back(form: str) -> None:
    """What was encoded means the same when it is decoded."""
    back = state_of(decoded(FORMS[form], [encoded(form, ALL_KINDS)]).events)
    told = state_of(ALL_KINDS)
    assert back.text == told.text
    assert [(block.kind, block.id, block.name) for block in back.blocks] == [
        (block.kind, block.id, block.name) for block in told.blocks
    ]
    assert back.usage == told.usage
    assert back.stop is not None
    assert back.stop.reason == "tool_use"


def test_the_chat_sdk_accumulates_it() -> None:
    """``chat.completions.stream`` accepts the stream and finds everything in it."""
    stream = client_for(encoded("chat", ALL_KINDS)).chat.completions.stream(model="m", messages=[])
    with stream as events:
        kinds = {event.type for event in events}
        completion = events.get_final_completion()
    choice = completion.choices[0]
    assert {"content.delta", "content.done", "tool_calls.function.arguments.done"} <= kinds
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content == "Looking — 東京"
    assert choice.message.reasoning_content == "Two calls."  # type: ignore[attr-defined]
    calls = choice.message.tool_calls or []
    assert [(call.id, call.function.name, call.function.arguments) for call in calls] == [
        ("toolu_1", "weather", '{"city":"Kyōto"}'),
        ("toolu_2", "time", "{}"),
    ]
    assert completion.usage is not None
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (16, 20)
    assert completion.model == "model-by-the-client"
    assert completion.id == "chatcmpl-5f2c"


def test_the_responses_sdk_accumulates_it() -> None:
    """``responses.stream`` accepts the stream and finds everything in it."""
    with client_for(encoded("responses", ALL_KINDS)).responses.stream(model="m", input="x") as events:
        numbers = [event.sequence_number for event in events]
        response = events.get_final_response()
    assert numbers == list(range(len(numbers)))
    assert response.output_text == "Looking — 東京"
    assert [item.type for item in response.output] == [
        "reasoning",
        "message",
        "function_call",
        "function_call",
    ]
    reasoning, _, first, second = response.output
    assert reasoning.type == "reasoning"
    assert reasoning.encrypted_content == SIGNATURE
    assert [part.text for part in reasoning.summary] == ["Two calls."]
    assert first.type == second.type == "function_call"
    assert (first.call_id, first.name, first.arguments) == ("toolu_1", "weather", '{"city":"Kyōto"}')
    assert (second.call_id, second.name, second.arguments) == ("toolu_2", "time", "{}")
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.total_tokens) == (16, 36)
    assert (response.status, response.store, response.id) == ("completed", False, "resp_5f2c")


@pytest.mark.parametrize("name", WHOLE_NAMES)
@pytest.mark.parametrize("form", ["chat", "responses"])
def test_the_sdks_read_every_transcript(form: str, name: str) -> None:
    """Each golden OpenAI stream, translated from one form to the other, is accepted by the other's SDK."""
    events = events_in(name)
    client = client_for(encoded(form, events))
    if form == "chat":
        with client.chat.completions.stream(model="m", messages=[]) as stream:
            try:
                told = stream.get_final_completion().choices[0].message.content or ""
            except (openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError):
                return
    else:
        with client.responses.stream(model="m", input="x") as responses:
            last = list(responses)[-1]
        assert last.type in ("response.completed", "response.incomplete")
        told = last.response.output_text
    assert told == state_of(events).text


@pytest.mark.parametrize(
    ("stop", "chat_word", "responses_word"),
    [
        ("end_turn", "stop", "completed"),
        ("stop_sequence", "stop", "completed"),
        ("pause_turn", "stop", "completed"),
        ("other", "stop", "completed"),
        ("max_tokens", "length", "max_output_tokens"),
        ("context_window", "length", "max_output_tokens"),
        ("continuation", "length", "max_output_tokens"),
        ("refusal", "content_filter", "content_filter"),
    ],
)
def test_stop_reasons(stop: StopReason, chat_word: str, responses_word: str) -> None:
    """How each reason is said (docs/wire.md section 5)."""
    events = answer(*text(0, "Hi"), stop=stop)
    told = data_of(encoded("chat", events, include_usage=False))
    assert told[-2]["choices"][0]["finish_reason"] == chat_word
    last = data_of(encoded("responses", events))[-1]["response"]
    details = last["incomplete_details"]
    assert (details["reason"] if details else last["status"]) == responses_word


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_a_refusal_is_explained(form: str) -> None:
    """The explanation of a refusal that has no words of its own goes where OpenAI puts refusals."""
    stream = encoded(form, answer(stop="refusal", explanation="Not this."))
    blocks = state_of(decoded(FORMS[form], [stream]).events).blocks
    assert [(block.kind, block.text) for block in blocks] == [("refusal", "Not this.")]


@pytest.mark.parametrize(("include_usage", "chunks"), [(True, 1), (False, 0)])
def test_chat_usage_is_told_on_request(include_usage: bool, chunks: int) -> None:
    """A chunk with the usage comes for who asked for it, and nobody else."""
    told = data_of(encoded("chat", ALL_KINDS, include_usage=include_usage))
    assert told[-1] == "[DONE]"
    assert sum(1 for chunk in told[:-1] if chunk.get("usage")) == chunks
    assert all(chunk["choices"] for chunk in told[: -1 - chunks])


def test_unknown_usage_is_zero_on_the_wire() -> None:
    """The wire wants numbers."""
    usage = data_of(encoded("responses", answer(*text(0, "Hi"))))[-1]["response"]["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (0, 0, 0)


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_what_says_nothing_is_nothing(form: str) -> None:
    """Heartbeats, foreign extras and usage alone are no bytes; a second start is ignored."""
    encoder = new_encoder(FORMS[form])
    assert encoder.encode([Heartbeat(), Extra("gemini", "x", b"{}"), Usage(output=1)]) == b""
    assert encoder.encode([MessageStart("a", "m")])
    assert encoder.encode([MessageStart("b", "m")]) == b""


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_nothing_follows_the_end(form: str) -> None:
    """After the terminal event an encoder is silent; without it there is none."""
    encoder = new_encoder(FORMS[form])
    first = encoder.encode(ALL_KINDS[:-1])
    assert b"[DONE]" not in first
    assert b"response.completed" not in first
    assert encoder.encode([Terminal()])
    assert encoder.encode([TextDelta(1, "more"), Terminal()]) == b""


def test_consecutive_texts_are_parts_of_one_message() -> None:
    """Text blocks that follow each other are one message's parts; the items close in order."""
    events = answer(*text(0, "One."), *text(1, "Two."))
    told = data_of(encoded("responses", events))
    names = [event["type"].removeprefix("response.") for event in told]
    part = ["content_part.added", "output_text.delta", "output_text.done", "content_part.done"]
    assert names == [
        *("created", "in_progress", "output_item.added"),
        *part,
        *part,
        *("output_item.done", "completed"),
    ]
    (message,) = told[-1]["response"]["output"]
    assert [part["text"] for part in message["content"]] == ["One.", "Two."]


def test_thinking_without_a_signature_carries_the_handle() -> None:
    """Where upstream gave no signature by the block's end, our handle stands for it."""
    events = answer(BlockStart(0, "thinking"), ThinkingDelta(0, "Hm."), BlockStop(0), *text(1, "4"))
    reasoning = data_of(encoded("responses", events))[-1]["response"]["output"][0]
    assert reasoning["encrypted_content"] == "handle-0".ljust(60, "0")


def test_silent_thinking_has_no_summary() -> None:
    """Thinking without text is a reasoning item with its signature alone."""
    events = answer(BlockStart(0, "thinking"), Signature(0, SIGNATURE, "claude"), BlockStop(0), *text(1, "4"))
    told = data_of(encoded("responses", events))
    assert not any("summary_part" in event["type"] for event in told)
    assert told[-1]["response"]["output"][0]["summary"] == []


def test_redacted_thinking_travels_and_comes_back() -> None:
    """Redacted thinking has a place in Responses; chat completions have none."""
    events = answer(BlockStart(0, "redacted", payload=b'{"data":"EmwK"}'), BlockStop(0), *text(1, "4"))
    item = data_of(encoded("responses", events))[-1]["response"]["output"][0]
    back = OPENAI_RESPONSES.read({"model": "m", "input": [item]})
    assert [type(part).__name__ for part in back.turns[0].parts] == ["Redacted"]
    assert back.turns[0].parts[0].data == "EmwK"  # type: ignore[union-attr]
    assert b"EmwK" not in encoded("chat", events)


def test_images_go_out() -> None:
    """An image that the model made: ``images`` in chat (an extension), a call's result in Responses."""
    payload = msgspec.json.encode({"media_type": "image/png", "data": "iVBO"})
    events = answer(BlockStart(0, "media", payload=payload), BlockStop(0))
    delta_with_image = data_of(encoded("chat", events))[1]["choices"][0]["delta"]
    assert delta_with_image["images"][0]["image_url"]["url"] == "data:image/png;base64,iVBO"
    with client_for(encoded("responses", events)).responses.stream(model="m", input="x") as stream:
        (image,) = stream.get_final_response().output
    assert image.type == "image_generation_call"
    assert image.result == "iVBO"


def test_sound_goes_out() -> None:
    """Chat completions have a place for sound: the SDK finds it in the message."""
    payload = msgspec.json.encode({"media_type": "audio/wav", "data": "AAAA"})
    events = answer(*text(0, "Hi"), BlockStart(1, "media", payload=payload), BlockStop(1))
    with client_for(encoded("chat", events)).chat.completions.stream(model="m", messages=[]) as stream:
        message = stream.get_final_completion().choices[0].message
    assert message.audio is not None
    assert (message.content, message.audio.data) == ("Hi", "AAAA")


def test_what_has_no_place_is_named() -> None:
    """Other media are named in the text, and for the row; the answer comes to its own end."""
    payload = msgspec.json.encode({"media_type": "video/mp4", "data": "AAAA"})
    events = answer(*text(0, "Hi"), BlockStart(1, "media", payload=payload), BlockStop(1))
    encoder = new_encoder(OPENAI_CHAT)
    with client_for(encoder.encode(events)).chat.completions.stream(model="m", messages=[]) as stream:
        content = stream.get_final_completion().choices[0].message.content
    assert content is not None
    assert content.startswith("Hi\n\n[video/mp4 of 3 bytes")
    assert len(encoder.left_out) == 1
    encoder = new_encoder(OPENAI_RESPONSES)
    with client_for(encoder.encode(events)).responses.stream(model="m", input="x") as items:
        said = items.get_final_response().output_text
    assert said.startswith("Hi[video/mp4 of 3 bytes")
    assert len(encoder.left_out) == 1


SEARCH: list[Event] = [
    BlockStart(0, "server_call", "srv_1", "web_search"),
    ArgumentsDelta(0, '{"query":"tower"}'),
    BlockStop(0),
    BlockStart(
        1, "server_result", "srv_1", "web_search", result=ServerResult((Source("https://a.example", "A"),))
    ),
    BlockStop(1),
    BlockStart(2, "text"),
    TextDelta(2, "It is high."),
    Citation(2, b"{}", "https://a.example", "A"),
    BlockStop(2),
]


def test_a_search_goes_out() -> None:
    """A search of upstream's own is a ``web_search_call`` with its query and sources, and annotations."""
    stream = encoded("responses", answer(*SEARCH))
    with client_for(stream).responses.stream(model="m", input="x") as items:
        names = [event.type for event in items]
        search, message = items.get_final_response().output
    assert search.type == "web_search_call"
    assert search.status == "completed"
    assert search.action.type == "search"
    assert search.action.query == "tower"
    assert [source.url for source in search.action.sources or []] == ["https://a.example"]
    assert "response.web_search_call.completed" in names
    assert message.type == "message"
    assert data_of(encoded("chat", answer(*SEARCH)))[-1] == "[DONE]"


@pytest.mark.parametrize(
    "action",
    [
        {"type": "open_page", "url": "https://a.example"},
        {"type": "open_page", "url": ""},
        {"type": "find_in_page", "url": "https://a.example", "pattern": "high"},
    ],
)
def test_a_page_that_a_search_opened_goes_out(action: Json) -> None:
    """Its address is what a client of the same form gets, also where the answer is written anew."""
    run = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": action}
    response = {"id": "r", "object": "response", "status": "completed", "model": "m", "output": [run]}
    events = decoded(OPENAI_RESPONSES, [msgspec.json.encode(response)]).events
    with client_for(encoded("responses", events)).responses.stream(model="m", input="x") as items:
        (opened,) = items.get_final_response().output
    assert opened.type == "web_search_call"
    assert opened.action.to_dict() == action


def test_a_program_goes_out() -> None:
    """A program that upstream ran is a ``code_interpreter_call`` with its code and what it printed."""
    ran = ServerResult(output="4\n")
    events = answer(
        BlockStart(0, "server_call", "srv_1", "code_execution"),
        ArgumentsDelta(0, '{"code":"print(2+2)"}'),
        BlockStop(0),
        BlockStart(1, "server_result", "srv_1", "code_execution", result=ran),
        BlockStop(1),
        *text(2, "Four."),
    )
    with client_for(encoded("responses", events)).responses.stream(model="m", input="x") as items:
        program = items.get_final_response().output[0]
    assert program.type == "code_interpreter_call"
    assert program.code == "print(2+2)"
    assert program.outputs is not None
    assert [getattr(one, "logs", "") for one in program.outputs] == ["4\n"]


@pytest.mark.parametrize("tool", ["mcp_call", "file_search_call", "image_generation_call"])
@pytest.mark.parametrize("form", ["chat", "responses"])
def test_a_run_that_has_no_place_is_nothing(form: str, tool: str) -> None:
    """What only one vendor has is not told; the answer goes on."""
    run: list[Event] = [BlockStart(0, "server_call", "x", tool, b'{"type":"x"}'), BlockStop(0)]
    stream = encoded(form, answer(*run, *text(1, "Hi")))
    assert [block.text for block in state_of(decoded(FORMS[form], [stream]).events).blocks] == ["Hi"]


@pytest.mark.parametrize("form", ["chat", "responses"])
@pytest.mark.parametrize("stop", ["malformed", "missing_signature"])
def test_an_answer_that_upstream_gave_up_is_no_answer(form: str, stop: StopReason) -> None:
    """OpenAI has no word for such an end: it is an error, and no normal one is made up."""
    encoder = new_encoder(FORMS[form])
    stream = encoder.encode(answer(*text(0, "Hi"), stop=stop))
    assert "gave up its own answer" in data_of(stream)[-1]["error"]["message"]
    assert b"[DONE]" not in stream
    assert encoder.state.failure is not None


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_no_error_behind_the_end(form: str) -> None:
    """An answer that is whole, or has failed, does not fail again."""
    encoder = new_encoder(FORMS[form])
    encoder.encode(ALL_KINDS)
    assert encoder.fail(OVERLOADED) == b""
    encoder = new_encoder(FORMS[form])
    assert encoder.fail(OVERLOADED)
    assert encoder.fail(OVERLOADED) == encoder.encode(ALL_KINDS) == b""


def test_citations_go_out() -> None:
    """A URL citation is an annotation with the cited block as its place; others are left out."""
    cited = [
        BlockStart(1, "text"),
        TextDelta(1, "It is high."),
        Citation(1, b"{}", "https://a.example", "A"),
        Citation(1, b"{}", cited_text="a book"),
        BlockStop(1),
    ]
    events = answer(*text(0, "So: "), *cited)
    with client_for(encoded("chat", events)).chat.completions.stream(model="m", messages=[]) as stream:
        (annotation,) = stream.get_final_completion().choices[0].message.annotations or []
    told = annotation.url_citation
    assert (told.url, told.start_index, told.end_index) == ("https://a.example", 4, 15)
    part = data_of(encoded("responses", events))[-1]["response"]["output"][0]["content"][1]
    assert [(one["url"], one["end_index"]) for one in part["annotations"]] == [("https://a.example", 11)]


def test_a_cut_call_is_incomplete() -> None:
    """A call that the output limit cut is not to be executed: its item says so."""
    events = events_in("chat_cut_tool")
    told = data_of(encoded("responses", events))[-1]["response"]
    assert told["status"] == "incomplete"
    assert told["output"][0]["status"] == "incomplete"


def read_chat(stream: bytes) -> None:
    with client_for(stream).chat.completions.stream(model="m", messages=[]) as events:
        events.until_done()


def read_responses(stream: bytes) -> None:
    with client_for(stream).responses.stream(model="m", input="x") as events:
        events.until_done()


@pytest.mark.parametrize(("form", "read"), [("chat", read_chat), ("responses", read_responses)])
@pytest.mark.parametrize("told", [0, 8])
def test_an_error_is_raised_by_the_sdk(form: str, read: Callable[[bytes], None], told: int) -> None:
    """The error event ends a broken answer, also before anything was said: the SDK raises."""
    encoder = new_encoder(FORMS[form])
    stream = encoder.encode(ALL_KINDS[:told]) + encoder.fail(OVERLOADED)
    with pytest.raises(openai.APIError, match="upstream is overloaded"):
        read(stream)
    last = data_of(stream)[-1]
    assert last["error"]["code"] == "server_is_overloaded"
    assert b"[DONE]" not in stream


def test_the_responses_error_event_is_flat_too() -> None:
    """The documented form of the event, with its number in the row, behind ``response.failed``."""
    encoder = new_encoder(OPENAI_RESPONSES)
    told = len(data_of(encoder.encode(ALL_KINDS[:8])))
    failed, last = data_of(encoder.fail(OVERLOADED))
    assert (failed["type"], failed["sequence_number"]) == ("response.failed", told)
    assert failed["response"]["error"] == {
        "code": "server_is_overloaded",
        "message": "upstream is overloaded",
        "request_id": OVERLOADED.request_id,
    }
    assert [item["type"] for item in failed["response"]["output"]] == ["reasoning"]
    assert (last["type"], last["sequence_number"]) == ("error", told + 1)
    assert (last["code"], last["message"]) == ("server_is_overloaded", "upstream is overloaded")


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_upstreams_own_error_is_told(form: str) -> None:
    """Where upstream spoke this dialect its own error object is what the client sees, with our request id."""
    body = b'{"error":{"message":"Too long","type":"invalid_request_error","param":"messages","code":"x_y"}}'
    told = data_of(new_encoder(FORMS[form]).fail(ErrorAnswer(400, "ours", "r", upstream_body=body)))[-1]
    assert told["error"] == {
        "message": "Too long",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "x_y",
        "request_id": "r",
    }


@pytest.mark.parametrize(("form", "read"), [("chat", read_chat), ("responses", read_responses)])
def test_keep_alives_are_skipped(form: str, read: Callable[[bytes], None]) -> None:
    """A comment line may stand before, between and behind events."""
    encoder = new_encoder(FORMS[form])
    pieces = [encoder.encode([event]) for event in ALL_KINDS]
    read(encoder.keep_alive() + b"".join(piece + encoder.keep_alive() for piece in pieces))


@pytest.mark.parametrize("name", ["chat_text", "responses_reasoning_tools"])
def test_forwarded_bytes_are_upstreams(name: str) -> None:
    """Same form on both sides: the bytes as they came, watched."""
    form = FORMS[name.partition("_")[0]]
    chunk = decoded(form, [transcript(name)])
    encoder = new_encoder(form)
    assert encoder.forward(chunk) == transcript(name)
    assert encoder.state.terminal


def test_usage_that_was_not_asked_for_is_not_forwarded() -> None:
    """We always ask chat upstreams for usage; a client that did not gets the stream without that chunk."""
    chunk = decoded(OPENAI_CHAT, [transcript("chat_text")])
    stream = new_encoder(OPENAI_CHAT, include_usage=False).forward(chunk)
    assert all(told == "[DONE]" or told["choices"] for told in data_of(stream))
    assert len(data_of(stream)) == len(data_of(transcript("chat_text"))) - 1
    beside = decoded(
        OPENAI_CHAT, [chat(delta(content="x"), {**delta("stop"), "usage": {"prompt_tokens": 1}})]
    )
    assert new_encoder(OPENAI_CHAT, include_usage=False).forward(beside) == beside.raw


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_an_answer_goes_on_behind_forwarded_bytes(form: str) -> None:
    """A later leg is encoded as a part of the answer that upstream began: same id, one message, one end."""
    stream = transcript(f"{form}_text")
    until = stream.index(b" aus")
    first = decoded(FORMS[form], [stream[: stream.index(b"\n\n", until) + 2]])
    encoder = new_encoder(FORMS[form])
    sent = encoder.forward(first)
    sent += encoder.encode([TextDelta(0, " und weiter"), BlockStop(0), Stop("end_turn", "stop"), Terminal()])
    if form == "chat":
        with client_for(sent).chat.completions.stream(model="m", messages=[]) as events:
            completion = events.get_final_completion()
        assert completion.id == "chatcmpl-A1"
        assert completion.choices[0].message.content == "Grüße aus 東京 🗼 und weiter"
    else:
        with client_for(sent).responses.stream(model="m", input="x") as items:
            numbers = [event.sequence_number for event in items]
            response = items.get_final_response()
        assert numbers == list(range(len(numbers)))
        assert response.id == "resp_A1"
        assert response.output_text == "Grüße aus 東京 🗼 und weiter"


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_a_failure_behind_forwarded_bytes(form: str) -> None:
    """An error event can follow what upstream wrote; its number goes on."""
    first = decoded(FORMS[form], [transcript(f"{form}_text")[: transcript(f"{form}_text").index(b" aus")]])
    encoder = new_encoder(FORMS[form])
    sent = encoder.forward(first)
    failed = data_of(encoder.fail(OVERLOADED))[-1]
    if form == "responses":
        assert failed["sequence_number"] == len(data_of(sent)) + 1
    assert failed["error"]["message"] == "upstream is overloaded"


def test_numbers_go_on_behind_a_comment() -> None:
    """What kept the stream alive before it broke has no number, and takes none away."""
    stream = transcript("responses_text")
    first = decoded(OPENAI_RESPONSES, [stream[: stream.index(b"\n\n", stream.index(b" aus")) + 2]])
    encoder = new_encoder(OPENAI_RESPONSES)
    sent = encoder.forward(first)
    encoder.forward(Chunk(b": still there\n\n", [Heartbeat()]))
    assert data_of(encoder.fail(OVERLOADED))[0]["sequence_number"] == len(data_of(sent))


def test_the_request_is_repeated() -> None:
    """A Responses answer repeats what was asked, and says that nothing is stored."""
    stream = new_encoder(OPENAI_RESPONSES, request=REQUEST | {"store": True}).encode(ALL_KINDS)
    for told in (data_of(stream)[0], data_of(stream)[-1]):
        response = told["response"]
        assert response["tools"] == REQUEST["tools"]
        assert response["instructions"] == "Be kind."
        assert response["store"] is False
