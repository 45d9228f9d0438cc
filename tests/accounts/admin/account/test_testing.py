"""An account's state is what its last test and its service have shown; saving it tests it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.admin import actions
from accounts.admin.account import testing
from accounts.admin.account.state import glance
from accounts.admin.actions import AccountTestResult
from accounts.models import Account, AccountMark
from accounts.pool.roster import AccountStatus
from accounts.revisions import Revision
from accounts.snapshot import AccountView
from tests.accounts.admin.account.test_pages import BLANK_FORM

pytestmark = pytest.mark.django_db

WORKS = AccountTestResult(True, "It works.")
REFUSED = AccountTestResult(False, "haiku: invalid x-api-key", 401)
FAILED = AccountTestResult(False, "haiku: overloaded")


class CountedTest:
    """The registered test: it finds what it is told to, and counts."""

    def __init__(self) -> None:
        self.finds = WORKS
        self.asked: list[AccountView] = []

    async def __call__(self, view: AccountView) -> AccountTestResult:
        """As the relay's."""
        self.asked.append(view)
        return self.finds


@pytest.fixture
def tests(monkeypatch: pytest.MonkeyPatch) -> CountedTest:
    made = CountedTest()
    monkeypatch.setattr(actions, "_registered", [made])
    monkeypatch.setattr(actions, "_models", [lambda kind, listed: (f"cheap-{kind}",)])
    return made


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("op"))
    return client


@pytest.fixture
def account() -> Account:
    account = Account(email="a@x.test", kind="anthropic")
    account.credential = {"api_key": "k"}
    account.save()
    return account


def seen(account: Account) -> tuple[str, str, str]:
    """State, words and tone, as any process reads them from the database."""
    found = glance(Account.objects.get(pk=account.pk))
    return found.state, found.words, found.tone


def test_the_last_test_is_the_state(account: Account) -> None:
    """Untested, works, refused with its status, failed: and the detail says why."""
    assert seen(account) == ("untested", "untested", "default")
    for result, expected in (
        (REFUSED, ("refused", "refused (401)", "danger")),
        (FAILED, ("failed", "test failed", "danger")),
        (WORKS, ("works", "works", "success")),
    ):
        testing.keep(account, result)
        assert seen(account) == expected
    testing.keep(account, REFUSED)
    assert glance(account).detail == REFUSED.message
    testing.forget(account)
    assert seen(account)[0] == "untested"


def test_a_result_is_nobodys_business(account: Account) -> None:
    """No process reloads its accounts because one was tested."""
    before = Revision.current()
    testing.keep(account, FAILED)
    assert Revision.current() == before


def test_whatever_upstream_says_is_kept_and_told(
    client: Client, account: Account, tests: CountedTest
) -> None:
    """Its JSON may say half a character, which no database takes, and NUL, which PostgreSQL does not."""
    tests.finds = AccountTestResult(False, "no \0 and \ud800", 401)
    url = reverse("admin:accounts_account_test_account", args=(account.pk,))
    shown = client.post(url, {"_form_submitted": "True"}, follow=True).content.decode()
    account.refresh_from_db()
    assert account.test_message == "no \N{REPLACEMENT CHARACTER} and ?"
    assert account.test_message in shown


def test_a_refused_key_is_not_cooling_down(account: Account) -> None:
    """A mark for the credential says refused; a test that works lifts it."""
    now = timezone.now()
    AccountMark.objects.create(
        account=account, status=401, cause="credential", until=now + timedelta(seconds=200), set_at=now
    )
    assert seen(account) == ("refused", "refused (401)", "danger")
    assert glance(account).until == 0
    testing.keep(account, WORKS)
    assert seen(account)[0] == "works"
    assert not AccountMark.objects.exists()


@pytest.mark.parametrize(
    ("result", "seconds_later", "refused_with", "state"),
    [
        (FAILED, 5, 0, "works"),
        (FAILED, -5, 0, "failed"),
        (REFUSED, 5, 0, "works"),
        (WORKS, -5, 401, "refused"),
        (None, 5, 0, "works"),
    ],
)
def test_service_says_more_than_an_older_test(
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    result: AccountTestResult | None,
    seconds_later: float,
    refused_with: int,
    state: str,
) -> None:
    """An answer after the test overrides what it found; a refusal in service overrides that it worked."""
    if result is not None:
        testing.keep(account, result)
    answered_at = timezone.now().timestamp() + seconds_later
    status = AccountStatus(True, 0.0, (), 0, answered_at, refused_with, answered_at)
    monkeypatch.setattr("accounts.admin.account.state.status_here", lambda _: status)
    assert glance(account).state == state


def add(client: Client, **fields: str) -> str:
    answer = client.post(
        reverse("admin:accounts_account_add"), BLANK_FORM | {"enabled": "on"} | fields, follow=True
    )
    return answer.content.decode()


def test_saving_tests(client: Client, tests: CountedTest) -> None:
    """A new account is asked once, after it is stored; the form says on which model, and can decline."""
    form = client.get(reverse("admin:accounts_account_add")).content.decode()
    assert "cheap-anthropic (Anthropic)" in form
    tests.finds = REFUSED
    shown = add(client, credential="k", test_now="on")
    assert REFUSED.message in shown
    assert "refused (401)" in shown
    assert [view.email for view in tests.asked] == ["a@x.test"]
    assert add(client, email="b@x.test", credential="k")
    assert len(tests.asked) == 1
    assert seen(Account.objects.get(email="b@x.test"))[0] == "untested"


def test_a_test_is_asked_for_where_it_can_find_something_new(client: Client, tests: CountedTest) -> None:
    """Not for a new priority of an account that works; a new key makes it untested and is tried."""
    add(client, credential="k", test_now="on")
    account = Account.objects.get()
    url = reverse("admin:accounts_account_change", args=(account.pk,))
    client.post(url, BLANK_FORM | {"enabled": "on", "test_now": "on", "priority": "3"})
    assert len(tests.asked) == 1
    client.post(url, BLANK_FORM | {"enabled": "on", "credential": "k2"})
    assert seen(account)[0] == "untested"
    client.post(url, BLANK_FORM | {"enabled": "on", "test_now": "on"})
    assert len(tests.asked) == 2
    assert seen(account)[0] == "works"


def test_the_overview_knows_the_untested_and_the_refused(client: Client, account: Account) -> None:
    """It does not say that all accounts are usable."""
    assert "1 of 1 accounts is untested" in client.get("/admin/").content.decode()
    testing.keep(account, REFUSED)
    shown = client.get("/admin/").content.decode()
    assert "refused (401)" in shown
    assert "usable" not in shown
    testing.keep(account, WORKS)
    assert "The one account is usable." in client.get("/admin/").content.decode()
