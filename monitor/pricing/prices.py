"""The table of the operator's own prices, and this process's copy of it, at most a second old."""

# ruff: noqa: D106  Meta says nothing that needs a docstring

import time
from collections.abc import Callable
from decimal import Decimal
from typing import ClassVar, Final

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from monitor.pricing.price_list import NO_PRICES, IndexOf, PriceList, PriceRule, Rates
from monitor.words.reader_zone import check_moment

LOOK_SECONDS: Final = 1.0
"""How old the copy may be: a new price holds in every process after this and a flush of its writer."""


def _dollars(name: object, **options: object) -> "models.DecimalField[Decimal, Decimal]":
    """A column of US dollars for a million tokens."""
    validators = [MinValueValidator(Decimal(0))]
    return models.DecimalField(name, max_digits=14, decimal_places=6, validators=validators, **options)  # type: ignore[arg-type]


class ModelPrice(models.Model):
    """What a million tokens of some models cost, from a moment on."""

    pattern = models.CharField(
        _("model"),
        max_length=200,
        help_text=_("The upstream model that is asked; * stands for any text, as in claude-*."),
    )
    valid_from = models.DateTimeField(
        _("valid from"),
        default=timezone.now,
        help_text=_("Exchanges admitted from then on. What was priced before keeps its cost."),
    )
    input_price = _dollars(_("input"))
    output_price = _dollars(_("output"), help_text=_("Thinking counts as output."))
    cached_price = _dollars(
        _("cached input"), null=True, blank=True, help_text=_("Left empty, it costs as input does.")
    )
    cache_write_price = _dollars(
        _("cache write"), null=True, blank=True, help_text=_("Left empty, it costs as input does.")
    )

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        ordering = ("pattern", "-valid_from")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["pattern", "valid_from"], name="one_price_at_a_time")
        ]

    def __str__(self) -> str:
        return self.pattern

    def clean(self) -> None:
        """A name has no space round it; raises ValidationError for one that is none, and for odd moments."""
        check_moment("valid_from", self.valid_from)
        self.pattern = self.pattern.strip()
        if not self.pattern:
            raise ValidationError({"pattern": _("Name a model, or a pattern of models.")})

    def rule(self) -> PriceRule:
        """As plain data."""
        cached = self.input_price if self.cached_price is None else self.cached_price
        written = self.input_price if self.cache_write_price is None else self.cache_write_price
        rates = Rates(self.input_price, cached, written, self.output_price)
        return PriceRule(self.pattern, self.valid_from.timestamp(), rates)


_pattern_index: list[IndexOf] = []


def register_pattern_index(index_of: IndexOf) -> None:
    """What a pattern means is the mappings' rule, which this room must not know: the frame says it here."""
    _pattern_index[:] = [index_of]


def price_list() -> PriceList:
    """What the table says now."""
    return PriceList.of((price.rule() for price in ModelPrice.objects.all()), _pattern_index[0])


class PriceBook:
    """The copy. It is read anew when it is asked and too old, in the asking thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._looked_at = float("-inf")
        self._list = NO_PRICES

    @property
    def known(self) -> PriceList:
        """The prices as they were last read; whoever asks waits for nothing."""
        return self._list

    def current(self) -> PriceList:
        """The prices, at most ``LOOK_SECONDS`` old. Raises what the database raises."""
        now = self._clock()
        if now - self._looked_at >= LOOK_SECONDS:
            self._list = price_list()
            self._looked_at = now
        return self._list
