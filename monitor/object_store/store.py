"""The store itself: what we ask of one, and S3's by the library ``obstore``."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final, Protocol

from django.conf import settings

from monitor.object_store.place import BucketPlace, place_of

CONNECT_SECONDS: Final = 2
ANSWER_SECONDS: Final = 4
"""Tried twice, this ends before a process that stops gives up its bodies (after 10 s)."""
DELETED_AT_ONCE: Final = 1_000
"""What S3 removes by one request."""


class StoreAway(Exception):
    """The store did not do it; the text is the first line of what it said."""


class StoreLacks(StoreAway):
    """It has nothing there."""


class ObjectStore(Protocol):
    """Each may raise StoreAway."""

    def put(self, key: str, content: bytes) -> None:
        """Keep it there, in place of what was there."""

    def get(self, key: str) -> bytes:
        """What lies there."""

    def days(self) -> list[str]:
        """The first parts of all keys."""

    def delete_day(self, day: str) -> Iterator[int]:
        """Remove what has that first part; yields how many those were, so that others get their turn."""


class S3Store:
    """A bucket of S3 or of a server that speaks as S3 does.

    Who we are is found as AWS's own tools find it: ``AWS_ACCESS_KEY_ID`` and ``AWS_SECRET_ACCESS_KEY``, a
    web identity, or the machine's role.
    """

    def __init__(self, place: BucketPlace) -> None:
        import obstore
        from obstore.exceptions import BaseError
        from obstore.store import S3Store as Bucket

        self._obstore: Any = obstore
        self._errors = (BaseError, OSError)
        given = {"endpoint": place.endpoint, "region": place.region}
        options: dict[str, Any] = {name: value for name, value in given.items() if value}
        self._bucket = Bucket(
            place.bucket,
            prefix=place.prefix,
            client_options={
                "connect_timeout": f"{CONNECT_SECONDS}s",
                "timeout": f"{ANSWER_SECONDS}s",
                "allow_http": place.endpoint.startswith("http://"),
            },
            # Who waits for it knows himself what to do when it is away.
            retry_config={"max_retries": 1, "retry_timeout": timedelta(seconds=ANSWER_SECONDS)},
            **options,
        )

    def put(self, key: str, content: bytes) -> None:
        """As the protocol says."""
        with self._asking():
            self._obstore.put(self._bucket, key, content, use_multipart=False)

    def get(self, key: str) -> bytes:
        """As the protocol says."""
        with self._asking():
            try:
                return bytes(self._obstore.get(self._bucket, key).bytes())
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):  # the body may lie in the bucket that was meant
                    raise
                raise StoreLacks("nothing is there") from None

    def days(self) -> list[str]:
        """As the protocol says."""
        with self._asking():
            found = self._obstore.list_with_delimiter(self._bucket)["common_prefixes"]
        return [name.strip("/") for name in found]

    def delete_day(self, day: str) -> Iterator[int]:
        """As the protocol says."""
        with self._asking():
            for found in self._obstore.list(self._bucket, prefix=day, chunk_size=DELETED_AT_ONCE):
                self._obstore.delete(self._bucket, [one["path"] for one in found])
                yield len(found)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """What the library raises becomes StoreAway.

        So does its panic over an answer that it does not understand, which is no Exception and would end the
        thread of who asked.
        """
        try:
            yield
        except self._errors as error:
            raise _away(error) from None
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            raise StoreAway("its answer is not understood") from None


@functools.cache
def configured() -> ObjectStore | None:
    """The store that the settings name; None where bodies lie in the database."""
    place = place_of(settings.ENVIRONMENT.monitor_body_store)
    return S3Store(place) if place else None


def _away(error: Exception) -> StoreAway:
    return StoreAway(str(error).partition("\n")[0][:300])
