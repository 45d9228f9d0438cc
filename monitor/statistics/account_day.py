"""How the accounts did since midnight: from the newest attempts, up to a bound, and from the statistics."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, cast

import msgspec
from django.db.models import Sum
from django.utils import timezone

from monitor.models import AttemptLog
from monitor.record.failures.failure_table import Culprit, rule_for
from monitor.record.request_id import first_request_id
from monitor.statistics.models import HourStatistic

COUNTED_ATTEMPTS: Final = 10_000
"""Read in about 30 ms; when there were more today, the shares are those of the newest."""
EXCUSED: Final = (Culprit.REQUEST, Culprit.SERVER)
"""Whose failures say nothing of the account: another one would have fared the same."""
ERROR_CHARACTERS: Final = 160

Key = tuple[str, str]
"""Kind and e-mail."""


class AccountDay(msgspec.Struct, kw_only=True):
    """One account since midnight. ``last_error_id`` is the exchange of the newest failure, blank for none."""

    attempts: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: Decimal = Decimal(0)
    last_error_id: str = ""
    last_error: str = ""


def account_days(now: datetime) -> dict[Key, AccountDay]:
    """All accounts that were asked today. Tokens and cost are those of an e-mail, whatever its kinds."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    days: dict[Key, AccountDay] = {}
    newest_failures: dict[Key, tuple[str, int]] = {}
    for request_id, number, account, kind, failure, status in _attempts(midnight):
        day = days.setdefault((kind, account), AccountDay())
        day.attempts += 1
        if failure is not None and rule_for(failure, status).culprit not in EXCUSED:
            day.failed += 1
            newest_failures.setdefault((kind, account), (request_id, number))
    _add_errors(days, newest_failures)
    _add_sums(days, midnight)
    return days


def _attempts(midnight: datetime) -> Iterable[tuple[str, int, str, str, str | None, int | None]]:
    since = first_request_id(int(midnight.timestamp() * 1000))
    # What the simulator was asked, no account has answered for.
    found = AttemptLog.objects.filter(request_id__gte=since, request__is_simulated=False).exclude(end_ms=None)
    columns = ("request_id", "number", "account", "account_kind", "failure_kind", "status")
    return found.order_by("-request_id", "-number").values_list(*columns)[:COUNTED_ATTEMPTS]


def _add_errors(days: dict[Key, AccountDay], failures: dict[Key, tuple[str, int]]) -> None:
    columns = ("number", "account_kind", "account", "request_id", "status", "failure_kind", "failure_text")
    requests = {request_id for request_id, _number in failures.values()}
    found = AttemptLog.objects.filter(request_id__in=requests).values_list(*columns)
    for number, kind, account, request_id, status, failure, text in found:
        if failures.get((kind, account)) != (request_id, number):
            continue
        day = days[kind, account]
        word = str(status) if failure == "status" else failure or ""
        day.last_error_id = request_id
        day.last_error = f"{word}: {' '.join((text or '').split())}"[:ERROR_CHARACTERS]


def _add_sums(days: dict[Key, AccountDay], midnight: datetime) -> None:
    names = ("tokens_in", "tokens_cached", "tokens_cache_write", "tokens_out", "cost")
    sums = HourStatistic.objects.filter(hour__gte=midnight, dimension="account").order_by().values("value")
    rows = sums.annotate(**{f"{name}_sum": Sum(name) for name in names})
    found = {row["value"]: cast("Mapping[str, Any]", row) for row in rows}
    for (_kind, account), day in days.items():
        row = found.get(account)
        if row is not None:
            day.tokens_in = row["tokens_in_sum"] + row["tokens_cached_sum"] + row["tokens_cache_write_sum"]
            day.tokens_out, day.cost = row["tokens_out_sum"], row["cost_sum"]
