"""Columns that show a moment of a row in the reader's zone, in lists and among what is only read."""

# mypy: disable-error-code="import-untyped, untyped-decorator"
# (unfold ships no types)

from collections.abc import Callable
from typing import Any

from django.db.models import Model
from django.utils.safestring import SafeString
from unfold.decorators import display

from accounts.admin.account.state import moment


def moment_column(model: type[Model], name: str) -> Callable[[Any, Any], SafeString | str]:
    """A column for the field ``name`` of ``model``, under the field's own name; a dash where it is empty."""

    @display(description=model._meta.get_field(name).verbose_name, ordering=name)  # type: ignore[union-attr]
    def column(page: Any, row: Any) -> SafeString | str:
        at = getattr(row, name)
        return moment(at.timestamp()) if at else "–"

    return column  # type: ignore[no-any-return]
