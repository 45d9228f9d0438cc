"""Reading what was asked and answered, and taking requests away, are rights of their own."""

import importlib
from collections.abc import Callable

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.monitor.pages.every_page import every_page
from tests.monitor.shelf import Shelf, operator_named, shelf, texts_of

__all__ = ["shelf"]

ASKED, ANSWERED = "What is the harbour master's name?", "Her name is Ada Quay."
ANSWER = (
    b'event: content_block_start\ndata: {"type": "content_block_start", "content_block":'
    b' {"type": "text", "text": "Her name is Ada Quay."}}\n\n'
)


@pytest.fixture
def told(shelf: Shelf) -> str:
    """An exchange with words that only a reader may see; its id."""
    body = texts_of({"messages": [{"role": "user", "content": ASKED}]})
    return shelf.put(body, ANSWER, b'{"messages": ["harbour"]}', preview=ASKED).id


def pages_of(told: str) -> dict[str, str]:
    pages = {
        "history": "/monitor/history/",
        "rows": "/monitor/history/?q=harbour",
        "bodies": "/monitor/history/?body=harbour",
        "detail": f"/monitor/history/{told}/",
        "beside": f"/monitor/history/{told}/beside/{told}/",
        "body": f"/monitor/history/{told}/body/client_request/0/",
        "replay": f"/monitor/history/{told}/replay/",
        "export": f"/monitor/history/export/?id={told}",
        "file": f"/monitor/history/export/file/?id={told}&prompts=keep&images=keep",
        "csv": f"/monitor/history/export/file/?id={told}&format=csv",
        "har": f"/monitor/history/export/file/?id={told}&format=har",
        "curl": f"/monitor/history/export/file/?id={told}&format=curl",
        "start": "/admin/",
    }
    return pages | {path: path for path in every_page(besides=pages.values())}


def seen(browser: Client, told: str, read: Callable[[object], str]) -> dict[str, str]:
    """Each page's text, or its status where that is not 200."""
    found = {}
    for name, path in pages_of(told).items():
        answer = browser.get(path)
        found[name] = read(answer) if answer.status_code == 200 else str(answer.status_code)
    return found


def text_of(answer: object) -> str:
    if getattr(answer, "streaming", False):
        return _collected(answer)
    return answer.content.decode()  # type: ignore[attr-defined, no-any-return]


def _collected(answer: object) -> str:
    from asgiref.sync import async_to_sync

    async def collect() -> bytes:
        return b"".join([piece async for piece in answer])  # type: ignore[attr-defined]

    return async_to_sync(collect)().decode()


def test_who_sees_requests_alone_reads_no_word_of_them(told: str) -> None:
    """Not in a list, a page, a search's result or a file; the rest is there, without dead links."""
    pages = seen(operator_named("watcher", "view_requestlog"), told, text_of)
    refused = {name for name, text in pages.items() if text == "403"}
    assert refused == {"body", "export", "file", "csv", "har", "curl"}
    for name, text in pages.items():
        assert "harbour" not in text.replace("?q=harbour", ""), name
        assert "Ada Quay" not in text, name
        assert "/export/" not in text, name
    assert told in pages["detail"]
    assert "reading it is a right of its own" in pages["detail"]
    assert told in pages["rows"]  # a search for words is none: it would tell which stand there


def test_who_may_not_search_for_words_is_told(told: str) -> None:
    """The list is the one without them, so that nobody takes it for what was found; an id is searched for."""
    watcher = operator_named("watcher", "view_requestlog", "export_requestlog")
    for path in ("/monitor/history/", "/monitor/history/export/"):
        for query, is_told in (
            ("?q=harbour", True),
            ("?body=harbour", True),
            (f"?q={told}", False),
            ("?outcome=ok", False),
        ):
            page = watcher.get(path + query).content.decode()
            assert ("The words were not searched for" in page) is is_told, path + query
    reader = operator_named("reader", "view_requestlog", "view_bodies")
    assert "not searched for" not in reader.get("/monitor/history/?q=harbour").content.decode()


def test_no_body_leaves_the_database_for_who_may_not_read_it(told: str) -> None:
    """The page of a request, and two beside each other, ask for the answer's headers alone."""
    browser = operator_named("watcher", "view_requestlog")
    for name in ("detail", "beside"):
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(pages_of(told)[name]).status_code == 200
        of_bodies = [query["sql"] for query in queries if "monitor_body" in query["sql"]]
        assert of_bodies
        assert not [sql for sql in of_bodies if '"content"' in sql or '"timing"' in sql]


def test_who_exports_but_does_not_read_takes_no_word_away(told: str) -> None:
    """What was asked and answered is removed, whatever the address says; its length and hash stay."""
    pages = seen(operator_named("carrier", "view_requestlog", "export_requestlog"), told, text_of)
    assert {name for name, text in pages.items() if text == "403"} == {"body"}
    for name, text in pages.items():
        assert "harbour" not in text, name
        assert "Ada Quay" not in text, name
    assert "[text removed: 34 characters" in pages["file"]
    assert "/export/" in pages["history"]


def test_who_reads_but_does_not_export_takes_no_file(told: str) -> None:
    """Reading alone shows the words, and downloads a body, but exports nothing."""
    pages = seen(operator_named("reader", "view_requestlog", "view_bodies"), told, text_of)
    assert {name for name, text in pages.items() if text == "403"} == {"export", "file", "csv", "har", "curl"}
    for name in ("history", "rows", "detail", "body"):
        assert "harbour" in pages[name], name
    assert "Ada Quay" in pages["beside"]
    assert not any("/export/" in text for text in pages.values())


def test_a_right_without_that_to_see_requests_is_none(told: str) -> None:
    """Who may not see requests sees none by another door."""
    pages = seen(operator_named("odd", "view_bodies", "export_requestlog"), told, text_of)
    assert {name for name, text in pages.items() if text != "403"} == {"start"}


def test_a_superuser_may_all(told: str, admin_client: Client) -> None:
    """No right has to be given to one."""
    pages = seen(admin_client, told, text_of)
    assert "403" not in pages.values()
    assert "harbour" in pages["file"]


def test_whoever_saw_requests_before_keeps_what_that_allowed(store: str) -> None:
    """The migration gives both rights to the groups and users that had the one; to nobody else."""
    old = Permission.objects.get(codename="view_requestlog")
    Permission.objects.filter(codename__in=["view_bodies", "export_requestlog"]).delete()
    group, others = Group.objects.create(name="on call"), Group.objects.create(name="others")
    group.permissions.add(old)
    user, other = User.objects.create_user("ada"), User.objects.create_user("bob")
    user.user_permissions.add(old)
    migration = importlib.import_module("monitor.migrations.0009_rights_of_their_own")
    migration.keep_what_one_had(apps, None)
    expected = {"view_requestlog", "view_bodies", "export_requestlog"}
    assert set(group.permissions.values_list("codename", flat=True)) == expected
    assert set(user.user_permissions.values_list("codename", flat=True)) == expected
    assert not others.permissions.exists()
    assert not other.user_permissions.exists()
