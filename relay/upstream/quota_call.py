"""Asks Code Assist what is left of an account's quota, when the account signs in for a request anyway.

So an idle account is never asked, and the call itself costs nothing. Whatever goes wrong with it is nobody's
trouble: what is left is not known then, as before.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from accounts.pool.quota_windows import Window
from accounts.snapshot import AccountView
from relay.dialects.quotas.code_assist_quota import PATH, told_by_code_assist
from relay.neutral.failures import Failure
from relay.upstream.connection.times import Times

logger = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 600.0
"""An account that signs in more often is asked no oftener."""


class JsonPoster(Protocol):
    """Sends a short request to an account (``relay.upstream.client``)."""

    async def post_json(
        self,
        account: AccountView,
        path: str,
        body: object,
        headers: Mapping[str, str],
        times: Times,
        *,
        renews: bool,
    ) -> tuple[int, Mapping[str, str], bytes] | Failure:
        """Status, headers and body of the answer; unless it ``renews``, also of a refusal of the token."""
        ...


class QuotaCall:
    """One process's calls. ``note`` is told an account's id and windows; ``now`` is in epoch seconds."""

    def __init__(
        self, client: JsonPoster, note: Callable[[int, list[Window]], object], now: Callable[[], float]
    ) -> None:
        self._client = client
        self._note = note
        self._now = now
        self._asked_at: dict[int, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, account: AccountView) -> None:
        """The account has signed in; returns at once."""
        now = self._now()
        if account.kind != "code_assist":
            return
        if 0 <= now - self._asked_at.get(account.id, -AGAIN_SECONDS) < AGAIN_SECONDS:
            return
        self._asked_at[account.id] = now
        task = asyncio.create_task(self._ask(account))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Ask nothing more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ask(self, account: AccountView) -> None:
        body = {"project": account.project} if account.project else {}
        try:
            # The token is new: what is refused here alone is not to cost it, and another sign-in.
            answer = await self._client.post_json(account, PATH, body, {}, Times(0), renews=False)
            if isinstance(answer, Failure) or answer[0] != 200:
                return
            windows = told_by_code_assist(answer[2], self._now(), answer[1].get("date", ""))
            if windows:
                self._note(account.id, windows)
        except Exception as error:
            logger.info("The quota of %s could not be asked: %s", account.email, type(error).__name__)
