"""The index of the words that exchanges are found by, on both stores, newest first.

An exchange is added once, when it has ended, in the transaction of its row; until then a search looks at it
directly. SQLite has an FTS5 table without contents, whose row number is made of the request id, so that it
walks the matches in the order of the page. PostgreSQL has a ``tsvector`` under a GIN index, which needs no
extension and no right beyond that of making tables. Measured at a million rows: docs/performance.md.
"""

from collections.abc import Iterable, Sequence

import msgspec
from django.db import connection, transaction

from monitor.models import RequestLog
from monitor.search_models import SearchProgress
from monitor.search_words import SEARCHED_COLUMNS, asked_words, words_of_texts

TABLE = "monitor_searchindex"
MOST_HITS = 300
"""How many exchanges a search with other filters looks up. Words that are in more are common: there the rows
that a filter leads to are looked at."""

_LAST_ID = "g"  # sorts after every hex digit
# A row number: 45 bits of a request id's milliseconds, then the first 18 of its random ones. Two exchanges
# with the same number (one in a million at 500 exchanges a second) are found together.
_RANDOM_BITS = 18
_ID_BEGINNING = (
    f"printf('%%012x7%%03x%%x%%x', number >> {_RANDOM_BITS},"
    " (number >> 6) & 4095, 8 | ((number >> 4) & 3), number & 15)"  # SQLite's operators have no precedence
)


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
    asked, before = asked_words(text), before or _LAST_ID
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                f"SELECT r.id, {_ID_BEGINNING} FROM ("  # noqa: S608
                f" SELECT rowid AS number FROM {TABLE} WHERE {TABLE} MATCH %s AND rowid BETWEEN %s AND %s"
                f" ORDER BY rowid DESC LIMIT {limit}"
                f") LEFT JOIN {RequestLog._meta.db_table} AS r"
                f" ON r.id >= {_ID_BEGINNING} AND r.id < {_ID_BEGINNING} || 'g'",
                [_fts_query(asked), _number_bound(since), _number_bound(before) | (1 << _RANDOM_BITS) - 1],
            )
        else:
            cursor.execute(
                f"SELECT request_id, request_id FROM {TABLE}"  # noqa: S608
                f" WHERE words @@ %s::tsquery AND request_id >= %s AND request_id < %s"
                f" ORDER BY request_id DESC LIMIT {limit}",
                [_tsquery(asked), since, before],
            )
        found = cursor.fetchall()
    ids = [request_id for request_id, _ in found if request_id and since <= request_id < before]
    return Hits(ids, min(beginning for _, beginning in found) if len(found) >= limit else "")


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


def number_of(request_id: str) -> int:
    """The row number of an exchange: ids in order have numbers in order."""
    milliseconds, random = int(request_id[:12] or "0", 16), int(request_id[12:18] or "0", 16)
    number = milliseconds << _RANDOM_BITS | (random >> 8 & 0xFFF) << 6 | random & 0x3F
    return number & (1 << 63) - 1


def _number_bound(cursor: str) -> int:
    """The first row number of a cursor's millisecond; a cursor may be any text."""
    digits = "".join("f" if digit > "f" else digit for digit in cursor[:12]).ljust(12, "0")
    return min(int(digits, 16) << _RANDOM_BITS, 1 << 62)


def _texts_of(request_ids: Sequence[str], since: str) -> list[tuple[str, Sequence[str | None]]]:
    rows = RequestLog.objects.filter(id__in=request_ids, id__gte=since, in_flight=False)
    return [(request_id, texts) for request_id, *texts in rows.values_list("id", *SEARCHED_COLUMNS)]


def _fts_query(asked: Sequence[tuple[str, bool]]) -> str:
    # Words are letters and digits: no quote can be in them.
    return " AND ".join(f'"{word}"{"*" if is_begun else ""}' for word, is_begun in asked)


def _tsquery(asked: Sequence[tuple[str, bool]]) -> str:
    return " & ".join(f"'{word}'{':*' if is_begun else ''}" for word, is_begun in asked)
