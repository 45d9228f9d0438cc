"""The pages of conversations: who sees them, what stands on them, what they cost."""

import json

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitor.record.records import Outcome, RequestRecord
from tests.monitor.shelf import Shelf, operator, operator_named, shelf

__all__ = ["operator", "shelf"]

C, SUB = "c" * 32, "a" * 32
MAIN = {"conversation": C, "agent": C, "role": "main", "client_name": "Claude Code"}
DEEPER = {**MAIN, "agent": SUB, "parent_agent": C, "role": "sub", "agent_label": "explorer"}
ONE = f"/monitor/conversations/{C}/"


@pytest.fixture
def turns(shelf: Shelf) -> list[RequestRecord]:
    """A conversation of three turns, one of them a sub-agent's."""
    return [
        shelf.put(**MAIN, preview="Begin, please.", tokens_cached=0, tokens_in=100),
        shelf.put(**DEEPER, outcome=Outcome.ERROR, status=502),
        shelf.put(**MAIN, preview="And now?", tokens_cached=300, tokens_in=100, account="bob@example.com"),
    ]


def text_of(client: Client, path: str, **headers: str) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, path
    return answer.content.decode()


@pytest.mark.parametrize("path", ["/monitor/conversations/", ONE, ONE + "beside/"])
def test_only_operators_see_it(path: str, store: str) -> None:
    """Nobody without a login, and no staff without the right to."""
    assert Client().get(path).url.startswith("/admin/login/")
    assert operator_named("clerk").get(path).status_code == 403


def test_a_line_says_what_the_list_promises(operator: Client, turns: list[RequestRecord]) -> None:
    """Client, models, turns, agents, tokens, cache share, failures and the last word."""
    page = text_of(operator, "/monitor/conversations/")
    assert page.count("data-row") == 1
    for text in ("Claude Code", "claude-opus-5-5", "And now?", f'href="{ONE}"', ">3<", "510", "59 %"):
        assert text in page
    part = text_of(operator, "/monitor/conversations/", **{"X-Part": "lines"})
    assert "Claude Code" in part
    assert "<html" not in part


def test_one_conversation_shows_agents_and_turns(operator: Client, turns: list[RequestRecord]) -> None:
    """The tree, the axis with a bar a turn, and the turns with the move of account marked."""
    page = text_of(operator, ONE)
    assert page.count("<rect") == page.count('name="id"') == 3
    assert page.index("main agent") < page.index("sub-agent") < page.index("explorer")
    assert page.count("⇄") == 1
    for row in turns:
        assert f'href="/monitor/history/{row.id}/"' in page
    assert f"/monitor/history/export/?conversation={C}" in page
    assert "<html" not in text_of(operator, ONE, **{"X-Part": "conversation"})


def test_both_pages_speak_japanese(operator: Client, turns: list[RequestRecord]) -> None:
    """For who reads it: titles, the tree, how a turn ended; the part that is asked for anew as well."""
    japanese = {"Accept-Language": "ja"}
    for path, words in (
        ("/monitor/conversations/", ("会話", "ターン")),
        (ONE, ("会話", "メインエージェント", "サブエージェント", "ターン")),
    ):
        for part in ({}, {"X-Part": "lines" if path != ONE else "conversation"}):
            page = text_of(operator, path, **japanese, **part)
            assert [word for word in words[1:] if word not in page] == []
            assert "sub-agent" not in page
        assert words[0] in text_of(operator, path, **japanese)


def test_prompts_are_for_who_may_read_them(turns: list[RequestRecord]) -> None:
    """Without that right no page of conversations says what somebody asked."""
    clerk = operator_named("clerk", "view_requestlog")
    for path in ("/monitor/conversations/", ONE):
        page = text_of(clerk, path)
        assert "And now?" not in page
        assert "Claude Code" in page


def test_words_are_looked_for_by_who_may_read_them(operator: Client, turns: list[RequestRecord]) -> None:
    """Without that right a search would tell which words stand there: there is none."""
    found = text_of(operator, "/monitor/conversations/?q=please")
    assert 'name="q"' in found
    assert ONE in found
    assert "No conversation fits" in text_of(operator, "/monitor/conversations/?q=nothing-of-the-kind")
    clerk = operator_named("clerk", "view_requestlog")
    for words in ("please", "nothing-of-the-kind"):
        page = text_of(clerk, f"/monitor/conversations/?q={words}")
        assert ONE in page
        assert 'name="q"' not in page


def test_a_cache_that_was_not_read_is_filtered_by(operator: Client, shelf: Shelf) -> None:
    """The box of the page, and the word for what it costs is the same in the list and in the conversation."""
    shelf.put(**MAIN, cache_miss="account", cache_miss_tokens=900, cached_tokens_lost=900)
    shelf.put(**{**MAIN, "conversation": "d" * 32, "agent": "d" * 32})
    page = text_of(operator, "/monitor/conversations/?missed=1")
    assert 'name="missed" value="1" checked' in page
    assert page.count("data-row") == 1
    assert "cached on another account" in text_of(operator, ONE)


def test_a_request_leads_to_its_neighbours(operator: Client, turns: list[RequestRecord]) -> None:
    """Before, after, and the conversation itself; none beyond its ends."""
    first, middle, last = (text_of(operator, f"/monitor/history/{row.id}/") for row in turns)
    assert f'data-key="[" href="/monitor/history/{turns[0].id}/"' in middle
    assert f'data-key="]" href="/monitor/history/{turns[2].id}/"' in middle
    assert ONE in middle
    assert 'data-key="["' not in first
    assert 'data-key="]"' not in last


def test_two_turns_are_compared(operator: Client, turns: list[RequestRecord]) -> None:
    """Two chosen turns stand side by side, the earlier first; another number leads back."""
    chosen = f"{ONE}beside/?id={turns[2].id}&id={turns[0].id}"
    answer = operator.get(chosen)
    assert answer.url == f"/monitor/history/{turns[0].id}/beside/{turns[2].id}/"
    assert "The first" in text_of(operator, answer.url)
    for query in ("", f"?id={turns[0].id}", "?id=x&id=y"):
        assert operator.get(f"{ONE}beside/{query}").url == ONE


def test_the_whole_is_exported(operator: Client, turns: list[RequestRecord], shelf: Shelf) -> None:
    """The export of a conversation, JSON Lines or HAR, holds its turns alone, with who asked."""
    shelf.put(**{**MAIN, "conversation": "d" * 32, "agent": "d" * 32})

    def written(name: str) -> bytes:
        answer = operator.get("/monitor/history/export/file/", {"format": name, "conversation": C})

        async def whole() -> bytes:
            return b"".join([piece async for piece in answer.streaming_content])

        return async_to_sync(whole)()

    lines = [json.loads(line) for line in written("jsonl").splitlines()]
    assert [line["id"] for line in lines] == [row.id for row in reversed(turns)]
    assert [line["agent_label"] for line in lines] == ["", "explorer", ""]
    entries = json.loads(written("har"))["log"]["entries"]
    assert [entry["_evenkeel"]["id"] for entry in entries] == [line["id"] for line in lines]


def test_it_takes_a_fixed_number_of_queries(operator: Client, shelf: Shelf) -> None:
    """However many conversations, agents and turns there are."""
    counts = []
    for number in range(3):
        for turn in range(1 + number * 5):
            one = f"{number * 10 + turn:032x}"
            shelf.put(**{**MAIN, "conversation": one, "agent": one})
            shelf.put(**{**DEEPER, "agent": one})
        with CaptureQueriesContext(connection) as asked:
            text_of(operator, "/monitor/conversations/")
            text_of(operator, ONE)
        counts.append(len(asked))
    assert counts[1] == counts[2]


def test_a_conversation_that_is_not_there(operator: Client, store: str) -> None:
    """It has the page of what is missing; an address may hold anything."""
    for one in ("f" * 32, "x", "%00", "'--", "f" * 31 + "%00"):
        assert operator.get(f"/monitor/conversations/{one}/").status_code == 404
    assert "No conversation yet." in text_of(operator, "/monitor/conversations/")
    assert text_of(operator, "/monitor/conversations/?before=%27&client_name=%00&account=x&sub=1")
