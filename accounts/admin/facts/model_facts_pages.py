"""The operator's pages for facts about models: what is said over the shipped table, and what is believed."""

# mypy: disable-error-code="import-untyped, untyped-decorator, misc"
# (unfold ships no types)

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from accounts.admin.facts.model_facts_form import FACTS, PREFIX, OverrideForm
from accounts.admin.facts.model_lookup_views import believed_page
from accounts.facts.labels import name_of, written
from accounts.facts.model_facts import ModelFacts
from accounts.facts.models import ModelOverride
from accounts.models import Account
from monitor.words.reader_zone import InReadersZone


@admin.register(ModelOverride)
class ModelOverrideAdmin(InReadersZone, ModelAdmin):
    """What the operator says of models; each row tells from where it is known."""

    form = OverrideForm
    list_display = ("pattern", "says", "note", "checked_on")
    search_fields = ("pattern", "note")
    show_full_result_count = False
    actions_list = ("believed",)
    fieldsets = (
        (None, {"fields": ("pattern", "note", "checked_on")}),
        (_("Whose model it is"), {"fields": ("vendor", "kinds")}),
        (
            _("Model facts"),
            {
                "fields": tuple(PREFIX + fact for fact in FACTS),
                "description": _("Blank: as shipped. A minus sign: none."),
            },
        ),
    )

    @action(
        description=_("Look up a model"),
        icon="fact_check",
        url_path="believed",
        permissions=["view"],
    )
    def believed(self, request: HttpRequest) -> HttpResponse:
        """Every fact about a model, and from where."""
        return believed_page(request)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form as it is: its facts are no fields of the model, so Django cannot choose among them."""
        kwargs["fields"] = OverrideForm.Meta.fields
        return super().get_form(request, obj, change, **kwargs)

    @display(description=_("says"))
    def says(self, override: ModelOverride) -> str:
        """Its facts in a line."""
        known = set(ModelFacts.__struct_fields__)
        said = [
            f"{name_of(fact)}: {written(value) if not isinstance(value, dict) else '…'}"
            for fact, value in override.facts.items()
            if fact in known
        ]
        said += [override.get_vendor_display()] if override.vendor else []
        return "; ".join([*said, *map(Account.kind_name, override.kinds)])
