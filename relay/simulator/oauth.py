"""The token endpoint: refresh tokens and service accounts' assertions against access tokens."""

from typing import Any
from urllib.parse import parse_qs

from relay.simulator.accounts import TokenDesk, account_label, service_account_of

Json = dict[str, Any]

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def requester(form: str) -> str:
    """The account that a token request is for, empty when it names none."""
    fields = parse_qs(form)
    try:
        if "assertion" in fields:
            return service_account_of(fields["assertion"][0])
    except ValueError:
        return ""
    return account_label(fields.get("refresh_token", [""])[0])


def answer_token(form: str, desk: TokenDesk) -> tuple[int, Json]:
    """Status and body of the answer to a form-encoded token request."""
    fields = {name: values[0] for name, values in parse_qs(form).items()}
    match fields.get("grant_type"):
        case "refresh_token":
            if not fields.get("client_id") or not fields.get("client_secret"):
                return 401, {
                    "error": "invalid_client",
                    "error_description": "The OAuth client was not found.",
                }
            if not fields.get("refresh_token"):
                return 400, {"error": "invalid_request", "error_description": "Missing: refresh_token"}
        case grant if grant == _JWT_BEARER:
            if not requester(form):
                return 400, {"error": "invalid_grant", "error_description": "Invalid JWT."}
        case _:
            return 400, {"error": "unsupported_grant_type", "error_description": "Invalid grant_type."}
    return 200, {
        "access_token": desk.issue(requester(form)),
        "expires_in": int(desk.lifetime_seconds),
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "token_type": "Bearer",
    }


def invalid_grant() -> tuple[int, Json]:
    """The refusal of a refresh token that was revoked."""
    return 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
