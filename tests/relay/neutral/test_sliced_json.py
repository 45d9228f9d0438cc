"""JSON in slices is what the parser makes of it in one go: for texts of any shape, whole or broken."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.neutral import sliced_json
from relay.neutral.nesting import MOST_CONTAINERS, MOST_LEVELS
from relay.neutral.sliced_json import MOST_COMMAS, TooManyCommas, TooManyContainers, decode

LEAVES = st.none() | st.booleans() | st.integers(-99, 99) | st.floats(allow_nan=False) | st.text(max_size=9)
NAMES = st.sampled_from(["", "a", "b", '"', "\\", "]", "{", "é"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(NAMES, inner, max_size=5)
)
BLANKS = st.sampled_from(["", " ", "\n\t", "\r\n "])


@pytest.fixture(params=[1, 30], autouse=True)
def small_slices(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is cut, as often as it goes, or now and then."""
    monkeypatch.setattr(sliced_json, "_PLAIN_BYTES", 0)
    monkeypatch.setattr(sliced_json, "_PLAIN_CONTAINERS", 0)
    monkeypatch.setattr(sliced_json, "SLICE_BYTES", request.param)
    monkeypatch.setattr(sliced_json, "SLICE_TOKENS", request.param)


def of(read: Any, text: bytes) -> Any:
    """What ``read`` gives, with the order of names; the kind of error where there is one."""
    try:
        return json.dumps(read(text))
    except msgspec.DecodeError:
        return msgspec.DecodeError
    except UnicodeDecodeError:
        return msgspec.DecodeError


@settings(max_examples=100)
@given(VALUES, st.booleans(), BLANKS, BLANKS)
def test_slices_say_what_the_whole_says(value: Any, is_ascii: bool, before: str, between: str) -> None:
    """Values, names and their order, whatever blanks and escapes are around them."""
    text = json.dumps(value, ensure_ascii=is_ascii, separators=("," + between, between + ":" + before))
    told = (before + text + between).encode("utf-8", "surrogatepass")
    assert of(decode, told) == of(msgspec.json.decode, told)


@pytest.mark.thorough
@settings(max_examples=250)
@given(VALUES, st.data())
def test_what_is_broken_for_the_parser_is_broken_here(value: Any, data: st.DataObject) -> None:
    """A byte more, less or another one: both refuse, or both say the same."""
    text = json.dumps(value).encode()
    at = data.draw(st.integers(0, len(text)))
    new = data.draw(st.sampled_from([b"", *(bytes([one]) for one in b',"[]{}\\: 1\xff')]))
    broken = text[:at] + new + text[at + data.draw(st.integers(0, 1)) :]
    assert of(decode, broken) == of(msgspec.json.decode, broken)


@pytest.mark.thorough
@settings(max_examples=250)
@given(
    st.lists(st.lists(st.integers(0, 9), max_size=9), min_size=2, max_size=5), st.integers(1, 12), st.data()
)
def test_a_missing_comma_is_missed(value: list[list[int]], size: int, data: st.DataObject) -> None:
    """Between two children as well, wherever the slices end."""
    text = json.dumps(data.draw(st.sampled_from([value, {str(at): one for at, one in enumerate(value)}])))
    commas = [at for at, letter in enumerate(text) if letter == ","]
    at = data.draw(st.sampled_from(commas))
    broken = (text[:at] + data.draw(st.sampled_from(["", " "])) + text[at + 1 :]).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sliced_json, "SLICE_BYTES", size)
        assert of(decode, broken) == of(msgspec.json.decode, broken)


@settings(max_examples=100)
@given(st.text(alphabet='\\"a,[', max_size=99), st.integers(1, 9))
def test_escapes_are_read_as_the_parser_reads_them(text: str, window: int) -> None:
    """Wherever the piece ends that is read at once."""
    told = json.dumps([text, {text: text}]).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sliced_json, "_ESCAPES_BYTES", window)
        assert of(decode, told) == of(msgspec.json.decode, told)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"b":[1,2,3,4,5,6,7,8,9],"a":[1,2,3,4,5,6,7,8,9]}',  # the place of the first, the last value
        b'{"a":[1,2,3,4,5,6,7,8,9],"a":2,"b":3}',
        b'["\\\\","\\"",["]"],{"}":"{"},"\\\\\\""]',
        b"[[],[[]],[[],{}],{}]",
        b"[1,2,3,]", b"[,1]", b"[1,,2]", b"[[1],]", b"[[1] 2]", b"[1 [2]]", b'{"a":1,}', b'{"a" [1]}',
        b"[1]]",
        b"[1}", b"[1] x", b"x [1]", b",", b"]", b"", b"  ", b"1", b'"a"', b'"a', b"[1", b'{"a":', b"nul",
    ],
)  # fmt: skip
def test_what_is_easily_read_wrong(text: bytes) -> None:
    """Names that stand twice, brackets in strings, commas without values, ends that are none."""
    assert of(decode, text) == of(msgspec.json.decode, text)


@pytest.mark.thorough
def test_what_is_too_deep_or_too_much_is_refused() -> None:
    """Before it is built: each list is an object that everybody waits for."""
    deep = MOST_LEVELS + 2
    with pytest.raises(RecursionError):
        decode(b"[" * deep + b"]" * deep)
    with pytest.raises(TooManyContainers):
        decode(b"[" + b"[]," * MOST_CONTAINERS + b"1]")
    with pytest.raises(TooManyCommas):
        decode(b"[" + b"1," * (MOST_COMMAS + 1) + b"1]")
    assert decode(b'["' + b"[" * MOST_CONTAINERS + b'"]') == ["[" * MOST_CONTAINERS]
