"""What comes from clients and models is text on every page, also where it comes back from an address."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from monitor.export.formats import FORMATS
from tests.monitor.pages.every_page import every_page
from tests.monitor.shelf import Shelf, operator, shelf, texts_of

__all__ = ["operator", "shelf"]

EVIL = "</pre></script><script>alert('evil')</script><img src=x onerror=alert(1)>\u202ertl\x07\x00"
ASKED = {"messages": [{"role": "user", "content": EVIL}], "system": EVIL}
ANSWER = b"data: " + texts_of({"type": "content_block_delta", "index": 0, "delta": {"text": EVIL}}) + b"\n\n"

PAGES: dict[str, Callable[[str], dict[str, str]]] = {
    "/monitor/history/": lambda _: {"q": "alert evil"},
    "/monitor/history/?": lambda _: {"q": EVIL, "body": EVIL, "account": EVIL, "client_key": EVIL},
    "/monitor/history/export/": lambda _: {"format": "jsonl", "q": "evil"},
    "/monitor/history/export/?": lambda request_id: {"id": request_id, "client_model": EVIL},
    "/monitor/history/ID/": lambda _: {},
    "/admin/": lambda _: {},
}
PAGES |= {path: lambda _: {} for path in every_page(besides=PAGES)}


@pytest.fixture
def evil_row(shelf: Shelf) -> str:
    """The id of an exchange with markup, marks and control characters in everything."""
    return shelf.put(
        texts_of(ASKED), ANSWER, preview=EVIL, error=EVIL, path=f"/v1/{EVIL}", account=EVIL, client_key=EVIL,
        client_model=EVIL, mapped_model=EVIL, stop_reason=EVIL, diagnostics={"said": EVIL}, changes=(EVIL,),
    ).id  # fmt: skip


def assert_is_text(page: str) -> None:
    page = re.sub(r'value="[^"]*"', "", page)  # a field holds what was typed: it has to be sent so again
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert "\x07" not in page
    assert "\0" not in page


@pytest.mark.parametrize("path", PAGES)
def test_every_page_shows_it_as_text(path: str, operator: Client, evil_row: str) -> None:
    """Lists, searches, what was typed into them, previews of exports, the live page, the admin."""
    answer = operator.get(path.rstrip("?").replace("ID", evil_row), PAGES[path](evil_row))
    assert answer.status_code == 200
    assert_is_text(answer.content.decode())


@pytest.mark.parametrize("name", FORMATS)
def test_every_preview_of_an_export_shows_it_as_text(name: str, operator: Client, evil_row: str) -> None:
    """What will leave is shown before it leaves, in every format, and does not run there either."""
    page = operator.get("/monitor/history/export/", {"format": name, "id": evil_row}).content.decode()
    assert_is_text(page)
    assert "alert(" in page


def test_the_exchange_is_found_by_what_is_in_it(operator: Client, evil_row: str) -> None:
    """Markup around a word hides it from no search."""
    for asked in ({"q": "onerror alert"}, {"body": "onerror=alert(1)"}):
        page = operator.get("/monitor/history/", asked).content.decode()
        assert page.count("<tr data-row>") == 1
        assert_is_text(page)


def test_ten_megabytes_in_one_line_leave_list_and_search_usable(operator: Client, shelf: Shelf) -> None:
    """A word of ten million letters, in preview, error and body: pages stay small, and it is found."""
    line = "x" * 10_000_000
    shelf.put(line.encode(), ANSWER, preview=line, error=f"needle {line}", client_model="m")
    for asked in ({"q": "needle"}, {"q": "x" * 500}, {"body": "x" * 300}):
        page = operator.get("/monitor/history/", asked).content
        assert page.count(b"<tr data-row>") == 1
        assert len(page) < 60_000
    assert len(operator.get("/monitor/history/export/").content) < 60_000
