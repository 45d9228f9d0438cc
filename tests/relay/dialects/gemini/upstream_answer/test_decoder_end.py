"""Where an answer of Gemini ends: behind a finish reason, when the body does, and nowhere before."""

import msgspec
import pytest

from relay.dialects.gemini import GEMINI
from relay.dialects.interface import DecoderOptions
from relay.neutral.events import BlockStart, BlockStop, Event, Stop, Terminal, TextDelta
from relay.neutral.failures import Kind
from tests.relay.dialects.gemini.streams import decode, events_of, folded, parts, sse
from tests.relay.dialects.gemini.upstream_answer.test_decoder_faults import failure_in

STOP = Stop("end_turn", "STOP")
CODE = {"executableCode": {"code": "print(7*7)\n", "language": "PYTHON"}}
RESULT = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "49\n"}}


def stopped(*items: dict, reason: str = "STOP") -> dict:
    """A chunk with a finish reason."""
    return parts(*items, finishReason=reason)


def finishing_after(*chunks: object, rest: bytes = b"") -> list[bool]:
    """Whether the decoder holds the answer for finished, after each read."""
    decoder = GEMINI.decoder(DecoderOptions("gemini-3", "seed"))
    reads = [*(sse(chunk) for chunk in chunks), *([rest] if rest else [])]
    return [decoder.feed(read).is_finishing for read in reads]


# As the API itself answers gemini-2.5-flash with code execution: STOP stands on the second code, and then
# come its result, the text and another STOP (bytes in https://github.com/0xPlaygrounds/rig/pull/2328).
CODE_TWICE = (
    parts({"executableCode": {"code": "print(6*7)\n", "language": "PYTHON"}}),
    parts({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "42\n"}}),
    stopped(CODE),
    parts(RESULT),
    parts({"text": "The first number is 42"}),
    stopped({"text": ", the second is 49."}),
)


def test_parts_behind_a_finish_reason_are_of_the_answer():
    """What follows a finish reason is told, in the block that it belongs to, and the last reason counts."""
    answers = {
        "code execution": (CODE_TWICE, "The first number is 42, the second is 49."),
        "an empty STOP first": ((stopped(), stopped(), parts({"text": "real"}), stopped()), "real"),
        "STOP on every chunk": ((stopped({"text": "one "}), stopped({"text": "two"})), "one two"),
    }
    for name, (chunks, text) in answers.items():
        for reads in ([sse(*chunks)], [sse(chunk) for chunk in chunks]):
            chunk = decode(reads)
            state = folded(chunk.events)
            assert (name, state.text) == (name, text)
            assert (name, chunk.raw) == (name, sse(*chunks))
            assert (name, [b.kind for b in state.blocks].count("text")) == (name, 1)
            assert chunk.events[-2:] == [STOP, Terminal()]
            assert sum(isinstance(event, Stop) for event in chunk.events) == 1


def test_the_last_finish_reason_wins():
    """STOP behind a part and MAX_TOKENS behind the next is an answer that the limit cut."""
    events = events_of(sse(stopped({"text": "a"}), stopped({"text": "b"}, reason="MAX_TOKENS")))
    assert events[-2:] == [Stop("max_tokens", "MAX_TOKENS"), Terminal()]


def test_a_call_behind_a_stop_is_what_the_stop_is_for():
    """A function call that follows a STOP makes it a stop for tools."""
    events = events_of(sse(stopped({"text": "a"}), stopped({"functionCall": {"name": "f"}})))
    assert events[-2:] == [Stop("tool_use", "STOP"), Terminal()]


def test_text_behind_a_finish_reason_without_another_is_cut():
    """Parts behind a finish reason take it back: a body that ends there has no end to tell."""
    events = events_of(sse(stopped({"text": "a"}), parts({"text": "b"})))
    assert folded(events).text == "ab"
    assert not any(isinstance(event, Stop | Terminal) for event in events)


@pytest.mark.parametrize(
    "chunk",
    [
        {"usageMetadata": {"candidatesTokenCount": 7}},
        parts({"text": ""}),
        parts({"text": "", "thoughtSignature": "AAAA"}),
        {"candidates": [{"groundingMetadata": {"webSearchQueries": ["x"]}}]},
        {"candidates": [{"content": {"role": "model"}}]},
    ],
    ids=["usage", "empty text", "late signature", "sources", "no parts"],
)
def test_what_says_nothing_leaves_the_finish_reason(chunk):
    """Usage, sources, a late signature and empty parts behind a finish reason leave it the end."""
    assert events_of(sse(stopped({"text": "a"}), chunk))[-2:] == [STOP, Terminal()]


def test_what_is_told_while_the_end_is_awaited():
    """A finish reason is the end until more comes, or a part of it; while code runs it is none."""
    assert finishing_after(parts({"text": "a"}), stopped({"text": "b"})) == [False, True]
    assert finishing_after(stopped({"text": "a"}), parts({"text": "b"}), stopped()) == [True, False, True]
    assert finishing_after(stopped({"text": "a"}), rest=b'data: {"cand') == [True, False]
    assert finishing_after(stopped({"text": "a"}), rest=b"\r\n") == [True, True]
    assert finishing_after(stopped(CODE), stopped(RESULT)) == [False, True]
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}}
    assert finishing_after(blocked) == [True]


def test_further_candidates_are_waited_for():
    """With several candidates the first one's finish reason is no end while another one talks."""
    second = {"candidates": [{"content": {"parts": [{"text": "b"}]}, "index": 1}]}
    end = {"candidates": [{"finishReason": "STOP", "index": 1}]}
    assert finishing_after(parts({"text": "a"}), second, stopped(), end) == [False, False, False, True]


def test_the_end_closes_what_is_open():
    """The block that is open closes with the stop, and not before: more of it may come."""
    decoder = GEMINI.decoder(DecoderOptions("gemini-3", "seed"))
    said = decoder.feed(sse(stopped({"text": "a"}))).events
    assert said[1:] == [BlockStart(0, "text"), TextDelta(0, "a")]
    expected: list[Event] = [BlockStop(0), STOP, Terminal()]
    assert decoder.finish().events == expected


def test_half_an_event_behind_a_finish_reason():
    """A body that ends inside of what follows a finish reason was not at its end."""
    events = events_of(sse(stopped({"text": "a"})) + sse(parts({"text": "more"}))[:-20])
    assert not any(isinstance(event, Stop | Terminal) for event in events)


def test_what_an_unfinished_event_says():
    """Behind a finish reason only what begins an object or a list is more of the answer."""
    said = sse(stopped({"text": "a"}))
    ends = {
        True: [
            b": ping", b":", b"event: done", b"event: message\ndata:", b"id: 5", b"retry: 10", b"data:",
            b"data", b"data: ", b"dat", b": {", b'event: {"a', b"data: [DONE]", b"data: [DONE", b"[DO",
            b"data: hello", b"\n: ping\n", b"\r\n", b"\xef\xbb\xbf", b"unknown",
        ],
        False: [
            b'data: {"cand', b"data: {", b"data:{", b"data: [{", b'{"cand', b"[{", b': ping\ndata: {"cand',
            b'event: message\r\ndata: {\r\ndata: "cand',
        ],
    }  # fmt: skip
    told = {
        tail: any(isinstance(event, Terminal) for event in events_of(said + tail))
        for tails in ends.values()
        for tail in tails
    }
    assert told == {tail: is_end for is_end, tails in ends.items() for tail in tails}


def test_errors_and_junk_behind_a_finish_reason():
    """What follows a finish reason and is no chunk of an answer cannot fail it; no client sees it."""
    end = sse(stopped({"text": "a"}))
    error = {"error": {"code": 500, "message": "late", "status": "INTERNAL"}}
    for junk in (b"data: {junk\r\n\r\n", sse(error), b'data: "text"\r\n\r\n'):
        chunk = decode([end, junk, sse(parts({"text": "never"}))])
        assert (chunk.raw, chunk.events[-2:]) == (end, [STOP, Terminal()])


def test_a_broken_call_behind_a_finish_reason():
    """A tool call that cannot be read is a part all the same, and the answer is broken."""
    failure = failure_in(decode([sse(stopped({"text": "a"}), parts({"functionCall": {"args": {}}}))]))
    assert failure.kind is Kind.GARBAGE


def test_a_call_in_pieces_over_finish_reasons():
    """The pieces of one call may each come with a finish reason: only the end makes half a call broken."""
    pieces = [
        stopped({"functionCall": {"name": "f", "willContinue": True, "partialArgs": []}}),
        stopped({"functionCall": {"partialArgs": [{"jsonPath": "$.a", "numberValue": 1.0}]}}),
    ]
    events = events_of(sse(*pieces))
    assert msgspec.json.decode(folded(events).blocks[0].text) == {"a": 1}
    assert events[-2:] == [Stop("tool_use", "STOP"), Terminal()]
    assert failure_in(decode([sse(pieces[0])])).kind is Kind.GARBAGE
