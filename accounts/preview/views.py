"""What a mapping's form says while it is filled in: where each model leads, and doubts beside the fields."""

import time
from typing import Any, Final

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest, JsonResponse
from django.template.loader import render_to_string

from accounts.facts.model_facts import ModelTable
from accounts.loaded.live_accounts import live
from accounts.loaded.loading import load_routing, mapping_view
from accounts.models import ModelMapping
from accounts.preview.foresight import MOST_MODELS, Foreseen, ForeseenTarget, Foresight
from accounts.preview.sentences import sentence
from accounts.snapshot import Snapshot
from monitor.words.account_label import account_label

TEMPLATE: Final = "admin/accounts/modelmapping/preview.html"
MOST_ACCOUNTS: Final = 4
"""Of the accounts for a model so many are named."""


def preview(request: HttpRequest, form: "forms.ModelForm[ModelMapping]") -> JsonResponse:
    """For the entries of the form, which is bound to them: HTML, and by field what is wrong or doubtful.

    Fields that are still blank are nothing to complain of.
    """
    stored = form.instance.pk
    form.full_clean()
    told: dict[str, list[dict[str, str]]] = {
        "pattern" if field == NON_FIELD_ERRORS else field: [
            {"tone": "error", "text": str(text)} for text in errors
        ]
        for field, errors in form.errors.items()
        if field == NON_FIELD_ERRORS or request.GET.get(field)
    }
    if form.instance.pattern and form.instance.target and not {"pattern", "target"} & form.errors.keys():
        foreseen = _foresee(form.instance, stored, request.GET.get("tried", "").strip()[:200])
        for remark in foreseen.remarks:
            told.setdefault(remark.field, []).append({"tone": "doubt", "text": sentence(remark)})
    else:
        foreseen = None
    return JsonResponse({"html": render_to_string(TEMPLATE, _context(request, foreseen)), "told": told})


def _foresee(row: ModelMapping, stored: int | None, tried: str) -> Foreseen:
    snapshot = load_routing(stored)
    known = _known_names(snapshot)
    return Foresight(snapshot, mapping_view(row), time.time()).foresee(known, tried)


def _known_names(snapshot: Snapshot) -> set[str]:
    known = set(ModelTable(snapshot.overrides).names())
    known.update(name for account in snapshot.accounts for name in account.models)
    known.update(mapping.pattern for mapping in snapshot.mappings)
    if live.is_started:
        known.update(live.pool.roster.model_names())
    return known


def _context(request: HttpRequest, foreseen: Foreseen | None) -> dict[str, Any]:
    """Accounts are named to who may see them."""
    if foreseen is None:
        return {}
    return {
        "foreseen": foreseen,
        "ways": [(way, [_stop(stop) for stop in way.stops]) for way in foreseen.ways],
        "names_accounts": request.user.has_perm("accounts.view_account"),
        "shown": MOST_MODELS,
    }


def _stop(stop: ForeseenTarget) -> dict[str, Any]:
    first = stop.accounts[:MOST_ACCOUNTS]
    return {
        "model": stop.model,
        "number": len(stop.accounts),
        "named": ", ".join(account_label(account.email) for account in first),
        "more": len(stop.accounts) - len(first),
    }
