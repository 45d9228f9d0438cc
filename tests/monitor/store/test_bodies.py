"""Bodies are stored masked, capped and compressed, and come back as they were sent."""

import hashlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from monitor.models import Body
from monitor.record.records import BodyKind, BodyRecord
from monitor.record.redacting.redaction import MASK
from monitor.record.transcript import Transcript
from monitor.store.bodies import ROW_OVERHEAD_BYTES, stored_body
from monitor.store.writer import RecordWriter

KEY = "sk-ant-api03-0123456789abcdefABCDEF"
COMPRESSOR = zstandard.ZstdCompressor(level=3)


def body(**fields: object) -> BodyRecord:
    """A body of some exchange."""
    return BodyRecord(**{"request_id": "0" * 32, "kind": BodyKind.RESPONSE, **fields})


def as_row(record: BodyRecord, cap_bytes: int) -> Body:
    """The row as it would be read again."""
    stored = stored_body(record, cap_bytes, COMPRESSOR)
    return Body(**{name: getattr(stored, name) for name in stored.__struct_fields__})


def test_a_body_is_stored_and_read_again(writer: RecordWriter) -> None:
    """Request, headers and response of an exchange come back from the store, their secrets masked."""
    content = b'{"model":"m","api_key":"hunter2","messages":[]}'
    writer.submit(
        body(
            kind=BodyKind.UPSTREAM_REQUEST,
            attempt=2,
            headers=(("Authorization", "Bearer x"), ("X-Two", "é"), ("x-two", "b")),
            content=content,
        )
    )
    writer.submit(body(chunks=((12, b"data: a\n\n"), (40, b"data: b\n\n")), headers=(("request-id", "r"),)))
    assert writer.flush(10)
    request = Body.objects.get(kind="upstream_request")
    assert (request.attempt, request.data()) == (
        2,
        b'{"model":"m","api_key":"[masked]","messages":[]}',
    )
    assert request.header_pairs() == [("Authorization", "Bearer [masked]"), ("X-Two", "é"), ("x-two", "b")]
    assert request.sha256 == hashlib.sha256(content).hexdigest()
    assert (request.total_bytes, request.is_capped, request.events()) == (len(content), False, [])
    response = Body.objects.get(kind="response")
    assert response.events() == [(12, b"data: a\n\n"), (40, b"data: b\n\n")]
    assert response.data() == b"data: a\n\ndata: b\n\n"


def test_a_later_body_takes_the_place_of_the_earlier(writer: RecordWriter) -> None:
    """The same body submitted twice, in one batch or two, is one row: the later."""
    for content in (b"one", b"two"):
        writer.submit(body(content=content))
        writer.submit(body(content=content + b"!"))
        assert writer.flush(10)
    assert Body.objects.get().data() == b"two!"


def test_an_empty_body_is_a_body(writer: RecordWriter) -> None:
    """Nothing sent is recorded as nothing."""
    writer.submit(body())
    assert writer.flush(10)
    row = Body.objects.get()
    assert (row.data(), row.events(), row.header_pairs()) == (b"", [], [])
    assert (row.total_bytes, row.is_capped) == (0, False)


@given(st.binary(max_size=500), st.integers(0, 600))
def test_what_is_beyond_the_cap_is_counted_and_hashed(content: bytes, cap_bytes: int) -> None:
    """At most the cap is kept; size and hash tell of the whole."""
    row = as_row(body(content=content), cap_bytes)
    assert len(row.data()) == row.kept_bytes <= cap_bytes
    assert row.total_bytes == len(content)
    assert row.sha256 == hashlib.sha256(content).hexdigest()
    assert row.is_capped == (len(content) > cap_bytes)


@given(
    st.lists(
        st.one_of(st.binary(max_size=40), st.sampled_from([KEY.encode(), b" ", b"\n\n", b'"'])), max_size=20
    ),
    st.integers(0, 300),
)
def test_the_pieces_of_a_response_are_its_whole(pieces: list[bytes], cap_bytes: int) -> None:
    """The pieces with their times put together are exactly what is kept, masked or not."""
    chunks = tuple((number, piece) for number, piece in enumerate(pieces))
    row = as_row(body(chunks=chunks), cap_bytes)
    events = row.events()
    assert b"".join(data for _, data in events) == row.data()
    assert [at for at, _ in events] == [at for at, _ in chunks]


def test_a_secret_across_the_cap_is_not_stored_in_part(subtests: pytest.Subtests) -> None:
    """Wherever the cap falls, no more than the prefix of a key is kept."""
    for cut in range(len(KEY) + 1):
        with subtests.test(f"{cut!r:.120}"):
            content = b"x" * 50 + b" " + KEY.encode() + b" and more" * 20
            row = as_row(body(content=content), 51 + cut)
            assert KEY[3:12].encode() not in row.data()


def test_a_secret_across_two_pieces_is_masked() -> None:
    """A key that was sent in two network pieces is seen whole."""
    row = as_row(body(chunks=((1, b"a " + KEY[:9].encode()), (2, KEY[9:].encode() + b" b"))), 1000)
    assert row.data() == f"a sk-{MASK} b".encode()
    assert row.events() == [(1, f"a sk-{MASK}".encode()), (2, b" b")]


def test_a_transcript_of_a_long_response_keeps_size_and_hash_of_the_whole() -> None:
    """What the relay did not keep is counted in the row all the same."""
    transcript = Transcript(100)
    for number in range(1000):
        transcript.add(number, b"data: word\n\n")
    record = body(
        chunks=tuple(transcript.chunks),
        total_bytes=transcript.total_bytes,
        sha256=transcript.sha256(),
    )
    row = as_row(record, 100)
    assert (row.total_bytes, row.kept_bytes, row.is_capped) == (12_000, 100, True)
    assert row.sha256 == hashlib.sha256(b"data: word\n\n" * 1000).hexdigest()


def test_what_a_body_takes_is_known_by_its_row() -> None:
    """Retention adds up what the compressed parts take, and a constant for the row."""
    row = as_row(body(content=b"a" * 100_000, headers=(("a", "b"),)), 1_000_000)
    assert row.stored_bytes == len(row.content) + len(row.headers) + ROW_OVERHEAD_BYTES < 1000


@pytest.fixture
def planted(writer: RecordWriter) -> Callable[[str], None]:
    """Submits bodies that hold a secret in every place."""

    def plant(secret: str) -> None:
        writer.submit(
            body(
                headers=(("x-api-key", secret), ("cookie", f"a={secret}"), ("x-other", f"Bearer {secret}")),
                content=f'{{"authorization":"{secret}","text":"key sk-{secret}"}}'.encode(),
            )
        )
        assert writer.flush(10)

    return plant


def test_no_planted_secret_is_in_the_store(planted: Callable[[str], None]) -> None:
    """Neither headers nor content nor any column of a body holds a secret in clear text."""
    planted("0123456789abcdefABCDEF")
    row = Body.objects.get()
    assert "0123456789abcdef" not in repr((row.headers, row.data()))
