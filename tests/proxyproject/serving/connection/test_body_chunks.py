"""A body in many small pieces takes no more memory than what is in it, and is read without a copy."""

import sys

from hypothesis import given
from hypothesis import strategies as st

from proxyproject.serving.connection.body_chunks import BodyChunks


@given(st.lists(st.binary(max_size=3).map(lambda part: part * 600)))
def test_a_body_is_what_came(pieces: list[bytes]) -> None:
    """Whatever the sizes of its pieces, once; what was given is held no more."""
    body = BodyChunks()
    for piece in pieces:
        body.write(piece)
    assert body.tell() == sum(map(len, pieces))
    assert body.read() == b"".join(pieces)
    assert body.read() == b""


def test_small_pieces_share_their_place() -> None:
    """Two bytes a piece would be twenty times as much as a list of pieces: 1.5 MB for a stranger's 64 KiB."""
    body = BodyChunks()
    for number in range(32_000):
        body.write(number.to_bytes(2, "big"))
    assert body.tell() == 64_000
    assert sys.getsizeof(body._body) < 2 * body.tell()


def test_a_large_body_is_read_without_a_copy() -> None:
    """Joining 50 MB would hold up everybody."""
    body = BodyChunks()
    for _ in range(100):
        body.write(b"x" * 65536)
    written = body._body
    whole = body.read()
    assert len(whole) == 6_553_600
    assert written.getvalue() is whole
