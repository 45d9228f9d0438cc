"""Cross-origin calls: which web pages may call the relay's paths from a browser (``RELAY_CORS_ORIGINS``).

Stands before the lean handler only where the setting names somebody. No cookie is ever read on these paths,
so credentials are never allowed: a page shows its client key in a header, as every other client does.
"""

from proxyproject.lean_handler import LeanHandler, Message, Receive, Scope, Send

PREFIXES = ("/v1/", "/v1beta/")
EXPOSED = b"x-request-id, x-account-email, x-mapped-model, x-attempts, x-token-count, request-id, retry-after"
"""What a page may read of an answer's headers, beside what browsers always show."""

PREFLIGHT_SECONDS = 600
"""How long a browser may remember the answer to its question; Chromium remembers two hours at most."""

Header = tuple[bytes, bytes]


class Cors:
    """An ASGI application: ``application``, with answers that pages of ``origins`` (or ``*``) may read."""

    def __init__(self, application: LeanHandler, origins: frozenset[str]) -> None:
        self._application = application
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight request, or pass the request on."""
        asked = {name: value for name, value in scope["headers"] if name in _QUESTIONS}
        allowed = self._allowed(scope["path"], asked.get(b"origin", b""))
        if not allowed:
            await self._application(scope, receive, send)
        elif scope["method"] == "OPTIONS" and b"access-control-request-method" in asked:
            names = asked.get(b"access-control-request-headers", b"*")
            headers = [*allowed, *_PREFLIGHT, (b"access-control-allow-headers", names)]
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:

            async def send_allowed(message: Message) -> None:
                if message["type"] == "http.response.start":
                    headers = [*message["headers"], *allowed, (b"access-control-expose-headers", EXPOSED)]
                    message = {**message, "headers": headers}
                await send(message)

            await self._application(scope, receive, send_allowed)

    def _allowed(self, path: str, origin: bytes) -> list[Header]:
        """The headers that let a page of ``origin`` read the answer; none where it may not."""
        if not origin or not path.startswith(PREFIXES):
            return []
        if "*" in self._origins:
            return [(b"access-control-allow-origin", b"*")]
        if origin.decode("latin1") in self._origins:
            return [(b"access-control-allow-origin", origin), (b"vary", b"Origin")]
        return []


_QUESTIONS = frozenset({b"origin", b"access-control-request-method", b"access-control-request-headers"})
_PREFLIGHT: list[Header] = [
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
]
