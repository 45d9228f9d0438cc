"""Who may see what the server says about itself: its metrics, its health, its API description. PURE."""

from collections.abc import Mapping
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any

_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")
"""With one of these a front on this machine asks for somebody else."""


def is_insider(meta: Mapping[str, Any], *, for_everybody: bool, token: str) -> bool:
    """Whether who asks (``meta`` as Django's requests have it) may see it.

    This machine may, and whoever shows ``token`` as a bearer; ``for_everybody``: all.
    """
    if for_everybody:
        return True
    shown = str(meta.get("HTTP_AUTHORIZATION", "")).removeprefix("Bearer ").strip()
    if token and compare_digest(shown.encode(), token.encode()):
        return True
    return _is_loopback(str(meta.get("REMOTE_ADDR") or "")) and not any(name in meta for name in _FORWARDED)


def _is_loopback(address: str) -> bool:
    try:
        known = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(known, "ipv4_mapped", None)
    return (mapped or known).is_loopback
