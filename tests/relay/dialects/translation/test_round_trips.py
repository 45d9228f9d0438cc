"""Every ordered pair of dialects: what one can say and the other can carry comes back the same.

A client's request is read, written for an upstream of the other dialect, read there as if a client had sent
it, and written back: the very same body. An answer goes the other way: encoded for a client of the other
dialect and decoded again, it says the same.
"""

import itertools
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.facts.model_facts import SHIPPED
from relay.dialects.interface import DecoderOptions
from relay.neutral.conversation import (
    Conversation,
    Media,
    Part,
    Sampling,
    Text,
    ThinkingConfig,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Citation,
    Event,
    MessageStart,
    Stop,
    StreamState,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from tests.relay.dialects.every_dialect import DIALECTS, KINDS, new_encoder

PAIRS = list(itertools.permutations(DIALECTS, 2))
CLOSED = {
    "type": "object",
    "properties": {"type": {"type": "string"}, "n": {"type": "integer"}},
    "required": ["type", "n"],
    "additionalProperties": False,
}

OPEN = {key: value for key, value in CLOSED.items() if key != "additionalProperties"}
"""Gemini's form of the same: it has no word for "nothing else", which its models do not invent anyway."""

words = st.text("abcdefgh 日本🙂", min_size=1, max_size=12).map(lambda text: f"<{text}>")
values = st.none() | st.booleans() | st.integers(-9, 9) | words
arguments = st.dictionaries(words, values | st.lists(values, max_size=2), max_size=3)


IMAGE = Media("image", "image/png", data="iVBORw0KGgo=")


@st.composite
def conversations(draw: st.DrawFn, pair: tuple[str, str]) -> Conversation:
    """A request within what both dialects of ``pair`` have words for."""
    # OpenAI's files always have a name, and Gemini's never.
    title = "" if "gemini" in pair else "report.pdf"
    media = st.sampled_from([IMAGE, Media("document", "application/pdf", data="JVBERi0=", title=title)])
    schema = OPEN if "gemini" in pair else CLOSED
    has_error_flag = set(pair) == {"anthropic", "gemini"}
    turns: list[Turn] = []
    for number in range(draw(st.integers(1, 3))):
        shown = st.lists(words.map(Text) | media, min_size=1, max_size=3)
        turns.append(Turn("user", tuple(draw(shown))))
        calls = [
            ToolCall(f"call_{number}_{index}", draw(st.sampled_from(["weather", "time"])), draw(arguments))
            for index in range(draw(st.integers(0, 2)))
        ]
        said: list[Part] = [Text(draw(words))] if draw(st.booleans()) or not calls else []
        turns.append(Turn("assistant", (*said, *calls)))
        if calls:
            results = [
                ToolResult(
                    call.id, call.name, (Text(draw(words)),), draw(st.booleans()) if has_error_flag else False
                )
                for call in calls
            ]
            turns.append(Turn("user", tuple(results)))
            turns.append(Turn("assistant", (Text(draw(words)),)))
    turns.append(Turn("user", (Text(draw(words)),)))
    # Responses say it of every tool, and only chat completions have the same word.
    strict = False if set(pair) == {"chat", "responses"} else None
    tools = tuple(Tool(name, draw(words), schema, strict) for name in ("weather", "time"))
    choices = [ToolChoice(), ToolChoice("any"), ToolChoice("none"), ToolChoice("any", ("time",))]
    numbers = st.none() | st.sampled_from([0, 0.25, 1])
    thinks = "chat" not in pair and draw(st.booleans())
    thinking = ThinkingConfig("adaptive", effort=draw(st.sampled_from(["low", "medium", "high"])), show=True)
    has_tools = draw(st.booleans())
    return Conversation(
        turns=tuple(turns),
        system=(Text(draw(words)),) if draw(st.booleans()) else (),
        tools=tools if has_tools else (),
        tool_choice=draw(st.sampled_from(choices)) if has_tools else ToolChoice(),
        thinking=thinking if thinks else ThinkingConfig(),
        # Claude takes one of the two, none while it thinks, and an open schema only as an instruction.
        sampling=Sampling(
            temperature=None if "anthropic" in pair and thinks else draw(numbers),
            top_p=None if "anthropic" in pair else draw(numbers),
        ),
        max_tokens=draw(st.integers(16, 999)),
        stop_sequences=() if "responses" in pair else tuple(draw(st.lists(words, max_size=3))),
        json_answer=(wants_json := draw(st.booleans()) and not has_error_flag),
        response_schema=schema if wants_json else None,
    )


def facts(name: str) -> Any:
    """Of a model that refuses nothing, and caches nothing of what is as short as this."""
    told = SHIPPED.facts_for("some-model", KINDS[name])
    uncached = {"cache_minimum_tokens": 1_000_000}
    return msgspec.structs.replace(told, thinking_shown_by_default=False, json_with_tools=True, **uncached)


def rewritten(name: str, conversation: Conversation) -> tuple[dict[str, Any], Conversation]:
    """The body that ``name`` makes of it, and what that body says, both over the wire."""
    dialect = DIALECTS[name]
    body = json.loads(json.dumps(dialect.write(conversation, "some-model", facts(name), [])))
    return body, dialect.read(body)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@given(data=st.data())
def test_a_request_comes_back_the_same(pair: tuple[str, str], data: st.DataObject) -> None:
    """From one dialect to the other and back: the same body, and nothing named as dropped on the way."""
    client, upstream = pair
    body, said = rewritten(client, data.draw(conversations(pair)))
    assert said.dropped == ()
    _, carried = rewritten(upstream, said)
    assert carried.dropped == ()
    back, _ = rewritten(client, carried)
    assert back == body


# --- answers --------------------------------------------------------------------------------------------
USAGE = Usage(input_uncached=7, cache_read=3, cache_write=0, output=20, thinking=5)


def answer(*blocks: list[Event], stop: str = "end_turn") -> list[Event]:
    flat = [event for block in blocks for event in block]
    return [MessageStart("m1", "some-model"), *flat, USAGE, Stop(stop, stop), Terminal()]  # type: ignore[arg-type]


def text(index: int, *pieces: str, source: str = "") -> list[Event]:
    cited: list[Event] = [Citation(index, b'{"x":1}', source, "Guide", pieces[0])] if source else []
    said = [TextDelta(index, piece) for piece in pieces]
    return [BlockStart(index, "text"), *said, *cited, BlockStop(index)]


def thought(index: int, *pieces: str) -> list[Event]:
    return [
        BlockStart(index, "thinking"),
        *(ThinkingDelta(index, piece) for piece in pieces),
        BlockStop(index),
    ]


def call(index: int, name: str, arguments: str) -> list[Event]:
    half = len(arguments) // 2
    pieces = [ArgumentsDelta(index, arguments[:half]), ArgumentsDelta(index, arguments[half:])]
    return [BlockStart(index, "tool_call", f"call_{index}", name), *pieces, BlockStop(index)]


ANSWERS: dict[str, list[Event]] = {
    "text": answer(text(0, "The harbour ", "日本 🙂")),
    "cut at the limit": answer(text(0, "The harb"), stop="max_tokens"),
    "thinking": answer(thought(0, "Hm. ", "Yes."), text(1, "42.")),
    "tool": answer(text(0, "I look."), call(1, "weather", '{"city":"Kyōto","n":1}'), stop="tool_use"),
    "parallel tools": answer(call(0, "weather", '{"city":"a"}'), call(1, "time", "{}"), stop="tool_use"),
    "cited": answer(text(0, "It stands there.", source="https://harbour.example/guide")),
}


def encoded(name: str, events: list[Event]) -> bytes:
    return new_encoder(name).encode(events)


def decoded(name: str, stream: bytes) -> list[Event]:
    decoder = DIALECTS[name].decoder(DecoderOptions("claude", "seed"))
    return [*decoder.feed(stream).events, *decoder.finish().events]


def folded(events: list[Event]) -> StreamState:
    state = StreamState()
    state.fold(events)
    return state


def said_by(state: StreamState) -> dict[str, Any]:
    """What an answer says, whatever its wire form."""
    blocks = [block for block in state.blocks if block.kind in ("text", "thinking", "tool_call")]
    words: dict[str, str] = {}
    for block in blocks:
        if block.kind != "tool_call":
            words[block.kind] = words.get(block.kind, "") + block.text
    calls = [(block.name, json.loads(block.text or "{}")) for block in blocks if block.kind == "tool_call"]
    assert state.stop is not None
    return {"words": words, "calls": calls, "stop": state.stop.reason, "is_whole": bool(state.terminal)}


def test_an_answer_says_the_same_to_every_client(subtests: pytest.Subtests) -> None:
    """Upstream's stream, told to a client of the other dialect: words, calls, stop, usage, sources stay."""
    for pair in PAIRS:
        for what in ANSWERS:
            with subtests.test(f"{pair, what!r:.120}"):
                upstream, client = pair
                again = decoded(upstream, encoded(upstream, ANSWERS[what]))
                told = encoded(client, again)
                first, second = folded(again), folded(decoded(client, told))
                assert said_by(first) == said_by(second) == said_by(folded(ANSWERS[what]))
                for state in (first, second):
                    usage = state.usage
                    assert (usage.input_uncached, usage.cache_read, usage.output) == (7, 3, 20)
                    assert usage.thinking in (5, None)
                if what == "cited":
                    assert b"https://harbour.example/guide" in told


def test_a_collected_answer_is_the_streams(subtests: pytest.Subtests) -> None:
    """Collected, an answer holds what its stream said: text and every tool's name and arguments."""
    for name in DIALECTS:
        for what in ANSWERS:
            with subtests.test(f"{name, what!r:.120}"):
                stream = encoded(name, ANSWERS[what])
                whole = DIALECTS[name].collect(stream).decode()
                read = json.dumps(json.loads(whole), ensure_ascii=False)
                for block in folded(decoded(name, stream)).blocks:
                    if block.kind == "text":
                        assert json.dumps(block.text, ensure_ascii=False)[1:-1] in read
                    if block.kind == "tool_call":
                        assert f'"{block.name}"' in whole
