"""Statistics by conversation and agent: the most costly first, and one conversation by what it used."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from monitor.statistics import by_conversation as module
from monitor.statistics.by_conversation import by_agent, by_conversation, within_conversation
from tests.monitor.shelf import NewRecord, Shelf, operator, shelf

__all__ = ["operator", "shelf"]

C, D, SUB = "c" * 32, "d" * 32, "a" * 32
NOW = datetime.fromtimestamp(1_700_000_000 + 3600, UTC)


@pytest.fixture
def filled(shelf: Shelf) -> None:
    """Two conversations: a costly one with a sub-agent on two accounts, and a cheap one."""
    main: dict[str, Any] = {"role": "main", "client_name": "Codex"}
    shelf.put(conversation=C, agent=C, cost=Decimal("0.5"), **main)
    shelf.put(conversation=D, agent=D, cost=Decimal("0.1"), **main)
    sub = {"agent": SUB, "parent_agent": C, "role": "sub", "agent_label": "explorer", "account": "bob@x"}
    shelf.put(conversation=C, cost=Decimal("2"), mapped_model="other", **sub)


def test_the_most_costly_come_first(filled: None) -> None:
    """Conversations, agents, and within one conversation or agent: agents, models, accounts."""
    assert [(g.conversation, g.sums.cost, g.sums.requests) for g in by_conversation(7, NOW)] == [
        (C, Decimal("2.5"), 2),
        (D, Decimal("0.1"), 1),
    ]
    assert [(g.conversation, g.role, g.label, g.sums.cost) for g in by_agent(7, NOW)] == [
        (C, "sub", "explorer", Decimal("2")),
        (C, "main", "", Decimal("0.5")),
        (D, "main", "", Decimal("0.1")),
    ]
    assert [g.label for g in within_conversation(C, "", "model")] == ["other", "claude-opus-5-5"]
    assert [g.label for g in within_conversation(C, "", "account")] == ["bob@x", "ada@example.com"]
    assert [g.sums.requests for g in within_conversation("", SUB, "agent")] == [1]
    assert within_conversation("", "f" * 32, "agent") == []


def test_only_the_newest_are_looked_at(filled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are in the span; what lies before it is none of it."""
    monkeypatch.setattr(module, "LOOKED_AT", 1)
    assert [group.conversation for group in by_conversation(7, NOW)] == [C]
    assert by_conversation(1, datetime.fromtimestamp(1_700_000_000 + 90_000, UTC)) == []


def test_the_page(operator: Client, filled: None, request_record: NewRecord) -> None:
    """It groups by them, and narrows to one; nonsense is no filter."""
    for query, words in (
        (f"conversation={C}", ("explorer", "sub-agent", C[:12], "$2.50")),
        (f"agent={SUB}&by=model", ("other", "$2.00")),
        (f"conversation={'f' * 32}", ("Nothing was asked",)),
        ("conversation=x&by=agent", ("24 hours",)),
    ):
        page = operator.get(f"/monitor/statistics/?{query}").content.decode()
        for word in words:
            assert word in page, (query, word)
