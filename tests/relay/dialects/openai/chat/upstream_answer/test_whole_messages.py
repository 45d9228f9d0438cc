"""Whole messages in place of deltas: nothing of the answer is lost, and nothing is said twice."""

import json
import tracemalloc
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.interface import DecoderOptions
from relay.dialects.openai import OPENAI_CHAT
from relay.neutral.conversation import Json
from relay.neutral.events import Chunk
from tests.relay.dialects.openai.streams import call, chat, client_for, data_of, decoded, delta, state_of


def message(finish_reason: str | None = None, index: int = 0, **fields: Any) -> Json:
    """A choice with a whole message."""
    told = {"role": "assistant", **fields}
    return {"index": index, "message": told, "finish_reason": finish_reason}


def told(*chunks: Json, choices: int = 1) -> Chunk:
    return decoded(OPENAI_CHAT, [chat(*chunks)], choices=choices)


def sdk_message(stream: bytes) -> Any:
    """What the SDK accumulates."""
    with client_for(stream).chat.completions.stream(model="m", messages=[]) as events:
        return json.loads(events.get_final_completion().to_json())["choices"][0]["message"]


def deltas_in(chunk: Chunk, index: int = 0) -> list[Json]:
    """What a client of the same dialect is told of one choice."""
    return [
        choice["delta"]
        for event in data_of(chunk.raw)
        if event != "[DONE]"
        for choice in event["choices"]
        if choice["index"] == index
    ]


def said(chunk: Chunk, index: int = 0) -> str:
    """The text of it."""
    return "".join(one.get("content") or "" for one in deltas_in(chunk, index))


def test_a_message_in_each_chunk_is_a_piece() -> None:
    """As long as no delta said anything, each message says more; a role alone says nothing."""
    for first in ([], [delta(role="assistant", content="")]):
        pieces = [{"choices": [message(content="Hel")]}, {"choices": [message("stop", content="lo")]}]
        chunk = told(*first, *pieces)
        assert (state_of(chunk.events).text, said(chunk)) == ("Hello", "Hello")


def test_a_whole_message_beside_a_delta_that_says_nothing_is_the_answer() -> None:
    """A delta that is null, empty or of empty fields says nothing, so that the message counts."""
    empty: list[Any] = [None, {}, [], {"role": "assistant"}, {"role": "assistant", "content": ""}]
    for nothing in [*empty, {"content": None, "tool_calls": []}]:
        whole = message("tool_calls", content="Hi", tool_calls=[call(None, "{}", "a", "f")])
        chunk = told({"object": "chat.completion", "choices": [{**whole, "delta": nothing}]})
        state = state_of(chunk.events)
        assert (state.failure, state.terminal) == (None, True), nothing
        assert [(block.kind, block.id, block.text) for block in state.blocks] == [
            ("text", "", "Hi"),
            ("tool_call", "a", "{}"),
        ], nothing
        heard = sdk_message(chunk.raw)
        assert (heard["content"], heard["tool_calls"][0]["id"]) == ("Hi", "a"), nothing
        assert b"message" not in chunk.raw


def test_half_a_character_in_a_whole_message_costs_itself() -> None:
    """It is no reason to lose the rest, whichever way the message is read."""
    for nothing in (None, {}):
        chunk = told({"choices": [{**message("stop", content="a\ud83d!"), "delta": nothing}]})
        assert (state_of(chunk.events).text, said(chunk)) == ("a\ufffd!", "a\ufffd!")


def test_bent_fields_of_a_whole_message_cost_themselves() -> None:
    """A field that is not of its type is mended, or null; the others are told."""
    for nothing in (None, {}):
        whole = message("stop", content=7, refusal={}, tool_calls="none")
        chunk = told({"choices": [{**whole, "delta": nothing}]})
        assert (state_of(chunk.events).text, said(chunk)) == ("7", "7")


def test_each_field_of_a_whole_message_stands_for_itself() -> None:
    """Text, thoughts and calls that deltas said are not said again; what they did not say is."""
    calls = [call(None, '{"x":1}', "a", "f"), call(None, '{"y":2}', "b", "g")]
    whole = {"choices": [message("tool_calls", content="Hi", reasoning="Hm", tool_calls=calls)]}
    calls_said = [delta(tool_calls=[call(0, '{"x": 1}', "a", "f"), call(1, '{"y": 2}', "b", "g")])]
    table = [
        ([delta(content="Hi")], ["text", "thinking", "tool_call", "tool_call"]),
        ([delta(reasoning_content="Hm")], ["thinking", "text", "tool_call", "tool_call"]),
        ([delta(content="Hi"), *calls_said], ["text", "tool_call", "tool_call", "thinking"]),
        ([delta(reasoning="Hm"), *calls_said], ["thinking", "tool_call", "tool_call", "text"]),
    ]
    for before, kinds in table:
        chunk = told(*before, whole)
        state = state_of(chunk.events)
        assert state.failure is None
        assert [block.kind for block in state.blocks] == kinds
        assert [(block.id, block.name) for block in state.blocks if block.kind == "tool_call"] == [
            ("a", "f"),
            ("b", "g"),
        ]
        assert (state.text, said(chunk)) == ("Hi", "Hi")


def test_each_choice_stands_for_itself() -> None:
    """That one choice spoke does not empty the message of another."""
    both = {"choices": [message("stop", content="Hi"), message("stop", 1, content="Yes")]}
    for before in ([delta(content="Hi")], []):
        chunk = told(*before, both, choices=2)
        assert (state_of(chunk.events).text, said(chunk), said(chunk, 1)) == ("Hi", "Hi", "Yes")


def test_a_text_is_repeated_where_it_begins_as_the_deltas_did() -> None:
    """Its rest is told, whatever white space is around it; another text is a further piece of the answer."""
    table = [
        ((["A"], ["B", "C"]), "ABC"),
        ((["A", "B"], ["AB"]), "AB"),
        ((["A", "B"], ["ABC", "ABCD"]), "ABCD"),
        ((["\n\nA ", "B\n"], ["A B"]), "\n\nA B\n"),
        ((["A "], ["A B"]), "A B"),
        ((["A"], ["A", " B"]), "A B"),
        ((["  "], ["A"]), "  A"),
        (([], ["ha", "ha", "ha"]), "hahaha"),
    ]  # fmt: skip
    for (deltas, messages), expected in table:
        for field, kind in (("content", "text"), ("refusal", "refusal"), ("reasoning", "thinking")):
            chunks = [delta(**{field: text}) for text in deltas]
            chunks += [{"choices": [message(**{field: text})]} for text in messages]
            chunk = told(*chunks, delta("stop"))
            blocks = [(block.kind, block.text) for block in state_of(chunk.events).blocks]
            assert blocks == [(kind, expected)], (deltas, messages)
            assert "".join(one.get(field) or "" for one in deltas_in(chunk)) == expected


def test_parts_of_a_whole_message_are_text_too() -> None:
    """As Mistral has them."""
    parts = [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo!"}]
    chunk = told(delta(content="Hel"), delta(content="lo"), {"choices": [message("stop", content=parts)]})
    assert (state_of(chunk.events).text, said(chunk)) == ("Hello!", "Hello!")


def test_a_whole_completion_is_the_same_answer_however_it_is_told() -> None:
    """One whose ``object`` says that it is all of it adds nothing to what was told in other words."""
    whole = {"object": "chat.completion", "choices": [message("stop", content="<think>Hm</think>Hi")]}
    chunk = told(delta(reasoning="Hm"), delta(content="Hi"), whole)
    assert (state_of(chunk.events).text, said(chunk)) == ("Hi", "Hi")


def test_a_message_that_says_nothing_is_no_piece() -> None:
    """What deltas say behind it is what the whole message repeats."""
    whole = {"object": "chat.completion", "choices": [message("stop", content="Hello", reasoning="Hm")]}
    words = [delta(reasoning="Hm"), delta(content="Hel"), delta(content="lo")]
    empty: list[Json] = [
        {},
        {"content": ""},
        {"content": None, "refusal": "", "tool_calls": [], "audio": {}, "images": []},
        {"content": [{"type": "text", "text": ""}], "reasoning_details": [], "function_call": None},
    ]
    for fields in empty:
        for beside in ({}, {"delta": {"content": ""}}):
            first = {"choices": [{**message(**fields), **beside}]}
            for last in (whole, {**whole, "object": "chat.completion.chunk"}):
                chunk = told(first, *words, last)
                assert blocks_of(chunk) == [("thinking", "", "Hm"), ("text", "", "Hello")], fields
                heard = [one.get("content") for one in deltas_in(chunk)]
                assert "".join(text for text in heard if isinstance(text, str)) == "Hello", fields


def test_a_whole_completion_is_the_last_and_the_only_one() -> None:
    """A server that calls every chunk one tells pieces; so does one that goes on behind it."""
    name = {"object": "chat.completion"}
    table = [
        [
            delta(content="I"),
            {"choices": [message(content=" think")]},
            {"choices": [message("stop", content=" so")]},
        ],
        [delta(content="I"), {"choices": [message("stop", content=" think so")]}],
    ]
    for chunks in table:
        chunk = told(*({**name, **one} for one in chunks))
        assert (state_of(chunk.events).text, said(chunk)) == ("I think so", "I think so")
    goes_on = [delta(content="I"), {**name, "choices": [message(content=" think so")]}, delta("stop")]
    chunk = told(*goes_on)
    assert (state_of(chunk.events).text, said(chunk)) == ("I think so", "I think so")


def test_white_space_alone_is_no_answer() -> None:
    """A whole completion behind it says all of it."""
    whole = {"object": "chat.completion", "choices": [message("stop", content="Hello")]}
    chunk = told(delta(content="\n"), whole)
    assert (state_of(chunk.events).text, said(chunk)) == ("\nHello", "\nHello")


def test_a_call_is_repeated_by_its_id_or_by_its_place() -> None:
    """Those that no delta told are told; so are arguments that none did."""
    first, second = call(None, '{"x":1}', "a", "f"), call(None, '{"x":1}', "b", "f")
    nameless = {"function": {"name": "f", "arguments": '{"x": 1}'}}
    f, g = ("a", "f", '{"x":1}'), ("b", "f", '{"x":1}')
    other = call(None, '{"x":2}', "b", "f")
    nobody, another = ("", "f", '{"x":1}'), ("", "f", '{"x":2}')
    table = [
        ([call(0, '{"x":1}', "a", "f")], [[first, second]], [f, g]),
        ([call(0, '{"x":1}', "a", "f")], [[second]], [f, g]),
        ([call(0, '{"x":1}', "a", "f")], [[second], [second, first]], [f, g]),
        ([call(0, '{"x":1}', "a", "f"), call(1, '{"x":1}', "b", "f")], [[second]], [f, g]),
        ([call(0, '{"x":1}', "a", "f")], [[nameless, second]], [f, g]),
        ([call(0, '{"x":1}', "", "f")], [[first, second]], [("", "f", '{"x":1}'), g]),
        ([call(0, "", "a", "f")], [[first, second]], [f, g]),
        ([call(0, '{"x":', "a", "f"), call(0, "1}")], [[first]], [f]),
        ([call(0, '{"x":1}', "", "f"), call(0, '{"x":2}', "", "f")], [[first, other]], [nobody, another]),
    ]
    for fragments, messages, expected in table:
        chunks = [delta(tool_calls=[one]) for one in fragments]
        chunks += [{"choices": [message(tool_calls=one)]} for one in messages]
        chunk = told(*chunks, delta("tool_calls"))
        state = state_of(chunk.events)
        assert state.failure is None, messages
        told_ids = {call_id for call_id, _, _ in expected}
        heard = [(one.id if one.id in told_ids else "", one.name, one.text) for one in state.blocks]
        assert heard == expected, messages
        by_sdk = sdk_message(chunk.raw)["tool_calls"]
        assert [one["function"]["arguments"] for one in by_sdk] == [text for _, _, text in expected]


def test_calls_of_a_further_choice_are_told_once() -> None:
    """Without ids, and all of one number: each is one, as in the first choice."""
    pieces = [call(0, '{"x":1}', "", "f"), call(0, '{"x":2}', "", "f")]
    whole = [call(None, '{"x":1}', "a", "f"), call(None, '{"x":2}', "b", "f")]
    chunks: list[Json] = []
    for index in (0, 1):
        for one in pieces:
            chunks.append({"choices": [{**delta(tool_calls=[one])["choices"][0], "index": index}]})
    chunks.append({"choices": [message("tool_calls", index, tool_calls=whole) for index in (0, 1)]})
    chunk = told(*chunks, choices=2)
    assert len([block for block in state_of(chunk.events).blocks if block.kind == "tool_call"]) == 2
    told_by = [len(one.get("tool_calls") or ()) for index in (0, 1) for one in deltas_in(chunk, index)]
    assert told_by == [1, 1, 0, 1, 1, 0]


def test_sound_is_told_once() -> None:
    """Its transcript is text; what of it came in deltas, a whole message does not bring again."""
    whole = {"id": "s", "data": "QUJD", "transcript": "Hello", "expires_at": 7}
    spoken = [delta(audio={"id": "s", "transcript": "Hel"}), delta(audio={"transcript": "lo"})]
    data = [delta(audio={"data": "QUJD"})]
    for before, of_sound in ((spoken + data, [None, None, "QUJD"]), (spoken, [None, None, "QUJD"])):
        chunk = told(*before, {"choices": [message("stop", content=None, audio=whole)]})
        assert state_of(chunk.events).text == "Hello"
        heard = [one["audio"] for one in deltas_in(chunk) if one.get("audio")]
        assert "".join(one.get("transcript", "") for one in heard) == "Hello"
        assert [one.get("data") for one in heard] == of_sound


def test_sources_and_pictures_are_told_once() -> None:
    """An entry that a delta told is left out, whatever its number; others are told."""
    cited = {"type": "url_citation", "url_citation": {"url": "https://a", "title": "A"}}
    other = {"type": "url_citation", "url_citation": {"url": "https://b", "title": "B"}}
    drawn, redrawn = ({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{n}"}} for n in "AB")
    fields = {"content": "Hi", "annotations": [cited, other], "images": [drawn, redrawn]}
    begun = delta(content="Hi", annotations=[{**cited, "index": 0}], images=[{**drawn, "index": 0}])
    chunk = told(begun, {"choices": [message("stop", **fields)]})
    deltas = deltas_in(chunk)
    for name, entries in (("annotations", [cited, other]), ("images", [drawn, redrawn])):
        heard = [entry for one in deltas for entry in one.get(name) or []]
        assert heard == [{**entry, "index": number} for number, entry in enumerate(entries)], name


def test_a_picture_that_was_told_is_not_kept() -> None:
    """It may have 40 MB, and usually no whole message comes."""
    size = 1_000_000
    decoder = OPENAI_CHAT.decoder(DecoderOptions("gpt", "seed"))
    drawn = [{"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * size}}]
    stream = chat(delta(images=drawn), done=False)
    tracemalloc.start()
    try:
        assert len(decoder.feed(stream).raw) > size
        assert decoder.feed(chat(delta(content="Hi"), done=False)).raw
        assert tracemalloc.get_traced_memory()[0] < size / 2
    finally:
        tracemalloc.stop()


def test_further_choices_say_their_rest_too() -> None:
    """What deltas of one choice said counts for its own message alone."""
    begun = [delta(content="Hi"), {"choices": [{"index": 1, "delta": {"content": "Ye"}}]}]
    both = {"choices": [message("stop", content="Hi"), message("stop", 1, content="Yes")]}
    chunk = told(*begun, both, choices=2)
    assert (state_of(chunk.events).text, said(chunk), said(chunk, 1)) == ("Hi", "Hi", "Yes")


_WORDS = st.lists(st.text("aA \n", min_size=1, max_size=3), max_size=4)
_CALLS = st.lists(st.lists(st.text("xy", min_size=1, max_size=2), min_size=1, max_size=3), max_size=3)


@given(content=_WORDS, thoughts=_WORDS, calls=_CALLS, are_named=st.booleans(), is_stripped=st.booleans())
def test_the_whole_of_what_was_said_adds_nothing(
    content: list[str], thoughts: list[str], calls: list[list[str]], are_named: bool, is_stripped: bool
) -> None:
    """Whatever the deltas were; with a word more, and a call more, it adds these."""
    pieces = [['{"v":"', *values, '"}'] for values in calls]
    ids = [f"c{number}" if are_named else "" for number in range(len(calls))]
    deltas = [delta(reasoning=one) for one in thoughts] + [delta(content=one) for one in content]
    for number, fragments in enumerate(pieces):
        deltas.append(delta(tool_calls=[call(number, "", ids[number], "f")]))
        deltas += [delta(tool_calls=[call(number, one)]) for one in fragments]
    whole_calls = [call(None, "".join(one), told_id, "f") for one, told_id in zip(pieces, ids, strict=True)]
    texts = {"reasoning": "".join(thoughts), "content": "".join(content)}
    if is_stripped:
        texts = {name: text.strip() for name, text in texts.items()}
    alone = told(*deltas, delta("stop"))
    same = {"choices": [message("stop", **texts, tool_calls=whole_calls)]}
    assert blocks_of(told(*deltas, same)) == blocks_of(alone)
    if texts["content"].strip() and not calls:
        more = {"choices": [message("stop", **{**texts, "content": texts["content"] + "!"})]}
        assert state_of(told(*deltas, more).events).text.removesuffix("!").strip() == texts["content"].strip()
    last = call(None, "{}", "last", "g")
    one_more = blocks_of(told(*deltas, {"choices": [message("stop", tool_calls=[*whole_calls, last])]}))
    assert one_more == [*blocks_of(alone), ("tool_call", "g", "{}")]


def blocks_of(chunk: Chunk) -> list[tuple[str, str, str]]:
    """What was told, but for the ids that we make."""
    state = state_of(chunk.events)
    assert state.failure is None
    return [(block.kind, block.name, block.text) for block in state.blocks]
