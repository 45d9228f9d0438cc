"""What the pages say of models that their vendors retire."""

from collections.abc import Iterable
from datetime import date

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.facts.retirement import Retirement, due
from accounts.models import ModelMapping

SOON = gettext_lazy("retired on %s")
GONE = gettext_lazy("retired since %s")


def today() -> date:
    """The server's day."""
    return timezone.localdate()


def sentence(one: Retirement, day: date) -> str:
    """What happens when, and what to do about it."""
    text = _("%(model)s is retired by its vendor on %(date)s: map it to another model before.")
    if one.on < day:
        text = _(
            "%(model)s was retired by its vendor on %(date)s, and requests for it fail: map it to another."
        )
    return text % {"model": one.model, "date": date_format(one.on)}


def sentences(models: Iterable[str]) -> list[str]:
    """One for each of ``models`` that is due today."""
    day = today()
    return [sentence(one, day) for one in due(models, day)]


def models_of(mapping: ModelMapping) -> list[str]:
    """The upstream models that a mapping leads to."""
    return [mapping.target, *mapping.fallbacks]


def note(mapping: ModelMapping) -> str:
    """A few words for the list of mappings; blank where nothing is due."""
    day = today()
    return ", ".join(
        f"{one.model}: {(GONE if one.on < day else SOON) % date_format(one.on)}"
        for one in due(models_of(mapping), day)
    )


def mapped_models() -> set[str]:
    """All upstream models that mappings lead to."""
    return {model for mapping in ModelMapping.objects.all() for model in models_of(mapping)}
