"""What each OpenAI model accepts: the simulator's own table, from the vendor's pages of November 2026."""

from dataclasses import dataclass

_NO_NONE = ("low", "medium", "high", "xhigh")


@dataclass(frozen=True, slots=True)
class OpenAIRules:
    """One model's rules.

    ``efforts``: the reasoning efforts it takes, none when it does not reason; ``tools_beside_effort``:
    whether chat completions take function tools and an effort together; ``tells_reasoning``: whether
    it streams the vendor extension ``reasoning_content``, as compatible servers do.
    """

    name: str
    efforts: tuple[str, ...] = ()
    tools_beside_effort: bool = True
    tells_reasoning: bool = False

    @property
    def reasons(self) -> bool:
        """Whether this is a reasoning model (no sampling unless its effort is none)."""
        return bool(self.efforts)


_TABLE = (
    OpenAIRules("gpt-6.2", _NO_NONE, False),
    OpenAIRules("gpt-6.1-sol", (*_NO_NONE, "max"), False),
    OpenAIRules("gpt-6.1", ("none", *_NO_NONE, "max"), False),
    OpenAIRules("gpt-6-astra", (*_NO_NONE, "max"), False),
    OpenAIRules("gpt-6", ("none", *_NO_NONE, "max"), False),
    OpenAIRules("gpt-5.6", ("none", *_NO_NONE), False),
    OpenAIRules("gpt-5.5", ("none", *_NO_NONE), False),
    OpenAIRules("gpt-5.4", ("none", *_NO_NONE), False),
    OpenAIRules("gpt-5", ("none", "minimal", *_NO_NONE)),
    OpenAIRules("deepseek", tells_reasoning=True),
    OpenAIRules("qwen", tells_reasoning=True),
    OpenAIRules("glm", tells_reasoning=True),
    OpenAIRules("gpt-oss", tells_reasoning=True),
)
_ANY = OpenAIRules("")
_LISTED = (
    "gpt-6.2-astra",
    "gpt-6.2-sol",
    "gpt-6-astra",
    "gpt-6.1-sol",
    "gpt-6-sol",
    "gpt-5.6-sol",
    "gpt-4.1",
    "deepseek-sim",
)


def rules_for(model: str) -> OpenAIRules | None:
    """The rules of ``model`` (longest matching prefix); None when there is no such model.

    A compatible server offers other vendors' models too, so their names are taken.
    """
    if "no-such" in model:
        return None
    return next((rules for rules in _TABLE if model.startswith(rules.name)), _ANY)


def model_names() -> list[str]:
    """The models that a list tells, newest first."""
    return list(_LISTED)
