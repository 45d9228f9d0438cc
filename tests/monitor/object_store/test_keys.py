"""Where a body's content lies, and which days are to go: by the time in its request's id."""

from datetime import timedelta

import obstore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.object_store.keys import days_before, key_of
from monitor.object_store.place import BucketPlace, place_of
from monitor.object_store.store import S3Store
from monitor.record.request_id import new_request_id
from tests.monitor.object_store.object_store import CREDENTIALS

NOON_MS = 1_790_000_000_000  # of 21 September 2026


def test_a_key_begins_with_the_day_and_names_the_body() -> None:
    """Every body of an exchange has a key of its own, below its day (UTC) and its exchange."""
    name = new_request_id(NOON_MS, bytes(10))
    assert key_of(name, "response", 0) == f"2026-09-21/{name}/response-0"
    assert key_of(name, "upstream_request", 2) == f"2026-09-21/{name}/upstream_request-2"


@given(st.text(max_size=40) | st.text("0123456789abcdef", min_size=32, max_size=32))
def test_an_id_of_no_day_has_no_key(name: str) -> None:
    """Such a body stays in the database; no key leads out of its day."""
    key = key_of(name, "response", 0)
    assert key is None or (key[4] == key[7] == "-" and key[10:] == f"/{name}/response-0")
    assert key_of("f" * 32, "response", 0) is None
    assert key_of("../" + "0" * 29, "response", 0) is None


def test_days_go_that_ended_before() -> None:
    """Only days, only whole ones, oldest first, nothing of others; with an id of no day none goes."""
    name = new_request_id(NOON_MS, bytes(10))
    there = ["2026-09-22", "2026-09-21", "2026-09-20", "2026-01-05", "1969-12-31", "other"]
    assert days_before(there, name) == ["2026-01-05", "2026-09-20"]
    assert days_before(there, name + "0") == ["2026-01-05", "2026-09-20"]
    strangers = [
        "2024",
        "2025-backup",
        "2001 photos",
        "2026-01",
        "2026-01-05x",
        "2026-1-5",
        "٢٠٢٦-٠١-٠٥",
        "kept",
    ]
    assert days_before(strangers, name) == []
    assert days_before(there, "") == days_before(there, "g") == days_before(there, "f" * 32) == []


def test_the_setting_names_a_bucket() -> None:
    """Bucket, prefix (never left out), endpoint, region; the rest is refused without being repeated."""
    assert place_of("") is None
    assert place_of("s3://bodies/kept") == BucketPlace("bodies", "kept", "", "")
    url = "s3://my-bodies/of/evenkeel/?endpoint=http://127.0.0.1:9000/&region=eu-west-1"
    assert place_of(url) == BucketPlace("my-bodies", "of/evenkeel", "http://127.0.0.1:9000", "eu-west-1")
    elsewhere = place_of("s3://bodies/kept?endpoint=http://127.0.0.1:9000")
    assert elsewhere == BucketPlace("bodies", "kept", "http://127.0.0.1:9000", "us-east-1")
    for wrong in (
        "https://bodies",
        "s3://",
        "s3://bodies",
        "s3://bodies/",
        "s3://bodies?endpoint=http://127.0.0.1:9000",
        "s3://key:hush@bodies/kept",
        "s3://bodies/kept?secret=hush",
        "s3://bodies/kept?endpoint=minio:9000/hush",
        "s3://bodies/kept?endpoint=http://key:hush@minio",
    ):
        with pytest.raises(ValueError, match=r"must (be|name)|has an?") as refused:
            place_of(wrong)
        assert "hush" not in str(refused.value)


def test_the_region_is_the_environments_unless_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS is asked in ``AWS_REGION``; a region of the setting goes before it."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    for query, region in (("", "eu-central-1"), ("?region=eu-west-1", "eu-west-1")):
        place = place_of(f"s3://bodies/kept{query}")
        assert place is not None
        address = obstore.sign(S3Store(place)._bucket, "GET", "key", timedelta(seconds=9))
        assert address.startswith(f"https://s3.{region}.amazonaws.com/bodies/kept/key?")
