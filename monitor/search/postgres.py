"""How PostgreSQL finds the newest exchanges with some words: a ``tsvector`` under GIN, and no extension.

GIN gathers all matches of a word that stands for those it begins, which takes half a second where a million
rows have it; and left to itself the planner, which knows little of rare words, walks all rows in search of
them. So a sample of the newest rows tells which words are common. The index is asked for the others, and what
it finds is checked for the common ones; where all are common, the rows are walked until there are enough.
"""

from collections.abc import Sequence

from django.db import connection

TABLE = "monitor_searchindex"
SAMPLE = 400
COMMON_IN = 100
"""A word that one in so many of the sample has is common."""


def newest(asked: Sequence[tuple[str, bool]], since: str, before: str, limit: int) -> tuple[list[str], str]:
    """The fields of ``index.Hits`` for the words, of ids from ``since`` to ``before``."""
    # Words are letters and digits: no quote can be in them.
    queries = [f"'{word}'{':*' if is_begun else ''}" for word, is_begun in asked]
    inside = "request_id >= %s AND request_id < %s ORDER BY request_id DESC LIMIT"
    averages = ", ".join(["avg((words @@ %s::tsquery)::int)"] * len(queries))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {averages} FROM (SELECT words FROM {TABLE} WHERE {inside} {SAMPLE}) AS sample",  # noqa: S608  names of ours, no values
            [*queries, since, before],
        )
        shares = dict(zip(queries, cursor.fetchone(), strict=True))
        common = [query for query in queries if (shares[query] or 0) * COMMON_IN >= 1]
        rare = [query for query in queries if query not in common]
        if rare:
            # Materialized is planned for itself, without an eye to the limit: by the index.
            ranged = "request_id >= %s AND request_id < %s"
            cursor.execute(
                f"WITH found AS MATERIALIZED (SELECT * FROM {TABLE} WHERE {_all(rare)} AND {ranged}) "  # noqa: S608
                f"SELECT request_id FROM found WHERE {_all(common)} AND {inside} {limit}",
                [*rare, since, before, *common, since, before],
            )
        else:
            # No index answers IS TRUE.
            cursor.execute(
                f"SELECT request_id FROM {TABLE} WHERE ({_all(common)}) IS TRUE AND {inside} {limit}",  # noqa: S608
                [*common, since, before],
            )
        ids = [request_id for (request_id,) in cursor.fetchall()]
    return ids, ids[-1] if len(ids) >= limit else ""


def _all(queries: Sequence[str]) -> str:
    return " AND ".join(["words @@ %s::tsquery"] * len(queries)) or "TRUE"
