"""How a change reaches every process within two seconds: one revision number, raised with each change.

Every table whose rows are held in memory derives from ``Watched``. Each of its ways to write — one row,
many rows, from the admin, a command or a shell — raises the number in the same transaction; each process
reads the number once a second and loads everything anew when it is another.
"""

# ruff: noqa: D106  Django's inner Meta says nothing that needs a docstring

from collections.abc import Iterable
from typing import Any, ClassVar, Final, TypeVar

from django.db import models, transaction
from django.db.models import F

_ALL: Final = 1
_MARKS: Final = 2

M = TypeVar("M", bound="Watched")


class Revision(models.Model):
    """One row holds the number of the newest change; another that of the newest marks."""

    number = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.number)

    @staticmethod
    def raise_number(*, of_marks: bool = False) -> None:
        """Tells every process to load anew, once the surrounding transaction is committed."""
        pk = _MARKS if of_marks else _ALL
        row = Revision.objects.filter(pk=pk)
        with transaction.atomic():
            if not row.update(number=F("number") + 1):
                Revision.objects.bulk_create([Revision(pk=pk)], ignore_conflicts=True)
                row.update(number=F("number") + 1)

    @staticmethod
    def current() -> int:
        """The newest number; 0 before the first change."""
        return Revision.both()[0]

    @staticmethod
    def both() -> tuple[int, int]:
        """The newest number, and that of the marks."""
        numbers = dict(Revision.objects.filter(pk__in=(_ALL, _MARKS)).values_list("pk", "number"))
        return numbers.get(_ALL, 0), numbers.get(_MARKS, 0)


def lock_rows(rows: models.QuerySet[Any]) -> None:
    """Let this transaction alone write to these rows until it ends.

    Whoever writes to several begins here, so that all take them in one order and none waits for another in a
    circle: client keys, then accounts, then what stands with them, then the revision. SQLite has one writer.
    """
    list(rows.select_for_update().order_by("pk").values_list("pk"))


class WatchedQuerySet(models.QuerySet[M]):
    """Raises the revision with every bulk change."""

    def update(self, **fields: Any) -> int:
        """As Django's; a change of unwatched fields alone is nobody's business."""
        with transaction.atomic():
            rows = super().update(**fields)
            if not fields.keys() <= self.model.unwatched:
                Revision.raise_number()
        return rows

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        """As Django's."""
        with transaction.atomic():
            made = super().bulk_create(objs, *args, **kwargs)
            Revision.raise_number()
        return made

    def delete(self) -> tuple[int, dict[str, int]]:
        """As Django's; the rows are taken before what stands with them, as every writer does."""
        with transaction.atomic():
            lock_rows(self.model._base_manager.filter(pk__in=self.values("pk")))
            deleted = super().delete()
            Revision.raise_number()
        return deleted


class WatchedManager(models.Manager[M]):
    """The manager of a watched table: every bulk change goes through ``WatchedQuerySet``."""

    def get_queryset(self) -> WatchedQuerySet[M]:
        """As Django's."""
        return WatchedQuerySet(self.model, using=self._db)


class Watched(models.Model):
    """A row that every process holds in memory; its manager is a ``WatchedManager``."""

    unwatched: ClassVar[frozenset[str]] = frozenset()
    """Fields whose change needs not be told."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's, and raises the revision."""
        with transaction.atomic():
            super().save(*args, **kwargs)
            Revision.raise_number()

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """As Django's, and raises the revision; the row is taken before what stands with it."""
        with transaction.atomic():
            lock_rows(type(self)._base_manager.filter(pk=self.pk))
            deleted = super().delete(*args, **kwargs)
            Revision.raise_number()
        return deleted
