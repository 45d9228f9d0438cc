"""An account's test, asked for by a button or by saving it: it is run, kept in the row, and told."""

import time

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.admin.account.state import glance
from accounts.admin.actions import AccountTestResult, account_test, models_to_test
from accounts.loaded.loading import account_view
from accounts.models import Account
from monitor.record.stored_text import stored_text

MESSAGE_CHARACTERS = 500
ASKED_OTHERWISE = frozenset(
    {"credential", "base_url", "kind", "project", "location", "offered_models", "enabled"}
)
"""What of an account's form changes what a test would find."""


def test_and_tell(request: HttpRequest, account: Account) -> None:
    """Ask the account one tiny real question, keep how it went and say so on the next page."""
    test = account_test()
    if test is None:
        messages.error(request, _("This server has no test for accounts."))
        return
    result = async_to_sync(test)(account_view(account))
    keep(account, result)
    (messages.success if result.ok else messages.error)(request, f"{account}: {account.test_message}")


def keep(account: Account, result: AccountTestResult) -> None:
    """The result is the account's state from now on; one that works is asked again at once."""
    found = Account.Result.WORKS
    if not result.ok:
        found = Account.Result.REFUSED if result.refused_with else Account.Result.FAILED
    was_refused = glance(account, time.time()).state == "refused"
    _write(account, str(found), result.refused_with, result.message)
    if result.ok and was_refused and account.enabled:
        account.clear_marks()


def forget(account: Account) -> None:
    """What was found says nothing any more: the account is asked otherwise now."""
    if account.tested_at is not None:
        account.tested_at = None
        _write(account, "", 0, "", is_tested=False)


def _write(account: Account, found: str, status: int, message: str, *, is_tested: bool = True) -> None:
    account.tested_at = timezone.now() if is_tested else None
    account.test_result, account.test_status = found, status
    account.test_message = stored_text(message, MESSAGE_CHARACTERS)
    Account.objects.filter(pk=account.pk).update(
        tested_at=account.tested_at,
        test_result=account.test_result,
        test_status=account.test_status,
        test_message=account.test_message,
    )


def asks_about() -> str:
    """Which model is asked of each kind, in words: ``claude-haiku-4-5 (Anthropic)``; blank without a test."""
    kinds_of: dict[str, list[str]] = {}
    for kind in Account.Kind:
        for model in models_to_test(kind, ())[:1]:
            kinds_of.setdefault(model, []).append(kind.label.partition(" (")[0])
    return "; ".join(f"{model} ({', '.join(kinds)})" for model, kinds in kinds_of.items())
