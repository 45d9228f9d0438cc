"""Whose credentials no answer may tell: all accounts', in one finder, made anew when they change."""

import asyncio
from typing import Final, Protocol

from monitor.masking.many import NOBODYS, ManySecrets
from monitor.masking.shapes import tells_a_secret
from monitor.record.redacting.redaction import make_ready

PAUSE_SECONDS: Final = 1.0
"""Between two makings: thousands of accounts whose tokens are renewed one by one cost no more than that."""


class Secrets(Protocol):
    """All credentials of the accounts (``accounts.loaded.loaded_secrets``)."""

    @property
    def version(self) -> int:
        """Another one whenever something has changed."""
        ...

    def values(self) -> set[str]:
        """All of them."""
        ...


class OtherSecrets:
    """The finder of this process. Where it has to be made anew, the one before serves meanwhile."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._made, self._version = NOBODYS, 0
        self._making: asyncio.Task[None] | None = None

    def __call__(self) -> ManySecrets:
        """The finder; of a bearer token that came within the last second it may not know."""
        if self._secrets.version != self._version and self._making is None:
            self._making = asyncio.create_task(self._make_and_rest())
        return self._made

    async def start(self) -> None:
        """Make the first one."""
        await self._make()

    async def follow(self) -> None:
        """Know what has changed by now: waited for before accounts that are new are used."""
        if self._secrets.version != self._version:
            await self._make()

    async def stop(self) -> None:
        """Make no more."""
        making, self._making = self._making, None
        if making is not None:
            making.cancel()
            await asyncio.gather(making, return_exceptions=True)

    async def _make_and_rest(self) -> None:
        try:
            await self._make()
            await asyncio.sleep(PAUSE_SECONDS)
        finally:
            self._making = None

    async def _make(self) -> None:
        version = self._secrets.version
        self._made = await asyncio.to_thread(self._new)
        self._version = version

    def _new(self) -> ManySecrets:
        made = ManySecrets(value for value in self._secrets.values() if tells_a_secret(value))
        make_ready(made)  # here, for the next text would wait for it in the loop
        return made
