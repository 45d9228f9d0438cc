"""Whose use it is, the row's or its attempts'."""

from decimal import Decimal

import msgspec
import pytest

from monitor.ledger.booking import booked
from monitor.record.attempt_use import AttemptUse, uses_of
from monitor.record.estimated import is_estimated
from monitor.record.records import EndedBy, Outcome, Phase, RequestRecord

ESTIMATED = {"estimated_tokens_out": 5}
ROW = RequestRecord(
    id="0" * 32, started_at=1_700_000_000.0, process_id="p", dialect="openai", method="POST", path="/v1",
    in_flight=False, outcome=Outcome.OK, ended_by=EndedBy.UPSTREAM, ended_in=Phase.AFTER_STOP,
    mapped_model="m", cost=Decimal(1), diagnostics=ESTIMATED,
)  # fmt: skip
USE = AttemptUse(number=1, account="a", model="m", tokens_in=1)


@pytest.mark.parametrize(
    ("uses", "count", "has_estimates"),
    [
        (None, 1, True),
        ((), 0, False),
        ((USE,), 1, False),
        ((USE, msgspec.structs.replace(USE, diagnostics=ESTIMATED)), 2, True),
    ],
)
def test_the_row_stands_for_itself_only_where_its_attempts_are_not_told_apart(
    uses: tuple[AttemptUse, ...] | None, count: int, has_estimates: bool
) -> None:
    """The ledger and the mark of an estimate go by the same uses, also where no attempt used anything."""
    row = msgspec.structs.replace(ROW, used_by_attempt=uses)
    assert len(uses_of(row)) == count
    assert is_estimated(row) is has_estimates
    assert bool(booked(row, lambda moment: moment)) is (count > 0)
