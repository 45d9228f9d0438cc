"""What the accounts sign in with, in the clear: so that no answer and no record tells it.

It is in memory only, and never shown. What this host cannot decrypt it does not know.
"""

import threading
from collections.abc import Iterable
from typing import Final

from accounts.credentials.by_kind import secret_values
from accounts.credentials.encryption import CannotDecrypt, decrypt
from accounts.snapshot import AccountView

TOKENS_OF_AN_ACCOUNT: Final = 2
"""Bearer tokens that are remembered: the newest one, and the one before, which is valid for a while yet."""


class LoadedSecrets:
    """One process's, for all its threads. ``version`` is another whenever something has changed."""

    def __init__(self) -> None:
        self.version = 0
        self._by_sealed: dict[str, tuple[str, ...]] = {}
        self._tokens: dict[int, tuple[str, ...]] = {}
        self._changing = threading.Lock()  # tokens come in the loop, while the database's thread reads

    def read(self, accounts: Iterable[AccountView]) -> None:
        """Takes over what the database says. Blocking: what is new is decrypted, 0.1 ms each."""
        accounts = tuple(accounts)
        known = self._by_sealed
        found = {one.sealed: known.get(one.sealed) or _values(one) for one in accounts}
        ids = {one.id for one in accounts}
        with self._changing:
            tokens = {account: told for account, told in self._tokens.items() if account in ids}
            if found != known or len(tokens) != len(self._tokens):
                self._by_sealed, self._tokens = found, tokens
                self.version += 1

    def got_token(self, account_id: int, token: str) -> None:
        """An account has signed in, and has this bearer token."""
        with self._changing:
            before = self._tokens.get(account_id, ())
            if token not in before:
                self._tokens[account_id] = (token, *before)[:TOKENS_OF_AN_ACCOUNT]
                self.version += 1

    def values(self) -> set[str]:
        """All of them."""
        told = [*self._by_sealed.values(), *list(self._tokens.values())]
        return {value for values in told for value in values}


def _values(account: AccountView) -> tuple[str, ...]:
    try:
        return secret_values(decrypt(account.sealed))
    except (CannotDecrypt, ValueError):
        return ()
