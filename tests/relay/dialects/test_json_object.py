"""JSON objects out of bytes that nobody vouches for."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.json_object import json_object


def test_an_object_or_nothing(subtests: pytest.Subtests) -> None:
    """Half a character is replaced; whatever is no JSON object is None, never an exception."""
    for data, value in [
        (b'{"a": 1}', {"a": 1}),
        ('{"a": "\u2028"}', {"a": "\u2028"}),
        (rb'{"a": "x\ud83d"}', {"a": "x\ufffd"}),
        (r'{"a": "\ude00\ud83d"}', {"a": "\ufffd\ufffd"}),
        (rb'{"a": "\ud83d\ude00"}', {"a": "\U0001f600"}),
        (rb'{"a": "\ud83d", "b": NaN}', None),
        (rb'["\ud83d"]', None),
        (rb'{"a": "\ud83d"', None),
        (b'{"a": NaN}', None),
        (b"[1]", None),
        (b"", None),
        (b"\xff", None),
        (b'{"a": "\xff"}', None),
        (b'{"a":' * 200_000, None),
    ]:
        with subtests.test(f"{data, value!r:.120}"):
            assert json_object(data) == value


@given(st.dictionaries(st.text(max_size=4), st.text(max_size=4) | st.integers() | st.none(), max_size=3))
def test_every_json_object_is_read(value: dict[str, Any]) -> None:
    """What any encoder writes comes back as it was."""
    assert json_object(json.dumps(value)) == value
    assert json_object(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")) in (
        value,
        None,
    )


@given(st.binary(max_size=30) | st.text(max_size=30))
def test_nothing_raises(data: bytes | str) -> None:
    """Any bytes and any text."""
    json_object(data)
