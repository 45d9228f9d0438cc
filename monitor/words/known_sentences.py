"""Which of our sentences a text is, and what is filled in: rows hold them in English.

PURE, linear in the text. What fits no sentence is somebody else's word and stays as it is.
"""

from collections.abc import Callable, Iterable, Mapping


class KnownSentences:
    """Sentences with places such as ``%(what)s``; what stands in a place may be one of them itself."""

    def __init__(self, sentences: Iterable[str]) -> None:
        forms = [(sentence, *_parted(sentence)) for sentence in sentences]
        # A shorter one may fit what a longer one says.
        self._forms = sorted(forms, key=lambda form: sum(map(len, form[1])), reverse=True)

    def translated(self, text: str, translate: Callable[[str], str]) -> str:
        """``text`` in the language of ``translate``, which knows the sentences; else as it is."""
        for sentence, literals, names in self._forms:
            held = _held(text, literals)
            if held is not None:
                told = [self.translated(value, translate) for value in held]
                return filled(translate(sentence), dict(zip(names, told, strict=True)))
        return text


def filled(sentence: str, values: Mapping[str, str]) -> str:
    """The sentence with its places filled in; a per cent sign elsewhere means itself."""
    literals, names = _parted(sentence)
    rest = zip(names, literals[1:], strict=True)
    return literals[0] + "".join(values[name] + literal for name, literal in rest)


def _parted(sentence: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What stands before, between and behind the places, and the names of these."""
    first, *places = sentence.split("%(")
    parts = [place.partition(")s") for place in places]
    return (first, *(behind for _, _, behind in parts)), tuple(name for name, _, _ in parts)


def _held(text: str, literals: tuple[str, ...]) -> list[str] | None:
    """What stands between ``literals``, each place as short as it can be; None where they differ."""
    first, *between = literals
    if not between:
        return [] if text == first else None
    if not text.startswith(first):
        return None
    held = []
    at = len(first)
    for number, literal in enumerate(between, start=1):
        is_last = number == len(between)
        ends_at = len(text) - len(literal) if is_last else text.find(literal, at + 1)
        if ends_at <= at or not text.startswith(literal, ends_at):
            return None
        held.append(text[at:ends_at])
        at = ends_at + len(literal)
    return held
