"""How far the search index reaches back: a row of its own while older exchanges are still to be added."""

# ruff: noqa: D106  Meta says nothing that needs a docstring

from django.db import models


class SearchProgress(models.Model):
    """There is one while exchanges from before the index are left out of it, else none.

    The index itself is no model: SQLite has a table of FTS5, PostgreSQL one with a ``tsvector``
    (``index.py``).
    """

    indexed_from = models.CharField(max_length=32)
    """Every exchange that has ended is in the index, from this request id on."""

    class Meta:
        verbose_name = "search index"
        verbose_name_plural = "search index"

    def __str__(self) -> str:
        return self.indexed_from
