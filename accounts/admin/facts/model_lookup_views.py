"""The page that answers what is believed of a model, and from where: shipped, overridden or assumed."""

from dataclasses import dataclass

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.facts.labels import name_of, written
from accounts.facts.model_facts import CHECKED_ON, ORIGIN, ModelTable
from accounts.facts.models import ModelOverride, stored_overrides
from accounts.kinds import KINDS
from accounts.loaded.live_accounts import live
from accounts.models import Account

MAX_NAME_CHARACTERS = 200


@dataclass(frozen=True)
class FactLine:
    """One fact on the page. ``shipped`` is the table's value where the operator says another."""

    name: str
    field: str
    value: str
    origin: str
    source: str
    shipped: str


def believed_page(request: HttpRequest) -> TemplateResponse:
    """Of the model ``?model=`` everything; without one the models that are known, at a glance."""
    model = request.GET.get("model", "").strip()[:MAX_NAME_CHARACTERS]
    kind = request.GET.get("kind", "")
    table = ModelTable(stored_overrides())
    offered = live.pool.roster.model_names() if live.is_started else []
    names = list(dict.fromkeys([*table.names(), *offered]))
    context = {
        **admin.site.each_context(request),
        "title": _("What is known of %s") % model if model else _("What is known of each model"),
        "opts": ModelOverride._meta,
        "model": model,
        "kind": kind if kind in KINDS else "",
        "kinds": [(one, Account.kind_name(one)) for one in KINDS],
        "names": names,
        "shipped_from": ORIGIN,
        "checked_on": CHECKED_ON,
        "add_url": reverse("admin:accounts_modeloverride_add"),
    }
    if model:
        context |= _of_one(table, model, context["kind"])
    else:
        context["rows"] = [_at_a_glance(table, name) for name in names if "*" not in name]
    return TemplateResponse(request, "admin/accounts/modeloverride/believed.html", context)


def _of_one(table: ModelTable, model: str, kind: str) -> dict[str, object]:
    rows = {row.pattern: row for row in ModelOverride.objects.all()}
    beliefs = table.beliefs(model, kind)
    return {
        "vendor": table.vendor_of(model),
        "offered_by": [Account.kind_name(one) for one in sorted(table.kinds_offering(model))],
        "overrides": [rows[override.pattern] for override in reversed(table.overrides_of(model))],
        "lines": [
            FactLine(
                name_of(belief.name),
                belief.name,
                written(belief.value),
                belief.origin,
                belief.source,
                written(belief.shipped) if belief.value != belief.shipped else "",
            )
            for belief in beliefs
            if belief.name != "vendor"
        ],
    }


def _at_a_glance(table: ModelTable, name: str) -> dict[str, object]:
    facts = table.facts_for(name)
    return {
        "name": name,
        "vendor": table.vendor_of(name),
        "context": written(facts.context_tokens),
        "output": written(facts.max_output_tokens),
        "thinking": ", ".join(facts.thinking_modes or facts.thinking_levels)
        or written(facts.thinking_budget),
        "effort": ", ".join(facts.effort_levels),
        "overrides": [override.pattern for override in table.overrides_of(name)],
    }
