"""Request ids sort by time and are valid UUIDs of version 7."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.record.request_id import RANDOM_BYTES, first_request_id, new_request_id

MILLISECONDS = st.integers(0, 2**48 - 1)
RANDOM = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)


@given(MILLISECONDS, RANDOM)
def test_an_id_is_a_uuid_that_tells_its_time(now_ms: int, random_bytes: bytes) -> None:
    """An id is 32 hex digits, a UUID of version 7, and begins with its millisecond."""
    made = new_request_id(now_ms, random_bytes)
    assert len(made) == 32
    assert uuid.UUID(made).version == 7
    assert uuid.UUID(made).hex == made
    assert int(made[:12], 16) == now_ms


@given(MILLISECONDS, RANDOM, MILLISECONDS, RANDOM)
def test_ids_sort_by_time_as_text(first_ms: int, first: bytes, second_ms: int, second: bytes) -> None:
    """The order of ids is the order of their milliseconds."""
    if first_ms < second_ms:
        assert new_request_id(first_ms, first) < new_request_id(second_ms, second)


@given(MILLISECONDS, RANDOM)
def test_a_time_is_a_place_among_the_ids(at_ms: int, random_bytes: bytes) -> None:
    """All ids of a millisecond or later are at or above its first, all earlier ones below."""
    assert new_request_id(at_ms, random_bytes) >= first_request_id(at_ms)
    if at_ms:
        assert new_request_id(at_ms - 1, random_bytes) < first_request_id(at_ms)


@given(RANDOM, RANDOM)
def test_different_random_bytes_make_different_ids(first: bytes, second: bytes) -> None:
    """But for six bits, all of the randomness is in the id."""
    kept = [int.from_bytes(value) for value in (first, second)]
    low = [(value & (2**62 - 1), value >> 64 & 0xFFF) for value in kept]
    assert (new_request_id(7, first) == new_request_id(7, second)) == (low[0] == low[1])


@pytest.mark.parametrize("count", [0, RANDOM_BYTES - 1, RANDOM_BYTES + 1])
def test_too_few_or_too_many_random_bytes_are_refused(count: int) -> None:
    """An id with less randomness than meant is never made."""
    with pytest.raises(ValueError, match="10 random bytes"):
        new_request_id(1, bytes(count))
