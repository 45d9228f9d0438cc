"""From the client's model to the upstream models (docs/behaviour.md 3)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.mapping import Mapping, ModelRouter, Offer, Target
from accounts.wildcards import Wildcard, WildcardIndex, literal_characters

GEMINI = Offer("gemini")


def resolve(model: str, mappings: list[Mapping], offers: list[Offer]) -> list[str] | None:
    targets = ModelRouter(mappings, offers).resolve(model)
    return None if targets is None else [target.model for target in targets]


@pytest.mark.parametrize(
    ("model", "target"),
    [
        ("claude-opus-5", "exact"),
        ("claude-opus-5-5", "longest"),
        ("claude-sonnet-5", "shorter"),
        ("claude-", "shorter"),
        ("my-opus", "end"),
        ("a-middle-b", "both"),
        ("anything", "rest"),
    ],
)
def test_best_pattern(model: str, target: str) -> None:
    """The exact name first, then the pattern with most literal characters."""
    mappings = [
        Mapping("*", "rest"),
        Mapping("claude-*", "shorter"),
        Mapping("claude-opus-*", "longest"),
        Mapping("*-opus", "end"),
        Mapping("a-*-b", "both"),
        Mapping("claude-opus-5", "exact"),
    ]
    for order in (mappings, mappings[::-1]):
        assert resolve(model, order, []) == [target]


def test_ties_by_the_admins_order() -> None:
    """Between equally good patterns the higher priority wins, then the alphabet decides, always the same."""
    mappings = [Mapping("b-*", "b", priority=1), Mapping("*-c", "c", priority=2)]
    assert resolve("b-c", mappings, []) == ["c"]
    tied = [Mapping("b-*", "b"), Mapping("*-c", "c")]
    assert resolve("b-c", tied, []) == resolve("b-c", tied[::-1], []) == ["c"]


def test_literal_dots_and_brackets() -> None:
    """Only the asterisk is special in a pattern."""
    assert resolve("gemini-2x5", [Mapping("gemini-2.5*", "t")], []) is None
    assert resolve("m[1]+x", [Mapping("m[1]+*", "t")], []) == ["t"]


def test_fallbacks_and_kinds() -> None:
    """A mapping's fallbacks follow its target in order, and its kinds hold for all of them."""
    mapping = Mapping("m", "a", frozenset({"vertex"}), ("b", "c"))
    targets = ModelRouter([mapping], []).resolve("m")
    assert targets == tuple(Target(model, frozenset({"vertex"}), "m") for model in "abc")


def test_a_mapping_for_a_role() -> None:
    """It serves those agents alone, before one for all that fits equally well, whatever their priorities; a
    better pattern comes first all the same.
    """
    mappings = [
        Mapping("claude-*", "all", priority=9),
        Mapping("claude-*", "cheap", fallbacks=("cheaper",), role="sub"),
        Mapping("claude-opus", "exact"),
        Mapping("only-main", "m", role="main"),
        Mapping("only-sub", "s", role="sub"),
    ]
    router = ModelRouter(mappings, [])

    def asked(model: str, role: str) -> list[str] | None:
        found = router.resolve(model, role)
        return None if found is None else [target.model for target in found]

    assert asked("claude-x", "main") == ["all"]
    assert asked("claude-x", "sub") == ["cheap", "cheaper"]
    assert asked("claude-opus", "sub") == ["exact"]
    assert (asked("only-main", "main"), asked("only-main", "sub")) == (["m"], None)
    assert (asked("only-sub", "main"), asked("only-sub", "sub")) == (None, ["s"])
    assert (asked("only-main", ""), asked("only-sub", ""), asked("claude-x", "")) == (["m"], ["s"], ["all"])
    assert {target.role for target in router.resolve("claude-x", "sub") or ()} == {"sub"}


def test_the_switches_hold_for_fallbacks_too() -> None:
    """A mapping's switches go with every target of it; pass-through has none."""
    mapping = Mapping("m", "a", fallbacks=("b",), continuation=True, tool_safe=True)
    router = ModelRouter([mapping], [GEMINI])
    assert [(one.continuation, one.tool_safe) for one in router.resolve("m") or ()] == [(True, True)] * 2
    assert router.resolve("gemini-2.5-pro") == (Target("gemini-2.5-pro"),)


def test_pass_through(subtests: pytest.Subtests) -> None:
    """Unmapped, a model passes when an account lists it, or lists none and its kind has the family."""
    for model, offers, found in [
        ("gemini-2.5-pro", [GEMINI], True),
        ("gemini-9-anything", [Offer("vertex")], True),
        ("gemini-2.5-pro", [Offer("code_assist")], True),
        ("claude-opus-5", [GEMINI], False),
        ("claude-opus-5", [GEMINI, Offer("anthropic")], True),
        ("gpt-5", [Offer("openai")], True),
        ("gpt-5", [GEMINI, Offer("anthropic")], False),
        ("bench-n50", [GEMINI], True),
        ("some/model:7b", [Offer("openai")], True),
        ("gemini-2.5-pro", [Offer("gemini", ("gemini-2.5-flash",))], False),
        ("gemini-2.5-flash", [Offer("gemini", ("gemini-2.5-flash",))], True),
        ("claude-x", [Offer("openai", ("claude-x",))], True),
        ("bench-n50", [Offer("gemini", ("gemini-2.5-flash",))], False),
        ("gemini-2.5-pro", [], False),
    ]:
        with subtests.test(f"{model, offers, found!r:.120}"):
            assert resolve(model, [], offers) == ([model] if found else None)


def test_mapping_before_pass_through() -> None:
    """A wildcard that fits is used even when an account offers the very model."""
    assert resolve("gemini-2.5-pro", [Mapping("gemini-*", "gemini-3-flash")], [GEMINI]) == ["gemini-3-flash"]


def test_names_for_the_model_list() -> None:
    """The model list shows exact patterns and targets, fallbacks too, and no wildcard."""
    router = ModelRouter([Mapping("x-*", "b", fallbacks=("c",)), Mapping("a", "b")], [])
    assert router.names == ["a", "b", "c"]


_NAMES = st.text("ab-", max_size=6)
_PATTERNS = st.text("ab-*", max_size=6)


@given(_NAMES, st.lists(_PATTERNS, max_size=12))
def test_the_index_agrees_with_looking_at_every_pattern(name: str, patterns: list[str]) -> None:
    """The filed patterns give what a plain search through all of them gives."""
    fitting = [p for p in patterns if re.fullmatch(".*".join(map(re.escape, p.split("*"))), name)]
    exact = [p for p in fitting if "*" not in p]
    expected = exact[0] if exact else max(fitting, key=literal_characters, default=None)
    assert WildcardIndex((p, p) for p in patterns).find(name) == expected


def test_a_thousand_patterns_are_not_all_looked_at() -> None:
    """A name is only compared with the patterns filed under one of its own beginnings or ends."""
    index = WildcardIndex((f"model-{number}-*", number) for number in range(1000))
    compared = []

    class Counting:
        def __init__(self, inner: Wildcard) -> None:
            self.inner = inner

        def fits(self, name: str) -> bool:
            compared.append(name)
            return self.inner.fits(name)

    index._ranked = [(Counting(wildcard), value) for wildcard, value in index._ranked]  # type: ignore[misc]
    assert index.find("model-777-x") == 777
    assert len(compared) <= 3


class CountedName(str):
    """A name that counts how many of its characters a search may look at."""

    looked_at = 0

    def find(self, part: str, start: int = 0, end: int | None = None, /) -> int:  # type: ignore[override]
        found = super().find(part, start, len(self) if end is None else end)
        type(self).looked_at += (len(self) if found < 0 else found + len(part)) - start
        return found


@pytest.mark.parametrize("pattern", ["claude-*-*-thinking*", "*a*a*a*b", "a*-*-*-*-*-*b*", "*ab*ab*ab*c*"])
def test_a_wildcard_looks_at_each_character_once(pattern: str) -> None:
    """Three stars or more: a name of twice the length costs twice as much, whatever it is made of."""
    for unit in ("a", "-", "ab", "claude-", "a-"):
        for length in (15_000, 30_000):
            name = CountedName(("claude-" + unit * length)[:length])
            CountedName.looked_at = 0
            Wildcard(pattern).fits(name)
            assert CountedName.looked_at <= length
