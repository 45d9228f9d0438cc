"""Bearer tokens that all processes share: one fetches, the others take over, sealed with the Fernet key.

A lock in Redis says who fetches; whoever does not hold it waits for the token, or for the lock when its
holder failed. While Redis is away each process fetches for itself.
"""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from accounts.credentials.encryption import CannotDecrypt, decrypt, encrypt
from accounts.credentials.tokens import Bearer
from accounts.processes.redis_client import redis_client, redis_errors
from accounts.snapshot import AccountView

if TYPE_CHECKING:
    from redis import asyncio as redis_asyncio

logger = logging.getLogger(__name__)

LOCK_SECONDS: Final = 35
"""Longer than a token endpoint may take: then its holder has died."""

LOOK_SECONDS: Final = 0.1

# KEYS: the lock. ARGV: who thinks to hold it.
_UNLOCK: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""


class SharedTokens:
    """The tokens in Redis."""

    def __init__(self, redis_url: str) -> None:
        """Nothing is connected before the first use."""
        self._redis_url = redis_url
        self._client: redis_asyncio.Redis | None = None

    @asynccontextmanager
    async def turn(self, account: AccountView, refused: str) -> AsyncIterator[Bearer | None]:
        """A token that another process fetched, or None when it is this process's turn to fetch one.

        ``refused`` is a token that upstream took no more.
        """
        name, holder = _name(account), secrets.token_hex(8)
        found, is_held = None, False
        try:
            client = self._connected()
            while found is None and not is_held:
                found = await self._found(client, name, refused)
                if found is None:
                    is_held = bool(await client.set(f"{name}:lock", holder, nx=True, ex=LOCK_SECONDS))
                if is_held:  # it came while the lock was taken?
                    found = await self._found(client, name, refused)
                elif found is None:
                    await asyncio.sleep(LOOK_SECONDS)
        except redis_errors() as error:
            logger.warning("Redis is away: this process signs in for itself (%s)", type(error).__name__)
        try:
            yield found
        finally:
            if is_held:
                try:
                    await client.eval(_UNLOCK, 1, f"{name}:lock", holder)
                except redis_errors():
                    logger.info("A lock on a token runs out by itself: Redis is away")

    async def put(self, account: AccountView, token: Bearer) -> None:
        """Lets the other processes have it."""
        seconds = int(token.seconds)
        if seconds < 1:
            return
        try:
            sealed = encrypt({"authorization": token.authorization})
            await self._connected().set(_name(account), sealed, ex=seconds)
        except redis_errors() as error:
            logger.warning("A token could not be shared: %s", type(error).__name__)

    async def close(self) -> None:
        """Lets go of Redis."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _connected(self) -> "redis_asyncio.Redis":
        if self._client is None:
            self._client = redis_client(self._redis_url)
        return self._client

    async def _found(self, client: "redis_asyncio.Redis", name: str, refused: str) -> Bearer | None:
        async with client.pipeline(transaction=True) as pipeline:
            pipeline.get(name)
            pipeline.pttl(name)
            sealed, milliseconds = await pipeline.execute()
        if sealed is None or milliseconds <= 0:
            return None
        try:
            authorization = str(decrypt(sealed.decode())["authorization"])
        except (CannotDecrypt, KeyError):
            return None
        return None if authorization == refused else Bearer(authorization, milliseconds / 1000)


def _name(account: AccountView) -> str:
    """By the credential: another one has other tokens."""
    digest = hashlib.sha256(account.sealed.encode()).hexdigest()[:32]
    return f"evenkeel:token:{{{account.id}}}:{digest}"
