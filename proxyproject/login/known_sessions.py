"""Which sessions are known to be signed in: a cookie alone says nothing, for anybody can make one up.

Where a body arrives nothing may be looked up, so what the pages have found out is remembered here, in this
process. A session that is real and not known yet is merely treated as a stranger's once.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import async_only_middleware

MAX_SESSIONS = 10_000

GetResponse = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class KnownSessions:
    """The youngest ``MAX_SESSIONS`` that somebody has signed in to."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def add(self, key: str) -> None:
        """The session of this key is signed in."""
        self._keys[key] = None
        self._keys.move_to_end(key)
        if len(self._keys) > MAX_SESSIONS:
            self._keys.popitem(last=False)

    def forget(self, key: str) -> None:
        """It is signed in no more."""
        self._keys.pop(key, None)


known_sessions = KnownSessions()
"""Those of this process."""


@async_only_middleware
def remember_session(get_response: GetResponse) -> GetResponse:
    """Note the session of a page that has looked at it already; it is not loaded for this."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        response = await get_response(request)
        session = request.session
        # Where the database is away a page has looked, and has nothing: to look again would fail for good.
        loaded = getattr(session, "_session_cache", None)
        if loaded and session.session_key and SESSION_KEY in loaded:
            known_sessions.add(session.session_key)
        return response

    return middleware


def watch_sessions() -> None:
    """Be told of who signs in and out."""
    user_logged_in.connect(_note_login, dispatch_uid="known_sessions")
    user_logged_out.connect(_note_logout, dispatch_uid="known_sessions")


def _note_login(request: HttpRequest, **more: Any) -> None:
    if request.session.session_key:
        known_sessions.add(request.session.session_key)


def _note_logout(request: HttpRequest, **more: Any) -> None:
    if request.session.session_key:
        known_sessions.forget(request.session.session_key)
