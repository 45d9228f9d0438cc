"""How blocks and turns are recognised again: ``digest`` and ``turn_key``."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.neutral.conversation import digest, turn_key

NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_a_digest_survives_the_wire(value: object) -> None:
    """The same value sent and read again has the same digest: 32 hex digits."""
    assert digest(msgspec.json.decode(msgspec.json.encode(value))) == digest(value)
    assert len(digest(value)) == 32
    int(digest(value), 16)


def test_the_order_of_keys_does_not_matter() -> None:
    """Clients write objects in any order; lists keep theirs."""
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert digest([1, 2]) != digest([2, 1])
    assert digest((1, 2)) == digest([1, 2])


@pytest.mark.parametrize(
    ("one", "other"),
    [({"a": 1}, {"a": 2}), ({"a": 1}, {"b": 1}), ({"a": None}, {}), ([], {}), ("1", 1), (True, 1), (1, 1.5)],
)
def test_different_values_have_different_digests(one: object, other: object) -> None:
    """What differs in meaning differs in its digest."""
    assert digest(one) != digest(other)


def test_cache_markers_are_not_part_of_a_block() -> None:
    """Clients move their cache markers from turn to turn; the block stays the same block."""
    plain = {"type": "text", "text": "Hi", "parts": [{"x": 1}]}
    marked = {
        "type": "text",
        "text": "Hi",
        "cache_control": {"type": "ephemeral"},
        "parts": [{"x": 1, "cache_control": None}],
    }
    assert digest(plain) == digest(marked)


def test_a_whole_number_is_the_same_with_and_without_its_point() -> None:
    """Upstream says 1.0, a JavaScript client sends 1 back: the same number, the same turn."""
    assert digest({"x": 1.0, "y": [-0.0, 2.5]}) == digest({"x": 1, "y": [0, 2.5]})
    assert digest(1e300) == digest(1e300)
    assert digest(math.inf) == digest(math.inf)


def test_a_turn_is_known_by_its_visible_text_and_its_calls() -> None:
    """White space round the text does not count, for dialects trim it; names, arguments and order do."""
    key = turn_key("Let me look.", [("look", {"path": "/a", "depth": 1})])
    assert key == turn_key("  Let me look.\n", [("look", {"depth": 1, "path": "/a"})])
    assert key != turn_key("Let me look", [("look", {"path": "/a", "depth": 1})])
    assert key != turn_key("Let me look.", [("find", {"path": "/a", "depth": 1})])
    assert key != turn_key("Let me look.", [("look", {"path": "/b", "depth": 1})])
    assert key != turn_key("Let me look.", [])
    two: list[tuple[str, dict[str, object]]] = [("a", {}), ("b", {})]
    assert turn_key("", two) != turn_key("", two[::-1])


def test_text_and_calls_are_kept_apart() -> None:
    """A text that looks like a call is none."""
    assert turn_key('[["look", {}]]', []) != turn_key("", [("look", {})])
