"""What a client key may do, as far as nothing is counted: the rules as tables."""

from ipaddress import ip_network
from typing import Any

import pytest

from accounts.keys.key_loading import key_limits
from accounts.keys.limits import KeyLimits
from accounts.mapping import Target
from accounts.models import ClientKey
from accounts.wildcards import WildcardIndex
from relay.admission.key_rules import (
    allowed_targets,
    is_expired,
    refused_address,
    refused_effort,
    refused_model,
)
from relay.dialects.registry import DIALECTS
from relay.neutral.failures import Failure, Kind


def patterns(*names: str) -> WildcardIndex[str]:
    return WildcardIndex((name, name) for name in names)


def test_a_key_ends_at_its_moment() -> None:
    """Up to it, not from it on; without one never, nor without limits."""
    table = [(0.0, 10.0, False), (10.5, 10.0, False), (10.0, 10.0, True), (9.0, 10.0, True)]
    assert [is_expired(KeyLimits(expires_at=end), now) for end, now, _ in table] == [row[2] for row in table]
    assert not is_expired(None, 10.0)


@pytest.mark.parametrize(
    ("networks", "address", "is_refused"),
    [
        ((), "203.0.113.9", False),
        (("10.0.0.0/8",), "10.1.2.3", False),
        (("10.0.0.0/8",), "::ffff:10.1.2.3", False),
        (("10.0.0.0/8",), "11.0.0.1", True),
        (("192.0.2.7", "2001:db8::/32"), "2001:db8:1::5", False),
        (("192.0.2.7", "2001:db8::/32"), "192.0.2.8", True),
        (("192.0.2.7",), "", True),
        (("192.0.2.7",), "a-unix-socket", True),
    ],
)
def test_source_addresses(networks: tuple[str, ...], address: str, is_refused: bool) -> None:
    """Inside one of the networks, whatever family; an address that is not known is inside none."""
    limits = KeyLimits(networks=tuple(ip_network(text) for text in networks))
    failure = refused_address(limits, "laptop", lambda: address)
    assert (failure is not None) is is_refused
    if failure is not None:
        assert (failure.kind, failure.status) == (Kind.NOT_ALLOWED, 403)
        assert "'laptop'" in failure.message


def test_models() -> None:
    """A refused pattern outweighs an allowed one; with allowed ones nothing else may be asked for."""
    limits = KeyLimits(allowed=patterns("gemini-*", "claude-haiku-5"), refused=patterns("*-pro"))
    table = {
        "gemini-3-flash": False,
        "claude-haiku-5": False,
        "claude-haiku-5.5": True,
        "gemini-3-pro": True,
        "gpt-5": True,
    }
    assert {model: refused_model(limits, "k", model) is not None for model in table} == table
    assert refused_model(KeyLimits(refused=patterns("*-pro")), "k", "gpt-5") is None


def test_a_refused_model_is_refused_however_it_is_written() -> None:
    """Some servers take a name in any case, with spaces, or with Google's path before it."""
    key = ClientKey(name="k", sha256="00", refused_models=["Secret-*", "models/gemini-9", "big"])
    limits = key_limits(key)
    for name in ("secret-1", "SECRET-1", "gemini-9", "models/Gemini-9", " big", "BIG "):
        assert refused_model(limits, "k", name) is not None, name
        assert isinstance(allowed_targets(limits, "k", "alias", (Target(name),)), Failure), name
    assert refused_model(limits, "k", "bigger") is None


def test_what_stands_behind_a_mapping() -> None:
    """Refused upstream models and other kinds of account are taken out; where none is left, that is said."""
    targets = (
        Target("claude-opus-5", frozenset({"anthropic", "vertex"})),
        Target("gemini-3-pro"),
        Target("gpt-5", frozenset({"openai"})),
    )
    limits = KeyLimits(refused=patterns("claude-opus-*"))
    assert allowed_targets(limits, "k", "best", targets) == targets[1:]
    refused = allowed_targets(limits, "k", "best", targets[:1])
    assert isinstance(refused, Failure)
    assert "'best'" in refused.message
    limits = KeyLimits(kinds=frozenset({"vertex", "gemini"}))
    assert allowed_targets(limits, "k", "best", targets) == (
        Target("claude-opus-5", frozenset({"vertex"})),
        Target("gemini-3-pro", frozenset({"vertex", "gemini"})),
    )
    refused = allowed_targets(limits, "k", "best", targets[2:])
    assert isinstance(refused, Failure)
    assert "gemini, vertex" in refused.message


EFFORTS: list[tuple[str, dict[str, Any], bool]] = [
    ("anthropic", {}, False),
    ("anthropic", {"output_config": {"effort": "low"}}, False),
    ("anthropic", {"output_config": {"effort": "medium"}}, False),
    ("anthropic", {"output_config": {"effort": "high"}}, True),
    ("anthropic", {"output_config": {"effort": "boundless"}}, True),
    ("anthropic", {"thinking": {"type": "enabled", "budget_tokens": 8192}}, False),
    ("anthropic", {"thinking": {"type": "enabled", "budget_tokens": 8193}}, True),
    ("anthropic", {"thinking": {"type": "adaptive"}}, False),
    ("anthropic", {"thinking": {"type": "disabled"}}, False),
    ("openai_chat", {"reasoning_effort": "medium"}, False),
    ("openai_chat", {"reasoning_effort": "xhigh"}, True),
    ("openai_chat", {"reasoning_effort": "none"}, False),
    ("openai_responses", {"reasoning": {"effort": "high"}}, True),
    ("openai_responses", {"reasoning": {"effort": "minimal"}}, False),
    ("gemini", {"generationConfig": {"thinkingConfig": {"thinkingLevel": "HIGH"}}}, True),
    ("gemini", {"generation_config": {"thinking_config": {"thinking_level": "HIGH"}}}, True),
    ("gemini", {"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}}}, False),
    ("gemini", {"generationConfig": {"thinkingConfig": {"thinkingBudget": 20000}}}, True),
    ("gemini", {"generationConfig": {"thinkingConfig": {"thinkingBudget": -1}}}, False),
    ("gemini", {"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}}, False),
]


@pytest.mark.parametrize(("dialect", "body", "is_refused"), EFFORTS)
def test_the_highest_effort(dialect: str, body: dict[str, Any], is_refused: bool) -> None:
    """In each dialect's words; who asks for none, or leaves it to the model, is let through."""
    thinking = next(one for one in DIALECTS if one.name == dialect).thinking
    failure = refused_effort(KeyLimits(highest_effort="medium"), "k", lambda: thinking(body))
    assert (failure is not None) is is_refused
    assert refused_effort(KeyLimits(), "k", lambda: thinking(body)) is None
