"""Groups over the pool: nobody outside is asked, and each strategy's order."""

from collections import Counter

from accounts.groups.scope import Scope
from accounts.groups.strategies import Strategy
from accounts.mapping import Mapping
from accounts.snapshot import Snapshot
from tests.accounts.worlds import MODEL, PoolWorld, view

TEAM = frozenset({"team"})
BOUND = {"bindings": frozenset({TEAM})}


def load(world: PoolWorld, *views: object, **strategies: Strategy) -> None:
    """The accounts, with the strategies of their groups."""
    world.pool.load(Snapshot(accounts=views, strategies=dict(strategies)))  # type: ignore[arg-type]


async def test_nobody_outside_is_asked() -> None:
    """Neither for balance nor as a rotation, nor when the group's accounts are marked or busy."""
    world = PoolWorld(view(1, groups=TEAM, max_in_flight=1), view(2, priority=9))
    assert await world.asked(**BOUND) == 1
    assert await world.asked(**BOUND, tried=frozenset({1})) == 1
    assert await world.asked(**BOUND, stay_on=2) == 1
    assert not world.pool.another_is_free(MODEL, Scope(bindings=BOUND["bindings"]), {1})
    world.pool.note_success(2, MODEL, "s")
    assert await world.asked(**BOUND, session="s") == 1
    world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=90)
    refused = await world.refused(**BOUND)
    assert (refused.status, refused.reason, refused.retry_after_seconds) == (429, "quota", 90)
    told = f"Every account of the group 'team' for {MODEL} has used up its quota; "
    assert refused.message == f"{told}the first is free again in 90 s."
    assert await world.asked() == 2


async def test_empty_groups_say_so() -> None:
    """No account in it, only disabled ones, none with the model, no account in both: each in its words."""
    world = PoolWorld(
        view(1), view(2, groups=frozenset({"b"})), view(3, groups=frozenset({"c"}), enabled=False)
    )
    cases = (
        ([{"team"}], 503, "empty_group", "No account is in the group 'team', and "),
        ([{"b"}, {"team", "c"}], 503, "empty_group", "in the group 'b', and the groups 'c' or 'team'"),
        ([{"c"}], 503, "none_enabled", "No enabled account of the group 'c' can serve "),
    )
    for groups, status, reason, words in cases:
        bindings = frozenset(frozenset(binding) for binding in groups)
        refused = await world.refused(bindings=bindings)
        assert (refused.status, refused.reason) == (status, reason)
        assert words in refused.message
    refused = await world.refused("claude-opus-5", bindings=frozenset({frozenset({"b"})}))
    assert (refused.status, refused.message) == (
        404,
        "No account of the group 'b' offers the model claude-opus-5.",
    )


async def test_a_session_moves_when_its_account_leaves_the_group() -> None:
    """A warm prompt cache is no reason to ask an account outside."""
    world = PoolWorld(view(1, groups=TEAM), view(2, groups=TEAM))
    home = await world.asked(**BOUND, session="s")
    world.pool.note_success(home, MODEL, "s")
    other = 3 - home
    world.load(view(home), view(other, groups=TEAM))
    assert await world.asked(**BOUND, session="s", is_begun=True) == other


async def test_drain_asks_one_after_the_other() -> None:
    """The first that was added until it is marked or full, for sessions and for others; then the next."""
    world = PoolWorld()
    views = [view(number, groups=TEAM, max_in_flight=3) for number in (1, 2, 3)]
    load(world, *views, view(4, weight=50), team="drain")
    held = [await world.lease(session=f"s{number}") for number in range(2)]
    held.append(await world.lease())
    assert [lease.account.id for lease in held] == [1, 1, 1]
    assert await world.asked(session="s9") == 2, "the first is full"
    for lease in held:
        lease.release()
    assert await world.asked() == 1
    world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=90)
    assert [await world.asked(session=f"t{number}") for number in range(8)] == [2] * 8
    world.pool.mark_hard(2, MODEL, "quota", 429, told_seconds=90)
    world.pool.mark_hard(3, MODEL, "quota", 429, told_seconds=90)
    assert await world.asked() == 4


async def test_reserve_keeps_one_for_the_end() -> None:
    """It is asked when all others are marked, full, or have failed in the exchange; not before."""
    world = PoolWorld()
    views = [view(1, groups=TEAM, max_in_flight=1), view(2, groups=TEAM), view(3, groups=TEAM)]
    load(world, *views, team="reserve")
    assert {await world.asked(session=f"s{number}") for number in range(40)} == {1, 2}
    world.pool.mark_soft(1, MODEL)
    world.pool.mark_soft(2, MODEL)
    assert await world.asked() in (1, 2), "soft-marked ones come before it"
    assert await world.asked(tried=frozenset({1, 2})) == 3
    world.pool.mark_hard(2, MODEL, "quota", 429, told_seconds=90)
    lease = await world.lease()
    assert (lease.account.id, await world.asked(session="s")) == (1, 3)
    world.pool.note_success(3, MODEL, "s")
    lease.release()
    assert await world.asked(session="s") == 3, "a warm session stays"
    assert await world.asked(session="t") == 1


async def test_no_begun_session_is_at_home_on_the_reserve() -> None:
    """After a restart too, when no session has a binding: unless there is nobody but the reserve."""
    world = PoolWorld()
    views = [view(number, groups=TEAM) for number in (1, 2, 3)]
    load(world, *views, team="reserve")
    homes = {await world.asked(session=f"s{number}", is_begun=True) for number in range(40)}
    assert homes == {1, 2}
    load(world, view(3, groups=TEAM), team="reserve")
    assert await world.asked(session="s", is_begun=True) == 3


async def test_weights_share_the_sessions() -> None:
    """Of equals the one with thrice the weight takes thrice the sessions, and of what runs."""
    world = PoolWorld(view(1), view(2, weight=3), view(3, weight=900, priority=-1))
    homes = Counter([await world.asked(session=f"session {number}") for number in range(800)])
    assert set(homes) == {1, 2}
    assert 520 < homes[2] < 680
    running = Counter([(await world.lease()).account.id for _ in range(40)])
    assert running == {1: 10, 2: 30}


async def test_a_mapping_is_bound_too() -> None:
    """The mapping's groups go with each of its targets, and what is served is told by them."""
    world = PoolWorld()
    mapping = Mapping("mine", MODEL, fallbacks=("gemini-2.5-flash",), groups=TEAM)
    world.load(view(1), view(2, groups=TEAM), mappings=[mapping])
    targets = world.pool.roster.targets("mine")
    assert targets is not None
    assert [target.bindings for target in targets] == [frozenset({TEAM})] * 2
    outside = Scope(bindings=frozenset({frozenset({"others"})}))
    world.load(view(1, groups=frozenset({"others"})), view(2, groups=TEAM), mappings=[mapping])
    assert world.pool.roster.is_served(MODEL, outside)
    assert not world.pool.roster.is_served("mine", outside)
    assert "mine" not in world.pool.roster.model_names({}, outside)
    assert MODEL in world.pool.roster.model_names({}, outside)
    assert "mine" in world.pool.roster.model_names({})
