"""What the simulator received and how each answer went, for tests to ask about."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

_BODY_BYTES_LIMIT = 64 * 1024 * 1024


@dataclass(slots=True)
class Received:
    """One request: what came in, which fault it met, how its answer ended.

    Times are seconds since the epoch, None for what has not happened. ``ended_by`` is ``simulator``,
    or ``client`` when the connection was lost before the answer was over.
    """

    number: int
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    account: str
    received_at: float
    dialect: str = ""
    model: str = ""
    fault: str = ""
    status: int | None = None
    headers_at: float | None = None
    ended_at: float | None = None
    ended_by: str = ""
    sent_bytes: int = 0
    _changed: Callable[[], None] = field(default=lambda: None, repr=False)

    def json(self) -> Any:
        """The body as JSON data. Raises ``msgspec.DecodeError``."""
        return msgspec.json.decode(self.body)

    @property
    def client_gone_at(self) -> float | None:
        """When the client went away in the middle of the answer."""
        return self.ended_at if self.ended_by == "client" else None

    def headers_sent(self, status: int, at: float) -> None:
        """The connection's word that the head is out."""
        self.status, self.headers_at = status, at
        self._changed()

    def ended(self, by: str, sent_bytes: int, at: float) -> None:
        """The connection's word that the answer is over."""
        self.ended_by, self.sent_bytes, self.ended_at = by, sent_bytes, at
        self._changed()

    def as_json(self) -> dict[str, Any]:
        """Everything about it as plain data, the body decoded when it is JSON."""
        try:
            body = self.json() if self.body else None
        except msgspec.DecodeError:
            body = self.body.decode("utf-8", "replace")
        names = [
            "number",
            "method",
            "path",
            "query",
            "headers",
            "account",
            "dialect",
            "model",
            "fault",
            "status",
            "received_at",
            "headers_at",
            "ended_at",
            "ended_by",
            "sent_bytes",
        ]
        return {name: getattr(self, name) for name in names} | {"body": body}


class Ledger:
    """The last requests, bounded in number and in bytes, and counts of all of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.received: deque[Received] = deque()
        self.by_fault: Counter[str] = Counter()
        self.by_account: Counter[str] = Counter()
        self._body_bytes = 0
        self.total = 0

    def add(self, received: Received) -> None:
        """Keep ``received``; its later changes wake who waits."""
        received._changed = self.changed
        self.total += 1
        self.by_account[received.account] += 1
        self.received.append(received)
        self._body_bytes += len(received.body)
        while len(self.received) > self._limit or (
            self._body_bytes > _BODY_BYTES_LIMIT and len(self.received) > 1
        ):
            self._body_bytes -= len(self.received.popleft().body)
        self.changed()

    def changed(self) -> None:
        """Wake those whose condition has come true."""
        if not self._waiting:
            return
        still: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        for condition, future in self._waiting:
            if future.done():
                continue
            if condition():
                future.set_result(None)
            else:
                still.append((condition, future))
        self._waiting = still

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Return as soon as ``condition`` holds; it is looked at after each change, never polled."""
        if condition():
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((condition, future))
        await future
