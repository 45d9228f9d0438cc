"""The sidebar's search, and the keys on ``?``."""

from typing import Any

from django.test import Client

from accounts.models import Account, ClientKey, ModelMapping
from monitor.models import VIEW_BODIES
from tests.monitor.shelf import Shelf, attempt_of, operator_named, shelf

__all__ = ["shelf"]

ALL = ("view_requestlog", "view_account", "view_clientkey", "view_modelmapping")


def found(client: Client, term: str) -> str:
    """What the search answers."""
    return client.get("/admin/search/", {"s": term}).content.decode()


def test_it_finds_requests_accounts_keys_mappings_and_models(store: str, shelf: Shelf, settings: Any) -> None:
    """By the beginning of an id, or a part of a name; the history is always offered."""
    person = operator_named("finder", *ALL)
    row = shelf.put(client_model="claude-rare")
    account = Account.objects.create(email="ada@example.com", kind="gemini")
    key = ClientKey.objects.create(name="laptop of Ada")
    mapping = ModelMapping.objects.create(pattern="gpt-*", target="m")
    assert f"/monitor/history/{row.id}/" in found(person, row.id[:12])
    both = found(person, "ADA")
    assert f"/account/{account.pk}/change/" in both
    assert f"/clientkey/{key.pk}/change/" in both
    assert "/monitor/history/?q=ADA" in both
    assert f"/modelmapping/{mapping.pk}/change/" in found(person, "gpt")
    assert "/monitor/history/?client_model=claude-rare" in found(person, "rare")
    assert "/monitor/live/" in found(person, "live")
    assert found(person, " ") == ""
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"proxy_mask_emails": True})
    assert "ada@example.com" not in found(person, "exampl")


def test_upstream_s_own_id_finds_the_request(store: str, shelf: Shelf) -> None:
    """Beside ours, in the sidebar and in the history, of any of its attempts; of ids of several vendors."""
    person = operator_named("finder", *ALL, VIEW_BODIES)
    for upstreams_id in (
        "resp_" + "bGl0ZWxsbQ" * 20,  # longer than the column that it is stored in
        "req_011CSHoEeqs5C35K2UUqR7Fy",
        "req_0f3c0d1e2f3a4b5c6d7e8f9a0b1c2d3e",
        "8c5d2f0a-3b1e-4c7d-9f60-1a2b3c4d5e6f",
        "chatcmpl-Bx81kQ2m",
        "aBcD_0f-xYzWvUtSrQpO12",
    ):
        other, row = shelf.put(), shelf.put(attempts=2)
        shelf.add(attempt_of(row, 1, upstream_request_id=upstreams_id), attempt_of(row, 2))
        assert f"/monitor/history/{row.id}/" in found(person, upstreams_id)
        page = person.get("/monitor/history/", {"q": upstreams_id}).content.decode()
        assert row.id in page
        assert other.id not in page
    assert row.id not in person.get("/monitor/history/", {"q": f"{upstreams_id[:-1]}0"}).content.decode()


def test_an_id_that_is_no_request_is_looked_for_in_texts(store: str, shelf: Shelf) -> None:
    """A UUID, a commit or ``req_…`` that somebody asked about is found where it stands, as any other word."""
    person = operator_named("finder", *ALL, VIEW_BODIES)
    for word in (
        "8c5d2f0a-3b1e-4c7d-9f60-1a2b3c4d5e6f",
        "req_011CSHoEeqs5C35K2UUqR7Fy",
        "deadbeefcafe",
        "chatcmpl-Bx81kQ2m",
    ):
        other, row = shelf.put(), shelf.put(preview=f"What is {word}?")
        page = person.get("/monitor/history/", {"q": word}).content.decode()
        assert row.id in page
        assert other.id not in page
        exported = person.get("/monitor/history/export/", {"q": word, "format": "jsonl"})
        assert other.id not in b"".join(exported).decode()  # type: ignore[arg-type]
    clerk = operator_named("clerk", "view_requestlog")
    assert row.id not in clerk.get("/monitor/history/", {"q": "deadbeefcafe"}).content.decode()


def test_it_tells_nobody_what_they_may_not_see(store: str, shelf: Shelf) -> None:
    """Each sort needs the right to see it; who is no operator is sent to the login."""
    row = shelf.put(client_model="claude-rare")
    Account.objects.create(email="ada@example.com", kind="gemini")
    clerk = operator_named("clerk")
    for term in (row.id, "ada", "rare"):
        assert "href" not in found(clerk, term)
    assert Client().get("/admin/search/", {"s": "ada"}).status_code == 302


def test_the_keys_are_told(store: str) -> None:
    """On every page, as a piece that it shows."""
    piece = operator_named("reader").get("/admin/keys/").content.decode()
    assert "<kbd>g h</kbd>" in piece
    assert "<html" not in piece
