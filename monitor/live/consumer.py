"""The WebSocket of the live page: what is in the database first, then every process's batches as they come.

Only for staff who may see requests; that it is this server's own page is seen to before (the origin, in the
frame's routing). Whoever loses the right, or logs out, loses the socket within a minute.
"""

# mypy: disable-error-code="misc"
# (channels ships no types)

import time
from importlib import import_module
from typing import Any

from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings

from monitor.live.feed import GROUP
from monitor.live.opening import snapshot

CHECK_SECONDS = 60.0
CATCH_UP_SECONDS = 1.0
"""How often a page may ask to catch up, at most."""
NOT_ALLOWED = 4403
"""WebSocket close code (4000 to 4999 are the application's): come back when you have signed in."""


class LiveConsumer(AsyncJsonWebsocketConsumer):
    """One open live page. It sends ``{"catch_up": [ids in flight]}`` when it has missed something."""

    async def connect(self) -> None:
        """Take the page in and show it where things stand."""
        self._next_check = time.monotonic() + CHECK_SECONDS
        self._next_catch_up = 0.0
        if not await self._may_look():
            await self.close(NOT_ALLOWED)
            return
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()
        await self.send_json(await database_sync_to_async(snapshot)())

    async def disconnect(self, code: int) -> None:
        """Tell it nothing more."""
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def receive_json(self, content: Any, **_: Any) -> None:
        """Catch the page up from the database; anything else it may say is not listened to."""
        known = content.get("catch_up") if isinstance(content, dict) else None
        if not isinstance(known, list) or time.monotonic() < self._next_catch_up:
            return
        self._next_catch_up = time.monotonic() + CATCH_UP_SECONDS
        ids = [str(request_id)[:32] for request_id in known]
        await self.send_json(await database_sync_to_async(snapshot)(ids))

    async def live_batch(self, message: dict[str, Any]) -> None:
        """Pass a batch on."""
        if time.monotonic() >= self._next_check:
            self._next_check = time.monotonic() + CHECK_SECONDS
            if not await self._may_look():
                await self.close(NOT_ALLOWED)
                return
        await self.send_json({**message, "type": "batch"})

    async def _may_look(self) -> bool:
        # The session is read anew: the one of the scope is as old as the connection.
        sessions = import_module(settings.SESSION_ENGINE)
        fresh = sessions.SessionStore(self.scope["session"].session_key)
        user = await get_user({**self.scope, "session": fresh})
        return bool(await database_sync_to_async(may_look)(user))


def may_look(user: Any) -> bool:
    """Whether a person may see the live page: active staff with the right to see requests."""
    return bool(user.is_active and user.is_staff and user.has_perm("monitor.view_requestlog"))
