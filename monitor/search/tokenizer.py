"""The words of a text, as the search of the history knows them. PURE.

A word is a run of letters and digits, without regard to case or width (``ＧＰＴ`` is ``gpt``). Where a script
writes no spaces (Japanese, Chinese, Thai …) each pair of neighbouring characters counts as a word, so any
part of a sentence is found; its last character stands alone too, for a search by one character.
"""

import re
import unicodedata
from collections.abc import Iterable

SEARCHED_COLUMNS = ("path", "client_model", "mapped_model", "account", "client_key", "error", "preview")
"""The texts of an exchange that it is found by."""
LONGEST_WORD = 60
"""Characters of a word that are looked at: beyond it is base64 and the like."""
MOST_WORDS = 400
LONGEST_TEXT = 20_000
"""Characters of a text that are looked at."""
MOST_ASKED = 12
"""Words of a search that are looked for; the rest of a pasted text narrows nothing down."""
PREFIX_FROM = 3
"""So long must a word of a search be to stand for the words that begin with it; shorter ones are whole."""
_NORMALIZED_AT_ONCE = 1_000

_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
_PLAIN_WORD = re.compile(r"[a-z0-9]+")
_WORD = re.compile(rf"([{_SPACELESS}]+)|([^\W_{_SPACELESS}]+)")


def words_of(text: str) -> list[str]:
    """The words of a text in order, each once."""
    text = text[:LONGEST_TEXT]
    if text.isascii():
        found: Iterable[str] = _PLAIN_WORD.findall(text.lower())
    else:
        found = _words(text)
    return [word[:LONGEST_WORD] for word in dict.fromkeys(found)][:MOST_WORDS]


def words_of_texts(texts: Iterable[str | None]) -> list[str]:
    """The words of several texts, those of the columns above."""
    return words_of("\n".join(filter(None, texts)))


def asked_words(text: str) -> list[tuple[str, bool]]:
    """What a search asks for: words that must all be there, and whether one stands for its continuations."""
    return _asked(_alike(text[:LONGEST_TEXT]))


def typed_words(text: str) -> list[str]:
    """The same with their case and width, as they may stand in a row whose texts are looked at."""
    return [word for word, _ in (asked_words(text) if text.isascii() else _asked(text[:LONGEST_TEXT]))]


def _asked(text: str) -> list[tuple[str, bool]]:
    asked: list[tuple[str, bool]] = []
    for run, word in _WORD.findall(text):
        if word:
            asked.append((word[:LONGEST_WORD], len(word) >= PREFIX_FROM))
        elif len(run) == 1:
            asked.append((run, True))
        else:
            asked += [(pair, False) for pair in _pairs(run)]
    return list(dict.fromkeys(asked))[:MOST_ASKED]


def has_words(words: Iterable[str], asked: Iterable[tuple[str, bool]]) -> bool:
    """Whether a text of these words is one that is asked for."""
    there = set(words)
    return all(
        word in there or (is_begun and any(other.startswith(word) for other in there))
        for word, is_begun in asked
    )


def _words(text: str) -> Iterable[str]:
    for run, word in _WORD.findall(_alike(text)):
        if word:
            yield word
        else:
            yield from _pairs(run)
            yield run[-1]


def _alike(text: str) -> str:
    """The text without regard to case and width.

    Accents that stand behind each other are put in order one by one: a text of nothing else would take
    quadratic time, so it is done in pieces.
    """
    if text.isascii():
        return text.lower()
    pieces = (text[at : at + _NORMALIZED_AT_ONCE] for at in range(0, len(text), _NORMALIZED_AT_ONCE))
    return "".join(unicodedata.normalize("NFKC", piece) for piece in pieces).casefold()


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]
