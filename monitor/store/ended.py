"""What exchanges that have ended add elsewhere, in the transaction that stores their rows."""

from collections.abc import Mapping, Sequence
from operator import attrgetter

from monitor.ledger.writing import book
from monitor.record.records import RequestRecord
from monitor.search import index
from monitor.search.tokenizer import SEARCHED_COLUMNS
from monitor.statistics.waiting import keep

_searched_texts = attrgetter(*SEARCHED_COLUMNS)


def add_ended(rows: Sequence[RequestRecord], before: Mapping[str, RequestRecord]) -> None:
    """Their words to the search, their numbers to the statistics and the ledger.

    ``before``: those of them that had ended before.
    """
    index.add((row.id, _searched_texts(row)) for row in rows)
    keep(rows, before)
    book(rows, before)  # last: all processes write these rows, and wait for whoever has them
