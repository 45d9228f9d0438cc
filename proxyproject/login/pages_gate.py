"""What stands before the operators' pages: Django takes a thread for each, before any code of ours is asked.

So few pages are made at once, some wait in order, and the rest is sent away. A page has had its turn when its
answer begins: a stream (an export) keeps nobody waiting.
"""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings
from django.http.cookie import parse_cookie
from django.utils.translation import gettext_noop

from proxyproject.login.come_later import come_later
from proxyproject.login.known_sessions import known_sessions
from proxyproject.login.login_turns import LoginTurn, LoginTurns, TooMany
from proxyproject.pages.security_headers import with_page_headers

LOGIN_PATH = "/admin/login/"

LOGINS_AT_ONCE = max(1, (os.cpu_count() or 1) // 4)
"""Passwords that are checked at once: each costs half a second of a processor, on purpose."""

LOGINS_WAITING = 20

STRANGERS_AT_ONCE, STRANGERS_WAITING = 4, 100
"""Pages for browsers that show no session; as many again for sessions that may be made up."""

PAGES_AT_ONCE, PAGES_WAITING = 16, 200
"""Pages for sessions that are known to be signed in."""

BUSY = gettext_noop("Too many pages are asked for at once")
BUSY_SECONDS = 5

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class PagesGate:
    """An ASGI application: ``pages`` when it is their turn."""

    def __init__(self, pages: Application) -> None:
        self._pages = pages
        self._static = f"/{settings.STATIC_URL.strip('/')}/"
        self._logins = LoginTurns(LOGINS_AT_ONCE, LOGINS_WAITING)
        self._strangers = LoginTurns(STRANGERS_AT_ONCE, STRANGERS_WAITING)
        self._claimed = LoginTurns(STRANGERS_AT_ONCE, STRANGERS_WAITING)
        self._known = LoginTurns(PAGES_AT_ONCE, PAGES_WAITING)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or send it away."""
        turn: LoginTurn | None = None

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                if turn is not None:
                    turn.leave()
                message = {**message, "headers": with_page_headers(message.get("headers", []))}
            await send(message)

        try:
            if not scope["path"].startswith(self._static):  # those are asynchronous: they take no thread
                turn = await self._turns(scope).take()
            await self._pages(scope, receive, send_on)
        except TooMany:
            await come_later(scope, send_on, 503, BUSY, BUSY_SECONDS)
        finally:
            if turn is not None:
                turn.leave()

    def _turns(self, scope: Scope) -> LoginTurns:
        if scope["method"] == "POST" and scope["path"] == LOGIN_PATH:
            return self._logins
        cookies = next((value for name, value in scope["headers"] if name == b"cookie"), b"")
        session = parse_cookie(cookies.decode("latin1")).get(settings.SESSION_COOKIE_NAME)
        if not session:
            return self._strangers
        return self._known if session in known_sessions else self._claimed
