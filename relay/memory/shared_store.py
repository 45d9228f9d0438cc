"""What is remembered, in Redis, for all processes: written once with its time to live, read when missed.

Each item has a key of its own; what a process wants to know when it meets a session (heals, who answers it)
stands together in one hash. A key's hash tag is the session's, so that a cluster keeps together what is read
together. The database behind it has everything: a Redis that is away or empty costs a look there.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from accounts.processes.redis_client import (
    PATIENT_SECONDS,
    Patience,
    redis_client,
    redis_errors,
    what_redis_said,
)
from relay.memory.memory_items import HEALS, SIGNED, MemoryItem, Wanted
from relay.neutral.conversation import digest

if TYPE_CHECKING:
    from redis import asyncio as redis_asyncio

logger = logging.getLogger(__name__)

SESSION_SECONDS: Final = 24 * 3600
"""For how long after its last turn a session's hash stays; the database has its heals for longer."""

AWAY_SECONDS: Final = 2.0
"""For how long Redis is left alone when it did not answer."""

_OUTBOX_LIMIT: Final = 10_000
"""Items that wait to be written; what is more stands in the database alone."""
AT_ONCE: Final = 200
"""So many items go in one piece: a backlog neither holds the loop nor outlasts Redis' time to answer."""
_NEWEST: Final = ("home", "cached")
"""Of these only the newest counts, and another process may have written it meanwhile."""

T = TypeVar("T")

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(MemoryItem).decode


class SharedStore:
    """The memory of all processes together."""

    def __init__(self, redis_url: str) -> None:
        """Nothing is connected before the first use."""
        self._redis_url = redis_url
        self._client: redis_asyncio.Redis | None = None
        self._patience = Patience()
        self._outbox: list[MemoryItem] = []
        # What Redis missed goes with the next:
        self._unwritten: deque[MemoryItem] = deque(maxlen=_OUTBOX_LIMIT)
        self._written: asyncio.Future[None] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._away_until = 0.0

    @property
    def is_away(self) -> bool:
        """Whether Redis did not answer a moment ago."""
        return asyncio.get_running_loop().time() < self._away_until

    def write(self, items: Iterable[MemoryItem]) -> "asyncio.Future[None]":
        """Puts the items there; returns at once, with what is done when they are or when it was in vain."""
        if self._written is None:
            self._written = asyncio.get_running_loop().create_future()
        if len(self._outbox) < _OUTBOX_LIMIT:
            self._outbox.extend(items)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all(), name="memory-share")
        return self._written

    async def read(self, wanted: Collection[Wanted]) -> list[MemoryItem] | None:
        """Those of ``wanted`` that are there, without the signatures that were taken back since.

        None where Redis is away.
        """

        async def get(client: Any) -> list[MemoryItem] | None:
            async with client.pipeline(transaction=False) as pipeline:
                for one in wanted:
                    pipeline.get(_item_key(one))
                found = [_decode(value) for value in await pipeline.execute() if value is not None]
            signed = [item for item in found if item.layer in SIGNED and item.session]
            if not signed:
                return found
            async with client.pipeline(transaction=False) as pipeline:
                for item in signed:
                    pipeline.hexists(_session_key(item.session), _forget_field(item))
                refused = await pipeline.execute()
            gone = {id(item) for item, is_refused in zip(signed, refused, strict=True) if is_refused}
            return [item for item in found if id(item) not in gone]

        return await self._ask(get, None)

    async def meet(self, session: str) -> list[MemoryItem] | None:
        """What a process wants to know of a session that is new to it: its heals, and who answers it.

        None where Redis is away.
        """

        async def get(client: Any) -> list[MemoryItem] | None:
            found = await client.hgetall(_session_key(session))
            return [_decode(value) for name, value in found.items() if not name.startswith(b"forget:")]

        return await self._ask(get, None)

    async def home(self, session: str, model: str) -> MemoryItem | None:
        """Who answers the session for ``model``, and what its prompt cache holds, by the newest answer."""

        async def get(client: Any) -> MemoryItem | None:
            found = await client.hget(_session_key(session), f"home:{model}")
            return None if found is None else _decode(found)

        return await self._ask(get, None)

    async def close(self) -> None:
        """Waits for what is being written, and lets go."""
        if self._writing is not None:
            await asyncio.wait([self._writing])
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _write_all(self) -> None:
        """What comes while a batch is on its way goes with the next."""
        try:
            while self._written is not None:
                batch, self._outbox = self._outbox, []
                written, self._written = self._written, None
                try:
                    await self._write(batch)
                except Exception:  # an item that cannot be written: those of other answers can
                    logger.exception("What was remembered could not be told to Redis")
                finally:
                    written.set_result(None)
        finally:
            self._writing = None

    async def _write(self, items: Collection[MemoryItem]) -> None:
        """In slices, what Redis missed before them; what it misses now waits, but for what grows old."""
        left: Collection[MemoryItem] = items
        if not self.is_away:
            left = [*self._unwritten, *items]
            self._unwritten.clear()
            while left and await self._put(left[:AT_ONCE]):
                left = left[AT_ONCE:]
        self._unwritten.extend(item for item in left if item.layer not in _NEWEST)

    async def _put(self, items: Collection[MemoryItem]) -> bool:
        """Whether Redis has them now; one that cannot be written is left out."""
        encoded = [(item, value) for item in items if (value := _encoded(item)) is not None]

        async def put(client: Any) -> bool:
            async with client.pipeline(transaction=False) as pipeline:
                for item, value in encoded:
                    if item.layer in ("home", "forget", *HEALS):
                        pipeline.hset(_session_key(item.session), _field(item), value)
                    else:
                        pipeline.set(_item_key(item.wanted), value, ex=item.lives_seconds)
                for session in _sessions(item for item, _ in encoded):
                    pipeline.expire(_session_key(session), SESSION_SECONDS)
                await pipeline.execute()
            return True

        return await self._ask(put, False)

    async def _ask(self, work: Callable[[Any], Awaitable[T]], otherwise: T) -> T:
        if self.is_away:
            return otherwise
        if self._client is None:
            self._client = redis_client(self._redis_url, PATIENT_SECONDS)
        try:
            async with self._patience.asking():
                return await work(self._client)
        except redis_errors(msgspec.MsgspecError) as error:
            if not self.is_away:
                logger.warning(
                    "What is remembered is read from the database: Redis, %s", what_redis_said(error)
                )
            self._away_until = asyncio.get_running_loop().time() + AWAY_SECONDS
            return otherwise


def _encoded(item: MemoryItem) -> bytes | None:
    """What Redis keeps; None for what cannot be written: half a character of a client's, say."""
    try:
        return _encode(item)
    except (msgspec.MsgspecError, ValueError):
        logger.exception("What was remembered could not be told to Redis")
        return None


def _item_key(wanted: Wanted) -> str:
    return f"evenkeel:memory:{{{wanted.place}}}:{wanted.key}"


def _session_key(session: str) -> str:
    return f"evenkeel:session:{{{session}}}"


def _sessions(items: Iterable[MemoryItem]) -> set[str]:
    return {item.session for item in items if item.layer in ("home", "forget", *HEALS)}


def _field(item: MemoryItem) -> str:
    match item.layer:
        case "home":
            return f"home:{item.name}"
        case "forget":
            return _forget_field(item)
        case _:
            return item.wanted.key


def _forget_field(item: MemoryItem) -> str:
    return f"forget:{digest(item.value)}"
