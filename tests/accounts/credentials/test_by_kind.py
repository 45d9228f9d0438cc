"""What a credential must hold, how it signs in, and that it never shows in a message."""

import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from google.auth import jwt

from accounts.credentials.by_kind import (
    BadCredential,
    check_credential,
    key_header,
    secret_values,
    split_credential,
    token_request,
)
from accounts.kinds import KINDS, default_base_url
from accounts.validation import validate_base_url

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
SERVICE_ACCOUNT = {
    "type": "service_account",
    "project_id": "p-1",
    "private_key_id": "k1",
    "private_key": PEM,
    "client_email": "robot@p-1.test",
}
NESTED: dict[str, Any] = {"service_account": {"project_id": "p"}}
OAUTH = {"refresh_token": "rt-secret", "client_id": "own", "client_secret": "cs-secret"}


@pytest.mark.parametrize(
    ("kind", "credential"),
    [
        ("gemini", {"api_key": "AIza"}),
        ("anthropic", {"api_key": "sk-ant"}),
        ("openai", {"api_key": "any"}),
        ("code_assist", OAUTH),
        ("code_assist", OAUTH | {"token_uri": "http://127.0.0.1:1/token"}),
        ("vertex", SERVICE_ACCOUNT),
        ("vertex", {"service_account": SERVICE_ACCOUNT}),
    ],
)
def test_sufficient(kind: str, credential: dict[str, Any]) -> None:
    """Each kind's own credential is accepted."""
    check_credential(kind, credential)


@pytest.mark.parametrize(
    ("kind", "credential", "says"),
    [
        ("gemini", {}, "api_key"),
        ("gemini", {"api_key": " "}, "api_key"),
        ("gemini", {"api_key": 17}, "api_key"),
        ("anthropic", {"api_key": "line\nbreak-planted-secret"}, "header"),
        ("openai", {"key": "planted-secret"}, "api_key"),
        ("code_assist", {"refresh_token": "planted-secret"}, "client_id, client_secret missing"),
        ("code_assist", OAUTH | {"token_uri": "ftp://planted-secret"}, "token_uri"),
        ("vertex", {"type": "service_account"}, "client_email, private_key missing"),
        ("vertex", SERVICE_ACCOUNT | {"private_key": "planted-secret"}, "private_key"),
    ],
)
def test_insufficient(kind: str, credential: dict[str, Any], says: str) -> None:
    """A credential that lacks what its kind needs is refused; the part is named, its value never."""
    with pytest.raises(BadCredential) as caught:
        check_credential(kind, credential)
    assert says in str(caught.value)
    assert "planted-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        ("gemini", {"x-goog-api-key": "k"}),
        ("anthropic", {"x-api-key": "k"}),
        ("openai", {"authorization": "Bearer k"}),
        ("code_assist", None),
        ("vertex", None),
    ],
)
def test_key_header(kind: str, header: dict[str, str] | None) -> None:
    """Each vendor's key travels in its own header, without a line break pasted along."""
    assert key_header(kind, {"api_key": " k\n"}) == header


def test_oauth_form() -> None:
    """Code Assist asks with the operator's own client, at Google's address or one of its own."""
    address, form = token_request("code_assist", OAUTH, 0)
    assert address == "https://oauth2.googleapis.com/token"
    assert form == OAUTH | {"grant_type": "refresh_token"}
    assert token_request("code_assist", OAUTH | {"token_uri": "http://t.test"}, 0)[0] == "http://t.test"


def test_service_account_assertion() -> None:
    """Vertex AI asks with an assertion that the service account's key has signed."""
    address, form = token_request("vertex", {"service_account": SERVICE_ACCOUNT}, 1000)
    signed, _, signature = form["assertion"].rpartition(".")
    KEY.public_key().verify(
        urlsafe_b64decode(signature + "=="), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
    )
    claims = jwt.decode(form["assertion"], verify=False)  # type: ignore[no-untyped-call]
    assert claims == {
        "iss": "robot@p-1.test",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": address,
        "iat": 1000,
        "exp": 4600,
    }
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.mark.parametrize(
    ("kind", "credential", "expected"),
    [
        ("code_assist", {"a": 1, "project": "p"}, ({"a": 1}, "p", "")),
        ("vertex", {"project_id": "p", "location": "eu"}, ({"project_id": "p"}, "p", "eu")),
        ("vertex", NESTED | {"project": "q"}, (NESTED, "q", "")),
        ("vertex", NESTED, (NESTED, "p", "")),
        ("gemini", {"api_key": "k"}, ({"api_key": "k"}, "", "")),
    ],
)
def test_split(kind: str, credential: dict[str, Any], expected: tuple[dict[str, Any], str, str]) -> None:
    """Project and location may be written among the secrets; they are none."""
    assert split_credential(kind, credential) == expected
    assert json.dumps(credential)  # what was given is left as it was


@pytest.mark.parametrize(
    ("kind", "location", "address"),
    [
        ("vertex", "", "https://aiplatform.googleapis.com"),
        ("vertex", "global", "https://aiplatform.googleapis.com"),
        ("vertex", "eu", "https://aiplatform.eu.rep.googleapis.com"),
        ("vertex", "europe-west4", "https://europe-west4-aiplatform.googleapis.com"),
        ("gemini", "", "https://generativelanguage.googleapis.com"),
        ("anthropic", "", "https://api.anthropic.com"),
        ("openai", "", "https://api.openai.com"),
        ("code_assist", "", "https://cloudcode-pa.googleapis.com"),
    ],
)
def test_default_addresses(kind: str, location: str, address: str) -> None:
    """Each kind has its vendor's address."""
    assert default_base_url(kind, location) == address  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_default_addresses_are_valid(kind: str) -> None:
    """The admin would accept every default address."""
    validate_base_url(default_base_url(kind))  # type: ignore[arg-type]


def test_half_a_character_in_a_credential_is_no_part_of_what_is_masked() -> None:
    """No bytes can tell it; the rest is looked for, and every process starts."""
    told = json.loads('{"refresh_token": " rt-1\\ud800secret ", "client_secret": "\\udfff "}')
    check_credential("code_assist", OAUTH | told)
    assert secret_values(told) == ("rt-1secret",)
