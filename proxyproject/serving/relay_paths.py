"""Which paths are the relay's; everything else is a page."""

from proxyproject.serving.connection.cors import API_PREFIXES

RELAY_PREFIXES = (*API_PREFIXES, "/api/event_logging")
RELAY_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


def is_relay_path(method: str, path: str) -> bool:
    """Whether the request belongs to the relay; ``HEAD /`` is a probe that clients send at their start."""
    return path.startswith(RELAY_PREFIXES) or path in RELAY_PATHS or (method == "HEAD" and path == "/")
