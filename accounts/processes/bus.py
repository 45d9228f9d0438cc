"""Messages between the processes of one installation: Redis pub/sub; without Redis, nobody to tell.

What travels here is a shortcut: whoever missed a message is put right by the database within a second, or
by upstream at the next request. So publishing never waits, and a lost Redis only costs the shortcut.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from accounts.processes.redis_client import messages_client, redis_errors, what_redis_said

if TYPE_CHECKING:
    from redis import asyncio as redis_asyncio

logger = logging.getLogger(__name__)

_CHANNEL: Final = "evenkeel."
_SEPARATOR: Final = b"\n"
_OUTBOX_LIMIT: Final = 10_000
_RECONNECT_SECONDS: Final = 1.0

Callback = Callable[[bytes], None]


class Bus:
    """Publish and subscribe by topic; a process does not hear itself.

    Without ``redis_url`` there is no other process, and publishing does nothing.
    """

    def __init__(self, process_id: str, redis_url: str = "") -> None:
        self._sender = process_id.encode()
        self._redis_url = redis_url
        self._callbacks: dict[str, list[Callback]] = {}
        self._outbox: deque[tuple[str, bytes]] = deque(maxlen=_OUTBOX_LIMIT)
        self._has_mail: asyncio.Event | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._connected: asyncio.Event | None = None
        self._is_told = False

    def subscribe(self, topic: str, callback: Callback) -> None:
        """``callback`` is called in the event loop with every payload that another process publishes."""
        self._callbacks.setdefault(topic, []).append(callback)

    def publish(self, topic: str, payload: bytes) -> None:
        """Tells the other processes; returns at once. When Redis is away the oldest messages are dropped."""
        if self._has_mail is not None:
            self._outbox.append((topic, payload))
            self._has_mail.set()

    async def start(self) -> None:
        """Begins to listen and to send. Redis need not be there yet."""
        if self._redis_url and not self._tasks:
            self._has_mail, self._connected = asyncio.Event(), asyncio.Event()
            self._tasks = [
                asyncio.create_task(self._forever(self._listen), name="bus-listen"),
                asyncio.create_task(self._forever(self._send), name="bus-send"),
            ]

    async def connected(self) -> None:
        """Returns once the process hears the others; at once when there is no Redis."""
        if self._connected is not None:
            await self._connected.wait()

    async def stop(self) -> None:
        """Ends listening and sending; what is still in the outbox is dropped."""
        tasks, self._tasks = self._tasks, []
        self._has_mail = self._connected = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _forever(self, work: Callable[["redis_asyncio.Redis"], Awaitable[None]]) -> None:
        while self._has_mail is not None:  # a swallowed cancellation must not keep it alive
            client = messages_client(self._redis_url)
            try:
                await work(client)
            except redis_errors() as error:
                if not self._is_told:  # each second anew
                    logger.warning("Redis is not reachable, trying again: %s", what_redis_said(error))
                self._is_told = True
            finally:
                with contextlib.suppress(*redis_errors()):
                    await client.aclose()
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _listen(self, client: "redis_asyncio.Redis") -> None:
        async with client.pubsub(ignore_subscribe_messages=False) as pubsub:
            await pubsub.psubscribe(f"{_CHANNEL}*")
            async for message in pubsub.listen():
                if message["type"] == "psubscribe" and self._connected is not None:
                    self._connected.set()
                    self._is_told = False
                elif message["type"] == "pmessage":
                    self._deliver(message["channel"].decode(), message["data"])

    def _deliver(self, channel: str, data: bytes) -> None:
        sender, _, payload = data.partition(_SEPARATOR)
        if sender == self._sender:
            return
        for callback in self._callbacks.get(channel.removeprefix(_CHANNEL), ()):
            try:
                callback(payload)
            except Exception:
                logger.exception("A message on %s could not be taken", channel)

    async def _send(self, client: "redis_asyncio.Redis") -> None:
        assert self._has_mail is not None
        while self._has_mail is not None:
            while self._outbox:
                topic, payload = self._outbox.popleft()
                await client.publish(_CHANNEL + topic, self._sender + _SEPARATOR + payload)
            self._has_mail.clear()
            await self._has_mail.wait()
