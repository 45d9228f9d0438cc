"""What the server remembers of conversations: signatures and heals, over all processes and a restart.

The rules are in ``relay/engine/healing``; here is the doing. An item is put into
this process's memory, which is bounded, at once; into Redis, where there is one, in the same moment; and into
the database by one thread a moment later. What this process misses it reads there, in this order: once for
all who ask at the same time, and again where it could not be read. Only what is rare, and changes what others
believe, is told to the other processes.
"""

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import msgspec
from django.db import Error, connections

from accounts.processes.bus import Bus
from relay.dialects.errors.refused_parameters import PAIRS
from relay.engine.healing.healed import HealedSession, HealedSessions
from relay.engine.healing.refused_forms import Refusals
from relay.engine.healing.signatures import Remembered, SignatureCache
from relay.memory import database
from relay.memory.kept_requests import KeptRequests
from relay.memory.memory_items import HEALS, TOLD, MemoryItem, Wanted
from relay.memory.shared_store import SharedStore
from relay.memory.single_flight import SingleFlight
from relay.memory.write_behind import WriteBehind

logger = logging.getLogger(__name__)

T = TypeVar("T")

TOPIC = "conversations"
ASKED_SECONDS: Final = 60.0
"""What is nowhere is not asked for again sooner."""

READ_SECONDS: Final = 2.0
"""How long a request waits for the database to remember; one that hangs is left alone for as long again."""

_ASKED_LIMIT = 10_000

_REDIS: Final = frozenset({"redis"})
_DATABASE: Final = frozenset({"database"})
_NOWHERE: Final = frozenset[str]()


class Memory:
    """What one process remembers, and its way to what all of them do."""

    def __init__(
        self,
        bus: Bus,
        tool_limit: int,
        family_limit: int,
        session_limit: int,
        redis_url: str = "",
        *,
        is_apart: bool = False,
    ) -> None:
        """The limits are those of the cache's three layers.

        One that ``is_apart`` has what it learned itself, and tells nobody.
        """
        self._is_apart = is_apart
        self.signatures = SignatureCache(tool_limit, family_limit, session_limit)
        self.healed = HealedSessions(session_limit)
        self.refusals = Refusals()
        self.shared = SharedStore(redis_url) if redis_url else None
        self.kept = KeptRequests(self.shared)
        self._session_of: dict[str, str] = {}
        self._session_limit = session_limit
        self._met: OrderedDict[str, frozenset[str]] = OrderedDict()  # where each session is still to be read
        self._meetings = SingleFlight[list[MemoryItem]]()
        self._asked: OrderedDict[str, float] = OrderedDict()
        self._recalls = SingleFlight[bool]()
        self._bus = bus
        self._behind = WriteBehind()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="memory-read")
        self._unread_until = 0.0
        bus.subscribe(TOPIC, self._hear)

    def healed_session(self, session: str) -> HealedSession | None:
        """What was healed in ``session``."""
        return self.healed.get(session)

    def remember(self, items: Iterable[MemoryItem]) -> "asyncio.Future[None] | None":
        """Take ``items`` in; returns at once, with what is done when other processes find them."""
        news = [item for item in items if self._apply(item)]
        if self._is_apart:
            return None
        for item in news:
            if item.layer != "home":
                self._behind.add(item)
        if told := [item for item in news if item.layer in TOLD]:
            self._bus.publish(TOPIC, msgspec.msgpack.encode(told))
        if self.shared is None:
            return None
        kept = [item for item in news if item.layer != "refused"]
        return self.shared.write(kept) if kept else None

    def renew(self) -> None:
        """Keep for all processes what a conversation still uses of old signatures."""
        used = [*self.signatures.renewed]
        self.signatures.renewed.clear()
        if used:
            self.remember(
                MemoryItem(one.layer, one.session, one.name, kept.at, one.kind, kept.value, kept.family)
                for one, kept in used
            )

    async def meet(self, session: str, *, is_begun: bool) -> list[MemoryItem]:
        """Learn what is known of a session that is new to this process; who answers it, by its models.

        A session that has not begun (``is_begun``) is known as it is.
        """
        everywhere = _DATABASE | _REDIS if self.shared is not None else _DATABASE
        unread = self._met.get(session, everywhere if is_begun else _NOWHERE)
        if not unread or self._is_apart:
            self._note_met(session, _NOWHERE)
            return []
        [homes] = await self._meetings.results([session], lambda _: self._read_session(session, unread))
        return homes

    async def cached_tokens(self, session: str, model: str, known: int) -> int:
        """What the prompt cache of the session's account holds by the newest answer; ``known`` is by ours."""
        home = await self.shared.home(session, model) if self.shared is not None else None
        return int(home.value) if home is not None else known

    async def session_of(self, message_id: str) -> str:
        """The session that the answer ``message_id`` was given in, "" when upstream does not hold it."""
        if message_id and message_id not in self._session_of:
            await self.recall([Wanted("thread", "", message_id)])
        return self._session_of.get(message_id, "")

    async def recall(self, missed: Collection[Wanted]) -> bool:
        """Read what this process misses; whether something was found.

        What is nowhere is asked for once a minute.
        """
        if self._is_apart:
            return False
        now = asyncio.get_running_loop().time()
        wanted = {one.key: one for one in missed if self._asked.get(one.key, 0.0) <= now}
        found = await self._recalls.results(wanted, lambda keys: self._recall([wanted[key] for key in keys]))
        return any(found)

    async def start(self) -> None:
        """Read what accounts refuse, and begin to write. Conversations are read when they are missed."""
        loop = asyncio.get_running_loop()
        for item in await loop.run_in_executor(self._reader, database.read_refusals):
            self._apply(item)
        self._behind.start()

    async def stop(self) -> None:
        """Write what is left and end."""
        await self._meetings.stop()
        await self._recalls.stop()
        if self.shared is not None:
            await self.shared.close()
        await self._behind.stop()
        for threads in (self._behind.thread, self._reader):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(READ_SECONDS):
                    await asyncio.get_running_loop().run_in_executor(threads, connections.close_all)
            threads.shutdown(wait=False)

    async def _read_session(self, session: str, unread: frozenset[str]) -> list[MemoryItem]:
        """Learn what is known of the session, where it was not read yet; who answers it."""
        found: list[MemoryItem] = []
        if self.shared is not None and unread & _REDIS:
            shared = await self.shared.meet(session)
            if shared is not None:
                found, unread = shared, unread - _REDIS
        if any(item.layer in HEALS for item in found):
            unread -= _DATABASE
        elif unread & _DATABASE:
            kept = await self._read(lambda: database.read_heals(session))
            if kept is not None:
                found, unread = found + kept, unread - _DATABASE
        for item in found:
            self._apply(item)
        self._note_met(session, unread)
        return [item for item in found if item.layer == "home"]

    def _note_met(self, session: str, unread: frozenset[str]) -> None:
        self._met[session] = unread
        self._met.move_to_end(session)
        if len(self._met) > _ASKED_LIMIT:
            self._met.popitem(last=False)

    async def _recall(self, missed: Collection[Wanted]) -> bool:
        """Read these; whether something was found."""
        wanted = {one.key: one for one in missed}
        shared = await self.shared.read(missed) if self.shared is not None else []
        found = {item.wanted.key: item for item in shared or []}
        kept: dict[str, MemoryItem] | None = {}
        if rest := {key: one for key, one in wanted.items() if key not in found}:
            kept = await self._read(lambda: database.read(rest))
        if self.shared is not None and shared is not None and kept:
            self.shared.write(kept.values())  # it may have lost them: the next process need not come here
        found |= kept or {}
        is_new = {key: self._apply(item) for key, item in found.items()}
        if shared is not None and kept is not None:
            ends_at = asyncio.get_running_loop().time() + ASKED_SECONDS
            self._note_asked([key for key in wanted if not is_new.get(key)], ends_at)
        return bool(found)

    def _note_asked(self, keys: Iterable[str], ends_at: float) -> None:
        """What is nowhere is not asked for again before ``ends_at`` (the loop's time)."""
        for key in keys:
            self._asked.pop(key, None)
            self._asked[key] = ends_at
        while len(self._asked) > _ASKED_LIMIT:
            self._asked.popitem(last=False)

    def _apply(self, item: MemoryItem) -> bool:
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
                self._heal(item.session, (item.name,))
            case "prompt":
                self._heal(item.session, (), item.name)
            case "refused":
                name, _, model = item.name.partition("\n")
                # Earlier versions said it of an account, in rows and messages; now it is a session's.
                return name != PAIRS and self.refusals.remember(item.session, model, name)
            case "drop":
                self._heal(item.session, (), drops_blocks=True)
            case "pairs":
                self._heal(item.session, (), has_pairs=True)
        return True

    def _heal(self, session: str, blocks: tuple[str, ...], prompt_turn: str = "", **flags: bool) -> None:
        for forgotten in self.healed.remember(session, blocks, prompt_turn, **flags):
            self._met.pop(forgotten, None)  # to be read again when it is met again

    def _hear(self, payload: bytes) -> None:
        for item in msgspec.msgpack.decode(payload, type=list[MemoryItem]):
            if item.layer not in HEALS or self._knows(item.session):  # of others it reads when it meets them
                self._apply(item)

    def _knows(self, session: str) -> bool:
        """Was the session met, or is it being met now?"""
        return session in self._met or self._meetings.is_under_way(session)

    async def _read(self, work: Callable[[], T]) -> T | None:
        """What the database has; None where it is away or takes too long."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._unread_until:
            return None
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await loop.run_in_executor(self._reader, work)
        except (Error, TimeoutError) as error:
            logger.warning("What is remembered could not be read: %s", type(error).__name__)
            self._unread_until = loop.time() + READ_SECONDS
            return None
