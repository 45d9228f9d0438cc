"""A body of either wire form as OpenAI's prompt cache sees it.

PURE. A prefix is cached by itself; tools and a schema for the answer belong to it, and ``prompt_cache_key``
brings a request to where it is (developers.openai.com/api/docs/guides/prompt-caching). What else keeps a
prefix from being read is what its diagnostics can say (…/prompt-caching/diagnostics).
"""

from itertools import takewhile
from typing import Final

from relay.neutral.conversation import Json
from relay.neutral.prompt import SHORT_SECONDS, Prompt, given, listed

_SYSTEM = ("system", "developer")
_SETTINGS = (
    "tool_choice", "response_format", "text", "reasoning", "reasoning_effort", "verbosity", "service_tier",
    "prompt_cache_key",
)  # fmt: skip
_LASTS_SECONDS: Final = {"30m": 1800, "12h": 43_200}
"""``prompt_cache_options.ttl``: what is cached lives so long at the least."""


def prompt(body: Json) -> Prompt:
    """The parts of ``body``. In mode ``explicit`` nothing is cached by itself; its usage tells what is."""
    turns = listed(body.get("messages") if body.get("messages") is not None else body.get("input"))
    system = list(takewhile(lambda turn: isinstance(turn, dict) and turn.get("role") in _SYSTEM, turns))
    options = body.get("prompt_cache_options")
    options = options if isinstance(options, dict) else {}
    ttl = options.get("ttl")
    return Prompt(
        tools=listed(body.get("tools")),
        system=[*listed(body.get("instructions")), *system],
        turns=turns[len(system) :],
        settings=given(body, *_SETTINGS),
        marks=() if options.get("mode") == "explicit" else None,
        lasts_seconds=_LASTS_SECONDS.get(ttl, SHORT_SECONDS) if isinstance(ttl, str) else SHORT_SECONDS,
    )
