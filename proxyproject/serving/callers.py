"""Who sends a large body: asked when the headers are there, before more than a little of it is read.

``wiring.py`` puts the relay's own function in place of ``anybody``; the frame knows no client keys.
"""

from collections.abc import Callable, Mapping

from django.conf import settings

from proxyproject.serving.door_rules import KEYLESS_BODY_BYTES, PAGE_BODY_BYTES
from proxyproject.serving.early_answers import Refusal
from proxyproject.serving.relay_paths import is_relay_path

KnowsCaller = Callable[[str, str, Mapping[str, str]], bool]
"""(path, query, headers by lower-case name): does the request show a valid client key, or need none?"""


def anybody(path: str, query: str, headers: Mapping[str, str]) -> bool:
    """Nobody is asked for a key."""
    return True


_knows: KnowsCaller = anybody


def set_caller_check(knows: KnowsCaller) -> None:
    """Let ``knows`` say who is known. It must not raise and must not block."""
    global _knows
    _knows = knows


def body_limit(asked: Refusal, query: bytes, max_body_bytes: int) -> int | None:
    """How large a body this request may have beyond what anybody may send; None: a key is to be shown first.

    On pages a session is said to be there, and whether that is true the page finds out.
    """
    if is_relay_path(asked.method, asked.path):
        is_known = _knows(asked.path, query.decode("ascii", "replace"), asked.headers)
        return max_body_bytes if is_known else None
    has_session = f"{settings.SESSION_COOKIE_NAME}=" in asked.headers.get("cookie", "")
    return min(max_body_bytes, PAGE_BODY_BYTES if has_session else KEYLESS_BODY_BYTES)
