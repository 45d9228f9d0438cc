"""The operator's pages for model mappings."""

# mypy: disable-error-code="import-untyped, untyped-decorator, misc"
# (unfold ships no types)

from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, JsonResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.admin.facts import retirements
from accounts.admin.forms import ModelMappingForm
from accounts.admin.groups import GroupFilter, warn_of_empty_groups
from accounts.keys.conversation_limits import CONVERSATION_FIELDS, RUNAWAY
from accounts.models import Account, ModelMapping
from accounts.preview.views import preview

PREVIEW: Final = "accounts_modelmapping_preview"
PREVIEW_BOX: Final = """<div class="ekp" data-from="{}" data-mapping="{}">
<div id="mapping-preview" role="status"></div>
<label>{} <input id="tried-model" autocomplete="off" spellcheck="false" maxlength="200"></label></div>"""


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
        (None, {"fields": ("pattern", "role", "target", "what_it_does", "kinds", "groups", "priority")}),
        (
            _("Fallbacks"),
            {"fields": ("fallbacks", "fallback_on_quota", "fallback_on_overload", "fallback_on_context")},
        ),
        (_("Interruptions"), {"fields": ("continuation", "tool_safe")}),
        (_("One conversation"), {"description": RUNAWAY, "fields": CONVERSATION_FIELDS}),
    )

    readonly_fields = ("what_it_does",)

    class Media:
        """The form says what the mapping does, as it is filled in."""

        js = ("accounts/mapping_preview.js",)

    def get_urls(self) -> list[Any]:
        """With what a form's entries will do."""
        view = self.admin_site.admin_view(self.preview_view)
        return [path("preview/", view, name=PREVIEW), *super().get_urls()]

    def preview_view(self, request: HttpRequest) -> JsonResponse:
        """For the entries in the query, of a new mapping or of the one that ``mapping`` names."""
        told = request.GET.get("mapping", "")
        row = ModelMapping.objects.filter(pk=told).first() if told.isdecimal() and len(told) < 19 else None
        allowed = self.has_change_permission(request, row) if row else self.has_add_permission(request)
        if not allowed:
            raise PermissionDenied
        return preview(request, ModelMappingForm(request.GET, instance=row))

    def get_fieldsets(self, request: HttpRequest, obj: ModelMapping | None = None) -> Any:
        """What it does is said by a form as it is filled in: who may only look has none."""
        if obj is None or self.has_change_permission(request, obj):
            return self.fieldsets
        first = tuple(name for name in self.fieldsets[0][1]["fields"] if name != "what_it_does")
        return ((None, {"fields": first}), *self.fieldsets[1:])

    @display(description=_("what it does"))
    def what_it_does(self, mapping: ModelMapping) -> SafeString:
        """Where the form's script shows it."""
        address = reverse(f"admin:{PREVIEW}")
        return format_html(PREVIEW_BOX, address, mapping.pk or "", _("Try a model's name"))

    @display(description=_("account kinds"))
    def only_kinds(self, mapping: ModelMapping) -> str:
        """Blank for any."""
        return ", ".join(map(Account.kind_name, mapping.kinds))

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
