"""An hour with many exchanges of which several attempts used something."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from django.db.models import Q

from monitor.record.attempt_use import AttemptUse
from monitor.record.records import RequestRecord
from monitor.statistics import told_apart
from monitor.statistics.told_apart import corrections
from monitor.store.upsert import upsert
from tests.monitor.statistics.test_statistics import HOUR, ended

USES = (
    AttemptUse(number=1, account="b@x.example", model="m", tokens_in=3, cost=Decimal(1), failed=True),
    AttemptUse(number=2, account="a@x.example", model="m", tokens_in=4, cost=Decimal(2)),
)


def test_exchanges_are_added_as_they_are_read(
    store: str, request_record: Callable[..., RequestRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, no two are in memory at once; nor are those that only count tokens added."""
    counting = request_record(started_at=HOUR + 1, path="/v1/messages/count_tokens")
    rows = [counting, *(request_record(started_at=HOUR + number) for number in range(2, 5))]
    upsert(
        [
            msgspec.structs.replace(
                ended(row, attempts=2, tokens_in=4, cost=Decimal(3)), used_by_attempt=USES
            )
            for row in rows
        ]
    )
    steps: list[str] = []

    def tell(step: str, doing: Callable[..., Any]) -> None:
        def told(*given: Any) -> Any:
            steps.append(step)
            return doing(*given)

        monkeypatch.setattr(told_apart, doing.__name__, told)

    tell("read", told_apart.readable_record_of)
    tell("added", told_apart.uses_of)
    found = corrections(Q(), ["account", "client_key"])
    assert sorted(steps) == ["added"] * 6 + ["read"] * 4
    assert "read,read,read" not in ",".join(steps)
    told = {value: (sums["tokens_in"], sums["cost"]) for value, sums in found["account"].items()}
    assert told == {"a@x.example": (0, -3), "b@x.example": (9, 3)}
    assert [sums["tokens_in"] for sums in found["client_key"].values()] == [9]
