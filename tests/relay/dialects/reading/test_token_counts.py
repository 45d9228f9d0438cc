"""What a token count can be, and what becomes of what is none."""

from typing import Any

import pytest

from relay.dialects.reading.token_counts import MOST_TOKENS, token_count, with_counts

HUGE = (MOST_TOKENS + 1, 2**70, 1e300, float("inf"), "9" * 40, "1" * 18)
NONE = (*HUGE, -1, float("nan"), 0.5, True, "many", "-1", [], {})
COUNTS = ((0, 0), (MOST_TOKENS, MOST_TOKENS), (12.0, 12), ("12", 12), ("007", 7))


def test_what_is_a_count() -> None:
    """A whole number up to a thousand millions, also as a float or a text."""
    assert [value for value in NONE if token_count(value) is not None] == []
    assert [(value, token_count(value)) for value, _ in COUNTS] == list(COUNTS)
    assert token_count(None) is None


@pytest.mark.parametrize(
    ("told", "counted"),
    [
        ({"prompt_tokens": -1}, {"prompt_tokens": 0}),
        ({"details": {"cached_tokens": "12", "x": 1}}, {"details": {"cached_tokens": 12, "x": 1}}),
        ({"tokens": 2**70, "cost": 1e300, "note": "many"}, {"tokens": 0, "cost": 1e300, "note": "many"}),
    ],
)
def test_usage_with_counts(told: dict[str, Any], counted: dict[str, Any]) -> None:
    """What is called tokens is a count or 0, in details too; what is called otherwise stays."""
    assert with_counts(told) == counted


def test_usage_that_is_fine_stays_itself() -> None:
    """No copy, so that its bytes can travel on; what is not told stays untold."""
    told = {
        "prompt_tokens": 1,
        "completion_tokens": None,
        "details": {"reasoning_tokens": 0},
        "x_tokens": [1],
    }
    assert with_counts(told) is told


def test_details_have_a_depth() -> None:
    """What is nested deeper than any vendor does is left out."""
    told: dict[str, Any] = {"a_tokens": -1}
    for _ in range(5000):
        told = {"deeper": told}
    depth = 0
    counted = with_counts(told)
    while counted:
        counted, depth = counted["deeper"], depth + 1
    assert depth < 10
