"""The rights that a user or a group is given, in words: those that some page asks for, and no others."""

# mypy: disable-error-code="import-untyped, misc"
# (unfold ships no types)

from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

_ACTS = {
    "view": gettext_lazy("view"),
    "add": gettext_lazy("add"),
    "change": gettext_lazy("change"),
    "delete": gettext_lazy("delete"),
}
OF_REQUESTS = {
    "add_requestlog": gettext_noop("Requests: send again"),
    "view_bodies": gettext_noop("Requests: read what was asked and answered"),
    "export_requestlog": gettext_noop("Requests: export"),
}
"""What more can be done with requests; ``add`` is what sending one again does."""


def shown_rights() -> QuerySet[Permission]:
    """Those of what the admin keeps; no page asks for a right to the other tables."""
    models = [model for model in apps.get_models() if admin.site.is_registered(model)]
    kinds = ContentType.objects.get_for_models(*models).values()
    kept = Q(content_type__in=[kind.pk for kind in kinds])
    unheard_of = Q(codename="change_requestlog")  # nobody changes what happened
    return Permission.objects.filter(kept).exclude(unheard_of).select_related("content_type")


def words(right: Permission) -> str:
    """Of what, and what may be done with it."""
    if right.codename in OF_REQUESTS:
        return _(OF_REQUESTS[right.codename])
    model = right.content_type.model_class()
    act = _ACTS.get(right.codename.partition("_")[0])
    if model is None or act is None:
        return right.name
    return f"{capfirst(str(model._meta.verbose_name_plural))}: {act}"


class RightsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Rights to tick."""

    def __init__(self, **options: Any) -> None:
        options["widget"] = UnfoldAdminCheckboxSelectMultipleWidget
        super().__init__(**options)

    def label_from_instance(self, obj: Any) -> str:
        """In the reader's language."""
        return words(obj)


class WithRights:
    """A page whose form gives rights; mixed in before Django's own. ``rights`` is the form's field."""

    rights: str
    filter_horizontal = ()

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **options: Any) -> Any:
        """The rights, and the groups, are there to be ticked."""
        if db_field.name == self.rights:
            return db_field.formfield(form_class=RightsField, queryset=shown_rights())
        options["widget"] = UnfoldAdminCheckboxSelectMultipleWidget
        return super().formfield_for_manytomany(db_field, request, **options)

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        """A right that the form does not show is neither given nor taken by it."""
        given = getattr(form.instance, self.rights)
        unseen = list(given.exclude(pk__in=shown_rights()))
        super().save_related(request, form, formsets, change)
        given.add(*unseen)
