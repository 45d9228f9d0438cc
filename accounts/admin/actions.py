"""What the admin can do with an account but this room cannot: asking it a real question.

The relay knows how to ask, and this room must not know the relay: so the relay registers its test here.
"""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from accounts.snapshot import AccountView


class AccountTestResult(Struct, frozen=True):
    """How the test ended: ``message`` says in plain words what happened and what to do, without a secret."""

    ok: bool
    message: str


AccountTest = Callable[[AccountView], Awaitable[AccountTestResult]]

_registered: list[AccountTest] = []


def register_account_test(test: AccountTest) -> None:
    """``test`` sends one tiny real request with an account, also a disabled one. The last one counts."""
    _registered[:] = [test]


def account_test() -> AccountTest | None:
    """The registered test; None when nobody registered one."""
    return _registered[0] if _registered else None
