"""Which servers like this one a request has passed, so that one that comes back is not sent on again.

An account may point at this very server, or at another that points back: without an end each request would
become as many as the retries allow, again and again. As with HTTP's ``Via``, each server names itself in a
header of what it sends, behind those who did so before. The vendors' own hosts never lead back, and are not
told which server asks.
"""

import hashlib
import socket
from contextvars import ContextVar
from typing import Final

from django.conf import settings

from relay.neutral.failures import Failure, Kind

HOPS: Final = "x-evenkeel-hops"
LOOP_STATUS: Final = 508
"""Loop Detected (RFC 5842)."""

MOST_HOPS = 8
"""So many servers in a row are a loop as well, whoever they are."""

CAME_BACK: Final = Failure(
    Kind.BAD_REQUEST,
    "The request came back to this server: the base URL of one of its accounts leads here.",
    status=LOOP_STATUS,
    reason="loop_detected",
)
LEADS_BACK: Final = Failure(
    Kind.CREDENTIALS,
    "the account's base URL leads back to this server: change it, then enable the account again",
    status=LOOP_STATUS,
    account_fault=True,
)

_VENDORS = ("googleapis.com", "anthropic.com", "openai.com")

passed: ContextVar[str] = ContextVar("passed", default="")
"""The header of the request that is served in this context."""


def this_instance() -> str:
    """What this server calls itself: the same in all of its processes, which are those of one database.

    It tells nothing of what it is made of.
    """
    database = settings.DATABASES["default"]
    place = [str(database.get(name, "")) for name in ("ENGINE", "HOST", "PORT", "NAME")]
    if not database.get("HOST"):
        place.append(socket.gethostname())
    return hashlib.sha256("\n".join((settings.SECRET_KEY, *place)).encode()).hexdigest()[:16]


def has_come_back(hops: str, instance: str) -> bool:
    """Whether a request with this header was sent by ``instance`` itself, or has come too far."""
    names = hops.split(",", MOST_HOPS)
    return len(names) > MOST_HOPS or instance in (name.strip() for name in names)


def with_own(hops: str, instance: str) -> str:
    """The header of what ``instance`` sends for a request that came with ``hops``; only names are kept."""
    names = [name.strip() for name in hops.split(",")]
    return ", ".join([*(name for name in names if _is_name(name)), instance])


def is_told(host: str) -> bool:
    """Whether the server at ``host`` is told of the hops: everybody but the vendors themselves."""
    return not any(host == vendor or host.endswith(f".{vendor}") for vendor in _VENDORS)


def _is_name(text: str) -> bool:
    return 0 < len(text) <= 64 and text.isascii() and all(sign.isalnum() or sign in "._-" for sign in text)
