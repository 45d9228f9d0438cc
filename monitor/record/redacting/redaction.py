"""Take secrets out of what is about to be stored, logged or sent on: paths, texts, JSON and SSE bodies.

Masking works on bytes and never parses. What is replaced is always the inside of a string, so JSON stays
JSON. Which shapes are known is in ``masking``.
"""

from collections.abc import Callable, Iterator
from urllib.parse import unquote_plus
from weakref import WeakKeyDictionary

from monitor.masking.edits import MASK, Edit, apply_edits, merged, moved_positions
from monitor.masking.finder import LEFT_OUT, Finder, Look, is_left_out
from monitor.masking.known import NOTHING_KNOWN, KnownSecrets
from monitor.masking.many import NOBODYS, ManySecrets
from monitor.masking.named import NAMED, SECRET_PARAMETERS
from monitor.masking.passwords import PASSWORDS
from monitor.masking.shapes import TOKENS
from monitor.record.transcript import MASKING_MARGIN_BYTES

__all__ = [
    "LEFT_OUT", "MASK", "Edit", "apply_edits", "find_secrets", "is_left_out", "make_ready", "mask_beginning",
    "mask_body", "mask_email", "mask_error_body", "mask_error_text", "mask_path", "mask_text",
    "may_hold_secrets", "merged", "moved_positions",
]  # fmt: skip

PLACES_OF_AN_ERROR = 50
"""No honest error has so many secrets, and it is masked while its client waits: another is left out."""

_finder = Finder((*TOKENS, *NAMED, *PASSWORDS))


_looks: WeakKeyDictionary[ManySecrets, Look] = WeakKeyDictionary()
"""As long as anybody knows those secrets: an exchange that began before a change has its own to its end."""


def make_ready(others: ManySecrets = NOBODYS) -> None:
    """Make what a text's first secret, and the first text beside ``others``, would wait for."""
    _finder.make_ready()
    _look_beside(others)


def _look_beside(others: ManySecrets) -> Look | None:
    """One look for the shapes and for these; None where they are not looked for in one go."""
    look = _looks.get(others)
    if look is None and (marks := others.pattern_beside_shapes) is not None:
        look = _looks[others] = _finder.look_beside(marks)
    return look


def find_secrets(data: bytes, known: KnownSecrets = NOTHING_KNOWN) -> list[Edit]:
    """Where secrets stand in a text or body, in order and without overlap; those that are ``known`` too."""
    look = _look_beside(known.others)
    if look is not None and not look.sees(data):
        return known.exact.find(data) if known.exact.may_be_in(data) else []
    found = _finder.find(data)
    if known.may_be_in(data) and not is_left_out(found):
        return merged((*found, *known.find(data)))
    return found


def may_hold_secrets(data: bytes, known: KnownSecrets = NOTHING_KNOWN) -> bool:
    """Whether there might be a secret in ``data``, or in any piece of it. A yes may be wrong, a no is not."""
    look = _look_beside(known.others)
    if look is not None:
        return look.sees(data) or known.exact.may_be_in(data)
    return _finder.may_hold(data) or known.may_be_in(data)


def mask_body(data: bytes) -> bytes:
    """A body with its secrets masked; the same object when there are none."""
    return apply_edits(data, find_secrets(data))


def mask_error_body(data: bytes) -> bytes:
    """The same for an error's body, in little time whatever it says."""
    return apply_edits(data, _finder.find(data, PLACES_OF_AN_ERROR))


def mask_error_text(text: str) -> str:
    """The same for an error's words."""
    return mask_text(text, PLACES_OF_AN_ERROR)


def mask_text(text: str, places: int | None = None) -> str:
    """A text with its secrets masked; the same object when there are none."""
    data = text.encode("utf-8", "surrogatepass")
    edits = _finder.find(data, places)
    return apply_edits(data, edits).decode("utf-8", "surrogatepass") if edits else text


def mask_beginning(text: str, limit: int, mask: Callable[[str], str] = mask_text) -> str:
    """At most ``limit`` characters of ``text``, with their secrets masked by ``mask``.

    Cut first, so that a long text costs no more than a short one; and a little behind the limit, so that a
    secret that lies across it is seen whole.
    """
    return mask(text[: limit + MASKING_MARGIN_BYTES])[:limit]


def mask_path(path: str) -> str:
    """A path or URL without the secrets in its query, whatever they look like, nor others that show."""
    before, mark, query = path.partition("?")
    pairs = []
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        secret = value and unquote_plus(name).strip().lower() in SECRET_PARAMETERS
        pairs.append(f"{name}{equals}{MASK}" if secret else pair)
    return mask_text(before + mark + "&".join(pairs))


def mask_email(label: str) -> str:
    """``ada@example.com`` as ``a***@example.com``; a label that is no e-mail address stays."""
    return "".join(map(_masked_word, _words(label))) if "@" in label else label


def _masked_word(word: str) -> str:
    """An address is what stands before and behind the first ``@`` that has anything before it."""
    name, at, host = word.lstrip("@").partition("@")
    lead = word[: len(word) - len(word.lstrip("@"))]
    return f"{lead}{name[0]}***@{host}" if name and at and host else word


def _words(text: str) -> Iterator[str]:
    """Words and the spaces between them, in order: together they are the text."""
    start = 0
    for place, letter in enumerate(text):
        if letter.isspace() != text[start].isspace():
            yield text[start:place]
            start = place
    yield text[start:]
