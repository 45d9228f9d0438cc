"""The form for facts about models: a field for each, blank for "as shipped", the shipped value beside."""

from typing import Any, ClassVar

import msgspec
from django import forms
from django.utils.translation import gettext_lazy as _
from msgspec import inspect
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.admin.fields import KindsField
from accounts.facts.contradictions import contradictions
from accounts.facts.labels import NAMES, NO, NOTHING, YES, name_of, read_budget, read_list, written
from accounts.facts.model_facts import SHIPPED, ModelFacts, ModelTable, Override, ThinkingBudget, problem_with
from accounts.facts.models import ModelOverride, stored_overrides
from accounts.wildcards import WildcardIndex

# mypy: disable-error-code="import-untyped, misc"
# (unfold ships no types)
# ruff: noqa: D106  Django's inner Meta says nothing that needs a docstring

PREFIX = "fact_"
FACTS: dict[str, inspect.Type] = {
    field.name: field.type
    for field in inspect.type_info(ModelFacts).fields  # type: ignore[attr-defined]
    if field.name != "vendor"
}
"""Every fact that can be overridden, with the type it has in ModelFacts."""

_AS_SHIPPED = ("", _("as shipped"))


class OverrideForm(forms.ModelForm):  # type: ignore[type-arg]
    """An override; the facts' own fields are added below, from ModelFacts itself."""

    kinds = KindsField(
        _("offered by"),
        _("The account kinds that offer it without listing it. None ticked: those of its family."),
    )

    class Meta:
        model = ModelOverride
        fields: ClassVar = ["pattern", "vendor", "kinds", "note", "checked_on"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pattern = (self.data.get("pattern") if self.is_bound else None) or self.initial.get("pattern") or ""
        shipped = SHIPPED.facts_for(pattern) if pattern else None
        for fact in FACTS:
            field = self.fields.get(PREFIX + fact)
            if field is None:  # somebody who may only look gets no fields
                continue
            if fact in self.instance.facts:
                field.initial = _initial(fact, self.instance.facts[fact])
            if shipped is not None:
                field.help_text = _("Shipped: %s") % written(getattr(shipped, fact))

    def clean(self) -> dict[str, Any] | None:
        """Something must be said, and what is said must fit together for every known model it is said of."""
        cleaned = super().clean() or {}
        facts = {}
        for fact in FACTS:
            value = cleaned.get(PREFIX + fact)
            if value in ("", None) or PREFIX + fact in self.errors:
                continue
            try:
                facts[fact] = _plain(fact, value)
            except ValueError as error:
                self.add_error(PREFIX + fact, str(error))
        cleaned["facts"] = facts
        if self.errors:
            return cleaned
        if not facts and not cleaned.get("vendor") and not cleaned.get("kinds"):
            raise forms.ValidationError(_("This says nothing yet: give at least one fact."))
        override = Override(
            pattern=cleaned["pattern"],
            facts=facts,
            vendor=cleaned.get("vendor") or "",
            kinds=tuple(cleaned.get("kinds") or ()),
        )
        if problem := problem_with(override):
            raise forms.ValidationError(problem)
        self._check(override)
        return cleaned

    def _check(self, override: Override) -> None:
        others = (other for other in stored_overrides() if other.pattern != self.initial.get("pattern"))
        table = ModelTable([*(other for other in others if other.pattern != override.pattern), override])
        fits = WildcardIndex([(override.pattern, True)])
        for model in [override.pattern, *(name for name in table.names() if fits.find(name))]:
            for fact, why in contradictions(table.facts_for(model)):
                where = PREFIX + fact if fact in override.facts else None
                self.add_error(where, f"{model}: {name_of(fact)}: {why}")
            if self.errors:
                return

    def save(self, commit: bool = True) -> ModelOverride:
        """With the facts that were given."""
        self.instance.facts = self.cleaned_data["facts"]
        return super().save(commit)  # type: ignore[no-any-return]


def _field(fact: str, kind: inspect.Type) -> forms.Field:
    name: Any = NAMES.get(fact, fact)
    choices: list[Any]
    match kind:
        case inspect.IntType():
            return forms.IntegerField(
                required=False, min_value=1, label=name, widget=UnfoldAdminIntegerFieldWidget
            )
        case inspect.BoolType():
            choices = [_AS_SHIPPED, ("yes", YES), ("no", NO)]
        case inspect.LiteralType():
            choices = [_AS_SHIPPED, *((value, value) for value in kind.values)]
        case _:
            return forms.CharField(required=False, label=name, widget=UnfoldAdminTextInputWidget)
    return forms.ChoiceField(required=False, choices=choices, label=name, widget=UnfoldAdminSelectWidget)


def _plain(fact: str, value: Any) -> Any:
    """What a field holds, as it is stored. Raises ValueError with the reason."""
    match FACTS[fact]:
        case inspect.BoolType():
            return value == "yes"
        case inspect.StrType():
            return "" if value == NOTHING else value
        case inspect.VarTupleType():
            return read_list(value)
        case inspect.UnionType():
            return read_budget(value)
        case _:
            return value


def _initial(fact: str, value: Any) -> Any:
    match FACTS[fact]:
        case inspect.BoolType():
            return "yes" if value else "no"
        case inspect.UnionType():
            return written(msgspec.convert(value, ThinkingBudget) if value else None)
        case inspect.StrType() | inspect.VarTupleType():
            return written(value)
        case _:
            return value


for _fields in (OverrideForm.base_fields, OverrideForm.declared_fields):
    # Django derives the page's form from this one by its declared fields.
    _fields.update({PREFIX + fact: _field(fact, kind) for fact, kind in FACTS.items()})
