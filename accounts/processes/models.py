"""The table of running processes."""

from django.db import models


class ProcessHeartbeat(models.Model):
    """A running server process: when it was last seen, and which revision it has taken."""

    process_id = models.CharField(max_length=64, primary_key=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    revision = models.BigIntegerField()

    def __str__(self) -> str:
        return self.process_id
