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

_ONLY_ROW: Final = 1

M = TypeVar("M", bound="Watched")


class Revision(models.Model):
    """The only row holds the number of the newest change."""

    number = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.number)

    @staticmethod
    def raise_number() -> None:
        """Tells every process to load anew, once the surrounding transaction is committed."""
        row = Revision.objects.filter(pk=_ONLY_ROW)
        with transaction.atomic():
            if not row.update(number=F("number") + 1):
                Revision.objects.bulk_create([Revision(pk=_ONLY_ROW)], ignore_conflicts=True)
                row.update(number=F("number") + 1)

    @staticmethod
    def current() -> int:
        """The newest number; 0 before the first change."""
        return Revision.objects.filter(pk=_ONLY_ROW).values_list("number", flat=True).first() or 0


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
        """As Django's."""
        with transaction.atomic():
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
        """As Django's, and raises the revision."""
        with transaction.atomic():
            deleted = super().delete(*args, **kwargs)
            Revision.raise_number()
        return deleted
