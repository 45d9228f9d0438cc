"""Whether a call's arguments are whole, however they are cut."""

import json
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.json_object import json_object
from relay.dialects.reading.call_arguments import CallArguments, object_of, unwrapped

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(alphabet='a"\\{}[] \n\u6771\ud83d', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='a"}\\', max_size=3), inner),
    max_leaves=6,
)
TEXTS = st.builds(
    lambda value, tail: json.dumps(value) + tail, VALUES, st.sampled_from(["", " ", "\n ", "}", "{}"])
)
LOOSE = st.text(alphabet='a"\\{}[]: ', max_size=12)


@given(text=TEXTS | LOOSE, cuts=st.lists(st.integers(0, 60)), asks_always=st.booleans())
def test_whole_is_what_a_parser_takes(text: str, cuts: list[int], *, asks_always: bool) -> None:
    """They are an object, or one in a text, after each piece or not; white space behind changes nothing.

    A text of nothing is an object of nothing; null has no bracket that would end it.
    """
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    arguments = CallArguments()
    for start, end in pairwise(places):
        arguments.pieces.append(text[start:end])
        if asks_always or end == len(text):
            said = text[:end]
            is_object = said.strip() != "null" and json_object(unwrapped(said)) is not None
            assert arguments.is_whole == is_object
    assert arguments.text == text


def told(pieces: list[str]) -> str:
    """All that is told of arguments that came in ``pieces``."""
    arguments = CallArguments()
    said = [arguments.take(piece) for piece in pieces]
    return "".join([*said, arguments.rest()])


@given(
    value=st.dictionaries(st.text(alphabet='a"}\\', max_size=3), VALUES), cuts=st.lists(st.integers(0, 60))
)
def test_an_object_is_told_as_it_came(value: dict[str, Any], cuts: list[int]) -> None:
    """Also as a text of JSON, and behind an empty object: however it is cut, the same object is told."""
    text = json.dumps(value)
    for wrapped in (text, json.dumps(text)):
        places = [0, *sorted(min(cut, len(wrapped)) for cut in cuts), len(wrapped)]
        pieces = [wrapped[start:end] for start, end in pairwise(places)]
        assert told(pieces) == text
        if wrapped is text:
            for before in (["{}"], ["{", "}"], ["{ ", "} "], ["{}{}"], [" {", " ", "}{", "}\n"]):
                assert told([*before, *pieces]) == text


def test_what_stands_for_no_arguments() -> None:
    """An empty object alone is one; so are null and an empty text. What is none of it stays as it is."""
    table = {
        "{}": "{}",
        " {} ": "{}",
        "{ }": "{}",
        "{}{}": "{}",
        "{": "{",
        "null": "{}",
        '""': "{}",
        '"a"': '"a"',
        "[1]": "[1]",
        "": "",
        "{}x": "{}x",
    }
    assert {text: told([text]) for text in table} == table
    assert [object_of(text) for text in ("", " ", "{}", "null", '""')] == [{}] * 5
    assert [object_of(text) for text in ("{}x", "[1]", '"a"')] == [None] * 3


def test_what_may_begin_an_empty_object_is_kept_back() -> None:
    """Only until the next piece; the real object behind an empty one is another."""
    arguments = CallArguments()
    seen = [
        (arguments.take(piece), arguments.is_kept, arguments.has_dropped)
        for piece in ("", "{", "}", " {", '"a":', "1}")
    ]
    assert seen == [
        ("", False, False),
        ("", True, False),
        ("", True, False),
        ("", True, True),
        ('{"a":', False, False),
        ("1}", False, False),
    ]
