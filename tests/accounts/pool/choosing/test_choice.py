"""Which account is asked (docs/behaviour.md 4)."""

import itertools

import pytest

from accounts.pool.choosing.choice import (
    Block,
    Blocked,
    Candidate,
    Choice,
    Full,
    Nobody,
    Taken,
    binding_moves,
    choose,
    rank,
)

FREE = Candidate(1)
QUOTA = Block(160.0, "quota")
BLOCKED = Blocked(160.0, "quota", 160.0)


def test_class_before_rank(subtests: pytest.Subtests) -> None:
    """Lower classes win, full accounts are waited for, hard-marked ones are never asked."""
    for rule, candidates, chosen in [
        ("the first in rank", [FREE, Candidate(2)], Taken(1)),
        ("unmarked before soft-marked", [Candidate(1, soft=True), Candidate(2)], Taken(2)),
        ("untried before tried", [Candidate(1, tried=True), Candidate(2)], Taken(2)),
        ("soft-marked before tried", [Candidate(1, tried=True), Candidate(2, soft=True)], Taken(2)),
        ("tried before both", [Candidate(1, tried=True, soft=True), Candidate(2, tried=True)], Taken(2)),
        ("a soft mark does not bar the only candidate", [Candidate(1, soft=True)], Taken(1)),
        ("nor does having been tried", [Candidate(1, tried=True)], Taken(1)),
        ("nor both", [Candidate(1, tried=True, soft=True)], Taken(1)),
        ("soft-marked and free before full", [Candidate(1, full=True), Candidate(2, soft=True)], Taken(2)),
        ("a full one is waited for", [Candidate(1, full=True)], Full()),
        ("also when others are hard-marked", [Candidate(1, block=QUOTA), Candidate(2, full=True)], Full()),
        ("a hard mark bars even the only candidate", [Candidate(1, block=QUOTA)], BLOCKED),
        ("hard-marked and full is hard-marked", [Candidate(1, full=True, block=QUOTA)], BLOCKED),
        ("nobody offers the model", [], Nobody()),
    ]:
        with subtests.test(f"{rule, candidates, chosen!r:.120}"):
            assert choose(candidates) == chosen, rule


@pytest.mark.parametrize(
    ("rule", "bound", "others", "chosen"),
    [
        ("the session's account when it is free", Candidate(9), [Candidate(1)], Taken(9)),
        ("not when it is hard-marked", Candidate(9, block=QUOTA), [Candidate(1)], Taken(1)),
        ("not when it is full", Candidate(9, full=True), [Candidate(1)], Taken(1)),
        ("not when soft-marked and another is free", Candidate(9, soft=True), [Candidate(1)], Taken(1)),
        ("not when it failed in this exchange", Candidate(9, tried=True), [Candidate(1)], Taken(1)),
        ("first among equals, soft-marked", Candidate(9, soft=True), [Candidate(1, soft=True)], Taken(9)),
        ("first among equals, tried", Candidate(9, tried=True), [Candidate(1, tried=True)], Taken(9)),
        ("waited for when all are full", Candidate(9, full=True), [Candidate(9, full=True)], Full()),
    ],
)
def test_sticky(rule: str, bound: Candidate, others: list[Candidate], chosen: Choice) -> None:
    """The session's account is asked if it is free, for prompt caches live there."""
    assert choose(others, bound=bound) == chosen, rule


@pytest.mark.parametrize(
    ("rule", "bound", "chosen"),
    [
        ("a soft mark", Candidate(9, soft=True), Taken(9)),
        ("a failure in this exchange", Candidate(9, tried=True), Taken(9)),
        ("being full: it is waited for", Candidate(9, full=True), Full(9)),
        ("only a hard mark", Candidate(9, block=QUOTA), Taken(1)),
    ],
)
def test_account_bound_thinking(rule: str, bound: Candidate, chosen: Choice) -> None:
    """With thinking that is bound to its account nothing but a hard mark leads away from it."""
    assert choose([FREE], bound=bound, only_hard_rotates=True) == chosen, rule


def test_account_bound_thinking_without_an_account() -> None:
    """Without an account of its own such a session begins like any other."""
    assert choose([FREE], only_hard_rotates=True) == Taken(1)


@pytest.mark.parametrize(
    ("keep", "chosen"),
    [
        (Candidate(7, tried=True, soft=True, block=QUOTA), Taken(7)),
        (Candidate(7, tried=True, full=True), Full(7)),
    ],
)
def test_kept_retry(keep: Candidate, chosen: Choice) -> None:
    """No mark stands in the way of a retry that is kept on its account; it only waits for a slot there."""
    assert choose([FREE], bound=FREE, keep=keep) == chosen


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([Block(300.0, "model"), Block(200.0, "quota")], Blocked(200.0, "quota", 200.0)),
        ([Block(150.0, "model"), Block(200.0, "quota")], Blocked(150.0, "quota", 200.0)),
        ([Block(150.0, "model"), Block(200.0, "credential")], Blocked(150.0, "credential", 200.0)),
        ([Block(400.0, "quota"), Block(200.0, "quota")], Blocked(200.0, "quota", 200.0)),
        ([Block(400.0, "model")], Blocked(400.0, "model", 400.0)),
    ],
)
def test_everybody_blocked(blocks: list[Block], expected: Blocked) -> None:
    """The client is told of a quota before a credential before a missing model, and of its nearest end."""
    candidates = [Candidate(number, block=block) for number, block in enumerate(blocks)]
    assert choose(candidates) == expected
    assert choose(reversed(candidates)) == expected


def test_reads_no_further_than_needed() -> None:
    """With a thousand free accounts the first is taken without looking at the rest."""
    seen = itertools.count()
    candidates = (Candidate(next(seen)) for _ in range(1000))
    assert choose(candidates) == Taken(0)
    assert next(seen) <= 2


def test_rank() -> None:
    """Highest priority first, then least in flight, then least recently used."""
    busy = rank(5, 3, 10.0, 1)
    idle = rank(5, 0, 20.0, 2)
    idle_longer = rank(5, 0, 10.0, 3)
    second_choice = rank(4, 0, 0.0, 4)
    assert sorted([busy, second_choice, idle, idle_longer]) == [idle_longer, idle, busy, second_choice]


@pytest.mark.parametrize(
    ("bound", "moves"),
    [
        (None, True),
        (Candidate(9), False),
        (Candidate(9, full=True, soft=True, tried=True), False),
        (Candidate(9, block=Block(1300.0, "quota")), False),
        (Candidate(9, block=Block(1300.1, "quota")), True),
    ],
)
def test_binding_moves(bound: Candidate | None, moves: bool) -> None:
    """A session leaves its account for good only when that is gone or not free within 5 minutes."""
    assert binding_moves(bound, now=1000.0, patience_seconds=300) is moves
