"""Fields of an answer that are not what Google documents: each costs itself, and little work."""

import json
from typing import Any

import msgspec
import pytest

from relay.dialects.gemini.upstream_answer import partial_arguments
from relay.neutral.events import Citation, Terminal
from relay.neutral.failures import Kind
from tests.relay.dialects.gemini.streams import decode, events_of, folded, parts, sse
from tests.relay.dialects.gemini.upstream_answer.test_decoder_faults import call, failure_in

ODD = ("7", "true", '"x"', "{}", "[[]]", "[null]", "null", "1e999")


def test_sources_of_another_type_cost_themselves() -> None:
    """Whatever stands where sources, supports, their numbers or a run's fields should, the text is told."""
    chunks = '"groundingChunks":[7,{"web":{"uri":"u","title":"t"}}]'
    fields = (
        '"groundingMetadata":{' + chunks + ',"groundingSupports":[{"groundingChunkIndices":@}]}',
        '"groundingMetadata":{' + chunks + ',"groundingSupports":@}',
        '"groundingMetadata":{"groundingChunks":@,"groundingSupports":[{"groundingChunkIndices":[0]}]}',
        '"groundingMetadata":@', '"citationMetadata":@', '"citationMetadata":{"citations":@}',
        '"urlContextMetadata":@',
    )  # fmt: skip
    for field in fields:
        for odd in ODD:
            told = '{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP",' + field + "}]}"
            events = events_of(b"data: " + told.replace("@", odd).encode() + b"\r\n\r\n")
            assert (folded(events).text, events[-1]) == ("a", Terminal()), (field, odd)
    for odd in ODD:
        told = '{"candidates":[{"content":{"parts":[{"text":"a"},{"executableCode":{"code":@}},{"new":@}]},'
        told += '"finishReason":"STOP"}]}'
        events = events_of(b"data: " + told.replace("@", odd).encode() + b"\r\n\r\n")
        assert (folded(events).text, events[-1]) == ("a", Terminal()), odd


def test_supports_name_sources_by_their_place() -> None:
    """Also where an entry before is no source; and odd other citations leave those under their old name."""
    metadata = {
        "groundingChunks": [7, {"web": {"uri": "u", "title": "t"}}],
        "groundingSupports": [{"segment": {"text": "a"}, "groundingChunkIndices": [1]}],
    }
    old = {"citations": 7, "citationSources": [{"uri": "v"}]}
    events = events_of(
        sse(parts({"text": "a"}, groundingMetadata=metadata, citationMetadata=old, finishReason="STOP"))
    )
    cited = [(event.url, event.cited_text) for event in events if isinstance(event, Citation)]
    assert cited == [("u", "a"), ("v", "")]


def pieces_of(*paths: str) -> list[dict[str, Any]]:
    return [{"jsonPath": path, "numberValue": 1} for path in paths]


def test_places_far_apart_are_bounded_together() -> None:
    """A call of many lists, each with one late entry, would be a million times as large as its bytes."""
    near = {"name": "f", "partialArgs": pieces_of(*(f"$.l{n}[{n}]" for n in range(200)))}
    assert events_of(sse(parts({"functionCall": near}, finishReason="STOP")))[-1] == Terminal()
    far = call(name="f", partialArgs=pieces_of(*(f"$.l{n}[60000]" for n in range(2))))
    assert failure_in(decode([sse(far)])).kind is Kind.GARBAGE


def test_a_long_list_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries in their order take no room but their own, however many they are."""
    monkeypatch.setattr(partial_arguments, "_MOST_GAPS", 1_000)
    many = pieces_of(*(f"$.l[{n}]" for n in range(10_010)))
    events = events_of(sse(parts({"functionCall": {"name": "f", "partialArgs": many}}, finishReason="STOP")))
    assert msgspec.json.decode(folded(events).blocks[0].text) == {"l": [1] * 10_010}


def test_a_text_in_pieces_that_is_told_anew() -> None:
    """More of a string is appended while it goes on; a value of another kind, or a new text, replaces it."""
    pieces = [
        {"jsonPath": "$.a", "stringValue": "x", "willContinue": True},
        {"jsonPath": "$.a", "stringValue": "y", "willContinue": True},
        {"jsonPath": "$.a", "stringValue": "z"},
        {"jsonPath": "$.b", "stringValue": "old"},
        {"jsonPath": "$.b", "stringValue": "new", "willContinue": True},
        {"jsonPath": "$.c", "stringValue": "text", "willContinue": True},
        {"jsonPath": "$.c", "numberValue": 7},
        {"jsonPath": "$.d", "numberValue": 7, "willContinue": True},
        {"jsonPath": "$.d", "stringValue": "text"},
    ]
    events = events_of(
        sse(parts({"functionCall": {"name": "f", "partialArgs": pieces}}, finishReason="STOP"))
    )
    told = msgspec.json.decode(folded(events).blocks[0].text)
    assert told == {"a": "xyz", "b": "new", "c": 7, "d": "text"}


def test_what_each_support_repeats_is_bounded() -> None:
    """A source that is as long as a book and is named a hundred times is not told as a hundred books."""
    long = "x" * 100_000
    chunks = [{"retrievedContext": {"uri": f"https://{long}", "title": long, "text": long}}]
    supports = [{"segment": {"text": f"{n}{long}"}, "groundingChunkIndices": [0, 0]} for n in range(100)]
    metadata = {"groundingChunks": chunks, "groundingSupports": supports}
    events = events_of(sse(parts({"text": "a"}, groundingMetadata=metadata, finishReason="STOP")))
    cited = [event for event in events if isinstance(event, Citation)]
    assert len(cited) == 100
    assert sum(len(one.raw) + len(one.url) + len(one.title) + len(one.cited_text) for one in cited) < 200_000


def test_arguments_may_be_the_text_of_an_object() -> None:
    """A client of Gemini is told the object; a parameter of that name, and a text of it, stay as they are."""
    table: list[tuple[Any, Any]] = [
        ('{"x": "\u00e9"}', {"x": "\u00e9"}),
        ("{}", {}),
        (" ", {}),
        ("null", {}),
        ('"{}"', {}),
        (json.dumps('{"x": 1}'), {"x": 1}),
        ('{}{"x": 1}', {"x": 1}),
        ({"args": '{"x": 1}'}, {"args": '{"x": 1}'}),
    ]
    for args, expected in table:
        for of_calls in (
            {"functionCall": {"name": "f", "args": args}},
            {"function_call": {"name": "f", "args": args}},
        ):
            chunk = decode([sse(parts({"text": '"args": "{}"'}, of_calls, finishReason="STOP"))])
            [text, told] = folded(chunk.events).blocks
            assert (text.text, msgspec.json.decode(told.text)) == ('"args": "{}"', expected), args
            [heard] = [part for part in parts_heard(chunk.raw) if "text" not in part]
            assert next(iter(heard.values()))["args"] == expected, args
    for args in ("x", "[]", "{", '"{"', '"x"'):
        assert failure_in(decode([sse(call(name="f", args=args))])).kind is Kind.GARBAGE, args


def test_one_part_in_the_place_of_a_list_is_a_list_of_it() -> None:
    """Of a text and of a call, whatever its arguments."""
    for part, kind in (({"text": "a"}, "text"), ({"functionCall": {"name": "f", "args": "{}"}}, "tool_call")):
        told = {"candidates": [{"content": {"role": "model", "parts": part}, "finishReason": "STOP"}]}
        chunk = decode([sse(told)])
        assert [block.kind for block in folded(chunk.events).blocks] == [kind]
        assert chunk.events[-1] == Terminal()
        assert [list(one) for one in parts_heard(chunk.raw)] == [list(part)]


def parts_heard(stream: bytes) -> list[dict[str, Any]]:
    """The parts that a client of the same dialect is told."""
    chunks = [msgspec.json.decode(line[5:]) for line in stream.splitlines() if line.startswith(b"data:")]
    return [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]
