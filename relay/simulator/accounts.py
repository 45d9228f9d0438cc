"""Who is asking: a label for each credential, and the OAuth tokens that were handed out.

A credential ``sim-NAME`` is labelled NAME, any other by a digest, so that nothing the simulator
records or prints holds a credential.
"""

import base64
import hashlib
import time
from typing import Any
from urllib.parse import parse_qs, urlencode

import msgspec

_CREDENTIAL_HEADERS = ("authorization", "x-api-key", "x-goog-api-key")
_ACCESS_PREFIX = "sim-access."


def account_label(credential: str) -> str:
    """The label of an API key or refresh token; empty for no credential."""
    if not credential:
        return ""
    if credential.startswith("sim-"):
        return credential.removeprefix("sim-")
    return "account-" + hashlib.blake2b(credential.encode(), digest_size=4).hexdigest()


def credential_of(headers: dict[str, str], query: str) -> str:
    """The credential of a request: an API key header, a bearer token or ``?key=``; empty without one."""
    for name in _CREDENTIAL_HEADERS:
        if value := headers.get(name, ""):
            return value.removeprefix("Bearer ").strip()
    return parse_qs(query).get("key", [""])[0]


def masked_headers(headers: dict[str, str], account: str) -> dict[str, str]:
    """``headers`` with each credential replaced by ``<account>``."""
    return {
        name: f"<{account}>"
        if name in _CREDENTIAL_HEADERS or name in {"cookie", "proxy-authorization"}
        else value
        for name, value in headers.items()
    }


def masked_query(query: str, account: str) -> str:
    """``query`` with ``key=`` masked."""
    if "key=" not in query:
        return query
    pairs = parse_qs(query, keep_blank_values=True)
    return urlencode([(k, f"<{account}>" if k == "key" else v) for k, vs in pairs.items() for v in vs])


class TokenDesk:
    """Access tokens: issued for a refresh token or a service account, valid until they run out."""

    def __init__(self, lifetime_seconds: float) -> None:
        self.lifetime_seconds = lifetime_seconds
        self.refreshes: dict[str, int] = {}
        self._valid: dict[str, tuple[str, float]] = {}

    def issue(self, account: str) -> str:
        """A fresh access token of ``account``."""
        self.refreshes[account] = number = self.refreshes.get(account, 0) + 1
        token = f"{_ACCESS_PREFIX}{account}.{number}"
        self._valid[token] = (account, time.monotonic() + self.lifetime_seconds)
        return token

    def account_of(self, token: str) -> str | None:
        """Whose valid access token this is; None when it is unknown or has run out."""
        account, until = self._valid.get(token, ("", 0.0))
        return account if until > time.monotonic() else None

    def is_access_token(self, credential: str) -> bool:
        """Whether ``credential`` looks like one that was issued here."""
        return credential.startswith(_ACCESS_PREFIX)

    def expire(self, account: str | None = None) -> None:
        """Make the access tokens of ``account``, or of everybody, run out now."""
        self._valid = {
            token: (owner, until)
            for token, (owner, until) in self._valid.items()
            if account is not None and owner != account
        }


def label_of_token(credential: str) -> str:
    """The account in an access token that has run out, so that it can still be recorded."""
    return credential.removeprefix(_ACCESS_PREFIX).rpartition(".")[0]


def service_account_of(assertion: str) -> str:
    """The label of the service account that signed a JWT (the signature itself is not checked).

    Raises ValueError when it is no JWT with an ``iss``.
    """
    try:
        claims = assertion.split(".")[1]
        decoded: dict[str, Any] = msgspec.json.decode(
            base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)), type=dict
        )
        return str(decoded["iss"]).partition("@")[0]
    except (IndexError, KeyError, ValueError, msgspec.MsgspecError) as error:
        raise ValueError("assertion is no JWT of a service account") from error
