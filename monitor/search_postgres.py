"""How PostgreSQL finds the newest exchanges with some words: a ``tsvector`` under GIN, and no extension.

GIN gathers all matches of a word that stands for those it begins, which takes half a second where a million
rows have it. So a sample of the newest rows tells which words are common: those are checked row by row, which
finds enough of them soon, and the index is asked for the others.
"""

from collections.abc import Sequence

from django.db import connection

TABLE = "monitor_searchindex"
SAMPLE = 400
COMMON_IN = 20
"""A word that one in so many of the sample has is common."""


def newest(asked: Sequence[tuple[str, bool]], since: str, before: str, limit: int) -> tuple[list[str], str]:
    """The fields of ``search_index.Hits`` for the words, of ids from ``since`` to ``before``."""
    # Words are letters and digits: no quote can be in them.
    queries = [f"'{word}'{':*' if is_begun else ''}" for word, is_begun in asked]
    inside = "request_id >= %s AND request_id < %s ORDER BY request_id DESC LIMIT"
    shares = ", ".join(["avg((words @@ %s::tsquery)::int)"] * len(queries))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {shares} FROM (SELECT words FROM {TABLE} WHERE {inside} {SAMPLE}) AS sample",  # noqa: S608  names of ours, no values
            [*queries, since, before],
        )
        # No index answers IS TRUE: what is asked so is checked.
        checks = [
            "(words @@ %s::tsquery) IS TRUE" if (share or 0) * COMMON_IN >= 1 else "words @@ %s::tsquery"
            for share in cursor.fetchone()
        ]
        cursor.execute(
            f"SELECT request_id FROM {TABLE} WHERE {' AND '.join(checks)} AND {inside} {limit}",  # noqa: S608
            [*queries, since, before],
        )
        ids = [request_id for (request_id,) in cursor.fetchall()]
    return ids, ids[-1] if len(ids) >= limit else ""
