"""From a client key to a caller: where keys may stand, and what becomes of a request without a good one."""

import time
from collections.abc import Iterator, Mapping

from accounts.loaded.client_keys import CallerKey, KeyRing
from relay.admission.key_rules import is_expired

NO_VALID_KEY = "The client key is missing or not valid; keys are made in the admin under Client keys."

NO_ROOM = "The server holds as many request bodies as it may; try again in a moment."

REFUSED_ROWS_A_SECOND = 10
"""Refused requests that get a row; the rest is counted, so that nobody can flood the history."""


def presented_keys(headers: Mapping[str, str], query: Mapping[str, str]) -> Iterator[str]:
    """Every key that a request carries, in the order in which they are tried."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        yield bearer.strip()
    for name in ("x-api-key", "x-goog-api-key"):
        if name in headers:
            yield headers[name].strip()
    if "key" in query:
        yield query["key"].strip()


def authenticate(keys: KeyRing, headers: Mapping[str, str], query: Mapping[str, str]) -> CallerKey | None:
    """The caller of the first valid key; None when there is none. One that has expired comes last."""
    late: CallerKey | None = None
    for key in presented_keys(headers, query):
        caller = keys.find(key)
        if caller is None:
            continue
        if caller.limits is None or not is_expired(caller.limits, time.time()):
            return caller
        late = late or caller
    return late


class RefusalLimit:
    """Lets ten refusals a second through to the history."""

    def __init__(self) -> None:
        """A fresh second."""
        self._second = 0
        self._count = 0

    def allows_row(self) -> bool:
        """May this refusal have a row of its own?"""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        return self._count <= REFUSED_ROWS_A_SECOND
