"""A Gemini body as its implicit cache sees it: a prefix (ai.google.dev/gemini-api/docs/caching). PURE."""

from relay.neutral.conversation import Json
from relay.neutral.prompt import Prompt, given, listed


def prompt(body: Json) -> Prompt:
    """The parts of ``body``."""
    return Prompt(
        tools=listed(body.get("tools")),
        system=listed(body.get("systemInstruction") or body.get("system_instruction")),
        turns=listed(body.get("contents")),
        settings=given(body, "toolConfig", "cachedContent"),
    )
