"""Objects in a sentence, in JSON or as Python writes them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.reading.passed_on_object import object_at

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.text(st.characters(codec="utf-8", max_codepoint=0xFF)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab'\"\\ \n", max_size=4), inner),
    max_leaves=6,
)


@given(
    st.dictionaries(st.text("kq'\"", max_size=3), PLAIN, max_size=4), st.sampled_from(["", " and so on", "}"])
)
def test_what_python_writes_is_read_back(told: dict[str, Any], behind: str) -> None:
    """Marks, escapes, words and brackets, whatever stands behind."""
    assert object_at(repr(told) + behind) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '{"error": {"message": "a \\"b\\" \\u00e9"}}\nReceived Model Group',
            {"error": {"message": 'a "b" é'}},
        ),
        ("{'a': (1, 2), 'b': 'it\\'s'}", {"a": [1, 2], "b": "it's"}),
        ('b\'{"message":"\\xe4\\xbd\\x99 \\\\"x\\\\" it\\\'s"}\'', {"message": '余 "x" it\'s'}),
        ("{'a': 'never ends", None),
        ("{'a': unknown}", None),
        ("b'no object'", None),
        ("['a']", None),
        ("", None),
    ],
)
def test_objects_in_either_form(text: str, told: dict[str, Any] | None) -> None:
    """And nothing where there is none."""
    assert object_at(text) == told
