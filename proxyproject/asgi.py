"""The ASGI application: relay paths to a lean handler, the operator's pages to Django, ``/ws/`` to channels.

It serves under ``manage.py serve`` and under plain ``daphne proxyproject.asgi:application``; the second
has no drain, no back-pressure and no early 413 (docs/deployment.md).
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proxyproject.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()  # loads the apps, which everything below needs

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402

from proxyproject.lean_handler import LeanHandler, Receive, Scope, Send  # noqa: E402
from proxyproject.lifecycle import lifecycle  # noqa: E402
from proxyproject.routing import websocket_urlpatterns  # noqa: E402
from proxyproject.wiring import wire  # noqa: E402

wire(lifecycle)

RELAY_PREFIXES = ("/v1/", "/v1beta/", "/api/event_logging")
RELAY_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


def is_relay_path(method: str, path: str) -> bool:
    """Whether the request belongs to the relay; ``HEAD /`` is a probe that clients send at their start."""
    return path.startswith(RELAY_PREFIXES) or path in RELAY_PATHS or (method == "HEAD" and path == "/")


relay_application = LeanHandler(settings.RELAY_URLCONF, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


async def http_application(scope: Scope, receive: Receive, send: Send) -> None:
    """Choose by path."""
    if not lifecycle.is_started:
        await lifecycle.start(shutdown_by_reactor=True)
    chosen = relay_application if is_relay_path(scope["method"], scope["path"]) else django_application
    await chosen(scope, receive, send)  # type: ignore[arg-type]


application = ProtocolTypeRouter(
    {
        "http": http_application,
        "websocket": AuthMiddlewareStack(URLRouter(websocket_urlpatterns)),
    }
)
