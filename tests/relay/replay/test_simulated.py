"""Who is asked in place of an account when an exchange is sent to the simulator."""

import pytest

from relay.replay.simulated import faults_for, simulated_target


@pytest.mark.parametrize(
    ("dialect", "kind", "model", "expected"),
    [
        ("anthropic", "anthropic", "m", "anthropic"),
        ("anthropic", "gemini", "m", "gemini"),
        ("gemini", "vertex", "gemini-2.5-pro", "gemini"),
        ("gemini", "code_assist", "gemini-2.5-pro", "gemini"),
        ("openai", None, "claude-sonnet-4-6", "anthropic"),
        ("openai", None, "nobody-knows-it", "openai"),
        ("a-new-dialect", None, "nobody-knows-it", "anthropic"),
        ("a-new-dialect", None, "gpt-6-sol", "openai"),
    ],
)
def test_a_key_stands_in_for_every_kind(dialect: str, kind: str | None, model: str, expected: str) -> None:
    """Whoever served it, an account whose credential is a key stands in; its faults are its dialect's."""
    target = simulated_target(dialect, kind, model)
    assert (target.model, target.kinds) == (model, {expected})
    names = {fault.name for fault in faults_for(target)}
    assert {"empty", "cut"} <= names
    assert not {"ok", "invalid_grant"} & names
    assert ("malformed_function_call" in names) == (expected == "gemini")
