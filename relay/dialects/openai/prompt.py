"""A body of either wire form as OpenAI's prompt cache sees it.

PURE. A prefix is cached by itself; tools and a schema for the answer belong to it, and ``prompt_cache_key``
brings a request to where it is (developers.openai.com/api/docs/guides/prompt-caching).
"""

from itertools import takewhile

from relay.neutral.conversation import Json
from relay.neutral.prompt import Prompt, given, listed

_SYSTEM = ("system", "developer")
_SETTINGS = (
    "tool_choice", "response_format", "text", "reasoning", "reasoning_effort", "prompt_cache_key",
)  # fmt: skip


def prompt(body: Json) -> Prompt:
    """The parts of ``body``."""
    turns = listed(body.get("messages") if body.get("messages") is not None else body.get("input"))
    system = list(takewhile(lambda turn: isinstance(turn, dict) and turn.get("role") in _SYSTEM, turns))
    return Prompt(
        tools=listed(body.get("tools")),
        system=[*listed(body.get("instructions")), *system],
        turns=turns[len(system) :],
        settings=given(
            body,
            "tool_choice",
            "response_format",
            "text",
            "reasoning",
            "reasoning_effort",
            "prompt_cache_key",
        ),
    )
