"""A body in many small pieces takes no more memory than what is in it."""

import sys

from hypothesis import given
from hypothesis import strategies as st

from proxyproject.serving.connection.body_chunks import SMALL_BYTES, BodyChunks


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
    large = b"x" * SMALL_BYTES
    body.write(large)
    held = sum(sys.getsizeof(chunk) for chunk in body._chunks) + sys.getsizeof(body._chunks)
    assert body.tell() == 64_000 + SMALL_BYTES
    assert held < 2 * body.tell()
    assert body._chunks[-1] is large
