"""Request ids sort by time and are valid UUIDs of version 7."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.record.request_id import (
    LAST_MS,
    RANDOM_BYTES,
    first_request_id,
    milliseconds_of,
    new_request_id,
    tells_time,
)

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


@given(MILLISECONDS, st.text(max_size=14) | st.text("0123456789abcdef-Z", max_size=14))
def test_each_text_has_a_moment_in_the_order_of_ids(now_ms: int, made_by_hand: str) -> None:
    """Whatever an id is: what is admitted before its moment has an id before it, and the other way round."""
    moment = milliseconds_of(made_by_hand)
    if moment < LAST_MS:
        assert (first_request_id(now_ms) < made_by_hand) == (now_ms < moment) or now_ms == moment


@given(st.integers(0, LAST_MS), RANDOM)
def test_an_id_tells_its_moment(now_ms: int, random_bytes: bytes) -> None:
    """Each that was made by us does, up to the last moment of a calendar."""
    made = new_request_id(now_ms, random_bytes)
    assert tells_time(made)
    assert milliseconds_of(made) == now_ms


@pytest.mark.parametrize("made_by_hand", ["", "0", "Z", "é", "f" * 32, "0199-not-an-id", "0x19cafe123456"])
def test_an_id_made_by_hand_tells_no_time(made_by_hand: str) -> None:
    """Too short, not hexadecimal as ours, or a time that no calendar has."""
    assert not tells_time(made_by_hand)
    assert 0 <= milliseconds_of(made_by_hand) <= LAST_MS
