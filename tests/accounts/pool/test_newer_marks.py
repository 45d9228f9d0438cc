"""News of marks alone costs no more than the marks: what is sorted and indexed stays."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from accounts.facts.model_facts import Override
from accounts.groups.scope import ANYONE
from accounts.mapping import Mapping
from accounts.pool import roster as room
from accounts.pool.roster import Roster
from accounts.snapshot import KeptMark, Snapshot
from tests.accounts.worlds import MODEL, view

MADE_ANEW = ("ModelRouter", "Lineups", "order_in")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was made, in order."""
    made: list[str] = []
    for name in MADE_ANEW:
        usual = getattr(room, name)

        def noted(*told: object, name: str = name, usual: Callable[..., object] = usual) -> object:
            made.append(name)
            return usual(*told)

        monkeypatch.setattr(room, name, noted)
    return made


SNAPSHOT = Snapshot(
    accounts=(view(1), view(2)), mappings=(Mapping("a", "b"),), overrides=(Override(pattern="x"),)
)
MARK = KeptMark(1, "", "no credit", 402, "credential", 50.0, 1.0)


def test_marks_alone_make_nothing_anew(made: list[str]) -> None:
    """Once a second under load, with thousands of models, the event loop stood still for 20 ms and more."""
    roster = Roster()
    roster.load(SNAPSHOT, 1, 0.0)
    made.clear()
    roster.load(replace(SNAPSHOT, marks=(MARK,), marks_revision=2), 2, 0.0)
    assert made == []
    assert roster.require(1).hard[""].until == 50.0


@pytest.mark.parametrize(
    "newer",
    [
        {"accounts": (view(1), view(2, priority=3))},
        {"mappings": (Mapping("a", "c"),)},
        {"strategies": {"group": "drain"}},
        {"overrides": ()},
    ],
)
def test_whatever_else_is_new_makes_it_anew(made: list[str], newer: dict[str, object]) -> None:
    """Accounts, mappings, strategies and words about models."""
    roster = Roster()
    roster.load(SNAPSHOT, 1, 0.0)
    made.clear()
    roster.load(replace(SNAPSHOT, **newer), 1, 0.0)
    assert set(made) == set(MADE_ANEW)


def test_an_account_that_was_disabled_ahead_is_there_again(made: list[str]) -> None:
    """The database's word counts, also where it is the one of before."""
    roster = Roster()
    roster.load(SNAPSHOT, 1, 0.0)
    roster.disable(roster.require(1), "refused")
    assert [c.account_id for c in roster.candidates(MODEL, ANYONE, (), 0.0)] == [2]
    made.clear()
    roster.load(replace(SNAPSHOT, marks_revision=2), 1, 0.0)
    assert set(made) == set(MADE_ANEW)
    assert {c.account_id for c in roster.candidates(MODEL, ANYONE, (), 0.0)} == {1, 2}
