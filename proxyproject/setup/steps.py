"""What is left to do before the first real answer: the steps, and which are done."""

from collections.abc import Mapping, Sequence

import msgspec
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Account, ClientKey
from monitor.models import RequestLog
from monitor.record.records import Outcome

ANSWERED = (Outcome.OK, Outcome.RETRIED, Outcome.HEALED, Outcome.CONTINUED)


class Step(msgspec.Struct, frozen=True):
    """One step: its ``name`` in the row of steps, what is to be done, and where."""

    name: str
    is_done: bool
    text: str
    label: str
    link: str


class Setup(msgspec.Struct, frozen=True):
    """Every step in order, and the first that is left; None when clients are answered."""

    steps: list[Step]
    next: Step | None

    @property
    def is_last_awaited(self) -> bool:
        """A client's answer, which comes from outside the page, is all that is left."""
        return self.next is not None and self.next is self.steps[-1]


def setup() -> Setup:
    """How far it is, in three queries."""
    accounts = list(Account.objects.order_by("-pk").values("pk", "enabled", "test_result", "last_used_at"))
    key = ClientKey.objects.filter(enabled=True).order_by("-pk").values_list("pk", flat=True).first()
    is_answered = RequestLog.objects.filter(outcome__in=ANSWERED, is_simulated=False).exists()
    test = _test([account for account in accounts if account["enabled"]])
    steps = [_login(), _account(accounts), test, _key(key), _first_answer(key, is_answered)]
    if is_answered:  # what was tested when is nobody's question any more
        return Setup(steps, next((step for step in steps if not step.is_done and step is not test), None))
    return Setup(steps, next(step for step in steps if not step.is_done))


def _login() -> Step:
    return Step(_("Login"), True, "", "", "")


def _account(accounts: Sequence[Mapping[str, object]]) -> Step:
    is_done = any(account["enabled"] for account in accounts)
    if accounts:
        text = _("Every account is disabled: nothing can be asked upstream.")
        list_of_accounts = reverse("admin:accounts_account_changelist")
        return Step(_("Account"), is_done, text, _("See the accounts"), list_of_accounts)
    text = _("No account yet: add one that Evenkeel may ask. Saving it tests it.")
    return Step(_("Account"), False, text, _("Add an account"), reverse("admin:accounts_account_add"))


def _test(enabled: Sequence[Mapping[str, object]]) -> Step:
    is_done = any(one["test_result"] == Account.Result.WORKS or one["last_used_at"] for one in enabled)
    link = reverse("admin:accounts_account_change", args=(enabled[0]["pk"],)) if enabled else ""
    text = _("No account has answered yet: see what its last test said, and test it again.")
    match enabled[0]["test_result"] if enabled else None:
        case Account.Result.REFUSED:
            text = _("Upstream refused the account's credential: paste another one there and save.")
        case "":
            text = _("Nobody has tested the account yet: open it and press Test.")
    return Step(_("Test it"), is_done, text, _("See the account"), link)


def _key(key: int | None) -> Step:
    text = _("No client key yet: clients need one to be let in.")
    link = reverse("admin:accounts_clientkey_add")
    return Step(_("Client key"), key is not None, text, _("Add a client key"), link)


def _first_answer(key: int | None, is_done: bool) -> Step:
    link = reverse("admin:accounts_clientkey_connect", args=(key,)) if key is not None else ""
    text = _(
        "Everything is ready. Let a client ask: on the key's page press “Send”, or copy what your client"
        " needs and run it."
    )
    return Step(_("First answer"), is_done, text, _("Connect a client"), link)
