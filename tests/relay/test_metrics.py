"""What an exchange adds to the numbers of ``GET /metrics``."""

import msgspec
from prometheus_client import REGISTRY

from monitor.record.attempt_use import AttemptUse
from monitor.record.records import Outcome, RequestRecord
from relay import metrics

ROW = RequestRecord(
    id="1" * 32, started_at=1.0, process_id="p", dialect="anthropic", method="POST", path="/v1/messages",
    in_flight=False, outcome=Outcome.OK, tokens_in=3, tokens_out=None, tokens_cached=7, attempts=2,
)  # fmt: skip
USES = tuple(AttemptUse(number=n, account="a", model="m", tokens_in=10 * n, tokens_out=n) for n in (1, 2))


def added_by(row: RequestRecord) -> dict[str, float]:
    """What the exchange adds to the tokens, by direction."""

    def told() -> dict[str, float]:
        named = {one: {"direction": one} for one in ("in", "out", "cached")}
        found = {
            one: REGISTRY.get_sample_value("evenkeel_tokens_total", labels) for one, labels in named.items()
        }
        return {one: value or 0.0 for one, value in found.items()}

    before = told()
    metrics.observe(row, 1.0)
    return {one: value - before[one] for one, value in told().items()}


def test_tokens_are_those_of_all_attempts() -> None:
    """As upstream counted them, for whom it was asked in vain too: the ledger's number."""
    assert added_by(ROW) == {"in": 3, "out": 0, "cached": 7}
    assert added_by(msgspec.structs.replace(ROW, used_by_attempt=USES)) == {"in": 30, "out": 3, "cached": 0}
