"""A transcript holds the beginning of a response and knows the size and hash of all of it."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from monitor.record.transcript import MASKING_MARGIN_BYTES, Transcript


@given(st.lists(st.binary(max_size=3000), max_size=12), st.integers(0, 4000))
def test_the_beginning_is_kept_and_all_of_it_is_counted(pieces: list[bytes], cap_bytes: int) -> None:
    """Whatever the pieces are, what is kept is a beginning of bounded size; size and hash are the whole's."""
    transcript = Transcript(cap_bytes)
    for number, piece in enumerate(pieces):
        transcript.add(number * 10, piece)
    whole = b"".join(pieces)
    kept = b"".join(data for _, data in transcript.chunks)
    assert kept == whole[: cap_bytes + MASKING_MARGIN_BYTES]
    assert transcript.total_bytes == len(whole)
    assert transcript.sha256() == hashlib.sha256(whole).hexdigest()
    assert [at for at, _ in transcript.chunks] == sorted(at for at, _ in transcript.chunks)
