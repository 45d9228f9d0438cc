"""A mapping's way is foreseen by the relay's own rule, and what is doubtful about it is named."""

import pytest

from accounts.mapping import Mapping
from accounts.preview.foresight import Foreseen, Foresight, Remark
from accounts.snapshot import AccountView, Snapshot

TEAM = frozenset({"team"})
ACCOUNTS = (
    AccountView(id=1, email="a", kind="gemini", base_url="", models=("flash", "pro")),
    AccountView(id=2, email="b", kind="gemini", base_url="", models=("flash",), priority=5, groups=TEAM),
    AccountView(id=3, email="c", kind="openai", base_url="", models=("gpt",), enabled=False),
)  # fmt: skip
KNOWN = ("claude-1", "claude-2", "flash", "pro", "claude-*")


def foresee(edited: Mapping, *others: Mapping, tried: str = "") -> Foreseen:
    snapshot = Snapshot(accounts=ACCOUNTS, mappings=others)
    return Foresight(snapshot, edited, 1000.0).foresee(KNOWN, tried)


def test_each_name_goes_by_its_rule_to_the_accounts_in_their_order() -> None:
    """A name that a better rule takes is shown with that rule; priorities and scopes are the relay's."""
    seen = foresee(Mapping("claude-*", "flash"), Mapping("claude-2", "pro"), tried="pro")
    told = [
        (way.model, way.pattern, way.is_own, [(s.model, [a.id for a in s.accounts]) for s in way.stops])
        for way in seen.ways
    ]
    assert told == [
        ("pro", "", False, [("pro", [1])]),
        ("claude-1", "claude-*", True, [("flash", [2, 1])]),
        ("claude-2", "claude-2", False, [("pro", [1])]),
    ]
    assert seen.fitting == 2
    assert seen.remarks == ()
    (grouped,) = foresee(Mapping("claude-1", "flash", groups=TEAM)).ways
    assert [account.id for account in grouped.stops[0].accounts] == [2]


def test_agents_that_are_led_apart_are_shown_apart() -> None:
    """Main agents and sub-agents have a line each where another mapping is for the latter alone."""
    seen = foresee(Mapping("claude-1", "flash"), Mapping("claude-1", "pro", role="sub"))
    assert [(way.is_own, way.role, way.stops[0].model) for way in seen.ways] == [
        (True, "", "flash"),
        (False, "sub", "pro"),
    ]
    assert seen.remarks == ()


@pytest.mark.parametrize(
    ("edited", "others", "remarks"),
    [
        (Mapping("^claude$", "flash"), (), [Remark("pattern", "regex")]),
        (Mapping("gpt-3.5@x/y:z-*", "flash"), (), []),
        (Mapping("**", "flash"), (), [Remark("pattern", "catches_all")]),
        (
            Mapping("a-*", "flash"),
            (Mapping("*a-*", "pro", priority=1),),
            [Remark("pattern", "shadowed", other="*a-*")],
        ),
        (Mapping("a-*", "flash", priority=2), (Mapping("*a-*", "pro", priority=1),), []),
        (
            Mapping("a", "flash"),
            (Mapping("a", "pro", role="main"), Mapping("a", "pro", role="sub")),
            [Remark("pattern", "shadowed", other="a")],
        ),
        (Mapping("a", "nobodys"), (), [Remark("target", "offered_by_none", "nobodys")]),
        (Mapping("a", "gpt"), (), [Remark("target", "offered_by_disabled", "gpt")]),
        (
            Mapping("a", "pro", kinds=frozenset({"openai"})),
            (),
            [Remark("target", "offered_out_of_scope", "pro")],
        ),
        (
            Mapping("a", "flash", fallbacks=("nobodys",)),
            (),
            [Remark("fallbacks", "offered_by_none", "nobodys")],
        ),
        (Mapping("a", "flash"), (Mapping("flash", "pro"),), [Remark("target", "mapped_on", "flash", "pro")]),
        (
            Mapping("pro", "flash"),
            (Mapping("flash", "pro"),),
            [Remark("target", "leads_back", "flash", "pro")],
        ),
        (Mapping("flash", "flash"), (), []),
        (Mapping("f*", "flash"), (), []),
    ],
)  # fmt: skip
def test_doubts(edited: Mapping, others: tuple[Mapping, ...], remarks: list[Remark]) -> None:
    """Each doubt is named at its field, and what is usual has none."""
    assert list(foresee(edited, *others).remarks) == remarks


def test_without_accounts_no_model_is_offered() -> None:
    """An installation that has only just begun is told so, too."""
    snapshot = Snapshot()
    (remark,) = Foresight(snapshot, Mapping("a", "flash"), 1000.0).foresee(()).remarks
    assert remark == Remark("target", "offered_by_none", "flash")
