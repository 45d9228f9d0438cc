"""Regular expressions that may look at text from outside: RE2, whose time is linear in the text. PURE.

Python's own ``re`` backtracks: a pattern with two neighbouring repetitions takes quadratic time or worse, and
holds the interpreter's lock for all of it, so that one hostile text stops the event loop. RE2 runs an
automaton, about 1.4 ms a megabyte however many alternatives a pattern has, and lets other threads run
meanwhile. It knows no look-around and no back-reference.
"""

from typing import Any

import re2

MOST_MEMORY_BYTES = 32 * 1024 * 1024
"""What an automaton's cache may take at most; a full cache is thrown away, which costs time and no result."""


def compiled(pattern: bytes, *, captures: bool = True) -> Any:
    """RE2's object for a pattern over bytes; each byte is a character (Latin-1).

    Without ``captures`` all groups are plain, and a search tells no more than where the whole match stands.
    """
    return re2.compile(pattern, _options(captures=captures))


def pattern_set(patterns: list[bytes]) -> Any:
    """RE2's set of patterns: ``Match(data)`` gives the numbers of those that are somewhere in ``data``."""
    together = re2.Set.SearchSet(_options(captures=False))
    for pattern in patterns:
        together.Add(pattern)
    together.Compile()
    return together


class Phrases:
    """Phrases that a text is searched for, without regard to case; written in ASCII, as RE2 patterns."""

    def __init__(self, *phrases: str) -> None:
        """Any of the ``phrases`` counts."""
        self._pattern = compiled(b"(?is:" + "|".join(phrases).encode("ascii") + b")", captures=False)

    def are_in(self, text: str) -> bool:
        """Whether one of them is in ``text``."""
        return self._pattern.search(text.encode("utf-8", "surrogatepass")) is not None


def _options(*, captures: bool) -> re2.Options:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = MOST_MEMORY_BYTES
    options.never_capture = not captures
    options.log_errors = False
    return options
