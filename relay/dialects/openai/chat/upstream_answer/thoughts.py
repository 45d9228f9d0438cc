"""The text of reasoning, as servers tell it: a text, an object, a list of either. PURE."""

from collections.abc import Iterable
from typing import Any

from relay.dialects.openai.chat.upstream_answer.wire import Delta

REASONING = (
    "reasoning_content", "reasoning", "reasoning_text", "thinking", "reasoning_details", "thinking_blocks"
)  # fmt: skip
"""The fields of a delta or a message that tell it; a text before a list of them."""


def thought_in(delta: Delta) -> str:
    """The thoughts in a delta."""
    return first_thought(getattr(delta, name) for name in REASONING)


def is_signed(delta: Delta) -> bool:
    """Does a delta sign the thoughts in its blocks, and tell none elsewhere?"""
    if any(getattr(delta, name) for name in REASONING if name != "thinking_blocks"):
        return False
    return any(isinstance(block, dict) and block.get("signature") for block in delta.thinking_blocks or ())


def first_thought(told: Iterable[Any]) -> str:
    """Some servers say the same reasoning under several names: the first that is told counts."""
    return next((text for one in told if (text := reasoning_text(one))), "")


def reasoning_text(reasoning: Any) -> str:
    """The text of reasoning in any of its fields: what is encrypted or signed has none."""
    if isinstance(reasoning, str):
        return reasoning
    if isinstance(reasoning, dict):
        reasoning = [reasoning]
    if not isinstance(reasoning, list):
        return ""
    found = [
        part.get("text") or part.get("summary") or part.get("content") or part.get("thinking")
        for part in reasoning
        if isinstance(part, dict)
    ]
    return "".join(text for text in found if isinstance(text, str))
