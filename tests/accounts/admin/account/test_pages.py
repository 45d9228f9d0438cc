"""The operator's pages."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.admin import actions
from accounts.admin.actions import AccountTestResult, register_account_test
from accounts.admin.facts import retirements
from accounts.kinds import NEEDS_OWN_OAUTH_CLIENT
from accounts.models import Account, AccountMark, ClientKey, ModelMapping, digest
from accounts.snapshot import AccountView
from relay.upstream.address import asked_address
from tests.accounts.credentials.test_by_kind import OAUTH, SERVICE_ACCOUNT

pytestmark = pytest.mark.django_db

ACCOUNTS = "admin:accounts_account_changelist"
GEMINI_ON_VERTEX = "/publishers/google/models/MODEL:streamGenerateContent?alt=sse"
BLANK_FORM = {
    "email": "a@x.test",
    "kind": "gemini",
    "credential": "",
    "base_url": "",
    "offered_models": "",
    "priority": "0",
    "max_in_flight": "0",
    "weight": "1",
    "project": "",
    "location": "",
}


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("op"))
    return client


@pytest.fixture
def account() -> Account:
    account = Account(email="a@x.test", kind="gemini")
    account.credential = {"api_key": "planted-secret"}
    account.save()
    return account


def page(client: Client, name: str, *args: Any) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200
    return response.content.decode()


def add(client: Client, **fields: str) -> str:
    """Sends the form for a new account; returns the page that comes, blank when it was saved."""
    response = client.post(reverse("admin:accounts_account_add"), BLANK_FORM | fields)
    return "" if response.status_code == 302 else response.content.decode()


def change(client: Client, account: Account, **fields: str) -> str:
    """Sends the form for an account that is there."""
    url = reverse("admin:accounts_account_change", args=(account.pk,))
    response = client.post(url, BLANK_FORM | fields)
    account.refresh_from_db()
    return "" if response.status_code == 302 else response.content.decode()


def act(client: Client, name: str, *accounts: Account) -> str:
    """Runs a list action on the accounts; returns the page that follows."""
    chosen = {"action": name, "_selected_action": [account.pk for account in accounts]}
    response = client.post(reverse(ACCOUNTS), chosen, follow=True)
    for account in accounts:
        account.refresh_from_db()
    return response.content.decode()


@pytest.mark.parametrize(
    ("kind", "typed", "stored"),
    [
        ("gemini", " AIza-key\n", {"api_key": "AIza-key"}),
        ("gemini", '{"api_key": "AIza-key"}', {"api_key": "AIza-key"}),
        ("code_assist", json.dumps(OAUTH), OAUTH),
        ("vertex", json.dumps(SERVICE_ACCOUNT), SERVICE_ACCOUNT),
    ],
)
def test_add_account(client: Client, kind: str, typed: str, stored: dict[str, Any]) -> None:
    """A key may be pasted as it is, everything else as JSON."""
    assert add(client, kind=kind, credential=typed, enabled="on") == ""
    account = Account.objects.get()
    assert account.credential == stored
    assert account.enabled
    assert account.project == ("p-1" if kind == "vertex" else "")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"credential": ""}, "needs an API key"),
        ({"kind": "code_assist", "credential": "planted-secret"}, "client_id, client_secret missing"),
        ({"credential": "{planted-secret"}, "This begins like JSON, but it is none."),
        ({"kind": "vertex", "credential": '{"private_key": "planted-secret"}'}, "client_email missing"),
        ({"base_url": "example.test", "credential": "k"}, "A base URL begins with http"),
        ({"base_url": "http://[::1", "credential": "k"}, "A base URL begins with http"),
        ({"base_url": "http://a b", "credential": "k"}, "A base URL begins with http"),
        ({"base_url": "http://u:p@x.test", "credential": "k"}, "no user name and password"),
        ({"base_url": "http://x.test/?a=b", "credential": "k"}, "ends with its path"),
        ({"offered_models": "a b", "credential": "k"}, "Give a list of model names"),
        ({"max_in_flight": "-1", "credential": "k"}, "greater than or equal to 0"),
        ({"email": "", "credential": "k"}, "This field is required"),
    ],
)  # fmt: skip
def test_refused_accounts(client: Client, fields: dict[str, str], says: str) -> None:
    """A refusal says in plain words what is missing, and never shows what was typed as a secret."""
    shown = add(client, enabled="on", **fields)
    assert says in shown
    assert "planted-secret" not in shown
    assert Account.objects.count() == 0


def test_one_account_per_kind_and_email(client: Client, account: Account) -> None:
    """A second account of the same kind and e-mail is refused in words."""
    assert "already an account of this kind" in add(client, credential="k", enabled="on")
    assert add(client, kind="anthropic", credential="k", enabled="on") == ""


def test_the_credential_is_write_only(client: Client, account: Account) -> None:
    """No page shows the stored credential, a blank field keeps it, a filled one replaces it."""
    pages = page(client, "admin:accounts_account_change", account.pk) + page(client, ACCOUNTS)
    assert "planted-secret" not in pages
    assert account.credential_sealed not in pages
    assert change(client, account, enabled="on", priority="7") == ""
    assert (account.credential, account.priority) == ({"api_key": "planted-secret"}, 7)
    assert account.marks_cleared_at is None
    assert change(client, account, enabled="on", credential="new") == ""
    assert account.credential == {"api_key": "new"}
    assert account.marks_cleared_at is not None, "what the old credential caused is over"


def test_another_kind_needs_its_credential(client: Client, account: Account) -> None:
    """Changing the kind asks for the credential that the new kind needs, and for its own where that fits."""
    assert "client_id" in change(client, account, kind="code_assist", enabled="on")
    assert "enter its credential again" in change(client, account, kind="anthropic", enabled="on")
    assert change(client, account, kind="anthropic", enabled="on", credential="k") == ""


ELSEWHERE = (
    {"base_url": "https://evil.example"},
    {"base_url": "https://evil.example/v1", "enabled": ""},
    {"base_url": "https://models.example:8443"},
    {"base_url": "https://models.example/evil/v1"},
    {"base_url": "https://models.example/v1/evil"},
    {"base_url": "http://models.example", "accepts_plain_http": "on"},
    {"base_url": ""},
    {"kind": "anthropic", "base_url": ""},
)


@pytest.mark.parametrize("fields", ELSEWHERE, ids=str)
def test_a_new_address_asks_for_the_credential_again(
    client: Client, account: Account, fields: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may change an account cannot have the key that is stored sent to an address of theirs."""
    account.base_url = "https://models.example/v1"
    account.save()
    asked: list[str] = []

    async def test(view: AccountView) -> AccountTestResult:
        asked.append(view.base_url)
        return AccountTestResult(True, "")

    monkeypatch.setattr(actions, "_registered", [test])
    shown = change(client, account, **{"enabled": "on", **fields})
    assert "enter its credential again" in shown
    assert "planted-secret" not in shown
    url = reverse("admin:accounts_account_test_account", args=(account.pk,))
    client.post(url, {"_form_submitted": "True"})
    assert asked == ["https://models.example/v1"]
    assert change(client, account, **{"enabled": "on", "credential": "k", **fields}) == ""
    assert account.base_url == fields["base_url"]


def test_the_same_address_keeps_the_credential(client: Client, account: Account) -> None:
    """Another version, or another way to write the same host, asks for nothing."""
    account.base_url = "https://models.example/v1"
    account.save()
    for base_url in (
        "https://models.example/v2",
        "https://MODELS.example:443/v2/",
        "https://models.example./v1beta1",
        "https://models.example",
    ):
        assert change(client, account, enabled="on", base_url=base_url) == ""
    assert account.credential == {"api_key": "planted-secret"}


def test_plain_http_has_to_be_meant(client: Client, account: Account) -> None:
    """Outside this machine; once it is there it is not asked about again."""
    new = {"base_url": "http://models.lan:8000", "credential": "k", "enabled": "on"}
    assert "say below that it is meant" in change(client, account, **new)
    assert change(client, account, **new, accepts_plain_http="on") == ""
    assert change(client, account, base_url="http://models.lan:8000/v1", enabled="on") == ""
    for base_url in ("http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://models.lan"):
        assert change(client, account, **new | {"base_url": base_url}) == ""


@pytest.mark.parametrize(
    "base_url",
    [
        "http://169.254.169.254",
        "https://metadata.google.internal/v1",
        "http://[fe80::1]",
        "http://2852039166",
    ],
)
def test_no_account_asks_a_metadata_service(client: Client, account: Account, base_url: str) -> None:
    """Not even with its credential and confirmed."""
    told = {"base_url": base_url, "credential": "k", "accepts_plain_http": "on"}
    assert "metadata service" in change(client, account, **told)


def test_a_location_is_no_way_to_another_host(client: Client, account: Account) -> None:
    """It becomes a part of the host that Vertex AI is asked at."""
    credential = json.dumps(SERVICE_ACCOUNT)
    for location in ("evil.example/", "evil.example#", "a@evil.example", "x:1"):
        assert "a region" in change(client, account, kind="vertex", credential=credential, location=location)
    assert change(client, account, kind="vertex", credential=credential, location="europe-west4") == ""


def test_an_imported_token_waits(client: Client, account: Account) -> None:
    """An account without its own OAuth client can be edited, and enabled once it has one."""
    account.kind = "code_assist"
    account.credential = {"refresh_token": "r"}
    account.disable(NEEDS_OWN_OAUTH_CLIENT)
    account.save()
    assert NEEDS_OWN_OAUTH_CLIENT in page(client, ACCOUNTS)
    assert change(client, account, kind="code_assist", priority="1") == ""
    assert account.disabled_reason == NEEDS_OWN_OAUTH_CLIENT
    assert "client_id" in change(client, account, kind="code_assist", enabled="on")
    assert change(client, account, kind="code_assist", credential=json.dumps(OAUTH)) == ""
    assert (account.enabled, account.disabled_reason) == (False, ""), "from now on it is the operator's will"
    assert change(client, account, kind="code_assist", enabled="on") == ""
    assert (account.enabled, account.disabled_reason) == (True, "")


def test_a_lost_key_asks_for_the_credential_again(client: Client, account: Account) -> None:
    """An account whose credential cannot be decrypted can still be opened, and says what to do."""
    Account.objects.update(credential_sealed="gAAAAA-lost")
    assert page(client, "admin:accounts_account_change", account.pk)
    assert "enter the credential again" in change(client, account, enabled="on")
    assert change(client, account, enabled="on", credential="new") == ""


def test_models_one_per_line(client: Client, account: Account) -> None:
    """The list of models is written and shown one per line."""
    assert change(client, account, enabled="on", offered_models="a\n b , c\n\n") == ""
    assert account.offered_models == ["a", "b", "c"]
    assert "a\nb\nc" in page(client, "admin:accounts_account_change", account.pk)


def test_the_page_of_an_account_tells_its_state_in_words(client: Client, account: Account) -> None:
    """Its state is a word, where the list has a coloured label; the reason is in the reader's language."""
    account.disable(NEEDS_OWN_OAUTH_CLIENT)
    url = reverse("admin:accounts_account_change", args=(account.pk,))
    page = client.get(url).content.decode()
    assert ">disabled<" in "".join(page.split())
    assert "danger&#x27;" not in page
    page = client.get(url, headers={"Accept-Language": "ja"}).content.decode()
    assert "自前の OAuth クライアントが必要です" in page
    assert NEEDS_OWN_OAUTH_CLIENT not in page


def test_a_credential_is_refused_in_the_readers_language(client: Client) -> None:
    """What it lacks is named in any language."""
    form = BLANK_FORM | {"kind": "code_assist", "credential": '{"client_id": "a"}', "enabled": "on"}
    url = reverse("admin:accounts_account_add")
    page = client.post(url, form, headers={"Accept-Language": "ja"}).content.decode()
    assert "自前の OAuth クライアントが必要です。不足: refresh_token, client_secret" in page


def test_who_logs_in_without_aiming_at_a_page_gets_the_start_page() -> None:
    """The login page by itself leads to the start page, not to one that is not there."""
    User.objects.create_user("plain", password="a-long-password", is_staff=True)
    answer = Client().post(reverse("admin:login"), {"username": "plain", "password": "a-long-password"})
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("admin:index"))


def test_state_at_a_glance(client: Client, account: Account) -> None:
    """The list says of each account whether it is usable, until when it cools down, or why it is disabled."""
    untested = page(client, ACCOUNTS)
    assert "untested" in untested
    assert ">default<" not in "".join(untested.split())  # the colour's name is no state
    until = timezone.now() + timedelta(hours=30)
    mark = AccountMark.objects.create(
        account=account, model="m-1", status=429, cause="quota", until=until, set_at=timezone.now()
    )
    shown = page(client, ACCOUNTS)
    assert "usable in part" in shown
    assert f'free again <time datetime="{until:%Y-%m-%dT%H:%M}' in shown
    assert "m-1" in shown
    mark.model = ""
    mark.save()
    assert "usable in part" not in page(client, ACCOUNTS)
    assert "cooling down" in page(client, ACCOUNTS)
    account.disable("invalid_grant: sign in again", automatically=True)
    shown = page(client, ACCOUNTS)
    assert "disabled" in shown
    assert "invalid_grant: sign in again" in shown


@pytest.mark.usefixtures("account")
def test_number_of_queries(client: Client, django_assert_max_num_queries: Any) -> None:
    """The list costs the same number of queries however many accounts there are."""
    Account.objects.bulk_create(Account(email=f"{n}@x.test", kind="openai") for n in range(40))
    with django_assert_max_num_queries(9):
        page(client, ACCOUNTS)


def test_actions(client: Client, account: Account) -> None:
    """Accounts are disabled, enabled and freed of their cooldowns from the list."""
    assert "1 account disabled." in act(client, "disable", account)
    assert not account.enabled
    account.disable("invalid_grant", automatically=True)
    assert "1 account enabled." in act(client, "enable", account)
    assert (account.enabled, account.disabled_reason, account.disabled_automatically) == (True, "", False)
    before = account.marks_cleared_at
    assert "The cooldowns of 1 account are over." in act(client, "clear_cooldowns", account)
    assert account.marks_cleared_at > before


def test_clear_one_cooldown(client: Client, account: Account) -> None:
    """Clearing asks once, does nothing on being looked at, and then clears."""
    url = reverse("admin:accounts_account_clear_cooldown", args=(account.pk,))
    assert "asked again at once" in client.get(url).content.decode()
    account.refresh_from_db()
    assert account.marks_cleared_at is None
    assert client.post(url, {"_form_submitted": "True"}).status_code == 302
    account.refresh_from_db()
    assert account.marks_cleared_at is not None
    answer = client.post(url, {"_form_submitted": "True"}, headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"


@pytest.mark.parametrize("ok", [True, False])
def test_test_account(client: Client, account: Account, monkeypatch: pytest.MonkeyPatch, ok: bool) -> None:
    """The test that the relay registered is run with the account, and its words are shown."""
    monkeypatch.setattr(actions, "_registered", [])
    asked: list[AccountView] = []

    async def test(view: AccountView) -> AccountTestResult:
        asked.append(view)
        return AccountTestResult(ok, "It said <hello>.")

    register_account_test(test)
    url = reverse("admin:accounts_account_test_account", args=(account.pk,))
    assert "costs a few tokens" in client.get(url).content.decode()
    assert asked == [], "looking at the question costs nothing"
    shown = client.post(url, {"_form_submitted": "True"}, follow=True).content.decode()
    assert "It said &lt;hello&gt;." in shown
    assert [view.email for view in asked] == ["a@x.test"]


def test_no_test_registered(client: Client, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a test the admin says so."""
    monkeypatch.setattr(actions, "_registered", [])
    url = reverse("admin:accounts_account_test_account", args=(account.pk,))
    shown = client.post(url, {"_form_submitted": "True"}, follow=True).content.decode()
    assert "no test for accounts" in shown
    nowhere = reverse("admin:accounts_account_test_account", args=(99,))
    assert client.post(nowhere, {"_form_submitted": "True"}).status_code == 404


@pytest.fixture
def _address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The relay's, as the process registers it."""
    monkeypatch.setattr(actions, "_addresses", [asked_address])


@pytest.mark.usefixtures("_address")
@pytest.mark.parametrize(
    ("entries", "address"),
    [
        ({"kind": "openai"}, "https://api.openai.com/v1/chat/completions"),
        ({"kind": "anthropic", "base_url": "https://x.example/"}, "https://x.example/v1/messages"),
        (
            {"kind": "openai", "base_url": "https://x.example/api/v3"},
            "https://x.example/api/v3/chat/completions",
        ),
        (
            {"kind": "vertex", "project": "p", "location": "eu"},
            "https://aiplatform.eu.rep.googleapis.com/v1beta1/projects/p/locations/eu" + GEMINI_ON_VERTEX,
        ),
        ({"kind": "openai", "base_url": "x.example"}, "–"),
        ({"kind": "what"}, "–"),
        ({}, "–"),
    ],
)
def test_the_form_asks_which_address_its_entries_lead_to(
    client: Client, entries: dict[str, str], address: str
) -> None:
    """Per kind, as the relay would ask; what is no base URL leads nowhere."""
    answer = client.get(reverse("admin:accounts_account_asked_at"), entries)
    assert answer.json() == {"address": address}
    assert Client().get(reverse("admin:accounts_account_asked_at"), entries).status_code == 302


@pytest.mark.usefixtures("_address")
def test_the_form_shows_the_address_that_is_asked(client: Client, account: Account) -> None:
    """Of the stored account, and a place for it beside a new one's base URL."""
    Account.objects.filter(pk=account.pk).update(kind="openai", base_url="https://x.example/openai/v1")
    page = client.get(reverse("admin:accounts_account_change", args=(account.pk,))).content.decode()
    assert ">https://x.example/openai/v1/chat/completions</output>" in page
    assert "accounts/asked_at.js" in page
    assert 'id="asked-at"' in client.get(reverse("admin:accounts_account_add")).content.decode()


def test_mappings(client: Client) -> None:
    """A mapping is written with lines and ticks and comes back the same."""
    form = {
        "pattern": "claude-*",
        "target": "g",
        "kinds": ["gemini", "vertex"],
        "fallbacks": "h\ni",
        "priority": "2",
    }
    client.post(reverse("admin:accounts_modelmapping_add"), form)
    row = ModelMapping.objects.get()
    assert (row.kinds, row.fallbacks, row.priority) == (["gemini", "vertex"], ["h", "i"], 2)
    assert "Gemini (API key), Vertex AI (service account)" in page(
        client, "admin:accounts_modelmapping_changelist"
    )
    shown = page(client, "admin:accounts_modelmapping_change", row.pk)
    assert "h\ni" in shown
    assert shown.count("checked") >= 2
    again = client.post(reverse("admin:accounts_modelmapping_add"), form).content.decode()
    assert "for these agents already" in again
    refused = client.post(reverse("admin:accounts_modelmapping_add"), form | {"pattern": "x", "target": "y*"})
    assert "one name, without spaces and without *" in refused.content.decode()


@pytest.mark.parametrize(
    ("day", "in_list", "in_form"),
    [
        (date(2026, 11, 10), None, None),
        (date(2026, 11, 11), "gpt-5: retired on", "gpt-5 is retired by its vendor on"),
        (date(2026, 12, 11), "gpt-5: retired on", "gpt-5 is retired by its vendor on"),
        (date(2026, 12, 12), "gpt-5: retired since", "gpt-5 was retired by its vendor on"),
    ],
)
def test_a_mapping_to_a_model_that_goes_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch, day: date, in_list: str | None, in_form: str | None
) -> None:
    """From thirty days before, in its form, in the list, and at once to whoever saves it; fallbacks too."""
    monkeypatch.setattr("accounts.admin.facts.retirements.today", lambda: day)
    form = {"pattern": "m", "target": "t", "fallbacks": "gpt-5", "priority": "1"}
    saved = client.post(reverse("admin:accounts_modelmapping_add"), form, follow=True).content.decode()
    shown = page(client, "admin:accounts_modelmapping_change", ModelMapping.objects.get().pk)
    for text, content in ((in_list, saved), (in_form, saved), (in_form, shown)):
        assert (text or "retired") in content if text else "retired" not in content
    with translation.override("ja"):
        told = retirements.sentences(["gpt-5"])
    assert [sentence.startswith("gpt-5 は 2026年12月11日") for sentence in told] == (
        [True] if in_form else []
    )


def test_the_switches_of_a_mapping(client: Client) -> None:
    """Both are off unless ticked, and each says what it does."""
    form = {"pattern": "a", "target": "b", "kinds": [], "fallbacks": "", "priority": "0"}
    client.post(reverse("admin:accounts_modelmapping_add"), form)
    client.post(
        reverse("admin:accounts_modelmapping_add"),
        form | {"pattern": "c", "continuation": "on", "tool_safe": "on"},
    )
    told = ModelMapping.objects.values_list("pattern", "continuation", "tool_safe").order_by("pattern")
    assert list(told) == [("a", False, False), ("c", True, True)]
    shown = page(client, "admin:accounts_modelmapping_add")
    assert "asked to go on from there, at most twice" in shown
    assert "goes to the client in one piece" in shown


def test_unknown_kinds_are_refused() -> None:
    """A mapping cannot be limited to a kind that does not exist, whoever writes it."""
    with pytest.raises(ValidationError, match="of these: gemini, vertex"):
        ModelMapping(pattern="a", target="b", kinds=["bard"]).full_clean()


def test_a_client_key_is_shown_once(client: Client) -> None:
    """The answer to the form shows the key; no other page, no cookie and no session does."""
    response = client.post(reverse("admin:accounts_clientkey_add"), {"name": "laptop", "enabled": "on"})
    row = ClientKey.objects.get()
    shown = response.content.decode()
    start = shown.index("sk-", shown.index("new-client-key"))
    key = shown[start : shown.index("<", start)]
    assert digest(key) == row.sha256
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    assert key not in str(client.cookies) + str(dict(client.session))
    for text in (
        page(client, "admin:accounts_clientkey_changelist"),
        page(client, "admin:accounts_clientkey_change", row.pk),
    ):
        assert key not in text
        assert row.sha256 not in text
        assert f"sk-…{key[-4:]}" in text


def test_a_client_key_is_disabled(client: Client) -> None:
    """A key is switched off, and its recording too, without becoming another key."""
    client.post(reverse("admin:accounts_clientkey_add"), {"name": "laptop", "enabled": "on"})
    row = ClientKey.objects.get()
    before = row.sha256
    client.post(reverse("admin:accounts_clientkey_change", args=(row.pk,)), {"name": "desk"})
    row.refresh_from_db()
    assert (row.name, row.enabled, row.record_bodies, row.sha256) == ("desk", False, False, before)


def test_strangers_see_nothing() -> None:
    """Without a login every page leads to the log-in."""
    for name in (ACCOUNTS, "admin:accounts_clientkey_changelist", "admin:accounts_modelmapping_changelist"):
        assert Client().get(reverse(name)).status_code == 302


def test_labels_begin_with_a_capital(client: Client) -> None:
    """Also those of fields that are no column's."""
    for name in ("account", "modelmapping", "clientkey"):
        form = client.get(reverse(f"admin:accounts_{name}_add")).context["adminform"].form
        labels = [str(field.label) for field in form.fields.values()]
        assert [label for label in labels if label[0].islower()] == []
