"""Cross-origin calls: which web pages may call the relay's paths from a browser (``RELAY_CORS_ORIGINS``).

Stands before the lean handler only where the setting names somebody; what the server says before it asks the
application (413, 503 while it drains) gets its headers from here too, for a page that may not read an answer
only learns that there was none. No cookie is ever read on these paths, so credentials are never allowed: a
page shows its client key in a header, as every other client does.
"""

from collections.abc import Collection

from proxyproject.serving.connection.lean_handler import LeanHandler, Message, Receive, Scope, Send
from relay.dialects.registry import DIALECTS

API_PREFIXES = tuple(
    sorted({f"/{path.path.split('/')[1]}/" for dialect in DIALECTS for path in dialect.paths})
)
"""What the paths of the dialects begin with: ``/v1/``, ``/v1beta/`` …"""
EXPOSED = b"x-request-id, x-account-email, x-mapped-model, x-attempts, x-token-count, request-id, retry-after"
"""What a page may read of an answer's headers, beside what browsers always show."""

PREFLIGHT_SECONDS = 600
"""How long a browser may remember the answer to its question; Chromium remembers two hours at most."""

REQUEST_METHOD = b"access-control-request-method"
"""What makes an OPTIONS request a browser's question."""

Header = tuple[bytes, bytes]


def readable(origins: Collection[str], path: str, origin: str) -> list[Header]:
    """The headers that let a page of ``origin`` read an answer at ``path``; none where it may not."""
    if not origin or not path.startswith(API_PREFIXES):
        return []
    exposed = (b"access-control-expose-headers", EXPOSED)
    if "*" in origins:
        return [(b"access-control-allow-origin", b"*"), exposed]
    if origin in origins:
        return [(b"access-control-allow-origin", origin.encode("latin1")), (b"vary", b"Origin"), exposed]
    return []


class Cors:
    """An ASGI application: ``application``, with answers that pages of ``origins`` (or ``*``) may read."""

    def __init__(self, application: LeanHandler, origins: frozenset[str]) -> None:
        self._application = application
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight request, or pass the request on."""
        asked = {name: value for name, value in scope["headers"] if name in _QUESTIONS}
        allowed = readable(self._origins, scope["path"], asked.get(b"origin", b"").decode("latin1"))
        if not allowed:
            await self._application(scope, receive, send)
        elif scope["method"] == "OPTIONS" and REQUEST_METHOD in asked:
            names = asked.get(b"access-control-request-headers", b"*")
            headers = [*allowed, *_PREFLIGHT, (b"access-control-allow-headers", names)]
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:

            async def send_allowed(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message = {**message, "headers": [*message["headers"], *allowed]}
                await send(message)

            await self._application(scope, receive, send_allowed)


_QUESTIONS = frozenset({b"origin", REQUEST_METHOD, b"access-control-request-headers"})
_PREFLIGHT: list[Header] = [
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
]
