"""Which patterns every validator compiles."""

import re2
from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.schemas.patterns import MAX_DEPTH, MAX_SIZE, is_portable
from tests.relay.dialects.schemas.judges import ARTIFACT_PATTERN, compiles

PORTABLE = (
    "", "abc", "^[a-z0-9]+(?:-[a-z0-9]+)*$", r"^\d{4}-\d{2}-\d{2}$", "a|b|", r"^(0|[1-9]\d{0,3})\.(\w+)?$",
    "[-a]", "[a-]", "[^a-c]", r"[\]\[]", r"\u4e00[\u4e00-\u9fff]", r"\x41", "日本", r"[\w.@+-]{2,}?", "()",
    "(a*)*", r"\bword\b", r"[+\-*/]", "^#[0-9A-Fa-f]{6}$", "x{1000}", "&--", "[a^]", "[.]",
)  # fmt: skip
FOREIGN = (
    ARTIFACT_PATTERN, "(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", "(?<name>a)", "(?P<name>a)", "(?i)a", r"\p{L}",
    r"\P{L}", r"(a)\1", r"\0", "^[^\x00]*$", r"\u0000", r"\ud83d", r"\u12", r"\cA", r"\k<a>", r"\A", r"\Z",
    r"\z", "[a", "(a", "a)", "a]", "a}", "{2}", "a{,3}", "a{3,2}", "a{1001}", "*a", "a**", "a++", "^*",
    r"\b+", "a|*", "(*)", "[]", "[]a]", "[z-a]", r"[\d-x]", r"[a-\d]", "[a[b]", "[a&&b]", "[a--b]", "[a~~b]",
    "[a||b]", "[a-c-e]", r"[\p{L}]", r"[\b]", "\\", "a\nb", r"\_", r"\ ", "(a{999}){999}",
    "(" * (MAX_DEPTH + 1) + ")" * (MAX_DEPTH + 1), r"^[a-zA-Z0-9@#%^&*()_+\-=[\]{}|;:,.<>?~`]*$",
)  # fmt: skip


def test_what_all_engines_read() -> None:
    """A pattern of what JavaScript, Python, Rust and Go have in common stays."""
    assert [pattern for pattern in PORTABLE if not is_portable(pattern)] == []
    assert [pattern for pattern in PORTABLE if not compiles(pattern)] == []


def test_what_some_engine_does_not_read() -> None:
    """Lookaround, Unicode classes, names, back references, sets within sets, what grows too large: all go."""
    assert [pattern for pattern in FOREIGN if is_portable(pattern)] == []


@given(st.text(st.sampled_from("ab0-9\\dwbxu41,{}[]()|^$.*+?:=!<&~日"), max_size=24))
def test_engines_compile_what_is_portable(pattern: str) -> None:
    """Neither Python's re, as at OpenAI, nor RE2 refuses what is portable (it has no ``\\u`` alone)."""
    if is_portable(pattern):
        assert compiles(pattern)
        assert "\\u" in pattern or re2.compile(pattern)


@given(st.text(max_size=60))
def test_any_text_is_judged(pattern: str) -> None:
    """No text makes the judge fail."""
    assert is_portable(pattern) in (True, False)


def test_each_character_is_read_a_bounded_number_of_times() -> None:
    """A pattern of a megabyte is judged at the place where it becomes too large."""
    assert not is_portable("a" * (MAX_SIZE + 1))
    assert not is_portable("[" + "a" * 1_000_000)
