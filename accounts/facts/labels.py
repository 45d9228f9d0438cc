"""What each fact about a model is called, and how its value is written and read in the admin."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.facts.model_facts import ThinkingBudget

NOTHING: Final = "-"
"""How an empty text or list is written: a field left blank says "as shipped"."""

NAMES: Final[Mapping[str, str | Promise]] = {
    "family": gettext_lazy("signature family"),
    "context_tokens": gettext_lazy("context (tokens)"),
    "max_output_tokens": gettext_lazy("longest answer (tokens)"),
    "default_max_tokens": gettext_lazy("asked for when the client names no limit (tokens)"),
    "thinking_modes": gettext_lazy("thinking types"),
    "thinking_off_max_effort": gettext_lazy("can do without thinking up to effort"),
    "thinks_by_default": gettext_lazy("thinks when the request does not say"),
    "thinking_shown_by_default": gettext_lazy("shows its thinking when the request does not say"),
    "effort_levels": gettext_lazy("effort levels"),
    "default_effort": gettext_lazy("default effort"),
    "thinking_levels": gettext_lazy("thinking levels (Gemini)"),
    "thinking_budget": gettext_lazy("thinking budget"),
    "sampling": gettext_lazy("temperature, top_p, top_k"),
    "forced_tool_choice": gettext_lazy("can be forced to call a tool"),
    "prefill": gettext_lazy("continues a turn of its own (prefill)"),
    "system_turns": gettext_lazy("system turns between the others"),
    "preserved_thinking": gettext_lazy("thinking is bound to what stood before it"),
    "account_bound_thinking": gettext_lazy("thinking is bound to the account"),
    "penalties": gettext_lazy("presence and frequency penalty"),
    "several_candidates": gettext_lazy("several answers at once"),
    "explicit_caching": gettext_lazy("cachedContent (Gemini)"),
    "cache_minimum_tokens": gettext_lazy("shortest prefix that is cached (tokens)"),
    "cache_lasts_seconds": gettext_lazy("how long an unused prefix stays cached at least (seconds)"),
    "cache_key": gettext_lazy("takes prompt_cache_key (OpenAI)"),
    "stop_sequences": gettext_lazy("stop sequences"),
    "needs_signature_on_calls": gettext_lazy("wants signatures on function calls (Gemini)"),
    "tool_result_media": gettext_lazy("images in function responses (Gemini)"),
    "json_with_tools": gettext_lazy("JSON answers beside tools (Gemini)"),
    "output_limit_field": gettext_lazy("field of the output limit (chat completions)"),
    "tools_with_effort": gettext_lazy("tools beside an effort (chat completions)"),
    "responses": gettext_lazy("served by OpenAI's Responses too"),
    "reasoning_content": gettext_lazy("wants its reasoning back (chat completions)"),
    "developer_role": gettext_lazy("knows the role developer (OpenAI)"),
    "stream_options": gettext_lazy("tells its usage in a stream when asked to (chat completions)"),
    "streams": gettext_lazy("can stream"),
}

YES, NO = pgettext_lazy("a fact", "yes"), pgettext_lazy("a fact", "no")
_BUDGET = re.compile(r"(\d+)\s*-\s*(\d+)((?:[\s,]+(?:off|dynamic))*)")


def name_of(fact: str) -> str:
    """The fact's name for people; its own where it is newer than these words."""
    return str(NAMES.get(fact, fact.replace("_", " ")))


def written(value: Any) -> str:
    """A value as the admin shows it, and as ``read`` understands it."""
    if isinstance(value, ThinkingBudget):
        words = [f"{value.minimum}-{value.maximum}"]
        words += ["off"] if value.can_disable else []
        words += ["dynamic"] if value.dynamic else []
        return " ".join(words)
    if isinstance(value, bool):
        return str(YES if value else NO)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(value) or NOTHING
    return str(value) if value not in ("", None) else NOTHING


def read_list(text: str) -> list[str]:
    """The words of a list, by commas or spaces; ``-`` is the empty list."""
    words = [word for word in re.split(r"[\s,]+", text.strip()) if word]
    return [] if words == [NOTHING] else words


def read_budget(text: str) -> dict[str, Any] | None:
    """``1024-63999 off dynamic`` as plain data; ``-`` is no budget. Raises ValueError with the reason."""
    if text.strip() == NOTHING:
        return None
    found = _BUDGET.fullmatch(text.strip())
    if not found:
        raise ValueError(
            _(
                "Write the least and the most tokens, as in 1024-63999, then “off” if 0 switches thinking off"
                " and “dynamic” if -1 leaves it to the model; or - for no budget."
            )
        )
    words = read_list(found[3])
    budget = ThinkingBudget(int(found[1]), int(found[2]), "off" in words, "dynamic" in words)
    plain: dict[str, Any] = msgspec.to_builtins(budget)
    return plain
