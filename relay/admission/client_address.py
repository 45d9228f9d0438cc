"""From which address a request came, to a page or to the relay. PURE."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any


def client_address(meta: Mapping[str, Any], *, has_front: bool) -> str:
    """The peer's address; behind a front (``has_front``) on this or a private network, what that one says.

    Of several addresses in ``X-Forwarded-For`` the last one counts: the front wrote it, the others anybody.
    """
    peer = str(meta.get("REMOTE_ADDR") or "")
    if not has_front or not _is_near(peer):
        return peer
    told = str(meta.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip()
    return told if _is_address(told) else peer


def _is_near(address: str) -> bool:
    return not address or (_is_address(address) and ip_address(address).is_private)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
