"""What several processes remember together: over a real Redis, and the database behind it."""

import asyncio
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError

from accounts.processes.bus import Bus
from relay.caching import stored_form
from relay.caching.footprint import Footprint
from relay.caching.kept import Kept
from relay.dialects.errors.refused_parameters import PAIRS
from relay.memory import database, shared_store
from relay.memory.conversation_memory import Memory
from relay.memory.kept_requests import MOST_CHARACTERS
from relay.memory.memory_items import MemoryItem, Wanted
from relay.models import RememberedItem
from relay.neutral.conversation import digest
from tests import stores
from tests.accounts.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

SIGNATURE = "s" * 60
TOOL = Wanted("tool", "session-1", "call-1")
TURN = Wanted("session", "session-1", "turn-1", "text")


def signed(number: int = 1, session: str = "session-1") -> list[MemoryItem]:
    """What one answer teaches: a signed tool call and a signed text."""
    now, value = time.time(), f"{SIGNATURE}{number}"
    return [
        MemoryItem("family", "", digest(value), now, "", value, "gemini"),
        MemoryItem("tool", session, f"call-{number}", now, "", value, "gemini"),
        MemoryItem("session", session, f"turn-{number}", now, "text", value, "gemini"),
    ]


@pytest.fixture
def own_redis() -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """A Redis that the test may end, and its process."""
    url, process = stores.start_redis()
    yield url, process
    stores.end(process)


@pytest.fixture
async def process() -> AsyncIterator[Callable[..., Memory]]:
    """``await process(redis_url)``: the memory of one more process; they end with the test."""
    made: list[tuple[Memory, Bus]] = []

    async def make(redis_url: str = "", tool_limit: int = 500, session_limit: int = 1000) -> Memory:
        bus = Bus(f"p{len(made)}", redis_url)
        memory = Memory(bus, tool_limit, 200, session_limit, redis_url)
        made.append((memory, bus))
        await bus.start()
        await bus.connected()
        await memory.start()
        return memory

    yield make
    for memory, bus in made:
        await memory.stop()
        await bus.stop()


async def written(memory: Memory) -> None:
    """Waits until everything stands in Redis and in the database."""
    await until(lambda: memory._behind.is_empty and (memory.shared is None or memory.shared._writing is None))
    await asyncio.get_running_loop().run_in_executor(memory._behind.thread, lambda: None)  # the last batch


async def test_what_one_process_learns_another_finds(
    process: Callable[..., Memory], own_redis: tuple[str, "subprocess.Popen[bytes]"]
) -> None:
    """It is read when it is missed, and told to nobody who does not ask."""
    one, two = await process(own_redis[0]), await process(own_redis[0])
    heard: list[bytes] = []
    two._bus.subscribe("conversations", heard.append)
    one.remember(signed())
    await until(lambda: one.shared._writing is None)
    assert two.signatures.tool_signature("session-1", "call-1", time.time()) is None
    assert await two.recall([TOOL, TURN, Wanted("family", "", digest(SIGNATURE + "1"))])
    found = two.signatures.tool_signature("session-1", "call-1", time.time())
    assert found is not None
    assert found.value == SIGNATURE + "1"
    assert two.signatures.session_signature("session-1", "turn-1", "text", time.time()) is not None
    assert two.signatures.family_of(SIGNATURE + "1", time.time()) == "gemini"
    assert heard == []


async def test_more_conversations_than_a_process_keeps(
    process: Callable[..., Memory], own_redis: tuple[str, "subprocess.Popen[bytes]"]
) -> None:
    """Of 300 conversations a process with room for 20 finds each again."""
    one = await process(own_redis[0], tool_limit=20)
    for number in range(300):
        one.remember(signed(number, f"session-{number}"))
    await written(one)
    for number in range(300):
        wanted = Wanted("tool", f"session-{number}", f"call-{number}")
        kept = one.signatures.tool_signature(f"session-{number}", f"call-{number}", time.time())
        assert kept is not None or await one.recall([wanted]), number


async def test_what_redis_missed_or_lost_it_has_again(
    process: Callable[..., Memory],
    own_redis: tuple[str, "subprocess.Popen[bytes]"],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Written while it was away, or read from the database: a process finds it there with no database."""
    monkeypatch.setattr(shared_store, "AWAY_SECONDS", 0.0)
    url, first = own_redis
    one, two, three = await process(url), await process(url), await process(url)
    one.remember(signed())
    await written(one)
    stores.end(first)
    one.remember(signed(2))
    await written(one)
    _, again = stores.start_redis(Path(url.removeprefix("unix://")).parent)
    one.remember(signed(3))
    await written(one)
    assert await two.recall([TOOL]), "the database has it"
    await written(two)
    three._unread_until = asyncio.get_running_loop().time() + 3600  # as if the database were away
    for number in (1, 2, 3):
        assert await three.recall([Wanted("tool", "session-1", f"call-{number}")]), number
    stores.end(again)


async def test_without_redis_the_database_remembers(
    process: Callable[..., Memory], own_redis: tuple[str, "subprocess.Popen[bytes]"]
) -> None:
    """A process without Redis, or whose Redis was killed or lost everything, finds what the database has."""
    url, redis = own_redis
    one = await process(url)
    one.remember([*signed(), MemoryItem("block", "session-1", "b", time.time())])
    await written(one)
    alone, late = await process(), await process(url)
    stores.end(redis)
    for memory in (alone, late):
        assert await memory.recall([TOOL])
        assert await memory.meet("session-1", is_begun=True) == []
        assert memory.healed_session("session-1").blocks == {"b"}  # type: ignore[union-attr]


async def test_heals_and_the_account_are_read_when_a_session_is_met(
    process: Callable[..., Memory], own_redis: tuple[str, "subprocess.Popen[bytes]"]
) -> None:
    """A process that meets a conversation knows its heals and who answers it; later heals it is told."""
    one, two = await process(own_redis[0]), await process(own_redis[0])
    one.remember(
        [MemoryItem("drop", "s", "", time.time()), MemoryItem("home", "s", "m", time.time(), "7", "5000")]
    )
    await until(lambda: one.shared._writing is None)
    assert [(item.name, item.kind, item.value) for item in await two.meet("s", is_begun=True)] == [
        ("m", "7", "5000")
    ]
    assert two.healed_session("s").drops_blocks  # type: ignore[union-attr]
    assert await two.meet("s", is_begun=True) == [], "it is known now"
    one.remember([MemoryItem("block", "s", "b", time.time())])
    await until(lambda: two.healed_session("s").blocks == {"b"})  # type: ignore[union-attr]
    one.remember([MemoryItem("home", "s", "m", time.time(), "7", "6000")])
    await until(lambda: one.shared._writing is None)
    assert await two.cached_tokens("s", "m", 5000) == 6000, "by the newest answer"


async def test_a_refused_signature_is_forgotten_everywhere(
    process: Callable[..., Memory], own_redis: tuple[str, "subprocess.Popen[bytes]"]
) -> None:
    """Neither a process that had it nor one that asks for it puts it back."""
    one, two = await process(own_redis[0]), await process(own_redis[0])
    one.remember(signed())
    await written(one)
    assert await two.recall([TOOL])
    one.remember([MemoryItem("forget", "session-1", "f", time.time(), value=SIGNATURE + "1")])
    await written(one)
    await until(lambda: two.signatures.tool_signature("session-1", "call-1", time.time()) is None)
    three = await process(own_redis[0])
    assert not await three.recall([TOOL, TURN])


async def test_a_thread_is_found_by_its_answer(
    process: Callable[..., Memory], own_redis: tuple[str, "subprocess.Popen[bytes]"]
) -> None:
    """The id of an answer leads to its session in every process, and after a restart without Redis."""
    one, two = await process(own_redis[0]), await process(own_redis[0])
    one.remember([MemoryItem("thread", "s", "msg_1", time.time())])
    await written(one)
    assert await two.session_of("msg_1") == "s"
    assert await (await process()).session_of("msg_1") == "s"
    assert await two.session_of("msg_2") == ""


async def test_nothing_is_asked_for_twice_in_a_row(
    process: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is nowhere costs one look: a long history without signatures makes no request slow for ever."""
    asked: list[object] = []
    monkeypatch.setattr(database, "read", lambda wanted: asked.append(wanted) or {})
    one = await process()
    for _ in range(5):
        assert not await one.recall([TOOL, TURN])
    assert len(asked) == 1
    assert await one.meet("fresh", is_begun=False) == []


async def test_a_database_that_hangs_is_not_waited_for(
    process: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request goes on without what is remembered, and the next one does not even ask."""
    monkeypatch.setattr("relay.memory.conversation_memory.READ_SECONDS", 0.1)
    let_go = asyncio.Event()
    loop = asyncio.get_running_loop()
    calls: list[object] = []

    def hangs(wanted: object) -> dict[str, MemoryItem]:
        calls.append(wanted)
        asyncio.run_coroutine_threadsafe(let_go.wait(), loop).result()
        return {}

    monkeypatch.setattr(database, "read", hangs)
    one = await process()
    one_more = Wanted("tool", "s", "another")
    assert not await one.recall([TOOL])
    monkeypatch.setattr("relay.memory.conversation_memory.READ_SECONDS", 60)
    assert not await one.recall([one_more])
    assert len(calls) == 1
    let_go.set()


class Gate:
    """Readings of the database: how often it was read, and whether it answers now, later, or not at all."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_open = threading.Event()
        self.is_open.set()
        self.is_broken = False
        self.counts = {"read": 0, "read_heals": 0}
        for name in self.counts:
            monkeypatch.setattr(database, name, partial(self._read, name, getattr(database, name)))

    def _read(self, name: str, read: Callable[[object], object], wanted: object) -> object:
        self.counts[name] += 1
        assert self.is_open.wait(10)
        if self.is_broken:
            raise OperationalError("gone")
        return read(wanted)


async def test_parallel_requests_of_a_conversation_all_know_it(
    process: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They meet it, recall it and find its thread with one reading each, that all of them wait for."""
    one = await process()
    one.remember(
        [MemoryItem("thread", "s", "msg_1", time.time()), MemoryItem("drop", "s", "", time.time()), *signed()]
    )
    await written(one)
    two, gate = await process(), Gate(monkeypatch)
    gate.is_open.clear()
    meetings = [asyncio.create_task(two.meet("s", is_begun=True)) for _ in range(3)]
    recalls = [asyncio.create_task(two.recall([TOOL, TURN])) for _ in range(2)]
    recalls.append(asyncio.create_task(two.recall([TURN])))
    threads = [asyncio.create_task(two.session_of("msg_1")) for _ in range(2)]
    await until(lambda: gate.counts["read_heals"] == 1)
    meetings[0].cancel()  # its client has gone: that is nothing to the others
    recalls[0].cancel()
    await asyncio.sleep(0)
    assert not any(task.done() for task in (*meetings[1:], *recalls[1:], *threads))
    gate.is_open.set()
    await asyncio.gather(*meetings[1:])
    assert two.healed_session("s").drops_blocks  # type: ignore[union-attr]
    assert await asyncio.gather(*recalls[1:]) == [True, True]
    assert await asyncio.gather(*threads) == ["s", "s"]
    assert gate.counts == {"read_heals": 1, "read": 2}


async def test_a_reading_that_failed_is_made_again(
    process: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be read is not taken for what is not there: neither heals, signatures nor threads."""
    one = await process()
    one.remember(
        [MemoryItem("thread", "s", "msg_1", time.time()), MemoryItem("drop", "s", "", time.time()), *signed()]
    )
    await written(one)
    two, gate = await process(), Gate(monkeypatch)
    gate.is_broken = True
    await two.meet("s", is_begun=True)
    two._unread_until = 0.0
    assert not await two.recall([TOOL])
    two._unread_until = 0.0
    assert await two.session_of("msg_1") == ""
    assert two.healed_session("s") is None
    gate.is_broken, two._unread_until = False, 0.0
    await two.meet("s", is_begun=True)
    assert two.healed_session("s").drops_blocks  # type: ignore[union-attr]
    assert await two.recall([TOOL])
    assert await two.session_of("msg_1") == "s"


async def test_the_account_is_asked_for_until_redis_answers(
    process: Callable[..., Memory],
    own_redis: tuple[str, "subprocess.Popen[bytes]"],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Met while Redis was away, a session's heals come from the database, once; its account is told later."""
    one, two = await process(own_redis[0]), await process(own_redis[0])
    one.remember(
        [MemoryItem("drop", "s", "", time.time()), MemoryItem("home", "s", "m", time.time(), "7", "5000")]
    )
    await written(one)
    gate, later = Gate(monkeypatch), asyncio.get_running_loop().time() + 3600
    two.shared._away_until = later
    for _ in range(3):
        assert await two.meet("s", is_begun=True) == []
    assert two.healed_session("s").drops_blocks  # type: ignore[union-attr]
    two.shared._away_until = 0.0
    assert [item.kind for item in await two.meet("s", is_begun=True)] == ["7"]
    assert await two.meet("s", is_begun=True) == []
    assert gate.counts["read_heals"] == 1


async def test_heals_that_were_crowded_out_are_read_again(process: Callable[..., Memory]) -> None:
    """A process that keeps fewer sessions than it meets knows what it does not know any more."""
    one = await process(session_limit=2)
    for session in ("s1", "s2", "s3"):
        await one.meet(session, is_begun=True)
        one.remember([MemoryItem("drop", session, "", time.time())])
    await written(one)
    assert one.healed_session("s1") is None
    await one.meet("s1", is_begun=True)
    assert one.healed_session("s1").drops_blocks  # type: ignore[union-attr]


async def test_what_was_found_and_crowded_out_is_found_again(process: Callable[..., Memory]) -> None:
    """Within the minute, too, in which what is nowhere is not asked for."""
    one = await process(tool_limit=1)
    one.remember([*signed(1), *signed(2)])
    await written(one)
    for _ in range(2):
        for number in (1, 2):
            assert await one.recall([Wanted("tool", "session-1", f"call-{number}")])


async def test_long_ids_are_found_and_make_no_long_keys(
    process: Callable[..., Memory], own_redis: tuple[str, "subprocess.Popen[bytes]"]
) -> None:
    """An id may be as long as its sender likes: keys in Redis are not, and the database finds it whole."""
    long = "msg_" + "x" * 100_000
    one = await process(own_redis[0])
    one.remember([MemoryItem("thread", "s", long, time.time())])
    await written(one)
    keys = await one.shared._client.keys("*")
    assert keys
    assert max(len(key) for key in keys) < 200
    assert await (await process(own_redis[0])).session_of(long) == "s"
    assert await (await process()).session_of(long) == "s"


async def test_an_item_that_cannot_be_told_stops_no_other(
    process: Callable[..., Memory], own_redis: tuple[str, "subprocess.Popen[bytes]"]
) -> None:
    """Half a character in a name fails alone; the answers behind it are told as before."""
    one, two = await process(own_redis[0]), await process(own_redis[0])
    await one.shared.write([MemoryItem("home", "s", "\ud800", time.time(), "7", "1")])
    await one.shared.write([MemoryItem("home", "s", "m", time.time(), "7", "1")])
    assert [item.name for item in await two.meet("s", is_begun=True)] == ["m"]


async def test_an_item_that_no_database_takes_keeps_no_other_from_it(process: Callable[..., Memory]) -> None:
    """Half a character in an id: what was learned with it and behind it is written all the same."""
    one = await process()
    one.remember(
        [MemoryItem("thread", "s", "\ud800", time.time()), MemoryItem("thread", "s", "msg_1", time.time())]
    )
    await written(one)
    one.remember([MemoryItem("thread", "s", "msg_2", time.time())])
    await written(one)
    await one._behind._write()
    two = await process()
    assert [await two.session_of(name) for name in ("msg_1", "msg_2")] == ["s", "s"]


async def test_what_is_on_its_way_at_the_end_is_written_again(
    process: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends while a batch that will fail is being written: it is not lost."""
    one = Memory(Bus("one", ""), 500, 200, 1000)
    await one.start()
    store, is_on_its_way, may_fail = database.store, threading.Event(), threading.Event()

    def fails(batch: dict[str, MemoryItem]) -> None:
        monkeypatch.setattr(database, "store", store)
        is_on_its_way.set()
        assert may_fail.wait(10)
        raise OperationalError("gone")

    monkeypatch.setattr(database, "store", fails)
    one.remember([MemoryItem("thread", "s", "msg_1", time.time())])
    await asyncio.to_thread(is_on_its_way.wait, 10)
    stopping = asyncio.create_task(one.stop())
    await asyncio.sleep(0)
    may_fail.set()
    await stopping
    assert await (await process()).session_of("msg_1") == "s"


async def test_a_start_reads_no_conversation(process: Callable[..., Memory]) -> None:
    """However much is remembered, a process that starts has none of it in its memory."""
    rows = [
        MemoryItem("tool", "s", f"c{number}", time.time(), "", SIGNATURE, "gemini") for number in range(50)
    ]
    refused = MemoryItem("refused", "account", "seed\nmodel", time.time())
    await sync_to_async(database.store)({item.wanted.key: item for item in [*rows, refused]})
    one = await process()
    assert one.signatures.tool_signature("s", "c1", time.time()) is None
    assert one.refusals.of("account", "model") == {"seed"}


def test_what_is_of_no_use_any_more_is_pruned() -> None:
    """Signatures after two hours, all else after thirty days, some at a time."""
    now = time.time()
    old = [
        MemoryItem("tool", "s", f"c{number}", now - 7300, "", SIGNATURE, "gemini") for number in range(600)
    ]
    kept = [
        MemoryItem("block", "s", "b", now - 7300),
        MemoryItem("tool", "s", "new", now, "", SIGNATURE, "gemini"),
    ]
    gone = [MemoryItem("block", "s", "older", now - 31 * 86400)]
    database.store({item.wanted.key: item for item in [*old, *kept, *gone]})
    counts = []
    while count := database.prune(now):
        counts.append(count)
    assert counts == [500, 100, 1]
    assert set(RememberedItem.objects.values_list("name", flat=True)) == {"b", "new"}


async def test_what_caches_hold_is_known_to_other_processes(
    process: Callable[..., Memory], own_redis: tuple[str, "subprocess.Popen[bytes]"]
) -> None:
    """The next turn may come to another process: it compares with what the first one kept, by Redis."""
    one, two = await process(own_redis[0]), await process(own_redis[0])
    footprint = Footprint("m", b"", b"", b"s", b"t" * 8, 1)
    kept = Kept(footprint, footprint, 1, "a@b", time.time(), 5000)
    one.kept.keep("agent-1", [kept], time.time())
    assert await one.kept.of("agent-1") == [kept]
    await until(lambda: two.kept.of("agent-1"))
    assert await two.kept.of("agent-1") == [kept]
    assert await two.kept.of("") == await two.kept.of("agent-2") == []


async def test_what_is_kept_of_caches_is_bounded(process: Callable[..., Memory]) -> None:
    """By what it takes: who was silent for longest is forgotten."""
    memory = await process()
    footprint = Footprint("m", b"", b"", b"s", b"t" * 8 * 1000, 1000)
    kept = [Kept(footprint, footprint, 1, "a@b", time.time(), 5000)] * 6
    size = len(stored_form.written(kept))
    for number in range(MOST_CHARACTERS // size + 2):
        memory.kept.keep(f"agent-{number}", kept, time.time())
    assert await memory.kept.of("agent-0") == []
    assert await memory.kept.of(f"agent-{number}") == kept


async def test_what_an_earlier_version_said_of_an_account_is_a_session_s_now(
    process: Callable[..., Memory],
) -> None:
    """That calls and results have to be paired, in a row or of an older process: no account refuses it."""
    now = time.time()
    paired, seed = (MemoryItem("refused", "account", f"{name}\nmodel", now) for name in (PAIRS, "seed"))
    await sync_to_async(database.store)({item.wanted.key: item for item in (paired, seed)})
    memory = await process()
    memory._hear(msgspec.msgpack.encode([paired]))
    assert memory.refusals.of("account", "model") == frozenset({"seed"})
