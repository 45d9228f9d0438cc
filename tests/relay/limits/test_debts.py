"""What keys used while Redis is away is kept, and told in good order when it is back: without a Redis."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeout

from accounts.keys.limits import Limit
from relay.limits import shared_counts
from relay.limits.limit_windows import LimitWindow
from relay.limits.plan import Spot
from relay.limits.shared_counts import RedisCounts
from relay.limits.standing import Standing
from tests.accounts.waiting import until

FOREVER = LimitWindow(0.0, float("inf"))
STANDING = Standing(Limit("usd", "total", 10**12), FOREVER, 0)


def spot(key: int) -> Spot:
    return key, "usd", "total", 0.0


async def spend(counts: RedisCounts, *keys: int, amount: int = 7) -> None:
    """Spend so much with each key, one after the other."""
    for key in keys:
        counts.spend([spot(key)], [STANDING], [amount])
        await until(lambda: not counts._tasks)


def owed(counts: RedisCounts) -> dict[Spot, int]:
    return {where: debt.amount for where, debt in counts._owed.items()}


class Told:
    """What a Redis is told that answers as the test says."""

    def __init__(self, counts: RedisCounts, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        self.at_once = self.most_at_once = 0
        self.error: Exception | None = None
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        monkeypatch.setattr(counts, "_spend", self)

    async def __call__(self, keys: list[str], args: list[Any]) -> None:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await asyncio.sleep(0)
        await self.may_answer.wait()
        self.at_once -= 1
        if self.error is not None:
            raise self.error
        self.names.append(keys[1])


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> RedisCounts:
    monkeypatch.setattr(shared_counts, "AWAY_SECONDS", 0.0)
    return RedisCounts("redis://127.0.0.1:1/0")


@pytest.mark.outside
@pytest.mark.parametrize("place", ["127.0.0.1", "localhost", "no socket", "no Sentinel"])
async def test_a_refused_connect_cannot_have_counted(place: str, tmp_path: Path) -> None:
    """It is owed in one sum for each window, and nothing of it is in doubt."""
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        urls = {
            "no socket": f"unix://{tmp_path}/none",
            "no Sentinel": f"redis+sentinel://127.0.0.1:{port}/master",
        }
        counts = RedisCounts(urls.get(place, f"redis://{place}:{port}"))
        counts._away_until = 0.0
        await spend(counts, 1)
        counts._away_until = 0.0
        await spend(counts, 1, 2)
        assert (owed(counts), dict(counts._unsure)) == ({spot(1): 14, spot(2): 7}, {})
        await counts.stop()


async def test_a_broken_connection_may_have_counted(
    counts: RedisCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A timeout and a reset are no refusal; nor is one that a client met which may have asked before."""
    told = Told(counts, monkeypatch)
    reset = RedisConnectionError("reading")
    reset.__context__ = ConnectionResetError()
    for told.error in (RedisTimeout(), reset):
        await spend(counts, 1)
    assert (owed(counts), len(counts._unsure)) == ({}, 2)
    refused = RedisConnectionError("connecting")
    refused.__context__ = ConnectionRefusedError()
    for url in ("redis+cluster://127.0.0.1:1,127.0.0.1:2", "redis://127.0.0.1:1?retry_on_timeout=yes"):
        twice = RedisCounts(url)
        Told(twice, monkeypatch).error = refused
        await spend(twice, 1)
        assert (owed(twice), len(twice._unsure)) == ({}, 1)


async def test_of_too_many_in_doubt_the_oldest_is_owed(
    counts: RedisCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the outage, no money is forgotten."""
    monkeypatch.setattr(shared_counts, "MOST_UNSURE", 3)
    Told(counts, monkeypatch).error = RedisTimeout()
    await spend(counts, 1, 1, 2, 3, 4)
    assert owed(counts) == {spot(1): 14}
    assert [next(iter(doubted.debts)) for doubted in counts._unsure.values()] == [spot(2), spot(3), spot(4)]


async def test_what_is_no_longer_kept_is_told_in_the_log(
    counts: RedisCounts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With more windows than are kept; how much it was and of which."""
    monkeypatch.setattr(shared_counts, "MOST_OWED", 1)
    counts._away_until = float("inf")
    await spend(counts, 1, 2)
    assert owed(counts) == {spot(2): 7}
    assert "7 of (1, 'usd'" in caplog.text


async def test_the_oldest_is_told_first(counts: RedisCounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its mark expires first; that it failed once more changes nothing of it, nor a refusal by then."""
    monkeypatch.setattr(shared_counts, "TOLD_AT_ONCE", 2)
    told = Told(counts, monkeypatch)
    told.error = RedisTimeout()
    await spend(counts, 1, 2, 3)
    marks = list(counts._unsure)
    refused = RedisConnectionError("connecting")
    refused.__context__ = ConnectionRefusedError()
    for told.error in (RedisTimeout(), refused):
        await counts._tell_quietly()
        assert set(counts._unsure) == set(marks)
        assert list(counts._unsure)[2] == marks[2]
        assert not counts._owed
    told.error = None
    await counts._tell_owed()
    assert {name.split(":")[2] for name in told.names[:2]} == {"{1}", "{2}"}
    assert (len(told.names), dict(counts._unsure)) == (3, {})


async def test_a_long_outage_is_told_in_lots_and_no_request_waits_for_all(
    counts: RedisCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many at once as there are connections for it; who asks goes on after a while, each counts once."""
    monkeypatch.setattr(shared_counts, "TELLING_SECONDS", 0.01)
    told = Told(counts, monkeypatch)
    counts._away_until = float("inf")
    await spend(counts, *range(40))
    counts._away_until = 0.0
    told.may_answer.clear()

    async def admitted(**_asked: Any) -> list[str]:
        return ["3"]

    monkeypatch.setattr(counts, "_admit", admitted)
    assert await asyncio.gather(*(counts.admit([spot(1)], [STANDING], [0]) for _ in range(5))) == [[3]] * 5
    assert told.names == []
    told.may_answer.set()
    await until(lambda: not counts._tasks)
    assert (len(told.names), len(set(told.names)), told.most_at_once) == (40, 40, shared_counts.TOLD_AT_ONCE)
    assert not counts._owed


async def test_of_many_that_redis_does_not_answer_one_says_so(
    counts: RedisCounts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """All that is told at once fails at once: one line, until it is asked again."""
    monkeypatch.setattr(shared_counts, "AWAY_SECONDS", 60.0)
    told = Told(counts, monkeypatch)
    told.error = RedisTimeout()
    told.may_answer.clear()
    for key in range(10):
        counts.spend([spot(key)], [STANDING], [7])
    told.may_answer.set()
    await until(lambda: not counts._tasks)
    assert len(counts._unsure) == 10
    assert caplog.text.count("Redis does not count") == 1
