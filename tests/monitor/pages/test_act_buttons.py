"""The buttons of a diagnosis: what they change, and who may press them."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.models import Account, AccountMark, ModelMapping
from monitor.diagnosis.acts import Act
from monitor.history.listing.keyset import records_by_id
from monitor.pages.act_links import act_links
from monitor.record.records import Outcome
from tests.monitor.shelf import Shelf, attempt_of, operator_named, shelf

__all__ = ["shelf"]

RIGHTS = (
    "view_requestlog",
    "add_requestlog",
    "view_account",
    "change_account",
    "view_modelmapping",
    "change_modelmapping",
    "add_modelmapping",
)


def limited(shelf: Shelf) -> str:
    """An exchange that failed for its account's quota; its id."""
    row = shelf.put(outcome=Outcome.ERROR, status=429, client_model="claude-demo", first_data_ms=None)
    shelf.add(attempt_of(row, status=429, failure_kind="status", failure_text="Too many requests."))
    return row.id


@pytest.fixture
def operator(store: str) -> Client:
    """A browser of somebody who may do everything here."""
    return operator_named("acting", *RIGHTS)


def mark(email: str) -> Account:
    """An account that is cooling down."""
    account = Account.objects.create(email=email, kind="anthropic")
    now = timezone.now()
    AccountMark.objects.create(account=account, status=429, cause="quota", until=now, set_at=now)
    return account


def test_a_cooldown_that_was_met_is_cleared(operator: Client, shelf: Shelf) -> None:
    """Of the accounts that were asked, and of no other."""
    asked, other = mark("ada@example.com"), mark("bob@example.com")
    request_id = limited(shelf)
    page = operator.get(f"/monitor/history/{request_id}/").content.decode()
    assert "“Too many requests.”" in page
    answer = operator.post(f"/monitor/history/{request_id}/clear-cooldown/", follow=True)
    assert "1 account has no cooldown any more." in answer.content.decode()
    assert [one.account_id for one in AccountMark.objects.all()] == [other.pk]
    assert asked.pk != other.pk


def test_continuation_is_turned_on_for_a_model(operator: Client, shelf: Shelf) -> None:
    """In the mapping that applies to it, or in a new one that leads where it was led before."""
    request_id = shelf.put(outcome=Outcome.INTERRUPTED, client_model="claude-demo").id
    path = f"/monitor/history/{request_id}/"
    operator.post(f"{path}continue/")
    [made] = ModelMapping.objects.all()
    assert (made.pattern, made.target, made.continuation) == ("claude-demo", "claude-opus-5-5", True)
    ModelMapping.objects.all().delete()
    wide = ModelMapping.objects.create(pattern="claude-*", target="m")
    ModelMapping.objects.create(pattern="gemini-*", target="m")
    assert operator.get(f"{path}mapping/")["Location"].endswith(f"/modelmapping/{wide.pk}/change/")
    operator.post(f"{path}continue/")
    assert [one.pattern for one in ModelMapping.objects.filter(continuation=True)] == ["claude-*"]


def test_a_name_that_is_no_pattern_is_told(operator: Client, shelf: Shelf) -> None:
    """What a client called its model need not be one: the page says so, and nothing is made."""
    for name in ("two words", "a*b*c"):
        path = f"/monitor/history/{shelf.put(outcome=Outcome.INTERRUPTED, client_model=name).id}/"
        answer = operator.post(f"{path}continue/", follow=True)
        assert answer.status_code == 200
        assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    assert not ModelMapping.objects.exists()


def test_the_button_for_continuation_needs_what_its_act_needs(store: str, shelf: Shelf) -> None:
    """To change a mapping, and to make one."""
    request_id = shelf.put(outcome=Outcome.INTERRUPTED, status=200, stop_reason=None).id
    for rights in (("change_modelmapping",), ("add_modelmapping",)):
        request = RequestFactory().get("/")
        request.user = User.objects.create_user(rights[0])
        request.user.user_permissions.set(Permission.objects.filter(codename__in=rights))
        [row] = records_by_id([request_id])
        assert act_links(request, row, [Act.CONTINUE]) == []
    request.user = User.objects.create_superuser("op2")
    assert len(act_links(request, row, [Act.CONTINUE])) == 1


def test_a_model_without_a_mapping_leads_to_the_form_of_one(operator: Client, shelf: Shelf) -> None:
    """With its name filled in, and with the model that was asked instead, where one was."""
    for asked, target in (("", ""), ("claude-old", "claude-old")):
        request_id = shelf.put(client_model="claude-new", mapped_model=asked).id
        answer = operator.get(f"/monitor/history/{request_id}/mapping/")
        assert answer["Location"].endswith(f"/modelmapping/add/?pattern=claude-new&target={target}")


def test_who_may_only_look_has_no_button_and_no_address(store: str, shelf: Shelf) -> None:
    """Buttons are for who has the right; an address by hand is refused, and nothing is done by a GET."""
    request_id = limited(shelf)
    mark("ada@example.com")
    watcher = operator_named("watcher", "view_requestlog")
    path = f"/monitor/history/{request_id}/"
    page = watcher.get(path).content.decode()
    assert "Clear the cooldown" not in page
    assert "Send again" not in page
    for act in ("clear-cooldown", "continue"):
        assert watcher.post(f"{path}{act}/").status_code == 403
        assert operator_named(f"doer-{act}", *RIGHTS).get(f"{path}{act}/").status_code == 405
    assert AccountMark.objects.count() == 1
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = operator_named("third", *RIGHTS).cookies
    assert strict.post(f"{path}clear-cooldown/").status_code == 403


def test_the_account_of_a_request_is_found_by_its_kind(operator: Client, shelf: Shelf) -> None:
    """By the attempt's kind, as two accounts may have one address; of one that is gone the list says so."""
    Account.objects.create(email="ada@example.com", kind="gemini")
    account = Account.objects.create(email="ada@example.com", kind="anthropic")
    request_id = shelf.put().id
    answer = operator.get(f"/monitor/history/{request_id}/account/1/")
    assert answer["Location"].endswith(f"/account/{account.pk}/change/")
    assert operator.get(f"/monitor/history/{request_id}/account/")["Location"] == answer["Location"]
    Account.objects.all().delete()
    gone = operator.get(f"/monitor/history/{request_id}/account/", follow=True)
    assert gone.redirect_chain[-1][0] == "/admin/accounts/account/"
    assert "This account is not there any more." in gone.content.decode()
    assert operator.get("/monitor/history/0123/account/").status_code == 404
