"""What counts as a word, for what is found and for what is asked."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.search import tokenizer as search_words
from monitor.search.tokenizer import LONGEST_TEXT, LONGEST_WORD, MOST_ASKED, MOST_WORDS, asked_words, words_of

WORDS: list[tuple[str, list[str]]] = [
    ("", []),
    ("Overloaded, overloaded: try again!", ["overloaded", "try", "again"]),
    ("/v1/messages?beta=true", ["v1", "messages", "beta", "true"]),
    ("claude-opus-5-5", ["claude", "opus", "5"]),
    ("ada@example.com", ["ada", "example", "com"]),
    ("tool_result", ["tool", "result"]),
    ("Grüße, STRASSE", ["grüsse", "strasse"]),
    ("ＧＰＴ ﾃｽﾄ", ["gpt", "テス", "スト", "ト"]),
    ("請求書", ["請求", "求書", "書"]),
    ("税", ["税"]),
    ("GPTで要約", ["gpt", "で要", "要約", "約"]),
    ("한국어", ["한국", "국어", "어"]),
    ("\u202e\x07'\"%*:&|!()", []),
]


def test_words_are_found_in_every_script(subtests: pytest.Subtests) -> None:
    """Runs of letters and digits without case, width or repetition; pairs where no spaces are written."""
    for text, words in WORDS:
        with subtests.test(f"{text, words!r:.120}"):
            assert words_of(text) == words


ASKED: list[tuple[str, list[tuple[str, bool]]]] = [
    ("Over", [("over", True)]),
    ("no 77", [("no", False), ("77", False)]),
    ("file 777", [("file", True), ("777", True)]),
    ("請求書", [("請求", False), ("求書", False)]),
    ("税", [("税", True)]),
    ("100%", [("100", True)]),
    ("%'\"", []),
]


@pytest.mark.parametrize(("text", "asked"), ASKED, ids=[text for text, _ in ASKED])
def test_a_word_asked_for_stands_for_those_it_begins(text: str, asked: list[tuple[str, bool]]) -> None:
    """From three letters on; a shorter one is whole, and one character of a spaceless script begins pairs."""
    assert asked_words(text) == asked


@given(st.text(max_size=80), st.text(max_size=20))
def test_what_is_in_a_text_is_found_by_it(text: str, more: str) -> None:
    """A text is found by any of its own words, whatever stands around them; no word can be an operator."""
    there = words_of(f"{more} {text} {more}")
    for word, is_begun in asked_words(text):
        assert word.isalnum() or not word.isascii()
        assert word in there or (is_begun and any(other.startswith(word) for other in there))


def test_neither_a_text_nor_a_search_grows_without_end() -> None:
    """A pasted page narrows nothing down after its first words, and base64 is no long word."""
    assert len(asked_words(" ".join(f"word{number}" for number in range(100)))) == MOST_ASKED
    assert len(words_of(" ".join(f"word{number}" for number in range(1_000)))) == MOST_WORDS
    assert words_of("x" * 500) == ["x" * LONGEST_WORD]


def test_accents_in_a_row_are_not_sorted_all_together() -> None:
    """A text of nothing but combining marks, which are put in order one by one, is taken in pieces."""
    pieces: list[int] = []

    class Watched:
        @staticmethod
        def normalize(form: str, piece: str) -> str:
            pieces.append(len(piece))
            return unicodedata.normalize(form, piece)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_words, "unicodedata", Watched)
        words_of("a" + "\u0301\u0316" * 100_000)
        asked_words("a" + "\u0301\u0316" * 100_000)
    assert max(pieces) <= 1_000
    assert sum(pieces) <= 2 * LONGEST_TEXT
