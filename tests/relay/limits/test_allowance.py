"""What an exchange spends of its key's limits, counted once at its end."""

from decimal import Decimal

import msgspec

from monitor.ledger.booking import booked
from monitor.record.attempt_use import AttemptUse
from monitor.record.records import RequestRecord
from relay.limits.allowance import Allowance

ROW = RequestRecord(
    id="1" * 32, started_at=7205.0, process_id="p", dialect="anthropic", method="POST", path="/v1/messages",
    client_key="team", client_key_id=3, client_model="m", in_flight=False, attempts=1,
    tokens_in=1, tokens_out=2, tokens_cached=3, tokens_cache_write=4,
)  # fmt: skip


def with_cost(row: RequestRecord) -> RequestRecord:
    return msgspec.structs.replace(row, cost=Decimal("0.5"))


def spent(row: RequestRecord) -> list[tuple[int, int]]:
    told: list[tuple[int, int]] = []
    allowance = Allowance((), lambda tokens, units, _: told.append((tokens, units)), with_cost)
    allowance.settle(allowance.settle(row))
    return told


def test_all_tokens_count_once() -> None:
    """Input, cached or not, output, and the estimate of what upstream did not count: as the ledger has it."""
    cut = msgspec.structs.replace(ROW, tokens_out=None, diagnostics={"estimated_tokens_out": 50})
    whole = msgspec.structs.replace(ROW, diagnostics={"estimated_tokens_out": 50})
    for row, tokens in ((ROW, 10), (cut, 58), (whole, 10)):
        assert spent(row) == [(tokens, 5 * 10**9)]
        [(_, amounts)] = booked(row, lambda moment: moment)
        assert amounts.spent_tokens == tokens


def test_what_failed_attempts_used_counts_too() -> None:
    """A budget is spent by what is paid: the answer's tokens and those of the attempts before it."""
    uses = [AttemptUse(number=n, account="a", model="m", tokens_in=n, cost=Decimal(n)) for n in (1, 2)]
    row = msgspec.structs.replace(ROW, used_by_attempt=tuple(uses), cost=Decimal(3))
    assert spent(row) == [(3, 3 * 10**10)]
