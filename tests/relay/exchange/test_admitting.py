"""A POST at the door: what becomes of it where the process is told to stop, or fails, right there."""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from django.http.response import HttpResponseBase

from accounts.keys.limits import KeyLimits
from accounts.loaded.client_keys import CallerKey
from accounts.loaded.live_accounts import LiveAccounts
from accounts.snapshot import Snapshot
from monitor.record.records import Record, RequestRecord
from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.interface import Dialect
from relay.dialects.openai import OPENAI_CHAT
from relay.exchange import admitting, service
from relay.exchange.admitting import Admission, admitted
from relay.exchange.runtime import RelaySettings, Runtime
from relay.limits.allowance import Allowance
from relay.short import counting, embedding
from relay.upstream.request import ClientCall
from tests.accounts.worlds import view

MODEL = "text-embedding-3-small"
TURNS = [{"role": "user", "content": "hi"}]
Served = tuple[Dialect, dict[str, object], Callable[[Admission], Awaitable[HttpResponseBase]]]
SERVED: dict[str, Served] = {
    "generation": (
        ANTHROPIC,
        {"model": MODEL, "messages": TURNS, "max_tokens": 9},
        lambda admission: service._served(admission, "", None, "sse"),
    ),
    "embedding": (
        OPENAI_CHAT,
        {"model": MODEL, "input": "hi"},
        lambda admission: embedding._embedded(admission, "embeddings", ""),
    ),
    "count": (
        ANTHROPIC,
        {"model": MODEL, "messages": TURNS},
        lambda admission: counting._counted(admission, ""),
    ),
}


class Door:
    """A runtime without a process. All keys are good; whatever is waited for takes ``meanwhile``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows: list[RequestRecord] = []
        self.spent: list[tuple[int, int]] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self.runtime = Runtime(LiveAccounts(), self, RelaySettings.from_environment())
        account = view(1, kind="openai", models=(MODEL,))
        self.runtime.accounts.pool.load(Snapshot(accounts=(account,)))
        monkeypatch.setattr(admitting, "runtime", lambda: self.runtime)
        monkeypatch.setattr(Admission, "authenticate", lambda admission: None)

        async def count(admission: Admission) -> None:
            self.meanwhile()
            admission._allowance = Allowance([], lambda *spent: self.spent.append(spent[:2]), None)

        async def in_its_session(admission: Admission, call: ClientCall, inspected: object) -> ClientCall:
            self.meanwhile()
            return call

        monkeypatch.setattr(Admission, "count", count)
        monkeypatch.setattr(Admission, "in_its_session", in_its_session)

    def submit(self, record: Record) -> None:
        if isinstance(record, RequestRecord):
            self.rows.append(record)

    async def post(self, what: str) -> HttpResponseBase:
        """Send it, to be answered."""
        dialect, body, serve = SERVED[what]
        request: Any = SimpleNamespace(
            scope={"headers": []},
            body=msgspec.json.encode(body),
            GET={},
            META={},
            method="POST",
            get_full_path=lambda: "/v1/x",
        )
        return await admitted(request, dialect, serve)


@pytest.mark.parametrize("what", SERVED)
async def test_nothing_begins_while_the_process_stops(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told so while the request waits at the door: a 503, an ended row, and the key's place is free again."""
    door = Door(monkeypatch)
    door.meanwhile = door.runtime.drain
    answer = await door.post(what)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert door.runtime.in_flight.drivers == set()
    assert [row.in_flight for row in door.rows] == [True, False]
    assert door.spent == ([] if what == "count" else [(0, 0)])


@pytest.mark.parametrize("what", ["generation", "embedding"])
async def test_a_fault_behind_the_counting_gives_the_keys_place_back(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of this server before there is a record is no exchange that runs for ever."""
    door = Door(monkeypatch)

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of this server")

    monkeypatch.setattr(Admission, "recorder", fails)
    with pytest.raises(RuntimeError):
        await door.post(what)
    assert door.spent == [(0, 0)]


async def test_a_refused_row_tells_the_groups_of_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a replay stays within them when the key is gone, though nobody was asked."""
    door = Door(monkeypatch)
    door.meanwhile = door.runtime.drain

    def is_bound(admission: Admission) -> None:
        admission.caller = CallerKey(7, "bound", False, KeyLimits(groups=frozenset({"b", "a"})))

    monkeypatch.setattr(Admission, "authenticate", is_bound)
    assert (await door.post("generation")).status_code == 503
    assert [row.diagnostics["key_groups"] for row in door.rows] == ["a, b"] * len(door.rows)
    assert door.rows
