"""The tree of agents: whatever clients say of parents, each agent stands in it once."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from monitor.conversations.tree import tree_of


class One(msgspec.Struct, frozen=True):
    """An agent."""

    id: str
    parent: str
    first_id: str


def drawn(*agents: One) -> list[tuple[str, int]]:
    return [(branch.agent.id, branch.depth) for branch in tree_of(agents)]


def test_children_stand_below_their_parents() -> None:
    """Depth first, siblings by their first turn."""
    agents = (One("b", "main", "3"), One("main", "", "1"), One("a", "main", "2"), One("c", "a", "4"))
    assert drawn(*agents) == [("main", 0), ("a", 1), ("c", 2), ("b", 1)]


def test_a_parent_that_never_asked() -> None:
    """Its children stand below the main agent, as those of a circle do."""
    assert drawn(One("main", "", "1"), One("x", "gone", "2")) == [("main", 0), ("x", 1)]
    assert drawn(One("x", "gone", "2"), One("y", "x", "3")) == [("x", 1), ("y", 2)]
    assert drawn(One("x", "y", "1"), One("y", "x", "2"), One("z", "z", "3")) == [("x", 1), ("y", 2), ("z", 1)]


_NAMES = st.sampled_from("abcdefg")


@given(st.lists(st.builds(One, _NAMES, _NAMES | st.just(""), st.text("0123456789", min_size=1, max_size=3))))
def test_each_agent_stands_there_once(agents: list[One]) -> None:
    """Circles, agents that are their own parents and ids told twice included."""
    assert sorted(name for name, _ in drawn(*agents)) == sorted({agent.id for agent in agents})
