"""Which connection goes where: relay paths to the lean handler, pages to Django, ``/ws/`` to channels."""

from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.urls import URLPattern, URLResolver, path

from monitor.live.consumer import LiveConsumer
from proxyproject.login.pages_gate import PagesGate
from proxyproject.serving.cors import Cors
from proxyproject.serving.lean_handler import LeanHandler, Receive, Scope, Send
from proxyproject.serving.lifecycle import lifecycle
from proxyproject.serving.relay_paths import is_relay_path

websocket_urlpatterns: list[URLPattern | URLResolver] = [path("ws/monitor/", LiveConsumer.as_asgi())]


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


def application_of(django_application: Any, relay_urlconf: str) -> Any:
    """The whole ASGI application. The first request starts the life cycle where the server did not."""
    lean = LeanHandler(relay_urlconf, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    pages = PagesGate(django_application)
    relay_application = Cors(lean, settings.CORS_ORIGINS) if settings.CORS_ORIGINS else lean

    async def http_application(scope: Scope, receive: Receive, send: Send) -> None:
        if not lifecycle.is_started:
            await lifecycle.start(shutdown_by_reactor=True)
        chosen = relay_application if is_relay_path(scope["method"], scope["path"]) else pages
        await chosen(scope, receive, send)

    websocket_application = OwnPagesOnly(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))
    return ProtocolTypeRouter({"http": http_application, "websocket": websocket_application})
