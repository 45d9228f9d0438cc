"""Many events that came together, read in one go. PURE."""

from collections.abc import Callable

from relay.dialects.reading.tolerant_reader import UNREADABLE, Shape

_OPENING, _CLOSING = b"{}"


def shapes(
    lines: list[bytes], decode: Callable[[bytes], list[Shape]], longest_bytes: int
) -> list[Shape] | None:
    """What each of the ``lines`` says; None where one of them wants a closer look.

    ``decode`` takes JSON line by line, and raises one of UNREADABLE.
    """
    if max(map(len, lines)) > longest_bytes:
        return None
    # Between a closing brace and an opening one no object goes on: halves of one are none together.
    if [line for line in lines if not line or line[0] != _OPENING or line[-1] != _CLOSING]:
        return None
    whole = b"\n".join(lines)
    try:
        if not whole.isascii():
            whole.decode()
        told = decode(whole)
    except UNREADABLE:
        return None
    return told if len(told) == len(lines) else None
