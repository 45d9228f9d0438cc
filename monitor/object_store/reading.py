"""The content of a body that does not lie in the database: from the store of objects."""

import contextlib
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Final, Protocol, TypeVar

from monitor.object_store.keys import key_of
from monitor.object_store.store import StoreAway, StoreLacks, configured

AT_ONCE: Final = 8
AWAY_SECONDS: Final = 5.0
"""For so long nothing is asked of a store that did not answer: an export would wait for each body anew."""

_away_until = 0.0


class BodyUnreachable(Exception):
    """The store of objects does not give it; the text says why."""


class _Body(Protocol):
    request_id: str
    kind: str
    attempt: int
    content: bytes | memoryview


Body = TypeVar("Body", bound=_Body)


def content_of(body: _Body) -> bytes:
    """What is kept of it, compressed as the database has it. Raises BodyUnreachable."""
    global _away_until
    store, key = configured(), key_of(body.request_id, body.kind, body.attempt)
    if store is None or key is None:
        raise BodyUnreachable("MONITOR_BODY_STORE names no store of bodies")
    if time.monotonic() < _away_until:
        raise BodyUnreachable("the store of bodies did not answer a moment ago")
    try:
        return store.get(key)
    except StoreAway as error:
        if not isinstance(error, StoreLacks):
            _away_until = time.monotonic() + AWAY_SECONDS
        raise BodyUnreachable(str(error)) from None


def fetched(bodies: Iterable[Body]) -> Iterator[Body]:
    """The bodies in their order, with the contents from elsewhere fetched several at a time.

    One that cannot be had comes without: whoever reads it is told so.
    """
    found = iter(bodies)
    while some := list(islice(found, AT_ONCE)):
        if lacking := [body for body in some if not body.content]:
            with ThreadPoolExecutor(len(lacking)) as pool:
                list(pool.map(_fetch, lacking))
        yield from some


def _fetch(body: _Body) -> None:
    with contextlib.suppress(BodyUnreachable):
        body.content = content_of(body)
