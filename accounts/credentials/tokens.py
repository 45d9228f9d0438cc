"""The headers that sign an account in, and the bearer tokens behind some of them.

A token is fetched once however many requests wait for it, and kept until shortly before it ends. The
HTTP POST is handed in: this room opens no connection of its own. One authorizer belongs to one event loop.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol

from msgspec import Struct

from accounts.credentials.by_kind import BadCredential, check_credential, key_header, token_request
from accounts.credentials.encryption import CannotDecrypt, decrypt
from accounts.snapshot import AccountView

Post = Callable[[str, Mapping[str, str]], Awaitable[tuple[int, Any]]]
"""POSTs a form to an address: (status, parsed JSON, or anything else when the body was none)."""

_MARGIN_SECONDS: Final = 120.0
"""A token is not used in its last two minutes: the request that carries it has to arrive."""

_DEFAULT_LIFE_SECONDS: Final = 3600.0
_LONGEST_LIFE_SECONDS: Final = 7 * 86400.0

_HINTS: Final = {
    "code_assist": "invalid_grant: the sign-in was revoked or has run out; sign in again and enter the new"
    " refresh token",
    "vertex": "invalid_grant: the service account or its key was deleted or disabled; enter a new key",
}


class CredentialRefused(Exception):
    """The credential will not work until the operator enters a new one; the text is for them."""


class TokenUnavailable(Exception):
    """No token for now: the token endpoint failed, or could not be reached. Not the account's fault."""


class Bearer(Struct, frozen=True):
    """A bearer token's header, and for how long it may still be used."""

    authorization: str
    seconds: float


class Shared(Protocol):
    """Tokens that all processes share (``accounts.processes.shared_tokens``)."""

    def turn(self, account: AccountView, refused: str) -> AbstractAsyncContextManager[Bearer | None]:
        """A token of another process that is not ``refused``, or None: then it is ours to fetch."""

    async def put(self, account: AccountView, token: Bearer) -> None:
        """Lets the other processes have it."""


class _Token(Struct, frozen=True):
    sealed: str
    headers: dict[str, str]
    ends_at: float


class Authorizer:
    """Signs accounts in. ``post`` may raise anything; it is reported as TokenUnavailable."""

    def __init__(
        self,
        post: Post,
        now: Callable[[], float] = time.time,
        shared: Shared | None = None,
        signed_in: Callable[[AccountView], None] = lambda _: None,
        got_token: Callable[[int, str], None] = lambda _id, _token: None,
    ) -> None:
        """Without ``shared`` this process knows of no other's tokens.

        ``signed_in`` is told of each account that has got a new token here, ``got_token`` the account's id
        and each token, whoever fetched it.
        """
        self._got_token = got_token
        self._told = signed_in
        self._post = post
        self._shared = shared
        self._refused: dict[int, str] = {}
        self._now = now
        self._signed_in: dict[int, _Token] = {}
        self._fetching: dict[tuple[int, str], asyncio.Task[_Token]] = {}

    async def headers(self, account: AccountView) -> dict[str, str]:
        """The headers for a request to ``account``. Raises CredentialRefused or TokenUnavailable."""
        token = self._signed_in.get(account.id)
        if token is None or token.sealed != account.sealed or token.ends_at <= self._now():
            token = await self._sign_in(account)
        return dict(token.headers)

    async def renewed(self, account: AccountView, refused: Mapping[str, str]) -> dict[str, str] | None:
        """The headers after upstream refused ``refused`` with a 401; None for a key, which has no other.

        Whoever comes second finds the new token there. Raises CredentialRefused or TokenUnavailable.
        """
        token = self._signed_in.get(account.id)
        if token is not None and token.ends_at == float("inf") and token.sealed == account.sealed:
            return None
        if token is not None and refused.get("authorization") == token.headers.get("authorization"):
            del self._signed_in[account.id]
            self._refused[account.id] = token.headers.get("authorization", "")
        return await self.headers(account)

    async def _sign_in(self, account: AccountView) -> _Token:
        """One task per account signs in; a caller that goes away leaves it to the others."""
        key = (account.id, account.sealed)
        task = self._fetching.get(key)
        if task is None:
            task = self._fetching[key] = asyncio.create_task(self._fetch(account))
            task.add_done_callback(lambda done: self._fetched(key, done))
        return await asyncio.shield(task)

    def _fetched(self, key: tuple[int, str], task: asyncio.Task[_Token]) -> None:
        del self._fetching[key]
        if not task.cancelled() and task.exception() is None:
            token = self._signed_in[key[0]] = task.result()
            if token.ends_at != float("inf"):
                self._got_token(key[0], token.headers["authorization"].removeprefix("Bearer "))

    async def _fetch(self, account: AccountView) -> _Token:
        try:
            credential = decrypt(account.sealed)
            check_credential(account.kind, credential)
            headers = key_header(account.kind, credential)
            if headers is not None:
                return _Token(account.sealed, headers, float("inf"))
            address, form = token_request(account.kind, credential, self._now())
        except CannotDecrypt as error:  # this host's key is at fault: no word of that to the shared database
            raise TokenUnavailable(str(error)) from None
        except BadCredential as error:
            raise CredentialRefused(str(error)) from None
        if self._shared is None:
            return await self._asked(account, address, form)
        async with self._shared.turn(account, self._refused.get(account.id, "")) as found:
            if found is not None:
                headers = {"authorization": found.authorization}
                return _Token(account.sealed, headers, self._now() + found.seconds)
            token = await self._asked(account, address, form)
            seconds = token.ends_at - self._now()
            await self._shared.put(account, Bearer(token.headers["authorization"], seconds))
            return token

    async def _asked(self, account: AccountView, address: str, form: Mapping[str, str]) -> _Token:
        try:
            status, answer = await self._post(address, form)
        except Exception as error:
            raise TokenUnavailable(f"the token endpoint failed: {type(error).__name__}") from None
        token = self._token(account, status, answer)
        self._told(account)
        return token

    def _token(self, account: AccountView, status: int, answer: Any) -> _Token:
        fields = answer if isinstance(answer, dict) else {}
        token = fields.get("access_token")
        if status == 200 and isinstance(token, str) and token and token.isascii() and token.isprintable():
            life = fields.get("expires_in", _DEFAULT_LIFE_SECONDS)
            is_sane = isinstance(life, int | float) and 0 <= life <= _LONGEST_LIFE_SECONDS
            seconds = float(life) if is_sane else _DEFAULT_LIFE_SECONDS
            ends_at = self._now() + seconds - min(_MARGIN_SECONDS, seconds / 10)
            return _Token(account.sealed, {"authorization": f"Bearer {token}"}, ends_at)
        match fields.get("error"):
            case "invalid_grant":
                raise CredentialRefused(_HINTS[account.kind])
            case "invalid_client" | "unauthorized_client" as error:
                raise CredentialRefused(
                    f"{error}: the OAuth client is wrong; check client_id and client_secret"
                )
            case _:
                raise TokenUnavailable(f"the token endpoint answered {status}")
