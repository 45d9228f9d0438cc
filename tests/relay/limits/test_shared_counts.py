"""What keys have used, counted in a real Redis for several processes."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from redis.exceptions import TimeoutError as RedisTimeout

from accounts.keys.limits import KeyLimits, Limit
from accounts.loaded.client_keys import CallerKey
from accounts.processes import redis_client
from monitor.record.records import RequestRecord
from relay.limits import shared_counts
from relay.limits.allowance import Allowance
from relay.limits.counts import Counts, Unknown
from relay.limits.key_counter import KeyCounter
from relay.limits.limit_windows import window_at
from relay.limits.opening import NOTHING_BOOKED, OpenedWindows
from relay.limits.shared_counts import RedisCounts
from relay.limits.standing import Standing
from tests import stores
from tests.accounts.waiting import until

RATE = Limit("requests", "minute", 10)
TOKENS = Limit("tokens", "total", 1000)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine's Redis is slow, and not away."""
    monkeypatch.setattr(redis_client, "ANSWER_SECONDS", 30.0)
    monkeypatch.setattr(shared_counts, "PATIENT_SECONDS", 30.0)
    monkeypatch.setattr(shared_counts, "TELLING_SECONDS", 30.0)


@pytest.fixture
def own_redis() -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """A Redis that the test may end, and its process."""
    url, process = stores.start_redis()
    yield url, process
    stores.end(process)


class Ledger:
    """What was used before: the same for all processes."""

    used = 0
    asked = 0
    booked: Mapping[str, Sequence[int]] = NOTHING_BOOKED

    async def __call__(self, key: int, standings: Sequence[Standing]) -> OpenedWindows:
        self.asked += 1
        return OpenedWindows([self.used for _ in standings], self.booked)


class Processes:
    """The counts of two processes that share a Redis and a ledger."""

    def __init__(self, url: str, *, is_open: bool = True) -> None:
        self.ledger = Ledger()
        self.now = 1_800_000_000.0
        self.shared = [RedisCounts(url) for _ in range(2)]
        self.counts = [
            Counts(ZoneInfo("UTC"), self.ledger, is_open=is_open, shared=one, now=lambda: self.now)
            for one in self.shared
        ]

    async def ask(self, process: int, *limits: Limit) -> list[Standing] | None:
        """One more request in a process: how the key stands, or None where it is over."""
        standings, over = await self.counts[process].admit(1, limits)
        return None if over else standings

    async def stop(self) -> None:
        """As at the end of the processes."""
        for counts in self.counts:
            await counts.stop()


@pytest.fixture
async def processes(own_redis: tuple[str, object]) -> AsyncIterator[Processes]:
    made = Processes(own_redis[0])
    yield made
    await made.stop()


async def test_all_processes_count_together_to_the_unit(processes: Processes) -> None:
    """However many ask in both at once, exactly as many come in as the limit says."""
    answers = await asyncio.gather(*(processes.ask(number % 2, RATE) for number in range(50)))
    assert len([one for one in answers if one is not None]) == RATE.amount
    processes.now += 60
    assert await processes.ask(0, RATE) is not None


async def test_what_one_process_spends_another_one_knows(processes: Processes) -> None:
    """A window is opened with the ledger's number once, and has what both spent."""
    processes.ledger.used = 400
    first, second = await processes.ask(0, TOKENS), await processes.ask(1, TOKENS)
    assert first is not None
    assert second is not None
    assert processes.ledger.asked == 1
    processes.counts[0].spend(1, first, 300, 0)
    processes.counts[1].spend(1, second, 299, 0)
    await until(lambda: not any(one._tasks for one in processes.shared))
    third = await processes.ask(0, TOKENS)
    assert third is not None
    assert third[0].used == 999
    processes.counts[0].spend(1, third, 1, 0)
    await until(lambda: not processes.shared[0]._tasks)
    assert await processes.ask(1, TOKENS) is None


class TakenForDead:
    """An exchange of the first process, which the second one takes for dead."""

    def __init__(self, processes: Processes) -> None:
        limits = KeyLimits(limits=(TOKENS,))
        self.processes = processes
        self.caller = CallerKey(1, "team", True, limits)
        self.own, self.keeper = (
            KeyCounter(one, lambda row: row, limits_of=lambda _: limits) for one in processes.counts
        )
        self.row = RequestRecord(
            id="1" * 32, started_at=processes.now, process_id="slow", dialect="anthropic", method="POST",
            path="/", in_flight=False, client_key_id=1, attempts=1, tokens_in=3,
        )  # fmt: skip

    async def begins(self) -> None:
        """It is admitted."""
        running = await self.own.admit(self.caller, self.caller.limits)
        assert isinstance(running, Allowance)
        self.running = running

    async def ends(self, said: int) -> None:
        """It tells its use itself."""
        self.running.settle(msgspec.structs.replace(self.row, tokens_out=said))
        await until(lambda: not self.processes.shared[0]._tasks)

    async def is_taken_for_dead(self, said: int) -> None:
        """Twice, for it opens its row again."""
        for _ in range(2):
            self.keeper.settle_for(self.caller, msgspec.structs.replace(self.row, tokens_out=said))
            await until(lambda: not self.processes.shared[1]._tasks)

    async def used(self) -> int:
        """By the next request in the second process."""
        told = await self.processes.ask(1, TOKENS)
        assert told is not None
        return told[0].used


@pytest.mark.parametrize(
    "steps",
    [
        [("ends", 31, 34), ("is_taken_for_dead", 31, 34)],
        [("ends", 900, 903), ("is_taken_for_dead", 4, 903)],
        [("is_taken_for_dead", 31, 34), ("ends", 31, 34)],
        [("is_taken_for_dead", 4, 7), ("ends", 900, 903)],
        [("is_taken_for_dead", 0, 3), ("is_taken_for_dead", 4, 7), ("is_taken_for_dead", 900, 903)],
    ],
)
async def test_who_was_only_slow_counts_once_and_whole(
    processes: Processes, steps: list[tuple[str, int, int]]
) -> None:
    """A process that was taken for dead tells its use itself: what is more counts, also hours later."""
    slow = TakenForDead(processes)
    await slow.begins()
    for step, said, used in steps:
        await getattr(slow, step)(said)
        assert await slow.used() == used
    [mark] = await processes.shared[0]._client.keys(f"*{slow.row.id}")
    assert await processes.shared[0]._client.ttl(mark) > shared_counts.DAY_SECONDS - 60


@pytest.mark.parametrize("is_asked", [True, False])
async def test_what_the_dead_used_is_told_again_for_as_long(
    processes: Processes, monkeypatch: pytest.MonkeyPatch, is_asked: bool
) -> None:
    """Redis did not answer who closed the row: its mark lives for a day all the same, with the last told."""
    monkeypatch.setattr(shared_counts, "AWAY_SECONDS", 0.0)
    slow = TakenForDead(processes)
    await slow.begins()
    shared = processes.shared[1]

    async def never(**asked: Any) -> None:
        raise RedisTimeout

    with monkeypatch.context() as away:
        away.setattr(shared, "_spend", never)
        away.setattr(shared, "_away_until", 0.0 if is_asked else float("inf"))
        await slow.is_taken_for_dead(4)
        await slow.is_taken_for_dead(40)
        with suppress(Unknown):
            await shared._tell_owed()
    assert await slow.used() == 43
    await slow.ends(900)
    assert await slow.used() == 903
    [mark] = await shared._client.keys(f"*{slow.row.id}")
    assert await shared._client.ttl(mark) > shared_counts.DAY_SECONDS - 60


@pytest.mark.parametrize("has_first", ["the ledger", "the keeper", "its process"])
async def test_an_end_that_is_owed_counts_once(
    processes: Processes,
    own_redis: tuple[str, "subprocess.Popen[bytes]"],
    monkeypatch: pytest.MonkeyPatch,
    has_first: str,
) -> None:
    """Redis is killed and comes back empty; meanwhile an exchange ended, and is booked. Whether the window is
    opened with it, or who took its process for dead tells it too: before its process does, or after.
    """
    monkeypatch.setattr(shared_counts, "AWAY_SECONDS", 0.0)
    slow = TakenForDead(processes)
    await slow.begins()
    stores.end(own_redis[1])
    await processes.ask(
        0, RATE
    )  # on the connection that breaks: from now on it is certain that none is there
    await slow.ends(31)
    back = stores.start_redis(Path(own_redis[0].removeprefix("unix://")).parent)[1]
    if has_first == "the ledger":
        processes.ledger.used, processes.ledger.booked = 34, {slow.row.id: [34]}
        assert await slow.used() == 34
    elif has_first == "the keeper":
        assert await slow.used() == 0
        await slow.is_taken_for_dead(31)
        assert await slow.used() == 34
    else:
        assert await slow.used() == 0
    await processes.shared[0]._tell_owed()
    assert await slow.used() == 34
    await slow.is_taken_for_dead(31)
    assert await slow.used() == 34
    [mark] = await processes.shared[0]._client.keys(f"*{slow.row.id}")
    assert await processes.shared[0]._client.ttl(mark) > shared_counts.DAY_SECONDS - 60
    stores.end(back)


async def test_a_window_that_another_has_opened_keeps_what_it_was_opened_with(processes: Processes) -> None:
    """Of two that read the ledger at once the first one's reading counts; the second one's may have more."""
    spot = (1, "tokens", "total", 0.0)
    standing = Standing(TOKENS, window_at("total", processes.now, ZoneInfo("UTC")), 0)
    assert await processes.shared[0].admit([spot], [standing], [5], {"early": [5]}) == [5]
    assert await processes.shared[1].admit([spot], [standing], [12], {"early": [5], "late": [7]}) == [5]
    for mark, amount in (("early", 5), ("late", 7)):
        processes.shared[0].spend([spot], [standing], [amount], mark)
        await until(lambda: not processes.shared[0]._tasks)
    assert await processes.shared[0].admit([spot], [standing], [None]) == [12]


async def test_what_is_owed_is_told_though_nobody_asks(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that serves nothing tells it too, before the marks of those who tell the same are gone."""
    monkeypatch.setattr(shared_counts, "RETELLING_SECONDS", 0.01)
    slow = TakenForDead(processes)
    await slow.begins()
    monkeypatch.setattr(processes.shared[0], "_away_until", float("inf"))
    await slow.ends(31)
    assert await slow.used() == 0
    monkeypatch.setattr(processes.shared[0], "_away_until", 0.0)
    await until(lambda: not processes.shared[0]._unsure)
    await until(lambda: processes.shared[0]._reteller is None or processes.shared[0]._reteller.done())
    assert await slow.used() == 34


async def test_great_amounts_of_money_are_counted_to_the_unit(processes: Processes) -> None:
    """Redis's scripts write great numbers with an exponent, and what it adds has none."""
    money = Limit("usd", "total", 10**15)
    admitted = await processes.ask(0, money)
    assert admitted is not None
    processes.counts[0].spend(1, admitted, 0, 123_456_789_012_345, mark="one")
    await until(lambda: not processes.shared[0]._tasks)
    processes.counts[0].spend(1, admitted, 0, 300_000_000_000_001, mark="one")
    await until(lambda: not processes.shared[0]._tasks)
    told = await processes.ask(1, money)
    assert told is not None
    assert told[0].used == 300_000_000_000_001


async def test_a_redis_that_lost_everything_is_opened_from_the_ledger(
    processes: Processes, own_redis: tuple[str, object]
) -> None:
    """Which has by then what was spent."""
    admitted = await processes.ask(0, TOKENS)
    assert admitted is not None
    await processes.shared[0]._client.flushall()
    processes.ledger.used = 1000
    assert await processes.ask(1, TOKENS) is None


async def test_while_redis_is_away_open_goes_by_what_the_process_knows(
    own_redis: tuple[str, "subprocess.Popen[bytes]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own count goes on from the last that all had; closed says that it is not known."""
    monkeypatch.setattr(shared_counts, "AWAY_SECONDS", 0.0)
    processes, closed = Processes(own_redis[0]), Processes(own_redis[0], is_open=False)
    for _ in range(4):
        assert await processes.ask(0, RATE) is not None
        assert await processes.ask(1, RATE) is not None
    stores.end(own_redis[1])
    assert await processes.ask(1, RATE) is not None
    assert await processes.ask(1, RATE) is not None
    assert await processes.ask(1, RATE) is None
    with pytest.raises(Unknown):
        await closed.ask(0, RATE)


async def test_what_is_spent_while_redis_is_away_is_told_afterwards(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is missing when it is back."""
    admitted = await processes.ask(0, TOKENS)
    assert admitted is not None
    shared = processes.shared[0]
    monkeypatch.setattr(shared, "_away_until", float("inf"))
    processes.counts[0].spend(1, admitted, 1000, 0)
    await until(lambda: not shared._tasks)
    assert await processes.ask(1, TOKENS) is not None
    monkeypatch.setattr(shared, "_away_until", 0.0)
    assert await processes.ask(0, TOKENS) is None
    assert await processes.ask(1, TOKENS) is None


async def test_what_redis_counted_and_answered_too_late_counts_once(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether it was counted: it is told again, under the same mark."""
    monkeypatch.setattr(shared_counts, "AWAY_SECONDS", 0.0)
    admitted = await processes.ask(0, TOKENS)
    assert admitted is not None
    shared, told = processes.shared[0], 0
    in_time = shared._spend

    async def too_late(**asked: Any) -> None:
        nonlocal told
        told += 1
        await in_time(**asked)
        if told <= 2:
            raise RedisTimeout

    monkeypatch.setattr(shared, "_spend", too_late)
    processes.counts[0].spend(1, admitted, 400, 0)
    await until(lambda: not shared._tasks)
    with suppress(Unknown):
        await shared._tell_owed()
    for process in (0, 1):
        again = await processes.ask(process, TOKENS)
        assert again is not None
        assert again[0].used == 400
    assert told == 3
    assert not shared._unsure


async def test_a_slow_redis_is_waited_for(own_redis: tuple[str, object]) -> None:
    """One that answers after a second counts all the same: no request goes by what its process knows."""
    processes = Processes(own_redis[0])
    assert await processes.ask(0, RATE) is not None
    async with redis_client.redis_client(own_redis[0]) as client:
        await client.client_pause(1_000)
    asked = await asyncio.gather(*(processes.ask(number % 2, RATE) for number in range(20)))
    assert sum(standings is not None for standings in asked) == 9
    assert not any(shared.is_away for shared in processes.shared)
    await processes.stop()


async def test_debts_are_told_once_by_whoever_asks(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty requests at once when Redis is back: what was owed counts once, and first."""
    admitted = await processes.ask(0, TOKENS)
    assert admitted is not None
    shared = processes.shared[0]
    monkeypatch.setattr(shared, "_away_until", float("inf"))
    for _ in range(50):
        processes.counts[0].spend(1, admitted, 10, 0)
    await until(lambda: not shared._tasks)
    assert len(shared._owed) == 1
    monkeypatch.setattr(shared, "_away_until", 0.0)
    told = await asyncio.gather(*(processes.ask(0, TOKENS) for _ in range(20)))
    assert {standing.used for standings in told if standings for standing in standings} == {500}
    assert len([standings for standings in told if standings]) == 20


async def test_debts_are_told_at_the_end_too(
    own_redis: tuple[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that ends leaves no debt behind, if Redis is there."""
    processes = Processes(own_redis[0])
    admitted = await processes.ask(0, TOKENS)
    assert admitted is not None
    with monkeypatch.context() as away:
        away.setattr(processes.shared[0], "_away_until", float("inf"))
        processes.counts[0].spend(1, admitted, 1000, 0)
        await until(lambda: not processes.shared[0]._tasks)
    await processes.counts[0].stop()
    assert await processes.ask(1, TOKENS) is None
    await processes.counts[1].stop()
