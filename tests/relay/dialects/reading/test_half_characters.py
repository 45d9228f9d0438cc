"""JSON whose strings are cut inside of a character."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.reading.half_characters import (
    joined,
    json_text,
    tails,
    tolerant_object,
    without_halves,
)


def test_an_object_as_far_as_it_can_be_one(subtests: pytest.Subtests) -> None:
    """Halves stay what they are; what JSON has no word for is null; what is no object is None."""
    for data, value in [
        (b'{"a": 1}', {"a": 1}),
        (rb'{"a": "\ud83d\ude00"}', {"a": "\U0001f600"}),
        (rb'{"a": "x\ud83d"}', {"a": "x\ud83d"}),
        (b'{"a": "x\xed\xa0\xbd"}', {"a": "x\ud83d"}),
        (b'{"a": "\xff"}', {"a": "\ufffd"}),
        (b'{"a": "one\ntwo"}', {"a": "one\ntwo"}),
        (b'{"a": NaN, "b": -Infinity, "c": 1e999, "d": 1.5}', {"a": None, "b": None, "c": None, "d": 1.5}),
        (b"[1]", None),
        (b'{"a": ', None),
        (b"", None),
        (b'{"a":' * 100_000, None),
        (b'{"a":' + b"9" * 5000 + b"}", None),
    ]:
        with subtests.test(f"{data, value!r:.120}"):
            assert tolerant_object(data) == value


def test_a_half_waits_for_the_other_at_its_own_place() -> None:
    """The same keys, and in a list the same ``index``: only there the halves are one character."""
    before = {"choices": [{"index": 1, "delta": {"content": "ok \ud83d", "name": "\ud83d!"}}]}
    after = {"choices": [{"index": 1, "delta": {"content": "\ude00 fine", "name": "\ude00"}}]}
    ends = tails(before)
    assert ends == {("choices", 1, "delta", "content"): "ok \ud83d"}
    whole, given_away = joined(after, ends)
    assert whole["choices"][0]["delta"]["content"] == "\U0001f600 fine"
    assert without_halves(before, given_away)["choices"][0]["delta"] == {"content": "ok ", "name": "\ufffd!"}
    assert without_halves(whole)["choices"][0]["delta"]["name"] == "\ufffd"
    other = {"choices": [{"index": 0, "delta": {"content": "\ude00 fine"}}]}
    assert joined(other, ends) == (other, frozenset())


@given(st.text(max_size=8), st.data())
def test_a_text_cut_anywhere_is_the_same_text(text: str, data: st.DataObject) -> None:
    """Any text, cut at any UTF-16 unit, comes out whole; no half is ever written."""
    units = text.encode("utf-16-le", "surrogatepass")
    at = 2 * data.draw(st.integers(0, len(units) // 2))
    first, second = (
        tolerant_object(json.dumps({"t": part.decode("utf-16-le", "surrogatepass")}).encode()) or {}
        for part in (units[:at], units[at:])
    )
    second, given_away = joined(second, tails(first))
    told = json.loads(json_text(without_halves(first, given_away)))["t"] + json.loads(json_text(second))["t"]
    assert told == units.decode("utf-16-le", "replace")


@given(
    st.recursive(st.none() | st.text(max_size=3) | st.integers(), lambda inner: st.lists(inner, max_size=3))
)
def test_whatever_is_written_is_utf_8(value: Any) -> None:
    """JSON with U+FFFD for each lone half, in one line, also in keys."""
    text = json_text({"\ud83dkey": value})
    assert b"\n" not in text
    assert "\ufffdkey" in json.loads(text)
