"""The words that a model repeats when it continues an answer: they are left out, and nothing else is.

PURE. Models that are asked to continue from the last character often begin with the last words again. That
echo is the longest beginning of what they say that is also the end of what was said. But a text may go on
with the same letters by itself ("bana" + "na"), and then to leave them out would lose them. Nobody can tell
the two apart for sure, so an echo has to be *telling*, or every character is kept:

* It begins where a word begins, for a model takes up a word and not its middle; and it has letters: a whole
  word, or two letters of one that was not whole. Digits, brackets and single letters repeat by chance.
* In Chinese, Japanese and Korean it takes five characters, for there a word is said twice ("ますます").
* Or it is long (16 bytes): chance is out of the question.
* The text does not end in that repetition already ("ha ha", the rows of a table): more of the same is as
  likely then as an echo.

So a doubled syllable is possible where a lost one is not. As long as what comes may still be an echo it is
held back; how it is cut into pieces changes nothing.
"""

from collections.abc import Iterator

_LONG_BYTES = 16
_TELLING_BYTES = 4
_TELLING_LETTERS = 2
_OWN_WORDS = "\u2e80"
"""From this character on (Chinese, Japanese, Korean) every character may begin a word."""
_TELLING_OWN_WORDS = 5
"""Characters of them: shorter words are said twice in a row, with nothing between."""


class Echo:
    """Takes the text of the leg that continues ``said``, and gives the new part of it.

    ``unseen`` is the white space at the end of ``said`` that the model was not shown, where its API takes
    none there: the model says it in its own way, and what is the same was told already.
    """

    def __init__(self, said: str, unseen: int = 0) -> None:
        """Nothing came yet; ``unseen`` counts characters."""
        self._said = said
        self._unseen = said[len(said) - unseen :]
        self._held = ""
        self._found_at = 0
        self._is_decided = False

    def take(self, text: str) -> str:
        """What can be told of ``text`` and of what was held before it."""
        if self._is_decided:
            return text
        self._held += text
        return "" if self._may_still_be_one() else self.finish()

    def finish(self) -> str:
        """Nothing more comes: what was held, without the echo that it begins with."""
        if self._is_decided:
            return ""
        self._is_decided = True
        held, self._held = self._held, ""
        if not self._unseen:
            return held[_echoed(self._said, held) :]
        length = 0 if held[:1].isspace() else _echoed(self._said, held)
        return held[length or self._echoed_as_shown(held) :]

    def _echoed_as_shown(self, held: str) -> int:
        """The same against what the model was shown, which ends before the white space."""
        shown = self._said[: len(self._said) - len(self._unseen)]
        length = 0 if held[:1].isspace() else _echoed(shown, held)
        rest = held[length:]
        return length + _common(rest, self._unseen) if not rest or rest[0].isspace() else 0

    def _may_still_be_one(self) -> bool:
        """Does what came so far stand in the text, with more behind it?"""
        held = self._held
        if not held:
            return True
        if self._unseen and held[0].isspace():
            return len(held) < len(self._unseen) and self._unseen.startswith(held)
        # As it grows it can only be found further back.
        self._found_at = self._said.find(held, self._found_at)
        return self._found_at >= 0 and self._found_at + len(held) < len(self._said)


def _echoed(said: str, held: str) -> int:
    """The length of the longest telling echo of the end of ``said`` that ``held`` begins with."""
    return next((length for length, unit in _echoes(said, held) if _tells(said, length, unit)), 0)


def _tells(said: str, length: int, unit: int) -> bool:
    end = len(said)
    if 2 * unit <= end and said[end - 2 * unit : end - unit] == said[end - unit :]:
        return False
    echo = said[end - length :]
    size = len(echo.encode("utf-8", "surrogatepass"))
    if size >= _LONG_BYTES:
        return True
    if echo[0] >= _OWN_WORDS and length < _TELLING_OWN_WORDS:
        return False
    letters = sum(character.isalpha() and character < _OWN_WORDS for character in echo)
    is_enough = size >= _TELLING_BYTES or letters >= _TELLING_LETTERS or any(map(str.isspace, echo))
    return is_enough and any(map(str.isalpha, echo)) and _begins_word(said, end - length)


def _begins_word(text: str, at: int) -> bool:
    first = text[at]
    if first.isspace():
        return False
    return at == 0 or first >= _OWN_WORDS or not (text[at - 1].isalnum() and first.isalnum())


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (left, right) in enumerate(pairs) if left != right), min(len(one), len(other)))


def _echoes(said: str, held: str) -> Iterator[tuple[int, int]]:
    """Every length by which ``held`` begins with the end of ``said``, the longest first, with its period.

    Knuth, Morris and Pratt's failure function: linear, whatever the text.
    """
    pattern = held[: len(said)]
    borders = [0] * len(pattern)
    length = 0
    for at in range(1, len(pattern)):
        while length and pattern[at] != pattern[length]:
            length = borders[length - 1]
        length += pattern[at] == pattern[length]
        borders[at] = length
    length = 0
    for character in said[len(said) - len(pattern) :]:
        while length and (length == len(pattern) or pattern[length] != character):
            length = borders[length - 1]
        length += pattern[length] == character
    while length:
        yield length, length - borders[length - 1]
        length = borders[length - 1]
