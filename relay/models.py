"""What the relay itself keeps in the database: remembered signatures and healed blocks."""

from typing import ClassVar

from django.db import models


class RememberedItem(models.Model):
    """One thing remembered of a conversation (see ``memory.Item``), so that a restart forgets nothing."""

    key = models.CharField(max_length=64, primary_key=True, help_text="sha256 of layer, session, name, kind")
    layer = models.CharField(max_length=16)
    session = models.CharField(max_length=64)
    name = models.CharField(max_length=256)
    kind = models.CharField(max_length=16, blank=True)
    value = models.TextField(blank=True)
    family = models.CharField(max_length=64, blank=True)
    at = models.FloatField(db_index=True, help_text="epoch seconds of the last writing")

    class Meta:
        """What was healed is read by its session."""

        indexes: ClassVar = [models.Index(fields=["session"], name="remembered_by_session")]

    def __str__(self) -> str:
        """The item without its value."""
        return f"{self.layer} {self.name}"
