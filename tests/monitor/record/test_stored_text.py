"""A text from outside is made one that every database takes, and is otherwise left alone."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.record.stored_text import stored_text


def test_what_no_database_takes_is_replaced() -> None:
    """Surrogates and NUL; a limit counts characters."""
    assert stored_text("a\0b\ud800c") == "a\N{REPLACEMENT CHARACTER}b?c"
    assert stored_text("日本語", 2) == "日本"
    assert stored_text("plain", 3) == "pla"


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")))
def test_any_other_text_stays(text: str) -> None:
    """To the character."""
    assert stored_text(text) == text
