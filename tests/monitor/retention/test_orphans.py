"""What exchanges had used whose process was killed is booked when their rows are closed."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from monitor.conversations.models import ConversationPart
from monitor.ledger.booking import Amounts, dollars
from monitor.ledger.models import LedgerHour
from monitor.ledger.reading import by_client_key
from monitor.models import RequestLog
from monitor.record.attempt_use import AttemptUse
from monitor.record.records import Outcome, RequestRecord
from monitor.retention.housekeeping import Housekeeper
from monitor.retention.orphans import close_orphans
from monitor.retention.pruner import Limits
from monitor.store.writer import RecordWriter

NOW = 1_790_000_000.0
MODEL = "claude-sonnet-4-6"
NewRecord = Callable[..., RequestRecord]

pytestmark = pytest.mark.django_db


@pytest.fixture
def begun(writer: RecordWriter, request_record: NewRecord) -> Callable[..., RequestRecord]:
    """Stores a row in flight of a dead process, as it stands a while after the first word."""

    def begin(**fields: object) -> RequestRecord:
        usual: dict[str, object] = {
            "started_at": NOW - 100, "process_id": "dead", "client_key": "team", "client_key_id": 3,
            "attempts": 1, "mapped_model": MODEL, "account": "a@x", "conversation": "c" * 32,
        }  # fmt: skip
        record = request_record(**{**usual, **fields})
        writer.submit(record)
        assert writer.flush(10)
        return record

    return begin


def use(number: int, account: str, tokens_in: int, about_tokens_out: int) -> AttemptUse:
    return AttemptUse(
        number=number,
        account=account,
        model=MODEL,
        tokens_in=tokens_in,
        diagnostics={"estimated_tokens_out": about_tokens_out},
    )


def booked() -> Amounts:
    return by_client_key(NOW - 7200, NOW + 7200).get("team", Amounts())


def test_what_came_is_booked_as_estimated(begun: Callable[..., RequestRecord]) -> None:
    """The ledger, the row and its conversation say the same, and whoever closes it is told."""
    begun(tokens_in=1000, diagnostics={"estimated_tokens_out": 500})
    [row] = close_orphans({"alive"}, NOW)
    used = booked()
    assert (used.requests, used.unpriced, used.tokens_in, used.tokens_estimated) == (1, 0, 1000, 500)
    stored = RequestLog.objects.get()
    cost = Decimal(3 * 1000 + 15 * 500) / 10**6
    assert stored.cost == row.cost == dollars(used.cost_units) == cost
    assert dollars(ConversationPart.objects.get().cost_units) == cost
    assert not close_orphans({"alive"}, NOW)
    assert booked() == used


def test_each_attempt_stands_with_its_own_account(begun: Callable[..., RequestRecord]) -> None:
    """Those that had failed before, and the one that ran."""
    uses = (
        use(1, "a@x", 7, 0),
        use(2, "b@x", 8, 10),
    )
    begun(account="b@x", attempts=2, used_by_attempt=uses, tokens_in=8)
    assert len(close_orphans({"alive"}, NOW)) == 1
    cells = {cell.account: (cell.requests, cell.tokens_in) for cell in LedgerHour.objects.all()}
    assert cells == {"a@x": (0, 7), "b@x": (1, 8)}
    assert RequestLog.objects.get().cost == Decimal(3 * 15 + 15 * 10) / 10**6


def test_an_exchange_of_which_nothing_came_is_not_booked(begun: Callable[..., RequestRecord]) -> None:
    """Nobody knows whether upstream had read it."""
    begun()
    assert len(close_orphans({"alive"}, NOW)) == 1
    assert booked() == Amounts()
    assert RequestLog.objects.get().cost is None


def test_what_asked_the_simulator_costs_nothing(begun: Callable[..., RequestRecord]) -> None:
    """It was to cost nothing from the beginning, whatever it was told."""
    begun(is_simulated=True, cost=Decimal(0), tokens_in=1000, diagnostics={"estimated_tokens_out": 500})
    assert len(close_orphans({"alive"}, NOW)) == 1
    assert RequestLog.objects.get().cost == 0
    assert booked() == Amounts()


def test_a_process_that_was_only_slow_corrects_what_was_booked(
    begun: Callable[..., RequestRecord], writer: RecordWriter
) -> None:
    """Its own end takes the place of the estimate, in the ledger too."""
    record = begun(tokens_in=1000, diagnostics={"estimated_tokens_out": 500})
    close_orphans({"alive"}, NOW)
    end = {"in_flight": False, "outcome": Outcome.OK, "tokens_out": 800, "diagnostics": {}}
    writer.submit(msgspec.structs.replace(record, **end))
    assert writer.flush(10)
    used = booked()
    assert (used.requests, used.tokens_in, used.tokens_out, used.tokens_estimated) == (1, 1000, 800, 0)
    assert dollars(used.cost_units) == RequestLog.objects.get().cost == Decimal(3000 + 12000) / 10**6


def test_who_counts_budgets_is_told_of_what_was_booked(begun: Callable[..., RequestRecord]) -> None:
    """Once, of each row, when it is in the ledger."""
    record = begun(tokens_in=1000, diagnostics={"estimated_tokens_out": 500})
    told: list[tuple[str, int]] = []
    dead = {record.process_id}
    housekeeper = Housekeeper(lambda: {"alive"}, Limits(0, 0), lambda: dead, now=lambda: NOW)
    housekeeper.on_closed(lambda rows: told.extend((row.id, booked().spent_tokens) for row in rows))
    housekeeper.tick(NOW)
    housekeeper.tick(NOW)
    assert told == [(record.id, 1500)]
