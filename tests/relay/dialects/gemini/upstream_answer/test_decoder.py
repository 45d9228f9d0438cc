"""Recorded streams come out as the events they mean, whole, in order, and never twice."""

import msgspec
import pytest
from google.genai import types

from relay.dialects.gemini.finish_reasons import FINISH_REASONS
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Citation,
    Extra,
    Failed,
    MessageStart,
    Signature,
    Stop,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from relay.neutral.server_tools import ServerResult, Source
from tests.relay.dialects.gemini.streams import (
    NAMES,
    WHOLE_NAMES,
    chunks_of,
    decode,
    events_of,
    folded,
    parts,
    sse,
    transcript,
)

GROUNDING = {
    "groundingChunks": [{"web": {"uri": "https://a", "title": "A"}}],
    "groundingSupports": [{"segment": {"text": "It rains."}, "groundingChunkIndices": [0]}],
}


def test_text():
    """Consecutive text parts are one block, which closes at the end, with stop and terminal behind it.

    What the chunks count is told where the answer begins, and at the end of what came together.
    """
    assert events_of(transcript("text")) == [
        MessageStart("q3UgaZq5K4m-vdIP8eKxoAM", "gemini-2.5-flash"),
        Usage(input_uncached=9),
        BlockStart(0, "text"),
        TextDelta(0, "Der Fluß heißt "),
        TextDelta(0, "Donau – 日本語では「ドナウ川」🙂"),
        TextDelta(0, "."),
        Usage(input_uncached=9, output=14),
        BlockStop(0),
        Stop("end_turn", "STOP"),
        Terminal(),
    ]


def test_counts_of_one_read():
    """What one read counts is told once, and nothing that only an earlier chunk of it counted is lost."""
    first = parts({"text": "a"}) | {"usageMetadata": {"promptTokenCount": 9}}
    counted = {
        "promptTokenCount": 9,
        "cachedContentTokenCount": 4,
        "candidatesTokenCount": 2,
        "thoughtsTokenCount": 3,
        "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 1}],
    }
    whole = Usage(input_uncached=5, cache_read=4, output=5, thinking=3, media=(("audio_tokens_out", 1),))
    for name in counted:
        fewer = {key: count for key, count in counted.items() if key != name}
        events = events_of(
            sse(
                first,
                parts({"text": "b"}) | {"usageMetadata": counted},
                parts({"text": "c"}) | {"usageMetadata": fewer},
            )
        )
        told = [event for event in events if isinstance(event, Usage)]
        assert told[0] == Usage(input_uncached=9)
        assert told[1] == whole, name
        assert len(told) == 3, name
    events = events_of(
        sse(*[parts({"text": "x"}) | {"usageMetadata": counted}] * 3, {"error": {"code": 500}})
    )
    assert [event for event in events if isinstance(event, Usage)] == [whole]
    events = events_of(
        sse(first, parts({"text": "b"}) | {"usageMetadata": counted}, {"error": {"code": 500}})
    )
    assert [type(event) for event in events[-2:]] == [Usage, Failed]


def test_thinking_and_a_late_signature():
    """Thought parts are a thinking block; a signature in an empty last part belongs to the open text."""
    events = events_of(transcript("thinking"))
    state = folded(events)
    assert [(block.kind, block.text) for block in state.blocks] == [
        ("thinking", "**Weighing the question**\n\nThe answer is short."),
        ("text", "Forty-two."),
    ]
    assert state.blocks[0].signature == ""
    assert state.blocks[1].signature == _signature_in("thinking")
    signature = next(event for event in events if isinstance(event, Signature))
    assert signature.family == "gemini-3"
    behind = [event for event in events[events.index(signature) + 1 :] if not isinstance(event, Usage)]
    assert behind[0] == BlockStop(1)
    assert state.usage == Usage(input_uncached=5, cache_read=16, output=68, thinking=64)


def test_parallel_calls_are_whole_blocks():
    """A function call is one block with its id, its arguments' own text, and its own signature only."""
    events = events_of(transcript("parallel_tools"))
    signature = _signature_in("parallel_tools")
    assert [event for event in events if not isinstance(event, Usage)] == [
        MessageStart("q3UgaZq5K4m-vdIP8eKxoAM", "gemini-3-flash-preview"),
        BlockStart(0, "thinking"),
        ThinkingDelta(0, "Two cities, two calls."),
        BlockStop(0),
        BlockStart(1, "tool_call", "k7x2p9qa", "get_weather"),
        ArgumentsDelta(1, '{"city": "Wien","days": 3}'),
        Signature(1, signature, "gemini-3"),
        BlockStop(1),
        BlockStart(2, "tool_call", "m4d8s1ze", "get_weather"),
        ArgumentsDelta(2, '{"city": "Zürich \\"Nord\\"","exact": 1.5}'),
        BlockStop(2),
        Stop("tool_use", "STOP"),
        Terminal(),
    ]


def test_calls_without_ids_get_unique_ones():
    """A call without an id gets one made of the seed; missing arguments are an empty object."""
    events = events_of(transcript("tools_without_ids"))
    starts = [event for event in events if isinstance(event, BlockStart)]
    assert [start.id for start in starts] == ["call_seed_1", "call_seed_2"]
    assert [event.json for event in events if isinstance(event, ArgumentsDelta)] == ["{}", "{}"]


def test_duplicate_ids_are_made_unique():
    """Two calls never share an id, whatever upstream says."""
    call = {"functionCall": {"id": "same", "name": "f", "args": {}}}
    events = events_of(sse(parts(call, call, {"functionCall": {"id": "same-2", "name": "f"}}, call)))
    ids = [event.id for event in events if isinstance(event, BlockStart)]
    assert ids[0] == "same"
    assert len(set(ids)) == 4


def test_a_signature_ends_a_thought_and_no_text():
    """Signed thoughts are blocks of their own; a text goes on behind the signature of its parts."""
    stream = sse(
        parts(
            {"text": "a"},
            {"text": "b", "thoughtSignature": "AAAA"},
            {"text": "c"},
            {"text": "d", "thoughtSignature": "BBBB"},
            {"text": "e", "thought": True, "thoughtSignature": "CCCC"},
            {"text": "f", "thought": True},
            finishReason="STOP",
        )
    )
    blocks = folded(events_of(stream)).blocks
    assert [(block.kind, block.text, block.signature) for block in blocks] == [
        ("text", "abcd", "BBBB"),
        ("thinking", "e", "CCCC"),
        ("thinking", "f", ""),
    ]


@pytest.mark.parametrize("part", [{"text": "", "thoughtSignature": "AAAA"}, {"thoughtSignature": "AAAA"}])
def test_a_signature_alone_gets_a_block_but_no_content(part):
    """Without an open text, a signature in an empty part gets a text block of its own, without a word."""
    call = {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "CALL"}
    events = events_of(sse(parts(call), parts(part, finishReason="STOP")))
    assert events[-6:-2] == [
        BlockStop(0),
        BlockStart(1, "text"),
        Signature(1, "AAAA", "gemini-3"),
        BlockStop(1),
    ]
    assert not any(isinstance(event, TextDelta) for event in events)


def test_empty_thought_is_a_sign_of_life():
    """An empty thought part opens a thinking block: the model has begun to think. Empty text is nothing."""
    chunk = decode([sse(parts({"text": "", "thought": True}))])
    assert chunk.events[1:] == [BlockStart(0, "thinking")]
    assert events_of(sse(parts({"text": ""})))[1:] == []


@pytest.mark.parametrize(
    ("name", "stop"),
    [
        ("lf", Stop("max_tokens", "MAX_TOKENS")),
        (
            "safety",
            Stop("refusal", "SAFETY", explanation="The answer was stopped by a safety setting."),
        ),
        ("blocked_prompt", Stop("refusal", "PROHIBITED_CONTENT")),
        (
            "malformed_call",
            Stop(
                "malformed",
                "MALFORMED_FUNCTION_CALL",
                explanation="Malformed function call: print(default_api.",
            ),
        ),
    ],
)
def test_stops(name, stop):
    """Each finish reason, and a blocked prompt, is the stop that it means, followed by the terminal event."""
    assert events_of(transcript(name))[-2:] == [stop, Terminal()]


def test_continuation_token_travels():
    """CONTINUATION tells the token with which the server goes on."""
    stop = events_of(transcript("continuation"))[-2]
    assert isinstance(stop, Stop)
    assert (stop.reason, bool(stop.continuation_token)) == ("continuation", True)


def test_code_execution_is_a_server_call_with_its_result():
    """Upstream's own tools travel as its own objects; tokens of their prompts count as input."""
    state = folded(events := events_of(transcript("code_execution")))
    assert [block.kind for block in state.blocks] == ["server_call", "server_result", "text"]
    start = next(event for event in events if isinstance(event, BlockStart))
    assert msgspec.json.decode(start.payload) == {
        "executableCode": {"language": "PYTHON", "code": "print(6*7)\n"}
    }
    assert state.usage == Usage(input_uncached=46, output=14)


def test_code_and_its_outcome_are_told_in_no_dialects_words():
    """The code is the call's arguments; what it wrote, or why it failed, is the result."""
    code = {"executableCode": {"language": "PYTHON", "code": "1/0", "id": "c1"}}
    failed = {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": "ZeroDivisionError", "id": "c1"}}
    fine = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "42"}}
    events = events_of(sse(parts(code, failed, fine, {"text": "x"}, finishReason="STOP")))
    starts = [event for event in events if isinstance(event, BlockStart)][:3]
    assert [(start.kind, start.id, start.name) for start in starts] == [
        ("server_call", "c1", "code_execution"),
        ("server_result", "c1", "code_execution"),
        ("server_result", "", "code_execution"),
    ]
    assert ArgumentsDelta(0, '{"code":"1/0"}') in events
    assert [start.result for start in starts[1:]] == [
        ServerResult(error="ZeroDivisionError", return_code=1),
        ServerResult(output="42"),
    ]


def test_searches_are_told_behind_the_words_that_they_were_made_for():
    """Each question is a run; the pages stand with the first, and the text is in one block before them."""
    metadata = {**GROUNDING, "webSearchQueries": ["rain", "sun"]}
    stream = sse(
        parts({"text": "It "}, groundingMetadata=metadata),
        parts({"text": "rains."}, groundingMetadata=metadata, finishReason="STOP"),
    )
    state = folded(events := events_of(stream))
    assert [(block.kind, block.name, block.text) for block in state.blocks] == [
        ("text", "", "It rains."),
        ("server_call", "web_search", '{"query":"rain"}'),
        ("server_result", "web_search", ""),
        ("server_call", "web_search", '{"query":"sun"}'),
        ("server_result", "web_search", ""),
    ]
    found = [event.result for event in events if isinstance(event, BlockStart) and event.result is not None]
    assert found == [ServerResult((Source("https://a", "A"),)), ServerResult()]


@pytest.mark.parametrize("metadata", [{"webSearchQueries": ["rain"]}, GROUNDING])
def test_a_search_alone_is_no_answer(metadata):
    """Where nothing was said, what was looked up for it says nothing either: the answer is empty."""
    events = events_of(sse(parts(finishReason="STOP", groundingMetadata=metadata)))
    assert events[-2:] == [Stop("end_turn", "STOP"), Terminal()]
    assert not any(isinstance(event, BlockStart) for event in events)


def test_what_stands_beside_a_text_arrives():
    """Some servers put text into the part of a call or picture: both are told, the text first."""
    stream = sse(
        parts(
            {"text": "Look:", "inlineData": {"mimeType": "image/png", "data": "AAAA"}},
            {"text": "", "functionCall": {"name": "f"}, "thoughtSignature": "SIGN"},
            {"text": "Hm", "thought": True, "functionCall": {"name": "g"}},
            {"text": "!", "fileData": {"mimeType": "audio/wav", "fileUri": "https://a/b.wav"}},
            finishReason="STOP",
        )
    )
    state = folded(events := events_of(stream))
    assert [(block.kind, block.text, block.signature) for block in state.blocks] == [
        ("text", "Look:", ""),
        ("media", "", ""),
        ("tool_call", "{}", "SIGN"),
        ("thinking", "Hm", ""),
        ("tool_call", "{}", ""),
        ("text", "!", ""),
        ("media", "", ""),
    ]
    payloads = [event.payload for event in events if isinstance(event, BlockStart) and event.kind == "media"]
    assert [msgspec.json.decode(payload) for payload in payloads] == [
        {"media_type": "image/png", "data": "AAAA"},
        {"media_type": "audio/wav", "url": "https://a/b.wav"},
    ]


def test_an_image_is_media_and_its_sketch_is_not():
    """Inline data is a media block; a thought image on the way to it is only known to its own dialect."""
    events = events_of(transcript("image"))
    starts = [event for event in events if isinstance(event, BlockStart)]
    assert [start.kind for start in starts] == ["media"]
    assert msgspec.json.decode(starts[0].payload) == {
        "media_type": "image/png",
        "data": "iVBORw0KGgoAAAANSUhEUg==",
    }
    assert any(isinstance(event, Extra) and event.name == "inlineData" for event in events)


def test_grounding_becomes_citations_of_the_open_text():
    """Each supported source is a citation before its text's block stops; the metadata itself is kept."""
    events = events_of(transcript("grounded"))
    citation = next(event for event in events if isinstance(event, Citation))
    assert (citation.index, citation.title, citation.cited_text) == (0, "uefa.com", "Spain won Euro 2024.")
    assert citation.url.startswith("https://vertexaisearch")
    assert events.index(citation) < events.index(BlockStop(0))
    extra = next(event for event in events if isinstance(event, Extra))
    assert (extra.where, extra.name) == ("gemini.candidate", "groundingMetadata")


@pytest.mark.parametrize(
    "chunks",
    [
        [parts({"text": "It rains."}, groundingMetadata=GROUNDING)],
        [parts(groundingMetadata=GROUNDING), parts({"text": "It rains."})],
        [parts({"text": "It rains."}, {"functionCall": {"name": "f"}}, groundingMetadata=GROUNDING)],
        [
            parts({"text": "It "}),
            parts({"text": "rains.", "thoughtSignature": "A"}, groundingMetadata=GROUNDING),
        ],
    ],
)
def test_citations_come_after_the_words_that_they_support(chunks):
    """Whether the sources come with the words, before them, or with what ends their text."""
    events = events_of(sse(*chunks, parts(finishReason="STOP")))
    kinds = [type(event) for event in events if getattr(event, "index", -1) == 0]
    assert kinds[-2:] == [Citation, BlockStop]
    assert kinds.count(Citation) == 1


def test_partial_arguments_are_put_together():
    """A call whose arguments arrive in pieces is told with its whole object, at its end."""
    events = events_of(transcript("partial_arguments"))
    told = [event for event in events if isinstance(event, ArgumentsDelta)]
    assert len(told) == 1
    assert msgspec.json.decode(told[0].json) == {
        "city": "New Delhi",
        "guests": [{"age": 30, "full name": "A. B."}],
        "vegan": False,
        "note": None,
    }
    assert events[-2] == Stop("tool_use", "STOP")


def test_citation_metadata():
    """Citations of the API's own form are citations too, each told once though chunks repeat them."""
    cited = {"citations": [{"uri": "https://a", "title": "A"}, {"license": "mit"}, "strange"]}
    stream = sse(
        parts({"text": "a"}, citationMetadata=cited, groundingMetadata={"groundingChunks": [{"web": {}}]}),
        parts({"text": "b"}, citationMetadata=cited, finishReason="STOP"),
    )
    told = [event for event in events_of(stream) if isinstance(event, Citation)]
    assert [(one.url, one.title) for one in told] == [("", ""), ("https://a", "A"), ("", "")]


def test_metadata_without_a_text_is_kept():
    """Where no text is open, there is nothing to cite: the metadata itself is kept."""
    metadata = {"urlContextMetadata": {"urlMetadata": []}, "citationMetadata": {}}
    events = events_of(sse(parts({"functionCall": {"name": "f"}}, **metadata, finishReason="STOP")))
    assert [event.name for event in events if isinstance(event, Extra)] == [
        "citationMetadata",
        "urlContextMetadata",
    ]


def test_all_finish_reasons_of_the_sdk_are_known(subtests: pytest.Subtests) -> None:
    """The table has every reason that the vendor's SDK knows; the enum's zero is no end."""
    for reason in [reason.value for reason in types.FinishReason]:
        with subtests.test(f"{reason!r:.120}"):
            events = events_of(sse(parts({"text": "x"}, finishReason=reason)))
            assert isinstance(events[-1], Terminal) is (reason != "FINISH_REASON_UNSPECIFIED")
            assert isinstance(events[-1], Terminal) is (reason in FINISH_REASONS)


def test_unknown_parts_and_fields_are_kept():
    """A part of a kind of tomorrow is an opaque block; unknown fields and reasons fail nothing."""
    stream = sse(
        {**parts({"hologram": {"x": 1}}, finishReason="BORED"), "novelty": [1]},
    )
    events = events_of(stream)
    start = next(event for event in events if isinstance(event, BlockStart))
    assert (start.kind, start.payload) == ("opaque", b'{"hologram":{"x":1}}')
    assert events[-2] == Stop("unknown", "BORED")


@pytest.mark.parametrize("part", [{}, {"thought": True}, {"toolCall": None}])
def test_parts_that_say_nothing(part):
    """A part without a payload is nothing."""
    assert events_of(sse(parts(part)))[1:] == []


def test_server_tools_keep_their_ids():
    """Google's own tool calls are whole blocks, with their id and their signature."""
    use, answer = {"id": "s1", "toolType": "GOOGLE_SEARCH_WEB"}, {"id": "s1", "response": {}}
    stream = sse(
        parts({"toolCall": use, "thoughtSignature": "AAAA"}, {"toolResponse": answer}, finishReason="STOP")
    )
    assert events_of(stream)[1:-2] == [
        BlockStart(0, "server_call", "s1", "toolCall", msgspec.json.encode({"toolCall": use})),
        Signature(0, "AAAA", "gemini-3"),
        BlockStop(0),
        BlockStart(1, "server_result", "s1", "toolResponse", msgspec.json.encode({"toolResponse": answer})),
        BlockStop(1),
    ]


def test_snake_case_is_understood():
    """The same stream in snake_case means the same."""

    def snaked(value):
        if isinstance(value, dict):
            return {
                "".join(f"_{c.lower()}" if c.isupper() else c for c in key): snaked(item)
                for key, item in value.items()
            }
        return [snaked(item) for item in value] if isinstance(value, list) else value

    for name in ("thinking", "safety", "parallel_tools"):
        plain, snake = chunks_of(transcript(name)), [snaked(chunk) for chunk in chunks_of(transcript(name))]
        assert snake != plain
        assert events_of(sse(*snake)) == events_of(sse(*plain))


def test_arguments_keep_their_own_names():
    """Names inside the arguments are the tool's own, whatever case the rest is written in."""
    chunk = {
        "candidates": [
            {"content": {"parts": [{"function_call": {"name": "f", "args": {"finish_reason": 1}}}]}}
        ],
        "usage_metadata": {"prompt_token_count": 1},
    }
    told = next(event for event in events_of(sse(chunk)) if isinstance(event, ArgumentsDelta))
    assert told.json == '{"finish_reason":1}'


def test_usage_behind_the_finish_reason_counts():
    """A usage-only chunk behind the finish reason counts and travels, whether it came with it or later."""
    end, usage = parts({"text": "x"}, finishReason="STOP"), {"usageMetadata": {"candidatesTokenCount": 7}}
    for reads in ([sse(end, usage)], [sse(end), sse(usage)]):
        chunk = decode(reads)
        assert chunk.raw == sse(end, usage)
        assert chunk.events[-4:] == [Usage(output=7), BlockStop(0), Stop("end_turn", "STOP"), Terminal()]


def test_several_candidates_are_over_when_all_are():
    """With several candidates the first is told, and no byte of the others is cut off."""
    stream = sse(
        {"candidates": [{"content": {"parts": [{"text": "a"}]}}, {"content": {"parts": []}, "index": 1}]},
        {"candidates": [{"finishReason": "STOP"}]},
        {"candidates": [{"content": {"parts": [{"text": "b"}]}, "finishReason": "MAX_TOKENS", "index": 1}]},
    )
    chunk = decode([stream])
    assert chunk.raw == stream
    assert [event.text for event in chunk.events if isinstance(event, TextDelta)] == ["a"]
    assert chunk.events[-2:] == [Stop("end_turn", "STOP"), Terminal()]


def test_bytes_pass_unchanged(subtests: pytest.Subtests) -> None:
    """What is forwarded to a Gemini client is upstream's own bytes."""
    for name in [name for name in NAMES if name != "code_assist"]:
        with subtests.test(f"{name!r:.120}"):
            assert decode([transcript(name)]).raw == transcript(name)


def test_code_assist_is_unwrapped():
    """Code Assist's envelope is taken off, each object framed anew and named by the trace."""
    chunk = decode([transcript("code_assist")], is_enveloped=True)
    inner = chunks_of(chunk.raw)
    assert [one["responseId"] for one in inner] == ["5e1f0a9c2b7d4e66"] * 2
    assert [one["candidates"] for one in inner] == [
        one["response"]["candidates"] for one in chunks_of(transcript("code_assist"))
    ]
    assert chunk.raw.count(b"\r\n\r\n") == 2
    assert chunk.events[0] == MessageStart("5e1f0a9c2b7d4e66", "gemini-3-flash-preview")
    assert folded(chunk.events).text == "Hello"


def test_code_assist_with_an_id_of_its_own():
    """An answer that names itself keeps its name; without a trace none is made up."""
    named = {**parts({"text": "a"}), "responseId": "own"}
    for envelope, inner in (
        ({"response": named, "traceId": "t"}, named),
        ({"response": parts({"text": "a"})}, parts({"text": "a"})),
        ({"response": {}, "traceId": "t"}, {"responseId": "t"}),
        (named, named),
    ):
        assert chunks_of(decode([sse(envelope)], is_enveloped=True).raw) == [inner]


def test_every_block_opens_and_closes_once(subtests: pytest.Subtests) -> None:
    """Indexes rise from 0 without gaps; each block that starts stops, and only the open one is spoken of."""
    for name in WHOLE_NAMES:
        with subtests.test(f"{name!r:.120}"):
            events = events_of(transcript(name), is_enveloped=name == "code_assist")
            open_index, last = None, -1
            for event in events:
                if isinstance(event, BlockStart):
                    assert open_index is None
                    assert event.index == last + 1
                    open_index = last = event.index
                elif hasattr(event, "index"):
                    assert event.index == open_index
                    if isinstance(event, BlockStop):
                        open_index = None
            assert open_index is None
            assert isinstance(events[-1], Terminal)


def _signature_in(name):
    held = [
        part["thoughtSignature"]
        for chunk in chunks_of(transcript(name))
        for part in chunk["candidates"][0]["content"].get("parts", [])
        if "thoughtSignature" in part
    ]
    assert len(held) == 1
    return held[0]
