"""The troubleshooting lesson in English and Japanese says the same, of files that are there."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
ENGLISH, JAPANESE = ((DOCS / name).read_text() for name in ("troubleshooting.md", "troubleshooting-ja.md"))

_SPAN = re.compile(r"`([^`]+)`")
_DECISION = re.compile(r"\]\((decisions/[^)]+)\)")
_NUMBER = re.compile(r"\d+")


def rows(page: str) -> list[str]:
    """The lines of its tables."""
    return [line for line in page.splitlines() if line.startswith("|")]


def test_both_name_the_same_phrases_headers_and_constants() -> None:
    """What is to be searched for or looked up is written alike in both, letter for letter."""
    assert set(_SPAN.findall(ENGLISH)) == set(_SPAN.findall(JAPANESE))
    assert set(_DECISION.findall(ENGLISH)) == set(_DECISION.findall(JAPANESE))


def test_both_have_the_same_steps_and_tables() -> None:
    """A section or a row that is added to one is added to the other, with its numbers."""
    assert ENGLISH.count("\n## ") == JAPANESE.count("\n## ")
    assert [sorted(_NUMBER.findall(row)) for row in rows(ENGLISH)] == [
        sorted(_NUMBER.findall(row)) for row in rows(JAPANESE)
    ]


@pytest.mark.parametrize(
    "path", sorted({span for span in _SPAN.findall(ENGLISH) if re.fullmatch(r"[\w/]+\.(py|toml)", span)})
)
def test_the_files_it_names_are_there(path: str) -> None:
    """Whoever looks up where something is done finds the file."""
    assert (DOCS.parent / path).is_file()
