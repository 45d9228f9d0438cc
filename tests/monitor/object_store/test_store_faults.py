"""A store of objects that refuses, fails or breaks off: always the one error, told in a line, and in time."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from monitor.object_store.place import place_of
from monitor.object_store.store import S3Store, StoreAway, StoreLacks
from tests.monitor.object_store.faulty_front import (
    Fault,
    FaultyFront,
    breaks_off,
    faulty_front,
    is_silent,
    listed_and,
    removes_none,
    resets,
    says,
)
from tests.monitor.object_store.object_store import CREDENTIALS, Bucket, served_bucket

DAY = "2026-11-30"
KEY = f"{DAY}/0190/response-0"


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with served_bucket() as bucket:
        yield bucket


@pytest.fixture
def front(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyFront]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with faulty_front(bucket.endpoint) as front:
        yield front


def store_of(front: FaultyFront, bucket: str = "bodies") -> S3Store:
    place = place_of(f"s3://{bucket}/kept?endpoint={front.endpoint}")
    assert place is not None
    return S3Store(place)


ASKED: dict[str, Callable[[S3Store], Any]] = {
    "put": lambda store: store.put(KEY, b"new"),
    "get": lambda store: store.get(KEY),
    "days": lambda store: store.days(),
    "delete": lambda store: list(store.delete_day(DAY)),
}
LASTING: dict[str, Fault] = {
    "wrong key": says(403, "InvalidAccessKeyId"),
    "wrong secret": says(403, "SignatureDoesNotMatch"),
    "not allowed": says(403, "AccessDenied"),
    "no bucket": says(404, "NoSuchBucket"),
    "too fast": says(503, "SlowDown"),
    "broken": says(500, "InternalError"),
    "reset": resets,
}


@pytest.mark.parametrize("what", ASKED)
@pytest.mark.parametrize("fault", LASTING)
def test_what_lasts_is_one_error(front: FaultyFront, fault: str, what: str) -> None:
    """Whatever is asked: the one error that everybody waits for, with a line that tells no secret."""
    store = store_of(front)
    store.put(KEY, b"old")
    front.faults.extend([LASTING[fault]] * 8)
    with pytest.raises(StoreAway) as raised:
        ASKED[what](store)
    assert not isinstance(raised.value, StoreLacks), "somebody would believe that the body is gone"
    told = str(raised.value)
    assert told
    assert "\n" not in told
    assert "testing" not in told
    front.faults.clear()
    assert store.get(KEY) == b"old"


@pytest.mark.parametrize("fault", ["too fast", "broken", "reset"])
@pytest.mark.parametrize("what", ASKED)
def test_what_passes_is_tried_once_more(front: FaultyFront, fault: str, what: str) -> None:
    """A single refusal of a server under load costs nobody his body."""
    store = store_of(front)
    store.put(KEY, b"old")
    front.faults.append(LASTING[fault])
    ASKED[what](store)
    assert not front.faults


def test_an_object_that_breaks_off_is_none(front: FaultyFront) -> None:
    """Half a body is never taken for a whole one."""
    store = store_of(front)
    store.put(KEY, b"whole")
    front.faults.extend([breaks_off] * 8)
    with pytest.raises(StoreAway):
        store.get(KEY)


@pytest.mark.thorough
@pytest.mark.parametrize("what", ASKED)
def test_who_says_nothing_is_not_waited_for(front: FaultyFront, what: str) -> None:
    """Two tries of four seconds end before a process that stops gives its bodies up."""
    store = store_of(front)
    store.put(KEY, b"old")
    front.faults.extend([is_silent] * 8)
    began = time.monotonic()
    with pytest.raises(StoreAway):
        ASKED[what](store)
    assert time.monotonic() - began < 30, "it waits without a bound"


def test_a_bucket_that_is_not_there(front: FaultyFront) -> None:
    """As the server itself says it: an error, and no body that is gone."""
    store = store_of(front, "nobodys")
    for ask in ASKED.values():
        with pytest.raises(StoreAway) as raised:
            ask(store)
        assert not isinstance(raised.value, StoreLacks)


def test_an_object_that_is_not_there(front: FaultyFront) -> None:
    """Another error than a store that is away: nobody needs to come again."""
    with pytest.raises(StoreLacks):
        store_of(front).get(f"{DAY}/nobody/response-0")


def test_a_day_of_many_objects_goes_in_batches(front: FaultyFront, bucket: Bucket) -> None:
    """A thousand a request, as S3 takes them; others' days and what stands beside them stay."""
    store = store_of(front)
    with httpx.Client(base_url=bucket.endpoint) as client:
        for number in range(2_345):
            client.put(f"/bodies/kept/2026-11-28/{number:05}/response-0", content=b"x").raise_for_status()
    store.put("2026-11-29/1/response-0", b"next day")
    store.put("2026-11-280/1/response-0", b"no day")
    front.asked.clear()
    assert list(store.delete_day("2026-11-28")) == [1000, 1000, 345]
    assert sum(line.startswith("POST ") for line in front.asked) == 3
    assert {"2026-11-29", "2026-11-280"} <= set(store.days())
    assert "2026-11-28" not in store.days()


@pytest.mark.parametrize("key", [f"kept/{KEY}", "kept/of/nobody"])
def test_what_is_not_removed_is_told(front: FaultyFront, key: str) -> None:
    """S3 answers 200 to a batch and names what it did not remove: that is no removal. One that it was not
    asked for makes the library panic, which ends no thread of ours."""
    store = store_of(front)
    store.put(KEY, b"old")
    front.faults.append(listed_and(removes_none(key)))
    with pytest.raises(StoreAway):
        list(store.delete_day(DAY))
    assert store.get(KEY) == b"old"
