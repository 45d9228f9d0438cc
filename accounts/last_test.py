"""What an account's last test found, as columns of its row."""

# ruff: noqa: D106  Django's inner Meta says nothing that needs a docstring

from django.db import models
from django.utils.translation import gettext_lazy as _


class LastTest(models.Model):
    """The columns; all blank where the account was not tested since it was made or asked elsewhere."""

    class Result(models.TextChoices):
        """How a test ended."""

        WORKS = "works", _("works")
        REFUSED = "refused", _("refused")
        FAILED = "failed", _("test failed")

    tested_at = models.DateTimeField(_("tested"), null=True, editable=False)
    test_result = models.CharField(max_length=10, blank=True, editable=False)
    test_status = models.IntegerField(default=0, editable=False)
    test_message = models.CharField(max_length=500, blank=True, editable=False)

    class Meta:
        abstract = True


TEST_FIELDS = frozenset({"tested_at", "test_result", "test_status", "test_message"})
