"""The index of the words that exchanges are found by, on both stores, newest first.

An exchange is added once, when it has ended, in the transaction of its row; until then a search looks at it
directly. SQLite has an FTS5 table without contents (``sqlite.py``), PostgreSQL a ``tsvector`` under a GIN
index (``postgres.py``). Measured at a million rows: docs/performance.md.
"""

from collections.abc import Iterable, Sequence

import msgspec
from django.db import connection, transaction

from monitor.models import RequestLog
from monitor.search import postgres, sqlite
from monitor.search.models import SearchProgress
from monitor.search.sqlite import number_of
from monitor.search.tokenizer import SEARCHED_COLUMNS, asked_words, words_of_texts

MOST_HITS = 300
"""How many exchanges a search with other filters looks up. Words that are in more are common: there the rows
that a filter leads to are looked at."""

TABLE = "monitor_searchindex"

_LAST_ID = "g"  # sorts after every hex digit


class Hits(msgspec.Struct, frozen=True):
    """The ids of the newest exchanges with these words.

    ``searched_to`` is the id from which on that are all; empty when there is none before.
    """

    ids: list[str]
    searched_to: str = ""


def add(exchanges: Iterable[tuple[str, Sequence[str | None]]]) -> None:
    """Add exchanges that have ended: each its id and the texts of ``SEARCHED_COLUMNS``."""
    found = [(request_id, words_of_texts(texts)) for request_id, texts in exchanges]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # FTS5 writes what comes in order in one go.
            numbered = sorted((number_of(request_id), " ".join(words)) for request_id, words in found)
            cursor.executemany(f"INSERT INTO {TABLE}(rowid, words) VALUES (%s, %s)", numbered)  # noqa: S608  a name of ours
        else:
            cursor.executemany(
                f"INSERT INTO {TABLE}(request_id, words) VALUES (%s, array_to_tsvector(%s::text[])) "  # noqa: S608
                "ON CONFLICT (request_id) DO UPDATE SET words = excluded.words",
                found,
            )


def remove(request_ids: Sequence[str]) -> None:
    """Take exchanges out, before their rows go: FTS5 without contents asks for the words once more."""
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            cursor.execute(f"DELETE FROM {TABLE} WHERE request_id = ANY(%s)", [list(request_ids)])  # noqa: S608
            return
        rows = _texts_of(request_ids, indexed_from())
        cursor.executemany(
            f"INSERT INTO {TABLE}({TABLE}, rowid, words) VALUES ('delete', %s, %s)",  # noqa: S608
            sorted((number_of(request_id), " ".join(words_of_texts(texts))) for request_id, texts in rows),
        )


def newest(text: str, *, since: str = "", before: str = "", limit: int) -> Hits:
    """The newest exchanges with every word of ``text``, of those with ids from ``since`` to ``before``."""
    finder = sqlite if connection.vendor == "sqlite" else postgres
    return Hits(*finder.newest(asked_words(text), since, before or _LAST_ID, limit))


def indexed_from() -> str:
    """From which request id on the index is whole; empty when it holds everything."""
    return SearchProgress.objects.values_list("indexed_from", flat=True).first() or ""


def add_older(at_once: int) -> int:
    """Add the newest exchanges that the index does not reach yet; how many there were, 0 when it is whole."""
    with transaction.atomic():
        progress = SearchProgress.objects.select_for_update().first()
        if progress is None:
            return 0
        older = RequestLog.objects.filter(id__lt=progress.indexed_from, in_flight=False).order_by("-id")
        rows = list(older.values_list("id", *SEARCHED_COLUMNS)[:at_once])
        add((request_id, texts) for request_id, *texts in rows)
        if len(rows) < at_once:
            progress.delete()
        else:
            progress.indexed_from = rows[-1][0]
            progress.save()
        return len(rows)


def _texts_of(request_ids: Sequence[str], since: str) -> list[tuple[str, Sequence[str | None]]]:
    rows = RequestLog.objects.filter(id__in=request_ids, id__gte=since, in_flight=False)
    return [(request_id, texts) for request_id, *texts in rows.values_list("id", *SEARCHED_COLUMNS)]
