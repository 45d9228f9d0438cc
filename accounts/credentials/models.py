"""The table that tells whether this host has the right Fernet key."""

from django.db import models


class Seal(models.Model):
    """One row: a word sealed with the Fernet key, by which a host knows that it has the right one."""

    sealed = models.TextField()

    def __str__(self) -> str:
        return "seal"
