"""Headers past Django's checks, which look at each letter of each name and value: in a limited key's answer
there are many, and they cost more than the limits.

Django's store of them is no public name; the tests hold it.
"""

from collections.abc import Iterable

from django.http.response import HttpResponseBase

Header = tuple[str, str]


def add_plain(response: HttpResponseBase, headers: Iterable[Header]) -> None:
    """Add headers that the server has written itself: ASCII without a line break, names in small letters."""
    told = response.headers._store
    for header in headers:
        told[header[0]] = header


def told_headers(response: HttpResponseBase) -> tuple[Header, ...]:
    """All headers as they stand; ``response.items()`` would look each name up again."""
    return tuple(response.headers._store.values())
