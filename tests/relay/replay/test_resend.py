"""An exchange that is sent again lives by itself: it comes to its end on record, whoever asked for it."""

import asyncio

import pytest

from accounts.loaded.live_accounts import LiveAccounts
from monitor.record.records import Outcome, Record, RequestRecord
from relay.dialects.anthropic import ANTHROPIC
from relay.exchange.runtime import RelaySettings, Runtime
from relay.replay import resend
from relay.replay.simulated import simulated_target
from relay.upstream.request import ClientCall

MODEL = "claude-opus-4-5"
BODY = {"model": MODEL, "max_tokens": 99, "messages": [{"role": "user", "content": "hi"}]}


class Rows:
    """The rows as they are handed over."""

    def __init__(self) -> None:
        self.rows: list[RequestRecord] = []

    def submit(self, record: Record) -> None:
        if isinstance(record, RequestRecord):
            self.rows.append(record)


@pytest.mark.outside
async def test_an_operator_who_leaves_leaves_no_exchange_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser is closed while the simulator starts: the exchange runs to its end all the same."""
    rows = Rows()
    runtime = Runtime(LiveAccounts(), rows, RelaySettings.from_environment())
    monkeypatch.setattr(resend, "runtime", lambda: runtime)
    row = RequestRecord(
        id="0" * 32,
        started_at=1.0,
        process_id="p",
        dialect="anthropic",
        method="POST",
        path="/v1/messages",
        in_flight=False,
    )
    call = ClientCall(ANTHROPIC, BODY, b"{}", {}, MODEL, is_stream=True, session="s")
    started: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    started.cancel()
    target = simulated_target("anthropic", "anthropic", MODEL)
    await resend.simulate(row, call, "me", target, "", False, started)  # type: ignore[arg-type]
    assert [row.in_flight for row in (rows.rows[0], rows.rows[-1])] == [True, False]
    assert rows.rows[-1].outcome == Outcome.OK
    assert runtime.in_flight.drivers == set()
