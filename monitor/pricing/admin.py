"""The operator's page for prices, with what each model costs now and where that comes from."""

# mypy: disable-error-code="import-untyped, untyped-decorator, misc"
# (unfold ships no types)

import time
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from monitor.models import ModelPrice
from monitor.pricing.cost import price_source
from monitor.pricing.price_list import PriceList, PriceRule
from monitor.pricing.prices import price_list
from monitor.statistics.totals import by_dimension
from monitor.words.reader_zone import InReadersZone
from monitor.words.wording import local_time

ASKED_DAYS = 30
LISTED_MODELS = 100
"""How many of the models that were asked lately the page lists."""


@admin.register(ModelPrice)
class ModelPriceAdmin(InReadersZone, ModelAdmin):
    """The operator's own prices, in US dollars for a million tokens."""

    list_display = ("pattern", "holds_from", "shown_input", "shown_cached", "shown_written", "shown_output")
    search_fields = ("pattern",)
    show_full_result_count = False
    actions_list = ("what_it_costs",)
    fieldsets: ClassVar = (
        (None, {"fields": ("pattern", "valid_from")}),
        (
            _("US dollars for a million tokens"),
            {
                "fields": ("input_price", "output_price", "cached_price", "cache_write_price"),
                "description": _(
                    "They go before the price table that is built in. A price of 0 costs nothing."
                ),
            },
        ),
    )

    @action(description=_("What does a model cost now?"), url_path="what", permissions=["view"])
    def what_it_costs(self, request: HttpRequest) -> HttpResponse:
        """The price of one model (``?model=``) and of all that were asked lately, each with its source."""
        asked = request.GET.get("model", "").strip()[:200]
        prices, now = price_list(), time.time()
        lately = [model for model, _sums in by_dimension("model", ASKED_DAYS, timezone.now())]
        context = {
            **self.admin_site.each_context(request),
            "title": _("What does a model cost now?"),
            "opts": self.opts,
            "asked": asked,
            "answer": priced(asked, prices, now) if asked else None,
            "lately": [priced(model, prices, now) for model in lately[:LISTED_MODELS]],
            "days": ASKED_DAYS,
            "may_add": self.has_add_permission(request),
            "list_url": reverse("admin:monitor_modelprice_changelist"),
            "add_url": reverse("admin:monitor_modelprice_add"),
        }
        return TemplateResponse(request, "monitor/what_it_costs.html", context)

    @display(description=_("valid from"), ordering="valid_from")
    def holds_from(self, price: ModelPrice) -> SafeString:
        """In the reader's zone."""
        return local_time(price.valid_from.timestamp(), "short")

    @display(description=_("input"))
    def shown_input(self, price: ModelPrice) -> str:
        """For a million tokens."""
        return dollars(price.input_price)

    @display(description=_("cached input"))
    def shown_cached(self, price: ModelPrice) -> str:
        """As input where it is blank."""
        return dollars(price.rule().rates.cached)

    @display(description=_("cache write"))
    def shown_written(self, price: ModelPrice) -> str:
        """As input where it is blank."""
        return dollars(price.rule().rates.cache_write)

    @display(description=_("output"))
    def shown_output(self, price: ModelPrice) -> str:
        """For a million tokens."""
        return dollars(price.output_price)


def priced(model: str, prices: PriceList, now: float) -> dict[str, Any]:
    """What the page says of one model: its source (``own``, ``listed``, ``none``) and its rates."""
    source = price_source(model, prices, now)
    if source is None:
        return {"model": model, "source": "none", "rates": None}
    rates = source.rates and [dollars(rate) for rate in source.rates]
    if isinstance(source, PriceRule):
        return {
            "model": model, "source": "own", "rates": rates,
            "pattern": source.pattern, "since": source.valid_from,
        }  # fmt: skip
    return {
        "model": model, "source": "listed", "rates": rates,
        "provider": source.provider, "listed_as": source.model,
    }  # fmt: skip


def dollars(price: Decimal) -> str:
    """``$3``, ``$0.25``: with the digits that it has, two at least behind a point."""
    text = f"{price.normalize():f}"
    whole, _point, rest = text.partition(".")
    return f"${whole}.{rest:0<2}" if rest else f"${whole}"
