"""Rows stored as the writer stores them: in one transaction with what the statistics are told of them."""

from collections.abc import Sequence

from django.db import transaction

from monitor.ledger.writing import ended_before
from monitor.record.records import RequestRecord
from monitor.statistics.waiting import keep
from monitor.store.upsert import upsert


def stored(rows: Sequence[RequestRecord]) -> None:
    with transaction.atomic():
        before = ended_before(rows)
        upsert(rows)
        keep(rows, before)
