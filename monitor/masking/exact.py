"""Known credentials, found in every form in which software writes them. PURE.

Upstreams repeat what they were sent: as it stands, inside JSON (``\\/``, ``\\u002b``), inside a URL
(``%2B``), in base64 (alone, or inside of something longer) or in hexadecimal; or they cut it off. A key of
a shape that no rule knows is found here, and nowhere else.
"""

import base64
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from typing import Any

import re2

from monitor.masking.edits import Edit, apply_edits, merged
from monitor.masking.linear import compiled
from monitor.masking.shapes import SHORTEST_TELLING, tells_a_secret

SHORTEST_SECRET = 6
"""Characters. What is shorter stands in ordinary text by chance."""

NO_SECRETS = frozenset(
    {"dummy", "lm-studio", "no-key-required", "not-needed", "ollama", "placeholder", "sk-no-key-required"}
)
"""What the documentation of local servers tells people to enter where no key is needed."""

_LOOKED_AT_CHARACTERS = 256
"""Of a longer secret the beginning is looked for, and what goes on behind it is masked with it."""
_REST = rb"[^\s\"'\\<>&,;]*"
_SHORTEST_CORE = 7
_SHORTEST_HALF = 10
_SHORTEST_TELLING_PART = 8
_ENTITIES = {"&": b"amp", "<": b"lt", ">": b"gt", '"': b"quot", "'": b"#39"}


class ExactSecrets:
    """Finds these secrets and no others."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """What is too short to be told from ordinary text, or no secret at all, is not looked for."""
        self.secrets = tuple(
            secret for secret in secrets if len(secret) >= SHORTEST_SECRET and secret not in NO_SECRETS
        )

    def find(self, data: bytes) -> list[Edit]:
        """Where they stand, in any form, in order and without overlap."""
        if not self.secrets or len(data) < SHORTEST_SECRET:
            return []
        edits = [Edit(match.start(), match.end()) for match in self._any.finditer(data)]
        return merged(edits) if edits else edits

    def mask(self, data: bytes) -> bytes:
        """``data`` without them; the same object where they are not in it."""
        return apply_edits(data, self.find(data))

    def may_be_in(self, data: bytes) -> bool:
        """A quick look for a part of them that is the same in JSON and in URLs; not in base64.

        A short part stands in ordinary text by chance, as ``bench`` of ``sim-bench`` does: then all is looked
        for.
        """
        for part in self._parts:
            if part in data:
                return len(part) >= _SHORTEST_TELLING_PART or self._any.search(data) is not None
        return False

    @cached_property
    def have_quotes(self) -> bool:
        """Whether one may reach beyond the string of JSON that it begins in."""
        return any('"' in secret for secret in self.secrets)

    @cached_property
    def _any(self) -> Any:
        forms = [form for secret in self.secrets for form in _forms(secret)]
        return compiled(b"|".join(forms), captures=False)

    @cached_property
    def _parts(self) -> tuple[bytes, ...]:
        parts = (_longest_run(secret.encode()) for secret in self.secrets)
        return tuple(sorted(parts, key=len, reverse=True))  # the first that shows tells most


@lru_cache(maxsize=256)
def exact_secrets(secrets: tuple[str, ...]) -> ExactSecrets:
    """The finder of these, made once."""
    return ExactSecrets(secrets)


def _forms(secret: str) -> Iterator[bytes]:
    """RE2 patterns for ``secret`` in all its forms."""
    beginning = secret[:_LOOKED_AT_CHARACTERS]
    rest = _REST if beginning != secret else b""
    yield b"".join(map(_written, beginning)) + rest
    half = len(beginning) // 2
    if half >= _SHORTEST_HALF:  # whoever told it cut it off
        told = beginning[: max(half, SHORTEST_TELLING)]
        if tells_a_secret(told):  # words stand in ordinary text too: anthropic-…
            yield b"".join(map(_written, told)) + _REST
    yield b"(?i:" + beginning.encode().hex().encode() + b")"
    for core in _cores(beginning):
        inside = b"".join(_BASE64.get(bytes([byte]), bytes([byte])) for byte in core)
        yield rb"[A-Za-z0-9+/_-]{0,2}" + inside + rb"[A-Za-z0-9+/_-]{0,2}(?:=|%3[dD]){0,2}" + rest


_BASE64 = {b"+": rb"(?:[+-]|%(?:25)*2[bB]|\\+u002[bB])", b"/": rb"(?:\\*[/_]|%(?:25)*2[fF]|\\+u002[fF])"}


def _written(letter: str) -> bytes:
    """A pattern for one character as it stands, escaped in JSON, or escaped in a URL or a page."""
    plain = letter.encode()
    units = letter.encode("utf-16-be")
    codes = [units[at : at + 2].hex().encode() for at in range(0, len(units), 2)]
    forms = [  # the longer ones first
        b"".join(rb"\\+u(?i:" + code + b")" for code in codes),
        b"".join(b"%%(?:25)*(?i:%02x)" % byte for byte in plain),
        b"&#(?:0*%d|(?i:x0*%x));" % (ord(letter), ord(letter)),
        b"".join(rb"\\+x(?i:%02x)" % byte for byte in plain),
    ]
    if letter in _ENTITIES:
        forms.append(b"&" + _ENTITIES[letter] + b";")
    if letter == " ":
        forms.append(rb"\+")
    if not letter.isalnum() and letter.isascii():
        forms.append(rb"\\+" if letter == "\\" else rb"\\*" + re2.escape(plain))
    else:
        forms.append(re2.escape(plain))
    return b"(?:" + b"|".join(forms) + b")"


def _cores(secret: str) -> Iterator[bytes]:
    """The base64 of ``secret`` wherever it may stand in a longer text: without what its neighbours decide."""
    data = secret[:_LOOKED_AT_CHARACTERS].encode()
    for before, begin in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.b64encode(b"\0" * before + data)
        core = encoded[begin : (before + len(data)) * 8 // 6]
        if len(core) >= _SHORTEST_CORE:
            yield core


def _longest_run(data: bytes) -> bytes:
    """The longest part that no JSON or URL escapes: letters and digits."""
    runs = "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else " " for byte in data).split()
    return max(runs, key=len, default="").encode() or data
