"""How SQLite's FTS5 finds the newest exchanges with some words.

A row's number there is made of the request id, so matches come in the order of the page, one by one. But a
word that stands for those it begins has all its matches gathered first, a third of a second where a million
rows have it, unless it has three letters: for those there is an index of beginnings. So a common word is
looked for by its first three letters, and what is found is checked; which words are common a sample tells.
"""

from collections.abc import Sequence

import msgspec
from django.db import connection

from monitor.models import RequestLog
from monitor.record.request_id import TIME_DIGITS, number_at
from monitor.search.tokenizer import PREFIX_FROM, SEARCHED_COLUMNS, has_words, words_of_texts

TABLE = "monitor_searchindex"
SAMPLE = 400
MOST_CHECKED = 2_000
COMMON_IN = 20
"""A word that one in so many of the sample has is common; to gather another's matches takes milliseconds."""

Asked = Sequence[tuple[str, bool]]

# A row number: 45 bits of a request id's milliseconds, then the first 18 of its random ones. Two exchanges
# with the same number (one in a million at 500 exchanges a second) are found together.
_RANDOM_BITS = 18
_ID_BEGINNING = (
    f"printf('%%012x7%%03x%%x%%x', number >> {_RANDOM_BITS},"
    " (number >> 6) & 4095, 8 | ((number >> 4) & 3), number & 15)"  # SQLite's operators have no precedence
)


class _Found(msgspec.Struct, frozen=True):
    """What FTS5 found: an id (None: its row is gone), the beginning of the id, and the words of each."""

    rows: list[tuple[str | None, str, list[str]]]
    is_whole: bool


def number_of(request_id: str) -> int:
    """The row number of an exchange: ids in order have numbers in order."""
    milliseconds, random = number_at(request_id, TIME_DIGITS), number_at(request_id[TIME_DIGITS:], 6)
    number = milliseconds << _RANDOM_BITS | (random >> 8 & 0xFFF) << 6 | random & 0x3F
    return number & (1 << 63) - 1


def newest(asked: Asked, since: str, before: str, limit: int) -> tuple[list[str], str]:
    """The fields of ``index.Hits`` for the words, of ids from ``since`` to ``before``."""
    begun = {word for word, is_begun in asked if is_begun and len(word) > PREFIX_FROM}
    found = _found(asked, begun, since, before, max(SAMPLE, 2 * limit) if begun else limit)
    good = _good(found, asked)
    if not found.is_whole and len(good) < limit:
        common = {word for word in begun if _share(word, found) * COMMON_IN >= 1}
        found = _found(asked, common, since, before, MOST_CHECKED)
        good = _good(found, asked)
    if len(good) >= limit:
        return [request_id for request_id, _ in good[:limit]], good[limit - 1][1]
    return [request_id for request_id, _ in good], "" if found.is_whole else found.rows[-1][1]


def _share(word: str, found: _Found) -> float:
    return sum(has_words(words, [(word, True)]) for *_, words in found.rows) / len(found.rows)


def _good(found: _Found, asked: Asked) -> list[tuple[str, str]]:
    return [
        (request_id, beginning)
        for request_id, beginning, words in found.rows
        if request_id is not None and has_words(words, asked)
    ]


def _found(asked: Asked, shortened: set[str], since: str, before: str, limit: int) -> _Found:
    # Words are letters and digits: no quote can be in them.
    query = " AND ".join(
        f'"{word[:PREFIX_FROM] if word in shortened else word}"{"*" if is_begun else ""}'
        for word, is_begun in asked
    )
    columns = ", ".join(f"r.{column}" for column in SEARCHED_COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT r.id, {_ID_BEGINNING} AS beginning, {columns} FROM ("  # noqa: S608  names of ours, no values
            f" SELECT rowid AS number FROM {TABLE} WHERE {TABLE} MATCH %s AND rowid BETWEEN %s AND %s"
            f" ORDER BY rowid DESC LIMIT {limit}"
            f") LEFT JOIN {RequestLog._meta.db_table} AS r"
            f" ON r.id >= {_ID_BEGINNING} AND r.id < {_ID_BEGINNING} || 'g' AND r.id >= %s AND r.id < %s"
            f" ORDER BY number DESC, r.id DESC",
            [query, _number_bound(since), _number_bound(before) | (1 << _RANDOM_BITS) - 1, since, before],
        )
        rows = [
            (request_id, beginning, words_of_texts(texts))
            for request_id, beginning, *texts in cursor.fetchall()
        ]
    return _Found(rows, len(rows) < limit)


def _number_bound(cursor: str) -> int:
    """The first row number of a cursor's millisecond; a cursor may be any text."""
    return min(number_at(cursor, TIME_DIGITS) << _RANDOM_BITS, 1 << 62)
