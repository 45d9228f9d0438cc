"""What the button of a diagnosis does: clear the cooldowns that it met, continue a model's answers."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.mapping import in_order
from accounts.models import Account, ModelMapping
from accounts.wildcards import WildcardIndex
from monitor.history.listing.keyset import attempts_of, records_by_id
from monitor.pages.access import for_operators
from monitor.record.records import RequestRecord


@require_POST
@for_operators
@permission_required("accounts.change_account", raise_exception=True)
def clear_cooldown(request: HttpRequest, request_id: str) -> HttpResponseBase:
    """The accounts that the exchange asked have no cooldown any more; if it asked none, no account has."""
    row = _row(request_id)
    asked = {(one.account_kind, one.account) for one in attempts_of([row])[row.id]}
    if asked:
        named = Account.objects.filter(email__in={email for _, email in asked})
        cleared = [one for one in named if (one.kind, one.email) in asked]
    else:
        cleared = list(Account.objects.filter(marks__isnull=False).distinct())
    for account in cleared:
        account.clear_marks()
    text = ngettext(
        "%(count)d account has no cooldown any more.",
        "%(count)d accounts have no cooldown any more.",
        len(cleared),
    )
    messages.success(request, text % {"count": len(cleared)})
    return redirect("monitor:detail", row.id)


@require_POST
@for_operators
@permission_required(("accounts.change_modelmapping", "accounts.add_modelmapping"), raise_exception=True)
def continue_model(request: HttpRequest, request_id: str) -> HttpResponseBase:
    """The mapping of the exchange's model continues what breaks off; there is one for it from now on.

    Where no mapping can be made for a name like that, the page says why.
    """
    row = _row(request_id)
    mapping = _mapping_of(row)
    if mapping is None:
        mapping = ModelMapping(pattern=row.client_model, target=row.mapped_model or row.client_model)
        try:
            if "*" in row.client_model:  # the client's word is not to stand for other models
                raise ValidationError(gettext("A model's name with * in it gets no mapping of its own."))
            mapping.full_clean()
        except ValidationError as error:
            for why in error.messages:
                messages.error(request, why)
            return redirect("monitor:detail", row.id)
    mapping.continuation = True
    mapping.save()
    text = gettext("What breaks off is continued from now on, by the mapping of %(pattern)s.")
    messages.success(request, text % {"pattern": mapping.pattern})
    return redirect("monitor:detail", row.id)


@require_GET
@for_operators
def mapping_of(request: HttpRequest, request_id: str) -> HttpResponseBase:
    """The page of the mapping that the exchange's model falls under, or the form of a new one for it."""
    row = _row(request_id)
    mapping = _mapping_of(row)
    if mapping is not None:
        return redirect("admin:accounts_modelmapping_change", mapping.pk)
    begun = {"pattern": row.client_model, "target": row.mapped_model or ""}
    return redirect(f"{reverse('admin:accounts_modelmapping_add')}?{urlencode(begun)}")


def _row(request_id: str) -> RequestRecord:
    found = records_by_id([request_id])
    if not found or not found[0].client_model:
        raise Http404(gettext("This request is not in the history (any more)."))
    return found[0]


def _mapping_of(row: RequestRecord) -> ModelMapping | None:
    """The mapping that the relay would take for the client's model."""
    ordered = in_order(ModelMapping.objects.all(), row.role or "main")
    return WildcardIndex((mapping.pattern, mapping) for mapping in ordered).find(row.client_model)
