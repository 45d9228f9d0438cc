"""Who has failed to log in too often waits, and every failure stands in the log.

A password is looked at when it is its turn (``pages_gate``); here it is held against the failures before it.
"""

import logging
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import async_only_middleware
from django.utils.translation import gettext_noop

from proxyproject.login.come_later import later_page
from proxyproject.login.pages_gate import LOGIN_PATH
from proxyproject.login.throttle import MAX_NAME_CHARACTERS, Throttle
from relay.admission.client_address import client_address

logger = logging.getLogger(__name__)

LOGIN_BODY_BYTES = 8 * 1024
"""A name and a password, with room. The form is read on the event loop: 64 KiB of odd fields took 80 ms."""

_throttle = Throttle()
_lock = threading.Lock()

GetResponse = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@async_only_middleware
def login_gate(get_response: GetResponse) -> GetResponse:
    """Send a login away that has to wait; the first of the middlewares."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.method != "POST" or request.path != LOGIN_PATH:
            return await get_response(request)
        if len(request.body) > LOGIN_BODY_BYTES:
            return HttpResponse("This form is larger than a login.", status=413, content_type="text/plain")
        address = _address(request)
        with _lock:
            seconds = _throttle.wait_seconds(address, request.POST.get("username", ""), time.monotonic())
        if not seconds:
            return await get_response(request)
        logger.warning("A login from %s has to wait: too many have failed", address)
        title = gettext_noop("Too many logins have failed")
        page, headers = later_page(title, seconds, request.headers.get("accept-language", ""))
        return HttpResponse(page, status=429, headers=dict(headers))

    return middleware


def note_failure(credentials: dict[str, Any], request: HttpRequest | None = None, **more: object) -> None:
    """Django: a login failed. The name stands in the log, the password nowhere."""
    if request is None:
        return
    address, name = _address(request), str(credentials.get("username", ""))
    with _lock:
        _throttle.failed(address, name, time.monotonic())
    logger.warning("A login of %r from %s failed", name[:MAX_NAME_CHARACTERS], address)


def note_success(request: HttpRequest, user: Any, **more: object) -> None:
    """Django: somebody logged in."""
    address = _address(request)
    with _lock:
        _throttle.succeeded(address, user.get_username())
    logger.info("%r logged in from %s", user.get_username()[:MAX_NAME_CHARACTERS], address)


def watch_logins() -> None:
    """Be told of every login."""
    user_login_failed.connect(note_failure, dispatch_uid="login_gate")
    user_logged_in.connect(note_success, dispatch_uid="login_gate")


def _address(request: HttpRequest) -> str:
    return client_address(request.META, has_front=settings.ENVIRONMENT.proxy_https)
