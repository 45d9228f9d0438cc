"""A search that must be made: never sent as a forced function, which nobody declared."""

from typing import Any

import pytest

from accounts.facts.model_facts import SHIPPED
from tests.relay.dialects.every_dialect import DIALECTS, KINDS

ANTHROPIC: dict[str, Any] = {
    "model": "m",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "eclipse 2026"}],
    "tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 8}],
    "tool_choice": {"type": "tool", "name": "web_search"},
}
RESPONSES: dict[str, Any] = {
    "model": "m",
    "input": "eclipse 2026",
    "tools": [{"type": "web_search"}],
    "tool_choice": {"type": "web_search"},
}
ASKED = {"anthropic": ANTHROPIC, "responses": RESPONSES}
MODELS = {
    "anthropic": "claude-haiku-4-5",
    "gemini": "gemini-2.5-flash",
    "chat": "any",
    "responses": "gpt-6-sol",
}
SENT = {
    "anthropic": {"type": "tool", "name": "web_search"},
    "responses": {"type": "web_search"},
    "chat": None,
    "gemini": None,
}


@pytest.mark.parametrize("client", ASKED)
@pytest.mark.parametrize("upstream", DIALECTS)
def test_a_forced_search_is_told_in_upstreams_own_words(client: str, upstream: str) -> None:
    """Where upstream can be made to search it is; where it cannot, the row says so."""
    changes: list[str] = []
    conversation = DIALECTS[client].read(ASKED[client])
    model = MODELS[upstream]
    facts = SHIPPED.facts_for(model, KINDS[upstream])
    body = DIALECTS[upstream].write(conversation, model, facts, changes)
    assert body.get("tool_choice") == SENT[upstream]
    assert "toolConfig" not in body
    assert bool(SENT[upstream]) or any("search" in change for change in changes)


def test_a_clients_own_tool_of_that_name_is_a_function() -> None:
    """A function that is called web_search is forced as what it is."""
    tool = {"name": "web_search", "input_schema": {"type": "object"}}
    choice = DIALECTS["anthropic"].read(ANTHROPIC | {"tools": [tool]}).tool_choice
    assert (choice.mode, choice.names, choice.searches) == ("any", ("web_search",), False)
