"""Which dialects there are, and in which one an account is asked."""

import pytest

from accounts.facts.known_models import facts_for
from monitor.turns import request_turns
from monitor.words.labels import DIALECT_LABELS
from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.gemini import GEMINI
from relay.dialects.interface import Dialect
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.dialects.registry import DIALECTS, dialect_for


@pytest.mark.parametrize(
    ("kind", "model", "client", "expected"),
    [
        ("gemini", "gemini-3-flash-preview", ANTHROPIC, GEMINI),
        ("vertex", "gemini-3-flash-preview", OPENAI_CHAT, GEMINI),
        ("code_assist", "gemini-2.5-pro", GEMINI, GEMINI),
        ("anthropic", "claude-sonnet-4-6", OPENAI_RESPONSES, ANTHROPIC),
        ("openai", "gpt-6-sol", OPENAI_CHAT, OPENAI_CHAT),
        ("openai", "gpt-6-sol", OPENAI_RESPONSES, OPENAI_RESPONSES),
        ("openai", "gpt-6-sol", ANTHROPIC, OPENAI_RESPONSES),
        ("openai", "gpt-4.1", OPENAI_RESPONSES, OPENAI_RESPONSES),
        ("openai", "gpt-4.1", ANTHROPIC, OPENAI_CHAT),
        ("openai", "some-model", OPENAI_RESPONSES, OPENAI_CHAT),
        ("openai", "some-model", GEMINI, OPENAI_CHAT),
    ],
)
def test_the_dialect_of_an_account(kind: str, model: str, client: Dialect, expected: Dialect) -> None:
    """Responses only for OpenAI's own models: for its own clients, and for others where the model reasons."""
    assert dialect_for(kind, client, facts_for(model, kind)) is expected


def test_the_pages_know_every_dialect() -> None:
    """What is recorded of a dialect has a name in the history's filter, and its bodies show as turns."""
    recorded = {dialect.recorded_as for dialect in DIALECTS}
    assert recorded == set(DIALECT_LABELS)
    for name in recorded:
        assert request_turns(name, b"{}") is not None
