"""What a credential must hold, by account kind, and which header carries it. No network, no clock.

Kinds that sign in with a key carry it themselves; the others need a bearer token, which ``tokens`` fetches.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from google.auth import crypt, jwt

OAUTH_TOKEN_URI: Final = "https://oauth2.googleapis.com/token"  # noqa: S105  an address
_CLOUD_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
_ASSERTION_SECONDS: Final = 3600  # the longest that Google accepts

_KEY_HEADERS: Final = {"gemini": "x-goog-api-key", "anthropic": "x-api-key", "openai": "authorization"}
_OAUTH_FIELDS: Final = ("refresh_token", "client_id", "client_secret")
_SECRET_FIELDS: Final = ("api_key", "refresh_token", "client_secret")
_SERVICE_ACCOUNT_FIELDS: Final = ("client_email", "private_key")


class BadCredential(ValueError):
    """The credential lacks what its kind needs; the text says what, and never quotes it.

    ``message`` is the text before ``values`` are filled in, so that a page can translate it.
    """

    def __init__(self, message: str, **values: str) -> None:
        super().__init__(message % values if values else message)
        self.message, self.values = message, values

    def translated(self) -> str:
        """The text in the reader's language."""
        return gettext(self.message) % self.values if self.values else gettext(self.message)


def check_credential(kind: str, credential: Mapping[str, Any]) -> None:
    """Raises BadCredential unless ``credential`` holds what an account of ``kind`` needs."""
    if kind in _KEY_HEADERS:
        key = credential.get("api_key")
        if not isinstance(key, str) or not key.strip():
            raise BadCredential(_('an account of this kind needs an API key ("api_key")'))
        if not _fits_in_header(key.strip()):
            raise BadCredential(_('the "api_key" holds characters that no header can carry'))
        return
    if kind == "code_assist":
        _need(
            credential,
            _OAUTH_FIELDS,
            _("a Code Assist account needs your own OAuth client: %(names)s missing"),
        )
        _check_token_uri(credential)
        return
    service_account = service_account_of(credential)
    _need(
        service_account,
        _SERVICE_ACCOUNT_FIELDS,
        _("a Vertex AI account needs the service account's JSON: %(names)s missing"),
    )
    _check_token_uri(service_account)
    _signer(service_account)


def service_account_of(credential: Mapping[str, Any]) -> Mapping[str, Any]:
    """The service account's JSON: the credential itself, or what it holds under ``service_account``."""
    inner = credential.get("service_account")
    return inner if isinstance(inner, dict) else credential


def split_credential(kind: str, credential: Mapping[str, Any]) -> tuple[dict[str, Any], str, str]:
    """The secret part, and the project and location that were written among it (else blank)."""
    secret = dict(credential)
    project, location = str(secret.pop("project", "") or ""), str(secret.pop("location", "") or "")
    if kind == "vertex" and not project:
        project = str(service_account_of(secret).get("project_id") or "")
    return secret, project, location


def key_header(kind: str, credential: Mapping[str, Any]) -> dict[str, str] | None:
    """The header of a kind that signs in with a key; None for one that needs a bearer token."""
    name = _KEY_HEADERS.get(kind)
    if name is None:
        return None
    key = str(credential.get("api_key", "")).strip()
    return {name: f"Bearer {key}" if name == "authorization" else key}


def secret_values(credential: Mapping[str, Any]) -> tuple[str, ...]:
    """What of a credential travels, and is secret. A service account's key only signs: it goes nowhere."""
    values = (credential.get(name) for name in _SECRET_FIELDS)
    # JSON can hold half a character (\ud800), which no bytes can tell: that does not travel.
    texts = (value.encode("utf-8", "ignore").decode() for value in values if isinstance(value, str))
    return tuple(text for text in map(str.strip, texts) if text)


def token_request(kind: str, credential: Mapping[str, Any], now: float) -> tuple[str, dict[str, str]]:
    """The address and the form that fetch a bearer token. ``now`` is in epoch seconds.

    Code Assist: the refresh token at the operator's own client (RFC 6749 section 6). Vertex AI: an
    assertion signed with the service account's key (RFC 7523). Raises BadCredential.
    """
    if kind == "code_assist":
        form = {"grant_type": "refresh_token"} | {name: str(credential[name]) for name in _OAUTH_FIELDS}
        return str(credential.get("token_uri") or OAUTH_TOKEN_URI), form
    service_account = service_account_of(credential)
    address = str(service_account.get("token_uri") or OAUTH_TOKEN_URI)
    claims = {
        "iss": service_account["client_email"],
        "scope": _CLOUD_SCOPE,
        "aud": address,
        "iat": int(now),
        "exp": int(now) + _ASSERTION_SECONDS,
    }
    assertion = jwt.encode(_signer(service_account), claims).decode()  # type: ignore[no-untyped-call]
    return address, {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}


def _signer(service_account: Mapping[str, Any]) -> crypt.RSASigner:
    try:
        signer: crypt.RSASigner = crypt.RSASigner.from_service_account_info(service_account)  # type: ignore[no-untyped-call]
    except ValueError:
        raise BadCredential(_('the service account\'s "private_key" is not an RSA key in PEM form')) from None
    return signer


def _need(credential: Mapping[str, Any], names: tuple[str, ...], why: str) -> None:
    missing = [name for name in names if not isinstance(credential.get(name), str) or not credential[name]]
    if missing:
        raise BadCredential(why, names=", ".join(missing))


def _check_token_uri(credential: Mapping[str, Any]) -> None:
    address = credential.get("token_uri", OAUTH_TOKEN_URI)
    if not isinstance(address, str) or not address.startswith(("https://", "http://")):
        raise BadCredential(_('the "token_uri" is not an http(s) address'))


def _fits_in_header(value: str) -> bool:
    return value.isascii() and value.isprintable()
