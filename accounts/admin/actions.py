"""What the admin can do with an account but this room cannot: asking it a real question.

The relay knows how to ask, and this room must not know the relay: so the relay registers its test here.
"""

from collections.abc import Awaitable, Callable
from typing import cast

from django.core.exceptions import ValidationError
from msgspec import Struct

from accounts.kinds import KINDS, Kind
from accounts.snapshot import AccountView
from accounts.validation import validate_base_url


class AccountTestResult(Struct, frozen=True):
    """How the test ended: ``message`` says in plain words what happened and what to do, without a secret.

    ``refused_with`` is the HTTP status where it was the credential that upstream refused, else 0.
    """

    ok: bool
    message: str
    refused_with: int = 0


AccountTest = Callable[[AccountView], Awaitable[AccountTestResult]]

ModelsToTest = Callable[[str, tuple[str, ...]], tuple[str, ...]]
"""The models that a test asks for, the first first, of an account of that kind that lists those."""

AskedAddress = Callable[[Kind, str, str, str], str]
"""Where an account of that kind, base URL, project and location is asked."""

_registered: list[AccountTest] = []


def register_account_test(test: AccountTest) -> None:
    """``test`` sends one tiny real request with an account, also a disabled one. The last one counts."""
    _registered[:] = [test]


_models: list[ModelsToTest] = []


def register_models_to_test(models: ModelsToTest) -> None:
    """``models`` says what the registered test will ask for. The last one counts."""
    _models[:] = [models]


def models_to_test(kind: str, listed: tuple[str, ...]) -> tuple[str, ...]:
    """What a test would ask for, the first first; nothing where nobody said."""
    return _models[0](kind, listed) if _models else ()


_addresses: list[AskedAddress] = []


def register_asked_address(address: AskedAddress) -> None:
    """``address`` says what the relay makes of an account's entries. The last one counts."""
    _addresses[:] = [address]


def asked_address(kind: str, base_url: str, project: str = "", location: str = "") -> str:
    """Where such an account is asked; blank where its kind or base URL is none, or nobody said."""
    try:
        if base_url:
            validate_base_url(base_url)
    except ValidationError:
        return ""
    if kind not in KINDS or not _addresses:
        return ""
    return _addresses[0](cast(Kind, kind), base_url, project, location)


def account_test() -> AccountTest | None:
    """The registered test; None when nobody registered one."""
    return _registered[0] if _registered else None
