"""The head of an answer in one piece: Twisted hands over four to a header, and looks at each. PURE."""

from collections.abc import Iterable, Sequence


def head_of(
    version: bytes, code: bytes, reason: bytes, headers: Iterable[tuple[bytes, Sequence[bytes]]]
) -> bytes:
    """The status line, a line for each value of each header, and the empty one. No value has a line break."""
    lines = [b"%b %b %b" % (version, code, reason)]
    lines += [b"%b: %b" % (name, value) for name, values in headers for value in values]
    return b"\r\n".join([*lines, b"", b""])
