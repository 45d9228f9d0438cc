"""One TLS context for all HTTP clients of a process of the tests that trust the same authorities.

Each ``httpx.Client``, and with it each client of a vendor's SDK, reads their list: thirty milliseconds, for
tests that speak plain HTTP to 127.0.0.1.
"""

import functools
import ssl
from typing import Any

_make = ssl.create_default_context
_make_once = functools.cache(_make)


def share() -> None:
    """From now on a context that only names its authorities, by file or folder, is made once."""
    ssl.create_default_context = _shared  # type: ignore[assignment]


def _shared(*asked: Any, **named: Any) -> ssl.SSLContext:
    is_usual = not asked and named and named.keys() <= {"cafile", "capath"}
    return _make_once(**named) if is_usual else _make(*asked, **named)
