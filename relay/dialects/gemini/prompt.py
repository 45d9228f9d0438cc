"""A Gemini body as its implicit cache sees it: a prefix (ai.google.dev/gemini-api/docs/caching). PURE."""

from typing import Any

from relay.neutral.conversation import Json
from relay.neutral.prompt import Prompt, given, listed


def prompt(body: Json) -> Prompt:
    """The parts of ``body``."""
    return Prompt(
        tools=[each for tool in listed(body.get("tools")) for each in _tools(tool)],
        system=listed(body.get("systemInstruction") or body.get("system_instruction")),
        turns=listed(body.get("contents")),
        settings=given(body, "toolConfig", "cachedContent"),
    )


def _tools(tool: Any) -> list[Any]:
    """The functions that it declares, one by one, as other dialects have theirs; another tool as it is."""
    told = tool if isinstance(tool, dict) else {}
    declared = told.get("functionDeclarations") or told.get("function_declarations")
    return declared if isinstance(declared, list) else [tool]
