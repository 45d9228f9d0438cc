"""Control characters of a text are shown, not obeyed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.words.plain_text import shown

TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain é 日本 \U0001f600", "plain é 日本 \U0001f600"),
        ("a\nb\tc", "a\nb\tc"),
        ("a\r\nb\rc", "a\nb␍c"),
        ("\x00\x08\x1b\x7f\x85", "␀␈␛␡\\u0085"),
        ("x\u202ey\u2066z\u200f", "x\\u202ey\\u2066z\\u200f"),
    ],
)
def test_control_characters_are_shown(text: str, seen: str) -> None:
    """Ordinary text stays as it is; what would act on the page becomes a sign."""
    assert shown(text) == seen


@given(st.text())
def test_nothing_that_acts_is_left(text: str) -> None:
    """Whatever the text, only line ends and tabs of its control characters are left."""
    controls = {char for char in shown(text) if unicodedata.category(char) == "Cc"}
    turning = {char for char in shown(text) if unicodedata.bidirectional(char) in TURNING}
    assert controls <= {"\n", "\t"}
    assert not turning
