"""What watches the prompt cache stands in nobody's way."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from accounts.loaded.live_accounts import LiveAccounts
from accounts.snapshot import Snapshot
from monitor.record.records import RequestRecord
from relay.caching.footprint import Footprint, footprint_of
from relay.dialects.gemini import GEMINI
from relay.exchange.large_bodies import LARGE_BYTES
from relay.exchange.record import cache_watch
from relay.exchange.record.cache_watch import CacheWatch
from relay.exchange.record.recording import Recorder
from relay.exchange.runtime import RelaySettings, Runtime
from relay.neutral.usage import Usage
from relay.speakers.speaker import Speaker
from relay.upstream.request import ClientCall
from tests.accounts.worlds import MODEL, PoolWorld, view

BODY = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
ROW = RequestRecord(
    id="0" * 32, started_at=1.0, process_id="p", dialect="gemini", method="POST", path="/", in_flight=True
)
REQUEST: Any = SimpleNamespace(
    dialect=GEMINI,
    body=BODY,
    model=MODEL,
    changes=(),
    facts=SimpleNamespace(cache_minimum_tokens=0, cache_key=False, cache_lasts_seconds=300),
)
LONG_PREFIXES: Any = SimpleNamespace(
    **{**vars(REQUEST), "facts": SimpleNamespace(**{**vars(REQUEST.facts), "cache_minimum_tokens": 1024})}
)
CALL = ClientCall(GEMINI, BODY, b"{}", {}, MODEL, is_stream=True, session="s", speaker=Speaker(agent="agent"))


def watch(raw: bytes) -> tuple[CacheWatch, Runtime]:
    """Of an exchange of one agent, with a body of these bytes."""
    writer: Any = SimpleNamespace(submit=lambda _: None)
    runtime = Runtime(LiveAccounts(), writer, RelaySettings.from_environment())
    runtime.accounts.pool.load(Snapshot(accounts=(view(1),)))
    call = ClientCall(
        GEMINI, BODY, raw, {}, MODEL, is_stream=True, session="s", speaker=Speaker(agent="agent")
    )
    recorder = Recorder(lambda _: None, ROW, call, at=lambda: 1.0, bodies=None)
    return CacheWatch(runtime, call, recorder, is_replay=False), runtime


@pytest.mark.parametrize("size", [2, LARGE_BYTES])
async def test_a_large_body_is_hashed_beside_the_loop(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Once, and before the answer; a small one in the loop, which is quicker."""
    hashed: list[bool] = []

    def watched(*args: Any) -> Footprint:
        hashed.append(threading.current_thread() is threading.main_thread())
        return footprint_of(*args)

    monkeypatch.setattr(cache_watch, "footprint_of", watched)
    cache, runtime = watch(b" " * size)
    lease = await PoolWorld(view(1)).lease()
    await cache.picks(lease)
    await cache.prepares(REQUEST)
    cache.answers(lease, REQUEST, Usage(input_uncached=9), is_one=True)
    assert hashed == [size < LARGE_BYTES]
    assert [kept.held_tokens for kept in await runtime.memory.kept.of("agent")] == [9]


@pytest.mark.parametrize(("told", "held"), [(1023, []), (1024, [1024]), (None, [0])])
async def test_what_is_too_short_to_be_cached_is_not_compared(told: int | None, held: list[int]) -> None:
    """Nor kept, where nothing longer came before it; what upstream does not count may be long."""
    cache, runtime = watch(b"{}")
    lease = await PoolWorld(view(1)).lease()
    await cache.picks(lease)
    cache.answers(lease, LONG_PREFIXES, Usage(input_uncached=told), is_one=True)
    assert [kept.held_tokens for kept in await runtime.memory.kept.of("agent")] == held


async def test_a_short_request_behind_a_long_one_is_kept() -> None:
    """What comes next goes on from it, and not from the long one."""
    _, runtime = watch(b"{}")
    lease = await PoolWorld(view(1)).lease()
    for told in (2000, 9):
        cache = CacheWatch(
            runtime, CALL, Recorder(lambda _: None, ROW, CALL, at=lambda: 1.0, bodies=None), is_replay=False
        )
        await cache.picks(lease)
        cache.answers(lease, LONG_PREFIXES, Usage(input_uncached=told), is_one=True)
    assert [kept.held_tokens for kept in await runtime.memory.kept.of("agent")] == [9]


@pytest.mark.parametrize("size", [2, LARGE_BYTES])
async def test_a_fault_in_the_comparison_costs_no_answer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, size: int
) -> None:
    """What is to be remembered of the answer is; the log has the fault."""

    def fails(*args: Any) -> Footprint:
        raise TypeError("a prompt that no rule foresaw")

    monkeypatch.setattr(cache_watch, "footprint_of", fails)
    cache, _ = watch(b" " * size)
    lease = await PoolWorld(view(1)).lease()
    await cache.picks(lease)
    await cache.prepares(REQUEST)
    assert isinstance(cache.answers(lease, REQUEST, Usage(), is_one=True), list)
    assert len(caplog.records) == 1
    assert "a prompt that no rule foresaw" in caplog.text
