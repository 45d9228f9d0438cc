"""Which connection goes where: relay paths to the lean handler, pages to Django, ``/ws/`` to channels."""

from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.urls import URLPattern, URLResolver, path

from monitor.live.consumer import LiveConsumer
from proxyproject.login.pages_gate import Application, PagesGate
from proxyproject.serving.connection.cors import Cors
from proxyproject.serving.connection.early_answers import Refusal, early_answer
from proxyproject.serving.connection.lean_handler import LeanHandler, Receive, Scope, Send
from proxyproject.serving.lifecycle import lifecycle
from proxyproject.serving.relay_paths import RELAY_PATHS, is_relay_path

LIVE_PATH = "ws/monitor/"
WEBSOCKET_PATHS = frozenset({f"/{LIVE_PATH}"})
"""Elsewhere a WebSocket is denied: the router would fail, with a traceback for each stranger that tries."""

websocket_urlpatterns: list[URLPattern | URLResolver] = [path(LIVE_PATH, LiveConsumer.as_asgi())]


def is_own_page(origin: str, host: str) -> bool:
    """Whether a WebSocket's ``Origin`` is a page of this very server, port included, or a trusted origin.

    ``host`` is the request's Host header. The ready-made validator of channels compares no ports, so any
    other program on the operator's machine could read along.
    """
    scheme, _, netloc = origin.lower().partition("://")
    domain, _ = split_domain_port(netloc)
    is_own = scheme in {"http", "https"} and netloc == host.lower()
    return (
        is_own and validate_host(domain, settings.ALLOWED_HOSTS)
    ) or origin in settings.CSRF_TRUSTED_ORIGINS


class OwnPagesOnly:
    """Refuses a WebSocket that a foreign page opens in the operator's browser."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the connection on, or deny it (403)."""
        headers = {name: value.decode("latin1") for name, value in scope["headers"]}
        if is_own_page(headers.get(b"origin", ""), headers.get(b"host", "")):
            await self._application(scope, receive, send)
        else:
            await WebsocketDenier()(scope, receive, send)


async def nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    """Say that this port has nothing at that path, in the path's dialect."""
    message = "There is nothing at this path: the relay and the pages have ports of their own."
    answer = early_answer(Refusal(404, message, scope["method"], scope["path"]))
    headers = [(name.encode(), value.encode("latin1")) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


def is_pages_port(scope: Scope, pages_port: int) -> bool:
    """Whether the connection came in where the pages are; without a port of their own that is anywhere."""
    return not pages_port or (scope.get("server") or (None, None))[1] == pages_port


def application_of(django_application: Any, relay_urlconf: str) -> Any:
    """The whole ASGI application. The first request starts the life cycle where the server did not."""
    lean = LeanHandler(relay_urlconf, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    pages = PagesGate(django_application)
    pages_port = settings.ENVIRONMENT.proxy_pages_port
    relay_application = Cors(lean, settings.CORS_ORIGINS) if settings.CORS_ORIGINS else lean

    async def http_application(scope: Scope, receive: Receive, send: Send) -> None:
        if not lifecycle.is_started:
            await lifecycle.start(shutdown_by_reactor=True)
        is_relays = is_relay_path(scope["method"], scope["path"])
        chosen: Application = relay_application if is_relays else pages
        if pages_port and scope["path"] not in RELAY_PATHS and is_pages_port(scope, pages_port) is is_relays:
            chosen = nothing_here
        await chosen(scope, receive, send)

    own_pages = OwnPagesOnly(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))

    async def websocket_application(scope: Scope, receive: Receive, send: Send) -> None:
        is_here = is_pages_port(scope, pages_port) and scope["path"] in WEBSOCKET_PATHS
        chosen = own_pages if is_here else WebsocketDenier()
        await chosen(scope, receive, send)

    return ProtocolTypeRouter({"http": http_application, "websocket": websocket_application})
