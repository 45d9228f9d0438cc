"""Fields that are not of their types cost themselves, and nothing else."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw, Struct, UnsetType

from relay.dialects.openai.chat.upstream_answer.wire import Piece
from relay.dialects.openai.responses.upstream_answer.wire import StreamEvent
from relay.dialects.reading.bent_fields import mended


class Inner(Struct):
    """What a list holds."""

    text: str | None = None
    number: int = 0


class Shape(Struct):
    """Each kind of field that a decoder has."""

    id: str | None = None
    count: int = -1
    share: float | None = None
    is_on: bool | None = None
    inner: Inner = msgspec.field(default_factory=Inner)
    inners: list[Inner] = []
    maybe: list[Inner] | None = None
    either: str | dict[str, Any] | None = None
    later: int | UnsetType = UNSET
    raw: Raw = Raw(b"")


class Needed(Struct):
    """An object that is nothing without its name."""

    name: str
    number: int = 0


class Several(Struct):
    """A list of them, and one."""

    each: list[Needed] = []
    one: Needed | None = None


def test_what_misses_a_text_that_must_be_there_goes() -> None:
    """Missing, or of another type: the one that it is missing in goes, and the others stay."""
    for odd in ({}, {"name": None}, {"name": ["x"]}, {"name": {}}):
        value, _ = mended({"each": [odd, {"name": "a"}, {"name": 7}], "one": odd}, Several)
        assert msgspec.convert(value, Several) == Several([Needed("a"), Needed("7")], None)


def test_a_field_of_another_type(subtests: pytest.Subtests) -> None:
    """A number for a text is a text, and back; else null, or an empty one; each place is named once."""
    for told, value, bent in [
        ({"id": "a", "count": 1, "share": 1, "unknown": {"id": 7}}, None, []),
        ({"id": 12345}, {"id": "12345"}, ["id"]),
        ({"id": 1.5}, {"id": "1.5"}, ["id"]),
        ({"id": True}, {"id": None}, ["id"]),
        ({"id": ["a"]}, {"id": None}, ["id"]),
        ({"count": "17"}, {"count": 17}, ["count"]),
        ({"count": "-3"}, {"count": -3}, ["count"]),
        ({"count": 4.0}, {"count": 4}, ["count"]),
        ({"count": "many"}, {}, ["count"]),
        ({"count": None}, {}, ["count"]),
        ({"count": 1 << 70}, {}, ["count"]),
        ({"count": "9" * 40}, {}, ["count"]),
        ({"later": None}, {}, ["later"]),
        ({"inner": None}, {"inner": {}}, ["inner"]),
        ({"inner": {"number": "x", "text": "t"}}, {"inner": {"text": "t"}}, ["inner.number"]),
        ({"inners": None}, {"inners": []}, ["inners"]),
        ({"inners": {"of": "tomorrow"}}, {"inners": []}, ["inners"]),
        (
            {"inners": [{"number": "0"}, None, {"number": "1"}]},
            {"inners": [{"number": 0}, {"number": 1}]},
            ["inners[].number", "inners[]"],
        ),
        ({"maybe": 7}, {"maybe": None}, ["maybe"]),
        ({"maybe": {"text": "t"}}, {"maybe": [{"text": "t"}]}, ["maybe"]),
        ({"maybe": {}}, {"maybe": None}, ["maybe"]),
        ({"inners": {"text": 7, "of": 1}}, {"inners": [{"text": "7", "of": 1}]}, ["inners", "inners[].text"]),
        ({"either": {"a": 1}}, None, []),
        ({"either": 7}, {"either": "7"}, ["either"]),
        ({"raw": [1, {"id": 7}]}, None, []),
    ]:
        with subtests.test(f"{told, value, bent!r:.120}"):
            before = msgspec.json.encode(told) if told.get("count") != 1 << 70 else b""
            assert mended(told, Shape) == (told if value is None else value, bent)
            assert not before or msgspec.json.encode(told) == before


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "choices", "index", "delta", "tool_calls", "function", "type", "item", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(told=st.dictionaries(st.sampled_from(["id", "choices", "type", "delta", "usage"]), _JSON, max_size=4))
def test_what_is_mended_can_be_read(told: Any) -> None:
    """Any JSON object is one of the decoders' shapes afterwards."""
    for shape in (Piece, StreamEvent):
        value, _ = mended(told, shape)
        msgspec.json.decode(msgspec.json.encode(value), type=shape)
