"""Take secrets out of what is about to be stored: paths, texts, JSON and SSE bodies. PURE.

Masking works on bytes and never parses: a body may be cut, broken, or no JSON at all. Found are the
credentials that this server and its clients handle, by their looks (``sk-…``, ``AIza…``, ``ya29.…``,
``1//…``, ``GOCSPX-…``, ``Bearer …``, PEM private keys) or by the name they stand under. What is replaced is
always the inside of a string, so JSON stays JSON. Signatures and images are base64 and tool ids have
prefixes of their own: a credential's prefix counts only where a word begins.

Each kind is looked for by ``bytes.find``, about half a millisecond a megabyte, and not by one large
expression: ``re`` holds the interpreter's lock for all of its run, and the event loop would wait.
"""

import binascii
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote_plus

MASK = "[masked]"
_MASK = MASK.encode()


class Edit(NamedTuple):
    """``data[start:end]`` is a secret, and ``mask`` takes its place."""

    start: int
    end: int
    mask: bytes = _MASK


# What may stand before a credential's first character: nothing, anything but a word's character, or a
# character in the writing of JSON strings and URLs (\n, \u000a, %3D), whose last one looks like a word's.
_ESCAPE = rb"\\[nrtbf/]|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2}"
_AFTER_ANY = re.compile(rb"(?:[^A-Za-z0-9_-]|" + _ESCAPE + rb")\Z")
_AFTER_NO_BASE64 = re.compile(rb"(?:[^A-Za-z0-9_+/-]|" + _ESCAPE + rb")\Z")
_ESCAPE_BYTES = 6

# sk-folding-cube, sk-toggleable__label-2: words, not a key. A key has a digit next to a letter, or capitals.
_WORDS = rb"(?:[a-z]++|[0-9]{1,4}+)(?:[-_]++(?:[a-z]++|[0-9]{1,4}+))*+[-_]*+(?![A-Za-z0-9_-])"

# (what to look for and its rarest byte: to see that a byte is nowhere costs a twentieth of looking for a
# word; what may stand before it; the whole of it with the secret as group 1)
_PREFIXES: tuple[tuple[bytes, bytes, re.Pattern[bytes], re.Pattern[bytes]], ...] = (
    (b"sk-", b"-", _AFTER_ANY, re.compile(rb"sk-(?!" + _WORDS + rb")([A-Za-z0-9_-]{16,})")),
    (b"AIza", b"I", _AFTER_NO_BASE64, re.compile(rb"AIza([A-Za-z0-9_-]{30,})")),
    (b"ya29.", b"9", _AFTER_NO_BASE64, re.compile(rb"ya29\.([A-Za-z0-9_.-]{20,})")),
    (b"1//", b"/", _AFTER_NO_BASE64, re.compile(rb"1//([A-Za-z0-9_-]{20,})")),
    (b"GOCSPX-", b"X", _AFTER_ANY, re.compile(rb"GOCSPX-([A-Za-z0-9_-]{20,})")),
)

# "Bearer authentication" is prose; a token has a digit, a capital inside a word, or is longer than words are.
_BEARER = re.compile(
    rb"earer(?:\s|%20|\+)+(?=[A-Za-z0-9._~+/=-]*?(?:[0-9]|[a-z][A-Z]|[A-Za-z]{24}))([A-Za-z0-9._~+/=-]{12,})"
)

# User and password of HTTP's basic authentication (RFC 7617): base64 with a colon in what it stands for.
_BASIC = re.compile(rb"asic(?:\s|%20|\+)+([A-Za-z0-9+/]{8,}={0,2})")

_PARAMETER_VALUE = re.compile(rb"[^&#\s\"'\\<>()\[\]{}]{8,}")
_ENCODED_VALUE = re.compile(rb"[^&#%\s\"'\\<>()\[\]{}]{8,}")  # behind %3D: it ends at the next %26
_PARAMETER_NAME = re.compile(rb"(?:[?&;]|\\u0026|%3[fF]|%26)([A-Za-z_-]{1,30})\Z")
_SECRET_PARAMETERS = frozenset(
    ("key", "api_key", "apikey", "api-key", "x-api-key", "x-goog-api-key", "access_token", "refresh_token",
     "id_token", "auth_token", "token", "client_secret", "secret", "password", "authorization")
)  # fmt: skip

# Words that secrets stand under, in lower case, with what must stand before them (separators left out;
# nothing in particular when empty): "token" and "key" alone are words of the trade.
_NAMES: tuple[tuple[bytes, tuple[bytes, ...]], ...] = (
    (b"key", (b"api", b"secret", b"access", b"private", b"encryption")),
    (b"token", (b"refresh", b"access", b"auth", b"api", b"bearer", b"session")),
    (b"secret", ()),
    (b"password", ()),
    (b"passwd", ()),
    (b"passphrase", ()),
    (b"authorization", ()),
    (b"cookie", ()),
)
_LONGEST_HEAD_BYTES = 12
# From the name's end to the value's opening quote; in JSON within JSON the quotes are escaped.
# Both are written alike: another quote is the end of the string that they stand in.
_TO_VALUE = re.compile(rb'(\\*)"\s*:\s*\1"')
_EQUALS, _HYPHEN, _QUOTE, _BACKSLASH, _PERCENT = b'=-"\\%'
_BEHIND_NAMES = (b'"', b"=", b"%", b"-")

_PEM_BEGIN = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY-----\Z")
_PEM_BEGIN_BYTES = 64
_PEM_END = b"-----END "
_PEM_LONGEST_BYTES = 16384
_PEM_LINES = re.compile(rb"(?:[\r\n]|\\+[nr])(?:[A-Za-z0-9+/=\s]|\\+[nr])*")

_EMAIL = re.compile(r"([^@\s])[^@\s]*@([^@\s]+)")


def find_secrets(data: bytes) -> list[Edit]:
    """Where secrets stand in a text or body, in order and without overlap."""
    return merged((*_prefixed(data), *_bearer_tokens(data), *_basic_credentials(data), *_named(data)))


def may_hold_secrets(data: bytes) -> bool:
    """Whether there might be a secret in ``data``, or in any piece of it. A yes may be wrong, a no is not.

    What stands before a piece is not what stands before it here, and a piece may end earlier: both are left
    out of account.
    """
    return (
        any(
            whole.match(data, place)
            for prefix, rarest, _, whole in _PREFIXES
            if rarest in data
            for place in _places(data, prefix)
        )
        or any(_BASIC.match(data, place) for place in _places(data, b"asic"))
        or any(True for _ in _bearer_tokens(data))
        or any(True for _ in _named(data))
    )


def merged(found: Iterable[Edit]) -> list[Edit]:
    """Edits in order and without overlap; what touches is one."""
    edits: list[Edit] = []
    for edit in sorted(found):
        if edits and edit.start <= edits[-1].end:
            last = edits[-1]
            edits[-1] = Edit(last.start, max(last.end, edit.end), max(last.mask, edit.mask))
        else:
            edits.append(edit)
    return edits


def apply_edits(data: bytes, edits: Iterable[Edit]) -> bytes:
    """``data`` with each of the ``edits`` (in order, without overlap) made."""
    pieces, done = [], 0
    for edit in edits:
        pieces += [data[done : edit.start], edit.mask]
        done = edit.end
    return b"".join([*pieces, data[done:]]) if pieces else data


def moved_positions(positions: Iterable[int], edits: Iterable[Edit]) -> Iterator[int]:
    """Where rising ``positions`` are after ``edits`` were made; one inside a secret goes behind its mask."""
    remaining = iter(edits)
    edit = next(remaining, None)
    shift = 0
    for position in positions:
        while edit is not None and edit.end <= position:
            shift += len(edit.mask) - (edit.end - edit.start)
            edit = next(remaining, None)
        if edit is not None and edit.start < position:
            yield edit.start + shift + len(edit.mask)
        else:
            yield position + shift


def mask_body(data: bytes) -> bytes:
    """A body with its secrets masked; the same object when there are none."""
    return apply_edits(data, find_secrets(data))


def mask_text(text: str) -> str:
    """A text with its secrets masked."""
    data = text.encode("utf-8", "surrogatepass")
    edits = find_secrets(data)
    return apply_edits(data, edits).decode("utf-8", "surrogatepass") if edits else text


def mask_path(path: str) -> str:
    """A path or URL without the secrets in its query, whatever they look like, nor others that show."""
    before, mark, query = path.partition("?")
    pairs = []
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        secret = value and unquote_plus(name).strip().lower() in _SECRET_PARAMETERS
        pairs.append(f"{name}{equals}{MASK}" if secret else pair)
    return mask_text(before + mark + "&".join(pairs))


def mask_email(label: str) -> str:
    """``ada@example.com`` as ``a***@example.com``; a label that is no e-mail address stays."""
    return _EMAIL.sub(r"\1***@\2", label)


def _places(data: bytes, marker: bytes) -> Iterator[int]:
    place = data.find(marker)
    while place >= 0:
        yield place
        place = data.find(marker, place + len(marker))


def _prefixed(data: bytes) -> Iterator[Edit]:
    for prefix, rarest, before, whole in _PREFIXES:
        for place in _places(data, prefix) if rarest in data else ():
            if (place == 0 or before.search(data[max(0, place - _ESCAPE_BYTES) : place])) and (
                match := whole.match(data, place)
            ):
                yield Edit(*match.span(1))


def _bearer_tokens(data: bytes) -> Iterator[Edit]:
    for place in _places(data, b"earer"):
        if data[place - 1 : place] in (b"B", b"b") and (match := _BEARER.match(data, place)):
            yield Edit(*match.span(1))


def _basic_credentials(data: bytes) -> Iterator[Edit]:
    for place in _places(data, b"asic"):
        if data[place - 1 : place] in (b"B", b"b") and (match := _BASIC.match(data, place)):
            try:
                decoded = binascii.a2b_base64(match[1])
            except binascii.Error:
                continue
            if b":" in decoded:
                yield Edit(*match.span(1))


def _named(data: bytes) -> Iterator[Edit]:
    """Secrets under a name: ``"api_key": "…"``, ``?key=…``, ``-----BEGIN PRIVATE KEY-----…``."""
    if not any(mark in data for mark in _BEHIND_NAMES):
        return  # plain prose
    lower = data.lower()
    for word, heads in _NAMES:
        done = 0  # what is masked already is not looked through again: the time stays linear
        for place in _places(lower, word):
            end = place + len(word)
            if place < done or end >= len(data):
                continue
            following = data[end]
            if following in (_QUOTE, _BACKSLASH):
                before = lower[max(0, place - _LONGEST_HEAD_BYTES) : place].rstrip(b"-_.")
                edit = _string_value(data, end) if not heads or before.endswith(heads) else None
            elif following == _EQUALS:
                edit = _parameter_value(data, end, end + 1, _PARAMETER_VALUE)
            elif following == _PERCENT and lower[end : end + 3] == b"%3d":
                edit = _parameter_value(data, end, end + 3, _ENCODED_VALUE)
            elif following == _HYPHEN:
                edit = _private_key(data, end)
            else:
                continue
            if edit is not None:
                done = edit.end
                yield edit


def _parameter_value(
    data: bytes, name_end: int, value_start: int, value_pattern: re.Pattern[bytes]
) -> Edit | None:
    """The value of a URL's parameter whose name ends there, if that name is a secret's."""
    name = _PARAMETER_NAME.search(data[max(0, name_end - 40) : name_end])
    if name is None or name[1].decode().lower() not in _SECRET_PARAMETERS:
        return None
    value = value_pattern.match(data, value_start)
    return Edit(*value.span()) if value else None


def _private_key(data: bytes, name_end: int) -> Edit | None:
    """The inside of a PEM private key, if that is what the word before ``name_end`` begins."""
    start = name_end + len(b"-----")
    if not _PEM_BEGIN.search(data[max(0, start - _PEM_BEGIN_BYTES) : start]):
        return None
    end = data.find(_PEM_END, start, start + _PEM_LONGEST_BYTES)
    if end < 0:  # cut off: whatever of its lines is there
        lines = _PEM_LINES.match(data, start)
        end = lines.end() if lines else start
    return Edit(start, end) if end > start else None


def _string_value(data: bytes, name_end: int) -> Edit | None:
    """The value of a JSON key whose name ends there, if it is a string."""
    to_value = _TO_VALUE.match(data, name_end)
    if to_value is None or data.startswith(_MASK, to_value.end()):
        return None
    end = _string_end(data, to_value.end(), len(to_value[1]))
    return Edit(to_value.end(), end) if end > to_value.end() else None


def _string_end(data: bytes, start: int, depth: int) -> int:
    """Where the string ends that begins at ``start`` behind a quote with ``depth`` backslashes.

    With each level of JSON within JSON the quote's backslashes double and one is added: of n before a
    quote those beyond ``depth`` are escaped backslashes of the string's own, in whole multiples of
    2 (depth + 1); fewer than ``depth`` end a string further out. A line end stops the search: it cannot
    stand in a JSON string, but it ends an SSE event.
    """
    seen = start
    while True:
        quote = data.find(b'"', seen)
        limit = len(data) if quote < 0 else quote
        line_end = data.find(b"\n", seen, limit)
        if line_end >= 0 or quote < 0:
            return limit if line_end < 0 else line_end
        backslashes = 0
        while quote - backslashes > start and data[quote - backslashes - 1] == _BACKSLASH:
            backslashes += 1
        if backslashes < depth or backslashes % (2 * (depth + 1)) == depth:
            return quote - min(backslashes, depth)
        seen = quote + 1
