"""Who sends a large body: checked by its headers, before more than a little of the body is read.

``wiring.py`` puts the relay's own function in place of ``anybody``; the frame knows no client keys.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.http.cookie import parse_cookie

from proxyproject.login.known_sessions import known_sessions
from proxyproject.login.pages_gate import LOGIN_PATH
from proxyproject.serving.connection.early_answers import Refusal
from proxyproject.serving.door.door_rules import KEYLESS_BODY_BYTES, PAGE_BODY_BYTES
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


@dataclass(frozen=True, slots=True)
class BodyAllowance:
    """How many bytes a body may have; who is not ``is_known`` shares the room for strangers' large bodies."""

    limit_bytes: int
    is_known: bool = True


def allowance(asked: Refusal, query: bytes, max_body_bytes: int) -> BodyAllowance | None:
    """What this request may send beyond what anybody may; None: a key is to be shown first.

    On pages a session is said to be there: one that is not known here may be real, and the page finds out.
    """
    if is_relay_path(asked.method, asked.path):
        is_known = _knows(asked.path, query.decode("ascii", "replace"), asked.headers)
        return BodyAllowance(max_body_bytes) if is_known else None
    session = parse_cookie(asked.headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
    if not session or asked.path == LOGIN_PATH:
        return BodyAllowance(min(max_body_bytes, KEYLESS_BODY_BYTES), is_known=False)
    return BodyAllowance(min(max_body_bytes, PAGE_BODY_BYTES), is_known=session in known_sessions)
