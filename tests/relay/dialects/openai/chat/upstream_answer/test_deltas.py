"""What stands in a delta beside plain text, and what the vendor's SDK makes of it where it passes through."""

import json
from typing import Any

import msgspec
import pytest

from relay.dialects.openai import OPENAI_CHAT
from relay.neutral.conversation import Json
from relay.neutral.events import BlockStart, Chunk, Citation, Failed, MessageStart, Terminal, Usage
from relay.neutral.failures import Kind
from tests.relay.dialects.openai.streams import call, chat, client_for, data_of, decoded, delta, state_of

PICTURE = "data:image/png;base64,iVBORw0KGgo="
CITED = {"type": "url_citation", "url_citation": {"url": "https://a.example", "title": "A"}}
OTHER = {"type": "url_citation", "url_citation": {"url": "https://b.example", "title": "B"}}


def told(*chunks: Json, done: bool = True) -> Chunk:
    return decoded(OPENAI_CHAT, [chat(*chunks, done=done)])


def blocks_of(chunk: Chunk) -> list[tuple[str, str]]:
    state = state_of(chunk.events)
    assert state.failure is None
    assert state.terminal
    return [(block.kind, block.text) for block in state.blocks]


def message_of(stream: bytes) -> Any:
    """What the SDK accumulates."""
    with client_for(stream).chat.completions.stream(model="m", messages=[]) as events:
        return json.loads(events.get_final_completion().to_json())["choices"][0]["message"]


def calls_of(message: Any) -> list[tuple[str, str, str]]:
    return [
        (one["id"], one["function"]["name"], one["function"]["arguments"]) for one in message["tool_calls"]
    ]


def fragments(*given: Json) -> Json:
    return delta(tool_calls=list(given))


def test_all_that_stands_in_one_delta_arrives_in_order() -> None:
    """Thoughts, text, what it cites, a picture, a call: each is told, and the text keeps its place."""
    chunk = told(
        delta(reasoning_content="Let me"),
        delta(
            reasoning_content=" think.",
            content="See docs",
            annotations=[CITED],
            images=[{"type": "image_url", "image_url": {"url": PICTURE}}],
            tool_calls=[call(0, "{}", "a", "f")],
        ),
        delta("tool_calls"),
    )
    assert blocks_of(chunk) == [
        ("thinking", "Let me think."),
        ("text", "See docs"),
        ("media", ""),
        ("tool_call", "{}"),
    ]
    cited = [event for event in chunk.events if isinstance(event, Citation)]
    assert [(event.index, event.url, event.title) for event in cited] == [(1, "https://a.example", "A")]


@pytest.mark.parametrize(
    "reasoning",
    [
        {"reasoning_content": {"text": "Hm."}},
        {"reasoning_content": [{"type": "text", "text": "Hm."}]},
        {"reasoning": {"content": "Hm."}},
        {"reasoning_content": "", "reasoning": "Hm."},
    ],
)
def test_reasoning_of_any_form(reasoning: Json) -> None:
    """As a text, an object or a list, beside text or alone."""
    assert blocks_of(told(delta(**reasoning, content="4"), delta("stop"))) == [
        ("thinking", "Hm."),
        ("text", "4"),
    ]


def test_a_cumulative_message_beside_the_delta_is_ignored() -> None:
    """What was said so far, repeated whole with each chunk, is said once; also in the collected answer."""
    chunks = []
    for text, whole in (("one", "one"), (" two", "one two")):
        chunk = delta(content=text)
        chunk["choices"][0]["message"] = {"role": "assistant", "content": whole}
        chunks.append(chunk)
    last = delta("stop")
    last["choices"][0] |= {"message": {"role": "assistant", "content": None}, "native_finish_reason": "STOP"}
    first = chunks[0]["choices"][0]
    first["native_finish_reason"] = "STOP"
    chunk = told(*chunks, last)
    assert blocks_of(chunk) == [("text", "one two")]
    answer = json.loads(OPENAI_CHAT.collect(chunk.raw))["choices"][0]
    assert (answer["message"]["content"], answer["native_finish_reason"]) == ("one two", "STOP")


def test_a_message_in_place_of_a_delta_is_one() -> None:
    """A server that streams its whole completion in one event."""
    chunk = told(
        {
            "choices": [
                {
                    "index": 0,
                    "message": {
                        "role": "assistant",
                        "content": "Hi",
                        "tool_calls": [call(None, "{}", "a", "f")],
                    },
                    "finish_reason": "tool_calls",
                }
            ]
        }
    )
    assert blocks_of(chunk) == [("text", "Hi"), ("tool_call", "{}")]
    message = message_of(chunk.raw)
    assert (message["content"], calls_of(message)) == ("Hi", [("a", "f", "{}")])


BASH = ("call_x", "bash", '{"command":"ls"}')


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            [
                fragments(call(0, "", "call_x")),
                fragments(call(0, '{"command"', "call_x", "bash")),
                fragments(call(0, ':"ls"}')),
            ],
            [BASH],
            id="the name behind the first fragment, the id repeated",
        ),
        pytest.param(
            [fragments(call(0, '{"command"', "call_x")), fragments(call(0, ':"ls"}', name="bash"))],
            [BASH],
            id="the name behind arguments",
        ),
        pytest.param(
            [fragments(call(0, '{"command":"ls"}')), fragments(call(0, "", "call_x", "bash"))],
            [BASH],
            id="name and id behind all arguments",
        ),
        pytest.param(
            [fragments(call(0, '{"command":"ls"}')), fragments(call(0, "", name="bash"))],
            [("call_seed0", "bash", '{"command":"ls"}')],
            id="the name last, and no id at all",
        ),
        pytest.param(
            [
                fragments(call(0, '{"a":1}', "a"), call(1, '{"b":2}', "b", "g")),
                fragments(call(0, "", name="f")),
            ],
            [("a", "f", '{"a":1}'), ("b", "g", '{"b":2}')],
            id="the second call waits for the first one's name",
        ),
        pytest.param(
            [fragments(call(0, '{"c"', "call_x", "bash")), fragments(call(0, ":1}", "call_x", "bash"))],
            [("call_x", "bash", '{"c":1}')],
            id="id and name in every fragment",
        ),
        pytest.param(
            [fragments(call(None, '{"c"', "call_x", "bash")), fragments(call(None, ":1}"))],
            [("call_x", "bash", '{"c":1}')],
            id="no numbers",
        ),
        pytest.param(
            [
                fragments(call(None, "", "a", "f"), call(None, "", "b", "g")),
                fragments(call(None, '{"a"'), call(None, '{"b"')),
                fragments(call(None, ":1}"), call(None, ":2}")),
            ],
            [("a", "f", '{"a":1}'), ("b", "g", '{"b":2}')],
            id="no numbers, two at a time",
        ),
        pytest.param(
            [fragments(call(5, '{"a":1}', "a", "f")), fragments(call(7, '{"b":2}', "b", "g"))],
            [("a", "f", '{"a":1}'), ("b", "g", '{"b":2}')],
            id="numbers that do not begin at 0",
        ),
        pytest.param(
            [fragments(call(0, '{"a":1}', "a", "f")), fragments(call(0, '{"b":2}', "b", "g"))],
            [("a", "f", '{"a":1}'), ("b", "g", '{"b":2}')],
            id="every call is number 0",
        ),
        pytest.param(
            [fragments(call(0, '{"a":1}', name="f")), fragments(call(0, '{"b":2}', name="f"))],
            [("call_seed0", "f", '{"a":1}'), ("call_seed1", "f", '{"b":2}')],
            id="every call is number 0, and none has an id",
        ),
        pytest.param(
            [fragments(call(0, {"a": 1}, "a", "f"))],
            [("a", "f", '{"a":1}')],
            id="arguments as an object",
        ),
        pytest.param(
            [fragments(call(0, {"a": 1}, "a", "f")), fragments(call(0, {"a": 1}, "a", "f"))],
            [("a", "f", '{"a":1}')],
            id="arguments as an object, told again",
        ),
        pytest.param(
            [fragments(call(-1, '{"a":1}', "a", "f"))],
            [("a", "f", '{"a":1}')],
            id="a negative number",
        ),
    ],
)
def test_calls_are_whole_for_every_client(given: list[Json], expected: list[tuple[str, str, str]]) -> None:
    """The events, what the SDK accumulates of the bytes that pass through, and the collected answer agree."""
    chunk = told(*given, delta("tool_calls"))
    state = state_of(chunk.events)
    assert state.failure is None
    assert [(block.id, block.name, block.text) for block in state.blocks] == expected
    assert calls_of(message_of(chunk.raw)) == expected
    collected = json.loads(OPENAI_CHAT.collect(chunk.raw))["choices"][0]["message"]
    assert calls_of(collected) == expected


def test_fragments_as_they_should_be_keep_their_bytes() -> None:
    """OpenAI's own form is not touched."""
    stream = chat(
        fragments(call(0, "", "a", "f")),
        fragments(call(0, '{"x":')),
        fragments(call(0, "1}")),
        fragments(call(1, "{}", "b", "g")),
        delta("tool_calls"),
    )
    assert decoded(OPENAI_CHAT, [stream]).raw == stream


def test_text_behind_a_nameless_call_waits_with_it() -> None:
    """The order of what was said stays, whatever comes late."""
    chunk = told(
        delta(content="a"),
        fragments(call(0, "{}", "x")),
        delta(content="b"),
        fragments(call(0, "", name="f")),
        delta("tool_calls"),
    )
    assert blocks_of(chunk) == [("text", "a"), ("tool_call", "{}"), ("text", "b")]


def test_a_call_without_a_name_at_the_end() -> None:
    """Broken, and its end withheld; where the answer was cut short, the call is not told at all."""
    broken = told(delta(content="a"), fragments(call(0, "{}", "x")), delta("stop"))
    failed = broken.events[-1]
    assert isinstance(failed, Failed)
    assert failed.failure.kind is Kind.GARBAGE
    assert b'"stop"' not in broken.raw
    assert blocks_of(told(delta(content="a"), fragments(call(0, "{", "x")), delta("length"))) == [
        ("text", "a")
    ]


def picture(url: str = PICTURE, **more: Any) -> Json:
    return {"type": "image_url", "image_url": {"url": url}, **more}


@pytest.mark.parametrize(
    ("entry", "payload"),
    [
        (picture(), {"media_type": "image/png", "data": "iVBORw0KGgo="}),
        ({"type": "image_url", "image_url": PICTURE}, {"media_type": "image/png", "data": "iVBORw0KGgo="}),
        (picture("https://a.example/p.png"), {"media_type": "image/*", "url": "https://a.example/p.png"}),
    ],
)
def test_a_picture_is_an_answer(entry: Json, payload: Json) -> None:
    """OpenRouter's ``images``, and image parts in a content that is a list."""
    for fields in ({"images": [entry], "content": ""}, {"content": [entry]}):
        starts = [e for e in told(delta(**fields), delta("stop")).events if isinstance(e, BlockStart)]
        assert [(start.kind, msgspec.json.decode(start.payload)) for start in starts] == [("media", payload)]


@pytest.mark.parametrize(
    "entry", [None, 7, {}, picture("data:image/png,plain"), picture("ftp://a/b"), picture("")]
)
def test_what_is_no_picture_breaks_nothing(entry: Any) -> None:
    """An entry of an unknown form is counted, and passes."""
    assert blocks_of(told(delta(images=[entry], content="x"), delta("stop"))) == [("text", "x")]


@pytest.mark.parametrize("numbers", [(None, None, None), (0, 0, 0), (0, 1, 2), (None, 1, None)], ids=str)
def test_pictures_of_several_deltas_stay_apart(numbers: tuple[int | None, ...]) -> None:
    """The SDK joins the entries of a list by their numbers, and fails where there are none."""
    chunks = []
    for at, number in enumerate(numbers):
        told_number = {} if number is None else {"index": number}
        chunks.append(delta(images=[picture(f"https://a.example/{at}", **told_number)]))
    message = message_of(told(*chunks, delta("stop")).raw)
    assert [one["image_url"]["url"] for one in message["images"]] == [
        f"https://a.example/{at}" for at in range(3)
    ]


def test_sources_are_told_behind_their_text_and_once() -> None:
    """An annotation that comes before any text waits; of several deltas the SDK joins them all."""
    chunk = told(
        delta(annotations=[CITED]), delta(content="It is."), delta(annotations=[CITED, OTHER]), delta("stop")
    )
    kinds = [
        type(event).__name__ for event in chunk.events if type(event).__name__ in ("TextDelta", "Citation")
    ]
    assert kinds == ["TextDelta", "Citation", "Citation"]
    assert len(message_of(chunk.raw)["annotations"]) == 3


def test_sources_beside_the_choices() -> None:
    """Perplexity's lists: addresses, and results with titles."""
    results = [{"title": "A", "url": "https://a.example"}, {"title": "C", "url": "https://c.example"}, 7]
    beside: Json = {"citations": ["https://a.example", "https://b.example"], "search_results": results}
    chunk = told({**delta(content="So[1]"), **beside}, {**delta("stop", content="."), **beside})
    assert [(e.url, e.title) for e in chunk.events if isinstance(e, Citation)] == [
        ("https://a.example", "A"),
        ("https://b.example", ""),
        ("https://c.example", "C"),
    ]


def test_sound_is_an_answer() -> None:
    """OpenAI's ``audio``: the SDK joins it; its transcript is the text of every other client."""
    chunk = told(
        delta(role="assistant", refusal=None),
        delta(audio={"id": "audio_1", "transcript": "Hel"}),
        delta(audio={"transcript": "lo"}),
        delta(audio={"data": "AAAA"}),
        delta(audio={"data": "BBBB", "expires_at": 7}),
        delta("stop"),
    )
    assert blocks_of(chunk) == [("text", "Hello"), ("opaque", "")]
    audio = message_of(chunk.raw)["audio"]
    assert (audio["transcript"], audio["data"], audio["expires_at"]) == ("Hello", "AAAABBBB", 7)
    assert blocks_of(told(delta(audio={"data": "AAAA"}), delta("stop"))) == [("opaque", "")]


def test_usage_in_the_choice() -> None:
    """Kimi tells it there; clients look for it beside the choices."""
    last = delta("stop")
    last["choices"][0]["usage"] = {"prompt_tokens": 12, "completion_tokens": 5}
    chunk = told(delta(content="x"), last)
    assert Usage(input_uncached=12, output=5) in chunk.events
    assert data_of(chunk.raw)[-2]["usage"] == {"prompt_tokens": 12, "completion_tokens": 5}


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (
            {
                "prompt_tokens": 307,
                "completion_tokens": 26,
                "total_tokens": 513,
                "completion_tokens_details": {"reasoning_tokens": 180},
            },
            Usage(input_uncached=307, output=206, thinking=180),
        ),
        ({"prompt_tokens": 1 << 70, "completion_tokens": -4}, Usage()),
        ({"prompt_tokens": "12", "completion_tokens": True}, Usage(input_uncached=12)),
        (["no", "usage"], None),
    ],
)
def test_odd_usage(usage: Any, expected: Usage | None) -> None:
    """xAI's output leaves the reasoning out; what is no count is not told."""
    chunk = told({**delta("stop", content="x"), "usage": usage})
    assert [event for event in chunk.events if isinstance(event, Usage)] == ([expected] if expected else [])


def test_choices_without_a_delta() -> None:
    """Azure's filter results: the SDK fails on such a choice, so it gets an empty delta."""
    chunk = told(delta(content="x"), {"choices": [{"index": 0, "finish_reason": None}]}, delta("stop"))
    assert blocks_of(chunk) == [("text", "x")]
    assert message_of(chunk.raw)["content"] == "x"


def test_a_chunk_without_choices() -> None:
    """The SDK fails on such a chunk too, whatever else is in it."""
    chunk = told({"obfuscation": "zz"}, delta(content="x"), {"usage": {"prompt_tokens": 1}}, delta("stop"))
    assert blocks_of(chunk) == [("text", "x")]
    assert message_of(chunk.raw)["content"] == "x"
    assert all(piece["choices"] == [] for piece in data_of(chunk.raw)[:-1] if "delta" not in str(piece))


def test_an_index_that_grows_is_no_other_answer() -> None:
    """One answer was asked for, so there is one; the SDK hears one too."""
    chunks = [delta(content="Hel"), delta(content="lo"), delta("stop")]
    for number, chunk in enumerate(chunks):
        chunk["choices"][0]["index"] = number
    whole = told(*chunks)
    assert blocks_of(whole) == [("text", "Hello")]
    assert message_of(whole.raw)["content"] == "Hello"
    assert len(json.loads(OPENAI_CHAT.collect(whole.raw))["choices"]) == 1


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("eos", "end_turn"),
        ("eos_token", "end_turn"),
        ("sensitive", "refusal"),
        ("model_context_window_exceeded", "context_window"),
        ("insufficient_system_resource", "unknown"),
        ("STOP", "end_turn"),
        ("MAX_TOKENS", "max_tokens"),
        ("SAFETY", "refusal"),
        ("end_turn", "end_turn"),
    ],
)
def test_other_vendors_words_for_the_end(word: str, reason: str) -> None:
    """Of vendors that document their own, and of models behind a gateway."""
    stop = state_of(told(delta(content="x"), delta(word)).events).stop
    assert stop is not None
    assert (stop.reason, stop.upstream_reason) == (reason, word)


@pytest.mark.parametrize("word", ["network_error", "abort"])
def test_words_for_a_failure(word: str) -> None:
    """GLM's and SGLang's words for an answer that broke off are no end of it."""
    broken = told(delta(content="x"), delta(word))
    failed = broken.events[-1]
    assert isinstance(failed, Failed)
    assert (failed.failure.kind, failed.failure.reason) == (Kind.ERROR_EVENT, word)
    assert not any(isinstance(event, Terminal | MessageStart) for event in broken.events[1:])
