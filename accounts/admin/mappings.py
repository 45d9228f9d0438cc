"""The operator's pages for model mappings."""

# mypy: disable-error-code="import-untyped, untyped-decorator, misc"
# (unfold ships no types)

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.admin import retirements
from accounts.admin.forms import ModelMappingForm
from accounts.admin.groups import GroupFilter, warn_of_empty_groups
from accounts.models import ModelMapping


@admin.register(ModelMapping)
class ModelMappingAdmin(ModelAdmin):
    """From clients' models to upstream models."""

    form = ModelMappingForm
    list_display = (
        "pattern", "role", "target", "only_kinds", "only_groups", "fallback_models", "priority",
        "continuation", "tool_safe", "retirement",
    )  # fmt: skip
    list_filter = (
        "role", "continuation", "tool_safe", "fallback_on_overload", "fallback_on_context", GroupFilter,
    )  # fmt: skip
    search_fields = ("pattern", "target")
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("pattern", "role", "target", "kinds", "groups", "priority")}),
        (
            _("Fallbacks"),
            {"fields": ("fallbacks", "fallback_on_quota", "fallback_on_overload", "fallback_on_context")},
        ),
        (_("Interruptions"), {"fields": ("continuation", "tool_safe")}),
    )

    @display(description=_("account kinds"))
    def only_kinds(self, mapping: ModelMapping) -> str:
        """Blank for any."""
        return ", ".join(mapping.kinds)

    @display(description=_("groups"))
    def only_groups(self, mapping: ModelMapping) -> str:
        """Blank for any."""
        return ", ".join(mapping.groups)

    @display(description=_("fallback models"))
    def fallback_models(self, mapping: ModelMapping) -> str:
        """In their order."""
        return ", ".join(mapping.fallbacks)

    @display(description=_("retirement"))
    def retirement(self, mapping: ModelMapping) -> str:
        """Of the models that it leads to, where that is due."""
        return retirements.note(mapping)

    def save_model(self, request: HttpRequest, obj: ModelMapping, form: Any, change: bool) -> None:
        """Whoever maps to a model that goes is told so at once."""
        super().save_model(request, obj, form, change)
        for sentence in retirements.sentences(retirements.models_of(obj)):
            self.message_user(request, sentence, messages.WARNING)
        warn_of_empty_groups(request, obj.groups)
