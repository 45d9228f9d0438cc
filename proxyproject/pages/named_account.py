"""From a request to the account that it names: the address of a link must not tell a masked e-mail."""

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from accounts.models import Account
from monitor.history.listing.keyset import attempts_of, records_by_id
from monitor.pages.access import for_operators


@require_GET
@for_operators
def account_of(request: HttpRequest, request_id: str, attempt: int = 0) -> HttpResponseBase:
    """The page of the account that ``attempt`` asked, or (0) that the request's row names.

    Where it has been deleted since, the list of accounts says so.
    """
    found = records_by_id([request_id])
    if not found:
        raise Http404(gettext("This request is not in the history (any more)."))
    tried = attempts_of(found).get(request_id, [])
    if attempt:
        tried = [one for one in tried if one.number == attempt]
    label = tried[-1].account if attempt and tried else found[0].account
    kinds = [one.account_kind for one in tried if one.account == label]
    accounts = {account.kind: account for account in Account.objects.filter(email=label or "")}
    account = accounts.get(kinds[-1]) if kinds else next(iter(accounts.values()), None)
    if account is None:
        messages.warning(request, gettext("This account is not there any more."))
        return redirect("admin:accounts_account_changelist")
    return redirect("admin:accounts_account_change", account.pk)
