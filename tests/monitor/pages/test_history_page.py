"""The history's page: who sees it, what stands on it, what it costs."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitor.history.listing import keyset
from monitor.record.records import Outcome
from monitor.search import index
from tests import stores
from tests.monitor.shelf import Shelf, operator, operator_named, shelf

__all__ = ["operator", "shelf"]

PAGES = ["/monitor/history/", "/monitor/history/export/", "/monitor/history/export/file/"]


@pytest.mark.parametrize("path", PAGES)
def test_only_operators_see_it(path: str, store: str) -> None:
    """Nobody without a login sees what clients asked, and no staff without the right to."""
    assert Client().get(path).url.startswith("/admin/login/")
    assert operator_named("clerk").get(path).status_code == 403
    answer = operator_named("other", "view_requestlog", "export_requestlog").get(path)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]


def test_a_row_says_what_the_list_promises(operator: Client, shelf: Shelf) -> None:
    """Models, account, attempts, times, tokens, cost and key stand in the row, with their units."""
    shelf.put(
        client_model="claude-demo",
        client_key="laptop",
        tokens_in=12_345,
        tokens_cached=9_000,
        tokens_out=678,
        tokens_thinking=90,
        cost=None,
        attempts=2,
        outcome=Outcome.RETRIED,
        path="/v1/messages?beta=true",
    )
    page = operator.get("/monitor/history/").content.decode()
    for text in (
        "claude-demo → claude-opus-5-5",
        "ada@example.com",
        "laptop",
        "12,345",
        "9,000",
        "678",
        "90",
    ):
        assert text in page
    for text in ("300 ms", "1.5 s", "retried", "/v1/messages?beta=true", "<time datetime="):
        assert text in page


def test_what_happened_can_be_read_whole_where_the_line_is_cut(operator: Client, shelf: Shelf) -> None:
    """Under the mouse, as text: no mark-up, and nothing of what upstream said ends the attribute."""
    shelf.put(outcome=Outcome.ZERO_TOKENS, status=502, attempts=3, account='a"><b>x@example.org')
    page = operator.get("/monitor/history/").content.decode()
    told = re.findall(r'class="mon-said \w+" title="([^"]*)">', page)
    assert len(told) == 1
    assert len(told[0]) > 20
    assert "<" not in told[0]


def test_a_page_costs_the_same_number_of_queries(operator: Client, shelf: Shelf) -> None:
    """More rows do not ask the database more often; several filters ask once more, where to stop."""
    counts: dict[str, set[int]] = {}
    shelf.put(outcome=Outcome.ERROR, status=500)
    for _ in range(2):
        for query in ("", "?failed=1&account=ada@example.com&stream=yes", "?before=ffff"):
            with CaptureQueriesContext(
                connection,
            ) as queries:
                operator.get(f"/monitor/history/{query}")
            assert not any("COUNT(" in asked["sql"].upper() for asked in queries)
            counts.setdefault(query, set()).add(len(queries))
        for _ in range(30):
            shelf.put()
    whole = 12 if stores.wanted() else 11  # PostgreSQL asks for the last days first: these rows are older
    assert list(counts.values()) == [{whole}, {12}, {whole}]


HITS = 2 if stores.wanted() else 1
"""PostgreSQL looks at a sample first."""
SEARCHES = {
    "q=needle": 13 + HITS,
    "q=needle&failed=1&account=ada@example.com": 13 + HITS,
    "q=%3D%3E": 12,
}


@pytest.mark.parametrize("query", SEARCHES)
def test_a_search_costs_the_same_number_of_queries(query: str, operator: Client, shelf: Shelf) -> None:
    """The index's reach, its hits, rows in flight: three more, however many there are; signs ask one more."""
    counts = set()
    for _ in range(2):
        for _ in range(20):
            row = shelf.put(preview="needle => hay", outcome=Outcome.ERROR, status=500)
        with CaptureQueriesContext(connection) as queries:
            page = operator.get(f"/monitor/history/?{query}").content.decode()
        assert row.id in page
        assert not any("COUNT(" in asked["sql"].upper() for asked in queries)
        counts.add(len(queries))
    assert counts == {SEARCHES[query]}


def test_a_search_for_common_words_among_others_costs_as_much_again(
    operator: Client, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the index has too many, the page is walked instead: two queries more, and no further."""
    monkeypatch.setattr(index, "MOST_HITS", 5)
    for _ in range(20):
        shelf.put(preview="needle")
    with CaptureQueriesContext(connection) as queries:
        page = operator.get("/monitor/history/?q=needle&account=ada@example.com").content.decode()
    assert page.count("<tr data-row>") == 20
    assert len(queries) == 13 + HITS


def test_empty_states_say_what_to_do(operator: Client) -> None:
    """No request yet, and no request that fits, are told apart."""
    assert "Make a client key" in operator.get("/monitor/history/").content.decode()
    assert "No request fits these filters" in operator.get("/monitor/history/?healed=1").content.decode()


def test_a_search_that_stopped_early_offers_to_go_on(
    operator: Client, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The part that a page fetches holds the rows, where they go on, and how far the search has come."""
    monkeypatch.setattr(keyset, "SEARCHED_TEXTS", 1)
    shelf.put(preview="a => b")
    shelf.put()
    answer = operator.get("/monitor/history/?q=%3D%3E", headers={"X-Part": "rows"}).content.decode()
    assert answer.startswith('<tbody data-rows data-older="?q=%3D%3E&amp;before=')
    assert 'data-searching="1"' in answer
    assert "Searched back to" in answer
    assert "<html" not in answer


def test_what_clients_send_is_text(operator: Client, shelf: Shelf) -> None:
    """Markup, marks that turn a line round and control characters are shown, and not obeyed."""
    evil = "<script>alert(1)</script>\u202e\x07"
    shelf.put(preview=evil, client_model=evil, path=f"/v1/x{evil}", client_key=evil, account=evil)
    page = operator.get("/monitor/history/").content.decode()
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "\x07" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\u202e␇" in page


def test_accounts_are_masked_where_that_is_set(
    operator: Client, shelf: Shelf, settings: Any, tmp_path: Path
) -> None:
    """With PROXY_MASK_EMAILS no page tells an account's whole address."""
    moved = {"cache_miss": "ada@example.com → eve@example.com: busy"}
    row = shelf.put(outcome=Outcome.RETRIED, attempts=2, cache_miss="account", diagnostics=moved)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "app.log").write_text(f"[{row.id} account=ada@example.com] Rotating\n")
    settings.DATA_DIR = tmp_path
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"proxy_mask_emails": True})
    for path in ("/monitor/history/", f"/monitor/history/{row.id}/"):
        page = operator.get(path).content.decode()
        assert "ada@example.com" not in page
        assert "eve@example.com" not in page
        assert "a***@example.com" in page
    assert page.count("a***@example.com → e***@example.com: busy") == 1
    assert "account=a***@example.com] Rotating" in page
