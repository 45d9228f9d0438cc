"""What the server remembers of conversations: signatures and heals, in every process and over a restart.

The rules are in ``engine/signatures.py`` and ``engine/healed.py``; here is the doing. An item is put into
this process's memory at once, told to the others over the bus, and written by one thread a moment later.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import msgspec
from django.db import DatabaseError, close_old_connections, connection

from accounts.processes.bus import Bus
from relay.engine.healed import HealedSession, HealedSessions
from relay.engine.refusals import Refusals
from relay.engine.signatures import SIGNATURE_TTL, Remembered, SignatureCache
from relay.models import RememberedItem

logger = logging.getLogger(__name__)

TOPIC = "conversations"
WRITE_SECONDS = 0.2
"""How long an item may wait to be written; a kill -9 loses no more than this."""

HEALED_TTL = 30 * 24 * 3600
"""Seconds for which heals are kept: as long as anybody goes on with a conversation."""

_PENDING_LIMIT = 20_000
_BATCH = 200

Layer = Literal["tool", "family", "session", "forget", "block", "prompt", "drop", "thread", "refused"]


class Item(msgspec.Struct, frozen=True, array_like=True):
    """One thing to remember. ``name`` is the call id, the turn's key, or the digest of a block or turn;
    of a ``thread`` it is the id of an answer that upstream holds for the session. Of what is ``refused``
    it is what, and for which model, in two lines; ``session`` is the account's key.

    A ``forget`` takes back the signature in ``value``: upstream refused it, nothing may put it back.
    """

    layer: Layer
    session: str
    name: str
    at: float
    kind: str = ""
    value: str = ""
    family: str = ""


class Memory:
    """The signature cache and the healed sessions of one process, kept in step with the others."""

    def __init__(self, bus: Bus, tool_limit: int, family_limit: int, session_limit: int) -> None:
        """The limits are those of the cache's three layers."""
        self.signatures = SignatureCache(tool_limit, family_limit, session_limit)
        self.healed = HealedSessions(session_limit)
        self.refusals = Refusals()
        self._session_of: dict[str, str] = {}
        self._session_limit = session_limit
        self._bus = bus
        self._pending: dict[str, Item] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="memory")
        self._task: asyncio.Task[None] | None = None
        bus.subscribe(TOPIC, self._hear)

    def healed_session(self, session: str) -> HealedSession | None:
        """What was healed in ``session``."""
        return self.healed.get(session)

    def session_of(self, message_id: str) -> str:
        """The session that the answer ``message_id`` was given in, "" when upstream does not hold it."""
        return self._session_of.get(message_id, "")

    def remember(self, items: Iterable[Item]) -> None:
        """Take ``items`` in; returns at once."""
        news = [item for item in items if self._apply(item)]
        if not news:
            return
        for item in news:
            if len(self._pending) < _PENDING_LIMIT:
                self._pending[_key(item)] = item
        self._bus.publish(TOPIC, msgspec.msgpack.encode(news))

    async def start(self) -> None:
        """Read back what was remembered, and begin to write."""
        loop = asyncio.get_running_loop()
        for item in await loop.run_in_executor(self._thread, _load):
            self._apply(item)
        self._task = asyncio.create_task(self._write_on(), name="memory-write")

    async def stop(self) -> None:
        """Write what is left and end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._write()
        self._thread.shutdown(wait=True)

    def _apply(self, item: Item) -> bool:
        entry = Remembered(item.value, item.family, item.at)
        match item.layer:
            case "tool":
                return self.signatures.cache_tool_signature(item.session, item.name, entry)
            case "family":
                return self.signatures.cache_family(entry)
            case "session":
                return self.signatures.cache_session_signature(item.session, item.name, item.kind, entry)
            case "thread":
                self._session_of[item.name] = item.session
                if len(self._session_of) > self._session_limit:
                    del self._session_of[next(iter(self._session_of))]
            case "forget":
                self.signatures.forget(item.session, item.value)
            case "block":
                self.healed.remember(item.session, (item.name,), "")
            case "prompt":
                self.healed.remember(item.session, (), item.name)
            case "refused":
                name, _, model = item.name.partition("\n")
                return self.refusals.remember(item.session, model, name)
            case "drop":
                self.healed.remember(item.session, (), "", drops_blocks=True)
        return True

    def _hear(self, payload: bytes) -> None:
        for item in msgspec.msgpack.decode(payload, type=list[Item]):
            self._apply(item)

    async def _write_on(self) -> None:
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            await self._write()

    async def _write(self) -> None:
        if not self._pending:
            return
        batch, self._pending = self._pending, {}
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, _store, batch)
        except DatabaseError as error:
            logger.warning("What was remembered could not be written, trying again: %s", type(error).__name__)
            self._pending = batch | self._pending


def _key(item: Item) -> str:
    return hashlib.sha256(f"{item.layer}\n{item.session}\n{item.name}\n{item.kind}".encode()).hexdigest()


def _store(batch: dict[str, Item]) -> None:
    refused = [item.value for item in batch.values() if item.layer == "forget"]
    rows = [
        RememberedItem(
            key=key,
            layer=item.layer,
            session=item.session,
            name=item.name[:256],
            kind=item.kind,
            value=item.value,
            family=item.family,
            at=item.at,
        )
        for key, item in batch.items()
        if item.layer != "forget" and not (item.value and item.value in refused)
    ]
    try:
        if refused:
            RememberedItem.objects.filter(value__in=refused, layer__in=["tool", "session"]).delete()
        RememberedItem.objects.bulk_create(
            rows,
            batch_size=_BATCH,
            update_conflicts=True,
            unique_fields=["key"],
            update_fields=["value", "family", "at"],
        )
    except DatabaseError:
        connection.close()
        raise


def _load() -> list[Item]:
    close_old_connections()
    now = time.time()
    signatures = RememberedItem.objects.filter(layer__in=["tool", "family", "session"])
    signatures.filter(at__lt=now - SIGNATURE_TTL).delete()
    RememberedItem.objects.filter(at__lt=now - HEALED_TTL).delete()
    items = [
        Item(row.layer, row.session, row.name, row.at, row.kind, row.value, row.family)  # type: ignore[arg-type]
        for row in RememberedItem.objects.order_by("at").iterator()
    ]
    connection.close()
    return items
