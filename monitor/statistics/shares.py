"""What an exchange adds to the statistics, and what a later version of it changes there. PURE.

As the ledger's ``booking``: an exchange that is written again, by a retried batch or as a late correction,
changes them by the difference to what stood in the table before. What an attempt used is its own account's
and model's share; all else is the share of the account and the model that the exchange ended with.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, TypeVar

from monitor.ledger.booking import Use, tokens_of, units_of
from monitor.record.attempt_use import AttemptUse
from monitor.record.estimated import MOST_TOKENS
from monitor.record.outcome import FAILURES, RESCUED
from monitor.record.records import RequestRecord
from monitor.record.stored_text import stored_text

HOUR_SECONDS: Final = 3600
COUNTS: Final = ("requests", "failed", "rescued", "healed", "retried")
USED: Final = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write")
SUMS: Final = (*USED, "cached_tokens_lost", "cost")
NAMES: Final = (*COUNTS, *SUMS)
"""What is counted, in the order of ``Numbers``."""
Numbers = tuple[int, ...]
"""One of each of ``NAMES``; the cost in the ledger's units."""
_NOT_COUNTED: Final = (0,) * len(COUNTS)
K = TypeVar("K")


class Value(NamedTuple):
    """The value of each dimension of the statistics, as the table has it."""

    model: str
    account: str
    client_key: str
    outcome: str


Share = tuple[Value, Numbers]
Changes = dict[int, dict[Value, Numbers]]
"""By hour (epoch seconds of its beginning) what is to be added to the sums of each value."""


def shares_of(row: RequestRecord) -> Iterator[Share]:
    """What the ended exchange adds; nothing where it was the simulator's."""
    if row.is_simulated:
        return
    outcome = row.outcome
    own = Value(
        stored_text(row.mapped_model or row.client_model, 200),
        stored_text(row.account or "", 254),
        stored_text(row.client_key, 100),
        outcome or "",
    )
    counts = (1, int(outcome in FAILURES), int(outcome in RESCUED), int(row.healed), int(row.attempts > 1))
    if row.only_counts:
        yield own, (*counts, *(0,) * len(SUMS))
        return
    lost = row.cached_tokens_lost or 0
    lost = lost if 0 <= lost <= MOST_TOKENS else 0
    if row.used_by_attempt is None:
        yield own, (*counts, *tokens_of(row), lost, units_of(row.cost))
        return
    yield own, (*counts, 0, 0, 0, 0, lost, 0)
    for use in row.used_by_attempt:
        yield value_of_use(own, use), (*_NOT_COUNTED, *tokens_of(use), 0, units_of(use.cost))


def value_of_use(own: Value, use: Use) -> Value:
    """Whose it is: of the exchange's own account and model, or of those of the attempt."""
    if isinstance(use, AttemptUse):
        return own._replace(model=stored_text(use.model, 200), account=stored_text(use.account, 254))
    return own


def changes(versions: Iterable[tuple[int, RequestRecord | None, RequestRecord]]) -> Changes:
    """What (hour, before, now) of several ended exchanges change; before is None where it was not counted."""
    found: Changes = {}
    for hour, before, now in versions:
        sums = found.setdefault(hour, {})
        for value, numbers in shares_of(now):
            _add(sums, value, numbers)
        if before is not None:
            for value, numbers in shares_of(before):
                _add(sums, value, tuple(-number for number in numbers))
    return {
        hour: left
        for hour, sums in found.items()
        if (left := {value: numbers for value, numbers in sums.items() if any(numbers)})
    }


def by_dimension(shares: Iterable[Share]) -> dict[tuple[str, str], Numbers]:
    """The shares by each dimension's name and value: one at a time, and no combination of them."""
    found: dict[tuple[str, str], Numbers] = {}
    for value, numbers in shares:
        for cell in zip(Value._fields, value, strict=True):
            _add(found, cell, numbers)
    return {cell: numbers for cell, numbers in found.items() if any(numbers)}


def _add(found: dict[K, Numbers], key: K, numbers: Numbers) -> None:
    there = found.get(key)
    found[key] = numbers if there is None else tuple(map(int.__add__, there, numbers))
