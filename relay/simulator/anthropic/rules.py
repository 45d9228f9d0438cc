"""What each Claude model accepts and binds: the simulator's own table.

From the vendor's model pages as of November 2026; where they leave a gap (Fable 5.2, Haiku 5.5 and
forced tools) the stricter reading stands, so that a relay that is safe here is safe there.
"""

from dataclasses import dataclass
from typing import Literal

_ALL_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_OLD_EFFORTS = ("low", "medium", "high", "max")


@dataclass(frozen=True, slots=True)
class ClaudeRules:
    """One model's rules.

    ``thinking``: the types it takes; ``thinks_when_omitted``: whether leaving it out means on;
    ``off_needs_effort_up_to_high``: whether ``disabled`` is refused above that effort.
    ``sampling``: temperature and the like allowed, only at their defaults, or refused.
    ``forced_tools``: ``tool_choice`` any/tool allowed, refused, or refused beside thinking.
    ``readers``: prefixes of other models that can read its thinking; ``*`` is all.
    """

    name: str
    thinking: tuple[str, ...]
    thinks_when_omitted: bool
    efforts: tuple[str, ...]
    sampling: Literal["yes", "default", "no"]
    forced_tools: Literal["yes", "no", "without_thinking"]
    prefill: bool
    shows_by_default: bool
    max_tokens: int = 128_000
    off_needs_effort_up_to_high: bool = False
    system_turns: bool = False
    prefix_checked: bool = False
    account_bound: bool = False
    readers: tuple[str, ...] = ()


def _current(
    name: str,
    thinking: tuple[str, ...] = ("adaptive",),
    *,
    sampling: Literal["default", "no"] = "no",
    forced: Literal["yes", "no"] = "yes",
    bound: bool = False,
    checked: bool = False,
    turns: bool = True,
    on: bool = True,
    readers: tuple[str, ...] = (),
) -> ClaudeRules:
    return ClaudeRules(
        name=name,
        thinking=thinking,
        thinks_when_omitted=on,
        efforts=_ALL_EFFORTS,
        sampling=sampling,
        forced_tools=forced,
        prefill=False,
        shows_by_default=False,
        off_needs_effort_up_to_high=on and "disabled" in thinking,
        system_turns=turns,
        prefix_checked=checked,
        account_bound=bound,
        readers=readers,
    )


_FREE = ("adaptive", "disabled")
_TABLE = (
    _current("claude-fable-5-2", forced="no", checked=True),
    _current("claude-mythos-5-2", forced="no", checked=True),
    _current("claude-fable-5-1", forced="no", checked=True),
    _current("claude-mythos-5-1", forced="no", checked=True),
    _current("claude-fable-5"),
    _current("claude-mythos-5"),
    _current("claude-opus-5-5", forced="no", checked=True, readers=("claude-fable-5-1",)),
    _current("claude-opus-5", _FREE, readers=("claude-fable-5-1",)),
    _current("claude-opus-4-8", _FREE, on=False),
    _current("claude-opus-4-7", _FREE, on=False, turns=False),
    _current(
        "claude-sonnet-5-5",
        ("adaptive", "between_tools"),
        sampling="default",
        forced="no",
        bound=True,
        checked=True,
    ),
    _current("claude-sonnet-5", _FREE, sampling="default", turns=False),
    _current(
        "claude-haiku-5-5", _FREE, sampling="default", forced="no", bound=True, checked=True, readers=("*",)
    ),
    *(
        ClaudeRules(
            name,
            ("adaptive", "enabled", "disabled"),
            False,
            _OLD_EFFORTS,
            "yes",
            "without_thinking",
            False,
            True,
        )
        for name in ("claude-opus-4-6", "claude-sonnet-4-6")
    ),
    ClaudeRules(
        "claude-opus-4-5",
        ("enabled", "disabled"),
        False,
        ("low", "medium", "high"),
        "yes",
        "without_thinking",
        True,
        True,
        64_000,
    ),
    # Sonnet 4.5, Haiku 4.5 and whatever is older or not known here
    ClaudeRules("claude-", ("enabled", "disabled"), False, (), "yes", "without_thinking", True, True, 64_000),
)
_ANY = ClaudeRules(
    "", ("adaptive", "enabled", "disabled"), False, _ALL_EFFORTS, "yes", "without_thinking", True, True
)


def rules_for(model: str) -> ClaudeRules | None:
    """The rules of ``model`` (longest matching prefix); None when it is another vendor's model."""
    if model.startswith(("gemini-", "gpt-")) or "no-such" in model:
        return None
    return next((rules for rules in _TABLE if model.startswith(rules.name)), _ANY)


def model_names() -> list[str]:
    """The models that a list tells, newest first."""
    return [
        *(rules.name for rules in _TABLE if rules.name != "claude-"),
        "claude-sonnet-4-5",
        "claude-haiku-4-5",
    ]
