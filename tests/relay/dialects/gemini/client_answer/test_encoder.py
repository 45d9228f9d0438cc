"""Events leave as chunks that Gemini's clients read, in both framings; nothing is made up."""

import re

import msgspec
import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.gemini import GEMINI
from relay.dialects.interface import DecoderOptions, ErrorAnswer
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Chunk,
    Citation,
    Extra,
    Failed,
    Heartbeat,
    MessageStart,
    Signature,
    Stop,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from relay.neutral.failures import Failure, Kind
from relay.neutral.server_tools import ServerResult, Source
from tests.relay.dialects.gemini.streams import (
    WHOLE_NAMES,
    chunks_of,
    decode,
    encoder,
    folded,
    sse,
    transcript,
)

CLAUDE = "RXVyZWthIQ=="
ANSWER = [
    [MessageStart("msg_1", "claude-opus-5"), Usage(input_uncached=10, cache_read=90, cache_write=5)],
    [BlockStart(0, "thinking")],
    [ThinkingDelta(0, "Hm"), ThinkingDelta(0, "m. ")],
    [Signature(0, CLAUDE, "claude"), BlockStop(0)],
    [Heartbeat()],
    [BlockStart(1, "text"), TextDelta(1, "Two "), TextDelta(1, "calls:"), BlockStop(1)],
    [
        BlockStart(2, "tool_call", "toolu_1", "look"),
        ArgumentsDelta(2, '{"in"'),
        ArgumentsDelta(2, ':"é"}'),
    ],
    [BlockStop(2), BlockStart(3, "tool_call", "toolu_2", "now"), BlockStop(3)],
    [Usage(output=42, thinking=12), Stop("tool_use", "tool_use")],
    [Terminal()],
]


def encoded(events) -> list[dict]:
    """The chunks for ``events``, all of them at once."""
    return chunks_of(encoder().encode(events))


def parts_in(chunks) -> list[dict]:
    """The parts of the first candidate, in a row."""
    return [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]


def test_an_answer_of_another_dialect():
    """Thinking, its signature, text and whole calls, chunk by chunk; the last has reason and usage."""
    encode = encoder()
    outs = [encode.encode(events) for events in ANSWER]
    assert [bool(out) for out in outs] == [False, False, True, True, False, True, False, True, False, True]
    chunks = chunks_of(b"".join(outs))
    assert parts_in(chunks) == [
        {"thought": True, "text": "Hmm. "},
        {"thought": True, "text": "", "thoughtSignature": CLAUDE},
        {"text": "Two calls:"},
        {"functionCall": {"id": "toolu_1", "name": "look", "args": {"in": "é"}}},
        {"functionCall": {"id": "toolu_2", "name": "now", "args": {}}},
        {"text": ""},
    ]
    assert chunks[0]["usageMetadata"] == {
        "promptTokenCount": 105,
        "cachedContentTokenCount": 90,
        "totalTokenCount": 105,
    }
    last = chunks[-1]
    assert last["candidates"][0]["finishReason"] == "STOP"
    assert last["usageMetadata"] == {
        "promptTokenCount": 105,
        "cachedContentTokenCount": 90,
        "candidatesTokenCount": 30,
        "thoughtsTokenCount": 12,
        "totalTokenCount": 147,
    }
    assert {chunk["responseId"] for chunk in chunks} == {"c0ffee"}
    assert {chunk["modelVersion"] for chunk in chunks} == {"my-model"}
    assert not any("finishReason" in chunk["candidates"][0] for chunk in chunks[:-1])


def test_state_is_what_was_told():
    """The encoder's state folds all that it was fed, a second start excepted."""
    encode = encoder()
    for events in ANSWER:
        encode.encode(events)
    encode.encode([MessageStart("msg_2", "other")])
    assert encode.state.message_id == "msg_1"
    assert encode.state.text == "Two calls:"
    assert encode.state.terminal


def test_stop_reasons(subtests: pytest.Subtests) -> None:
    """Every stop has its finish reason; one that came from Gemini keeps its own."""
    for stop, word in [
        (Stop("end_turn", "end_turn"), "STOP"),
        (Stop("stop_sequence", "stop_sequence", stop_sequence="X"), "STOP"),
        (Stop("tool_use", "tool_use"), "STOP"),
        (Stop("pause_turn", "pause_turn"), "STOP"),
        (Stop("max_tokens", "max_tokens"), "MAX_TOKENS"),
        (Stop("context_window", "model_context_window_exceeded"), "MAX_TOKENS"),
        (Stop("refusal", "refusal"), "SAFETY"),
        (Stop("refusal", "content_filter"), "SAFETY"),
        (Stop("refusal", "RECITATION"), "RECITATION"),
        (Stop("malformed", "MALFORMED_RESPONSE"), "MALFORMED_RESPONSE"),
        (Stop("missing_signature", "x"), "MISSING_THOUGHT_SIGNATURE"),
        (Stop("continuation", "CONTINUATION"), "CONTINUATION"),
        (Stop("other", "strange"), "OTHER"),
        (Stop("unknown", "sunset"), "OTHER"),
    ]:
        with subtests.test(f"{stop, word!r:.120}"):
            [last] = encoded([stop, Terminal()])
            assert last["candidates"][0]["finishReason"] == word


def test_a_refusal_says_why():
    """A refusal's explanation is the finish message; there is a part even when nothing was said."""
    [last] = encoded([Stop("refusal", "refusal", explanation="Against the rules."), Terminal()])
    assert last["candidates"][0]["finishMessage"] == "Against the rules."
    assert last["candidates"][0]["content"]["parts"] == [{"text": ""}]
    assert "usageMetadata" not in last


def test_no_terminal_no_end():
    """Without the terminal event nothing says that the answer is over."""
    chunks = encoded([BlockStart(0, "text"), TextDelta(0, "x"), BlockStop(0), Stop("end_turn", "end_turn")])
    assert "finishReason" not in chunks[-1]["candidates"][0]


def test_half_a_call_is_not_told():
    """A call whose arguments the token limit cut is left out: half of one cannot be said in this dialect."""
    events = [BlockStart(0, "tool_call", "t", "f"), ArgumentsDelta(0, '{"a": "b'), BlockStop(0)]
    [last] = encoded([*events, Stop("max_tokens", "max_tokens"), Terminal()])
    assert last["candidates"][0]["content"]["parts"] == [{"text": ""}]


def test_what_arrives_together_leaves_together():
    """One call makes one chunk, whose parts keep their kinds and order."""
    [chunk] = encoded(
        [
            BlockStart(0, "thinking"),
            ThinkingDelta(0, "a"),
            ThinkingDelta(0, "b"),
            BlockStop(0),
            BlockStart(1, "text"),
            TextDelta(1, "c"),
        ]
    )
    assert parts_in([chunk]) == [{"thought": True, "text": "ab"}, {"text": "c"}]


def test_a_signature_of_a_text():
    """A text's signature stands in a part of its own behind it, as Gemini itself streams it."""
    events = [BlockStart(0, "text"), TextDelta(0, "a"), Signature(0, "AAAA", "gemini-3"), BlockStop(0)]
    assert parts_in(encoded(events)) == [{"text": "a"}, {"text": "", "thoughtSignature": "AAAA"}]


def test_media_redacted_and_foreign_blocks():
    """Media is inline data, redacted thinking a signed empty thought; what only others have is left out."""
    chunks = encoded(
        [
            BlockStart(0, "redacted", payload=b'{"data":"secret stuff"}'),
            BlockStop(0),
            BlockStart(1, "media", payload=b'{"media_type":"image/png","data":"AAAA"}'),
            BlockStop(1),
            BlockStart(2, "server_call", "s", "hologram", b'{"type":"server_tool_use"}'),
            BlockStop(2),
            BlockStart(3, "server_call", "", "executableCode", b'{"executableCode":{"code":"1"}}'),
            Signature(3, "AAAA", "gemini-3"),
            BlockStop(3),
            BlockStart(4, "refusal"),
            TextDelta(4, "No."),
            BlockStop(4),
        ]
    )
    redacted, media, code, refusal = parts_in(chunks)
    assert (redacted["thought"], redacted["text"]) == (True, "")
    assert media == {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    assert code == {"executableCode": {"code": "1"}, "thoughtSignature": "AAAA"}
    assert refusal == {"text": "No."}


def test_citations_become_grounding():
    """Sources stand in the last chunk, each once, with the text that they support."""
    [chunk] = encoded(
        [
            BlockStart(0, "text"),
            TextDelta(0, "Spain won."),
            Citation(0, b"{}", "https://a", "A", "won"),
            Citation(0, b"{}", "https://a", "A", "again"),
            Citation(0, b"{}", "", "Doc", "words"),
            BlockStop(0),
            Stop("end_turn", "end_turn"),
            Terminal(),
        ]
    )
    assert chunk["candidates"][0]["groundingMetadata"] == {
        "groundingChunks": [
            {"web": {"uri": "https://a", "title": "A"}},
            {"retrievedContext": {"title": "Doc", "text": "words"}},
        ],
        "groundingSupports": [
            {"segment": {"text": "Spain won."}, "groundingChunkIndices": [0, 1]},
        ],
    }


def test_another_vendors_search_is_grounding():
    """Its questions and the pages it found stand in the last chunk; a page is listed once, with the title
    that whoever names it first knows.
    """
    found = ServerResult((Source("https://a", ""), Source("https://b", "B"), Source("https://b", "")))
    [chunk] = encoded(
        [
            *(
                BlockStart(0, "server_call", "s1", "web_search"),
                ArgumentsDelta(0, '{"query":"q"}'),
                BlockStop(0),
            ),
            *(BlockStart(1, "server_result", "s1", "web_search", result=found), BlockStop(1)),
            *(BlockStart(2, "text"), TextDelta(2, "So."), Citation(2, b"{}", "https://a", "A"), BlockStop(2)),
            *(Stop("end_turn", "end_turn"), Terminal()),
        ]
    )
    assert chunk["candidates"][0]["groundingMetadata"] == {
        "webSearchQueries": ["q"],
        "groundingChunks": [
            {"web": {"uri": "https://a", "title": "A"}},
            {"web": {"uri": "https://b", "title": "B"}},
        ],
        "groundingSupports": [{"segment": {"text": "So."}, "groundingChunkIndices": [0]}],
    }
    assert parts_in([chunk]) == [{"text": "So."}]


@pytest.mark.parametrize(
    ("arguments", "language", "result", "outcome"),
    [
        ('{"code":"6*7"}', "PYTHON", ServerResult(output="42"), ("OUTCOME_OK", "42")),
        (
            '{"command":"6*7"}',
            "LANGUAGE_UNSPECIFIED",
            ServerResult((), "a", "b", 1),
            ("OUTCOME_FAILED", "ba"),
        ),
    ],
)
def test_another_vendors_program_is_executable_code(arguments, language, result, outcome):
    """Code and what came of it are parts of Gemini's own kinds, as google-genai reads them."""
    chunks = encoded(
        [
            *(
                BlockStart(0, "server_call", "s", "code_execution"),
                ArgumentsDelta(0, arguments),
                BlockStop(0),
            ),
            *(BlockStart(1, "server_result", "s", "code_execution", result=result), BlockStop(1)),
        ]
    )
    code, ran = [types.Part.model_validate(part) for part in parts_in(chunks)]
    assert (code.executable_code.code, code.executable_code.language) == ("6*7", language)
    assert (ran.code_execution_result.outcome, ran.code_execution_result.output) == outcome


def test_own_metadata_is_told_again():
    """What only Gemini can say is said again when a Gemini answer is spliced; others' extras are not."""
    [chunk] = encoded(
        [
            Extra("gemini.candidate", "groundingMetadata", b'{"webSearchQueries":["q"]}'),
            Extra("anthropic.delta", "x", b"{}"),
            Stop("end_turn", "STOP"),
            Terminal(),
        ]
    )
    assert chunk["candidates"][0]["groundingMetadata"] == {"webSearchQueries": ["q"]}


def test_decoded_and_encoded_means_the_same(subtests: pytest.Subtests) -> None:
    """What a Gemini stream means survives being decoded, encoded and decoded again."""
    for name in WHOLE_NAMES:
        with subtests.test(f"{name!r:.120}"):
            chunk = decode([transcript(name)], is_enveloped=name == "code_assist")
            again = decode([encoder().encode(chunk.events)])
            before, after = _meaning(chunk.events), _meaning(again.events)
            assert after == before


def test_same_dialect_passes_through():
    """Forwarded chunks are upstream's bytes, while the state follows."""
    encode = encoder()
    chunk = decode([transcript("thinking")])
    assert encode.forward(chunk) == chunk.raw
    assert encode.state.terminal
    assert encode.state.text == "Forty-two."


def test_the_array_form_of_forwarded_chunks(subtests: pytest.Subtests) -> None:
    """As a JSON array, the same objects are its elements, without heartbeats, and it is closed at the end."""
    for name in WHOLE_NAMES:
        with subtests.test(f"{name!r:.120}"):
            decoder = GEMINI.decoder(_options(name == "code_assist"))
            encode = encoder("array")
            pieces = transcript(name).split(b"\r\n\r\n")
            chunks = [*(decoder.feed(piece + b"\r\n\r\n") for piece in [*pieces, b""]), decoder.finish()]
            out = b"".join(encode.forward(chunk) + encode.keep_alive() for chunk in chunks)
            objects = chunks_of(decode([transcript(name)], is_enveloped=name == "code_assist").raw)
            assert msgspec.json.decode(out) == objects


def test_the_array_form_of_another_dialect():
    """The array opens with the first chunk and closes with the last; keep-alives are white space."""
    encode = encoder("array")
    out = b"".join(encode.encode(events) + encode.keep_alive() for events in ANSWER)
    assert msgspec.json.decode(out)[-1]["candidates"][0]["finishReason"] == "STOP"
    assert out.startswith(b"\r\n")
    assert out.strip().startswith(b"[{")


ERROR = ErrorAnswer(503, "All 3 attempts failed.", "req-1", "UNAVAILABLE", 2.5)


def test_failing_in_the_middle():
    """A broken answer ends with one error object, whose first key is ``error``, and with nothing else."""
    encode = encoder()
    encode.encode(ANSWER[0] + ANSWER[1] + ANSWER[2])
    out = encode.fail(ERROR)
    assert out.startswith(b'data: {"error":{')
    assert out.endswith(b"\r\n\r\n")
    assert len(chunks_of(out)) == 1


OLD_JS = {"x-goog-api-client": "genai-js/0.24.1"}


def read_by_the_old_js_sdk(stream: bytes) -> list[dict]:
    """As ``@google/generative-ai`` reads: an event begins at the very start, and nothing may be left over."""
    event, found = re.compile(rb"data: (.*)(?:\n\n|\r\r|\r\n\r\n)"), []
    while match := event.match(stream):
        found.append(msgspec.json.decode(match[1]))
        stream = stream[match.end() :]
    assert not stream.strip(), "Failed to parse stream"
    return found


def test_the_old_javascript_sdk_is_kept_alive_with_data():
    """It stops at a line that is no data: what keeps it alive is an object that says nothing."""
    encode = encoder(headers=OLD_JS)
    pieces = [encode.keep_alive() + encode.encode(events) for events in ANSWER]
    chunks = read_by_the_old_js_sdk(b"".join(pieces))
    assert chunks[0] == {}
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"


def test_the_old_javascript_sdk_learns_that_an_answer_is_broken():
    """It takes an error for a chunk like any other, so something stands behind it that it cannot read."""
    encode = encoder(headers=OLD_JS)
    out = encode.encode(ANSWER[0] + ANSWER[1] + ANSWER[2]) + encode.fail(ERROR)
    with pytest.raises(AssertionError, match="Failed to parse stream"):
        read_by_the_old_js_sdk(out)
    assert chunks_of(out)[-1]["error"]["code"] == 503


@pytest.mark.parametrize("count", [0, 3])
def test_failing_in_an_array(count):
    """In the array form the error is the last element, also when it is the first; then comes the bracket."""
    encode = encoder("array")
    out = b"".join(encode.encode(events) for events in ANSWER[:count]) + encode.fail(ERROR)
    elements = msgspec.json.decode(out)
    assert elements[-1]["error"]["code"] == 503
    assert len(elements) == 1 + (count > 2)


def test_upstreams_own_error_closes_the_array():
    """An error event of upstream's is the array's last element: nothing of ours is added but the bracket."""
    encode = encoder("array")
    out = encode.forward(decode([transcript("error_after_text")]))
    assert [list(element) for element in msgspec.json.decode(out)][-1] == ["error"]


def test_garbage_leaves_the_array_open():
    """A failure that upstream did not say itself is still to be told by ``fail``."""
    encode = encoder("array")
    good = sse({"candidates": [{"content": {"parts": [{"text": "a"}]}}]})
    out = encode.forward(Chunk(good, [Failed(Failure(Kind.GARBAGE, "x"))])) + encode.fail(ERROR)
    assert len(msgspec.json.decode(out)) == 2


def test_an_encoder_takes_over_from_forwarding():
    """What is encoded behind forwarded bytes goes on under the same id and model."""
    encode = encoder()
    stream = transcript("text").split(b"\r\n\r\n")[0] + b"\r\n\r\n"
    encode.forward(decode([stream]))
    [chunk] = chunks_of(encode.encode([BlockStart(1, "text"), TextDelta(1, "x")]))
    assert (chunk["responseId"], chunk["modelVersion"]) == ("q3UgaZq5K4m-vdIP8eKxoAM", "gemini-2.5-flash")


@given(st.lists(st.text(min_size=1), max_size=6))
def test_any_text_survives(texts):
    """Text of any characters comes out as it went in."""
    out = encoder().encode([BlockStart(0, "text"), *(TextDelta(0, text) for text in texts)])
    assert "".join(part["text"] for part in parts_in(chunks_of(out))) == "".join(texts)


def _options(is_enveloped):
    return DecoderOptions("gemini-3", "seed", is_enveloped=is_enveloped)


def _meaning(events):
    state = folded(events)
    blocks = [(block.kind, block.id, block.name, _value(block), block.signature) for block in state.blocks]
    sketch_free = [block for block in blocks if block[0] != "opaque"]
    return sketch_free, state.usage, state.stop.reason, state.stop.upstream_reason


def _value(block):
    return msgspec.json.decode(block.text) if block.kind == "tool_call" else block.text
