"""A judge for written bodies: the simulated upstream's own checks, as strict as the API."""

from typing import Any

from relay.simulator.anthropic.fields import check_fields
from relay.simulator.anthropic.history import check_messages
from relay.simulator.anthropic.rules import rules_for

VERSION = "2023-06-01"
BETAS = "context-management-2025-06-27"


def judge(body: dict[str, Any]) -> None:
    """Raises what upstream would answer to ``body``."""
    rules = rules_for(body["model"])
    assert rules is not None
    headers = {"anthropic-version": VERSION, "anthropic-beta": BETAS}
    check_fields(body, headers, rules, counting=False)
    check_messages(body, VERSION, rules)
