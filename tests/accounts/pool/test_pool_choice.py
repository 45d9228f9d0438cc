"""Who is asked, over the pool: order, kinds, sessions, and the answers when there is nobody."""

import pytest

from accounts.mapping import Mapping, Target
from accounts.marks import MarkCause
from accounts.pool.leases import NoAccount
from accounts.pool.pool_settings import PoolSettings
from tests.accounts.worlds import MODEL, PoolWorld, view


async def test_priority_then_load_then_rest() -> None:
    """The highest priority first, then who has least in flight, then who was asked longest ago."""
    world = PoolWorld(view(1), view(2, priority=5), view(3, priority=5))
    first = await world.lease()
    await world.clock.advance(1)
    second = await world.lease()
    assert [first.account.id, second.account.id] == [2, 3]
    await world.clock.advance(1)
    third = await world.lease()
    assert third.account.id == 2, "both have one in flight: 2 was asked longer ago"
    first.release()
    third.release()
    assert await world.asked() == 2, "2 has none in flight"
    second.release()
    assert await world.asked() == 3, "2 was asked later"


async def test_only_who_offers_the_model() -> None:
    """An account is asked for what it lists, or without a list for its kind's families and unknown names."""
    world = PoolWorld(view(1, models=("gemini-2.5-flash",)), view(2), view(3, kind="anthropic"))
    assert await world.asked("gemini-2.5-pro") == 2
    assert await world.asked("claude-opus-5") == 3
    world.load(view(1, models=("gemini-2.5-flash", "odd-name")))
    assert await world.asked("odd-name") == 1


async def test_only_the_kinds_that_the_mapping_allows() -> None:
    """A mapping may limit the account kinds."""
    world = PoolWorld(view(1), view(2, kind="vertex", priority=-1))
    assert await world.asked(kinds=frozenset({"vertex"})) == 2
    assert (await world.refused(kinds=frozenset({"anthropic"}))).status == 404


async def test_a_tried_account_only_when_there_is_no_other() -> None:
    """A rotation takes another account, and the same one when it is the only one."""
    world = PoolWorld(view(1, priority=9), view(2))
    assert await world.asked(tried=frozenset({1})) == 2
    assert await world.asked(tried=frozenset({1, 2})) == 1
    world.load(view(1))
    assert await world.asked(tried=frozenset({1})) == 1


async def test_session_stays_with_who_answered() -> None:
    """A session is asked of the account that answered it, whatever the others' rank."""
    world = PoolWorld(view(1), view(2))
    lease = await world.lease(session="s")
    lease.release()
    world.pool.note_success(lease.account.id, MODEL, "s")
    for _ in range(3):
        await world.clock.advance(1)
        assert await world.asked(session="s") == lease.account.id
    assert await world.asked(session="other") != lease.account.id


async def test_session_moves_freely_until_somebody_answered() -> None:
    """An account that failed before it ever answered is no session's own."""
    world = PoolWorld(view(1), view(2))
    failed = await world.lease(session="s")
    failed.release()
    second = await world.lease(session="s", tried=frozenset({failed.account.id}))
    second.release()
    assert second.stand_in_for == ""
    world.pool.note_success(second.account.id, MODEL, "s")
    assert await world.asked(session="s") == second.account.id


async def test_session_per_model() -> None:
    """Prompt caches live per model: two models of one session may live on two accounts."""
    world = PoolWorld(view(1), view(2))
    world.pool.note_success(1, "gemini-2.5-pro", "s")
    world.pool.note_success(2, "gemini-2.5-flash", "s")
    assert await world.asked("gemini-2.5-pro", session="s") == 1
    assert await world.asked("gemini-2.5-flash", session="s") == 2


async def test_sessions_are_not_remembered_for_ever() -> None:
    """The session that was quiet longest is forgotten first when there are too many."""
    world = PoolWorld(view(1), view(2), settings=PoolSettings(session_limit=2))
    homes = {session: await world.asked(session=session) for session in "abc"}
    others = {session: 3 - home for session, home in homes.items()}
    for session in ("a", "b"):
        world.pool.note_success(others[session], MODEL, session)
    assert await world.asked(session="a") == others["a"]
    world.pool.note_success(others["c"], MODEL, "c")
    assert await world.asked(session="a") == others["a"]
    assert await world.asked(session="b") == homes["b"]


async def test_stand_in() -> None:
    """A stand-in does not take the session over; it tells for whom it stands, why, and what it costs."""
    world = PoolWorld(view(1), view(2))
    world.pool.note_success(1, MODEL, "s", cached_tokens=5000)
    world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=60)
    lease = await world.lease(session="s")
    lease.release()
    world.pool.note_success(2, MODEL, "s", cached_tokens=70)
    assert (lease.account.id, lease.stand_in_for, lease.cached_tokens_at_stake) == (2, "1@x.test", 5000)
    assert lease.stand_in_reason == "its quota is used up, free again in 60 s"
    await world.clock.advance(61)
    back = await world.lease(session="s")
    assert (back.account.id, back.stand_in_for) == (1, "")


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        ("full", "all its slots are in use"),
        ("soft", "it failed a moment ago"),
        ("tried", "it failed in this exchange"),
        ("refused", "its credential or billing was refused, free again in 300 s"),
        ("lacks", "it lacks the model, free again in 300 s"),
    ],
)
async def test_reasons_for_a_stand_in(why: str, reason: str) -> None:
    """The row tells in words why the session's own account was not asked."""
    world = PoolWorld(view(1, max_in_flight=1), view(2))
    world.pool.note_success(1, MODEL, "s")
    tried: frozenset[int] = frozenset()
    match why:
        case "full":
            await world.lease(session="s")
        case "soft":
            world.pool.mark_soft(1, MODEL)
        case "tried":
            tried = frozenset({1})
        case "refused":
            world.pool.mark_hard(1, MODEL, "credential", 402)
        case "lacks":
            world.pool.mark_hard(1, MODEL, "model", 404)
    lease = await world.lease(session="s", tried=tried)
    assert (lease.account.id, lease.stand_in_for, lease.stand_in_reason) == (2, "1@x.test", reason)


async def test_session_moves_when_its_account_is_long_away() -> None:
    """The binding moves only if the bound account is not free within 5 minutes."""
    world = PoolWorld(view(1), view(2))
    world.pool.note_success(1, MODEL, "s")
    world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=301)
    assert (await world.lease(session="s")).stand_in_for == ""
    await world.clock.advance(302)
    assert await world.asked(session="s") == 2


async def test_session_moves_when_its_account_is_gone() -> None:
    """A disabled or deleted account keeps no session."""
    world = PoolWorld(view(1), view(2))
    world.pool.note_success(1, MODEL, "s")
    world.pool.disable(1, "invalid_grant")
    lease = await world.lease(session="s")
    assert (lease.account.id, lease.stand_in_for) == (2, "")
    world.load(view(1), view(2))
    assert await world.asked(session="s") == 2


async def test_thinking_bound_to_the_account_stays_there() -> None:
    """With account-bound thinking a soft mark does not lead away from the session's account."""
    world = PoolWorld(view(1), view(2))
    world.pool.note_success(1, MODEL, "s")
    world.pool.mark_soft(1, MODEL)
    assert await world.asked(session="s") == 2
    assert await world.asked(session="s", only_hard_rotates=True) == 1
    world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=9)
    assert await world.asked(session="s", only_hard_rotates=True) == 2


async def test_a_retry_kept_on_its_account() -> None:
    """No mark stands in the way of a retry that is kept on its account; a disabled one is left."""
    world = PoolWorld(view(1), view(2))
    world.pool.mark_hard(1, MODEL, "quota", 429)
    world.pool.mark_soft(1, MODEL)
    assert await world.asked(stay_on=1) == 1
    world.pool.disable(1, "invalid_grant")
    assert await world.asked(stay_on=1) == 2


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        ("quota", (429, "quota", 12.0)),
        ("credential", (503, "credential", 300.0)),
        ("forbidden", (503, "credential", 600.0)),
        ("model", (404, "model", None)),
    ],
)
async def test_everybody_hard_marked(cause: MarkCause, expected: tuple[int, str, float | None]) -> None:
    """The answer has the reason's status: quota 429 with Retry-After, credentials 503, no model 404."""
    world = PoolWorld(view(1))
    world.pool.mark_hard(1, MODEL, cause, 400, told_seconds=11.2)
    got = await world.refused(admission=True)
    assert (got.status, got.reason, got.retry_after_seconds) == expected
    assert MODEL in got.message


async def test_retry_after_is_that_of_the_nearest() -> None:
    """Among several accounts the first to be free again counts."""
    world = PoolWorld(view(1), view(2))
    world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=100)
    world.pool.mark_hard(2, MODEL, "quota", 429, told_seconds=40)
    assert (await world.refused()).retry_after_seconds == 40
    assert world.pool.nearest_free_seconds(MODEL) == 40


@pytest.mark.parametrize(
    ("accounts", "model", "expected"),
    [
        ([], MODEL, (503, "none_enabled")),
        ([view(1, enabled=False)], MODEL, (503, "none_enabled")),
        ([view(1, enabled=False), view(2, kind="anthropic")], MODEL, (503, "none_enabled")),
        ([view(2, kind="anthropic")], MODEL, (404, "model")),
    ],
)
async def test_nobody_offers(accounts: list, model: str, expected: tuple[int, str]) -> None:
    """No enabled account is a 503, a model that nobody would offer a 404."""
    got = await PoolWorld(*accounts).refused(model)
    assert (got.status, got.reason) == expected
    assert isinstance(got, NoAccount)


def test_targets() -> None:
    """Mapped models lead to their targets, others to themselves when somebody offers them, else nowhere."""
    world = PoolWorld()
    world.load(view(1), mappings=[Mapping("my-*", "gemini-2.5-pro")])
    assert world.pool.roster.targets("my-model") == (Target("gemini-2.5-pro", pattern="my-*"),)
    assert world.pool.roster.targets("gemini-3-flash") == (Target("gemini-3-flash"),)
    assert world.pool.roster.targets("claude-opus-5") is None


def test_targets_without_accounts() -> None:
    """Without any account the model is not to blame: it passes, to be told that none is enabled."""
    assert PoolWorld().pool.roster.targets("claude-opus-5") == (Target("claude-opus-5"),)


def test_targets_of_a_disabled_account() -> None:
    """A model that only a disabled account offers is known, so the answer is 503 and not 404."""
    world = PoolWorld(view(1, kind="anthropic", enabled=False), view(2))
    assert world.pool.roster.targets("claude-opus-5") == (Target("claude-opus-5"),)


def test_model_names() -> None:
    """The model list: exact patterns, targets, the accounts' lists, upstream's own list, else the table."""
    world = PoolWorld()
    world.load(
        view(1, models=("listed-1",)),
        view(2, kind="openai"),
        view(3, kind="anthropic", enabled=False, models=("hidden",)),
        view(4),
        mappings=[Mapping("alias", "target"), Mapping("wild-*", "target")],
    )
    names = world.pool.roster.model_names({2: ["upstream-1"]})
    assert {"alias", "target", "listed-1", "upstream-1", "gemini-4-neon"} <= set(names)
    assert not {"wild-*", "hidden", "gpt-6-sol", "claude-opus-5"} & set(names)
    assert names == sorted(set(names))


def test_a_list_shows_only_what_is_asked_of_its_account() -> None:
    """A gateway's list may hold other vendors' models: without a list of its own nobody asks it for those."""
    world = PoolWorld(view(1, kind="openai"))
    told = ["claude-sonnet-4-5", "gemma-3-27b-it", "vendor/gemma-3-27b-it", "gpt-6-sol"]
    names = world.pool.roster.model_names({1: told})
    assert names == ["gpt-6-sol", "vendor/gemma-3-27b-it"]
    assert [name for name in told if world.pool.roster.targets(name)] == told[2:]
    world.load(view(1, kind="openai", models=tuple(told)))
    assert world.pool.roster.model_names({}) == sorted(told)


async def test_processes_agree_without_a_message() -> None:
    """Two pools that never heard of each other lead a session to the same account, turn after turn."""
    views = [view(number) for number in range(1, 8)]
    here, there = PoolWorld(*views), PoolWorld(*reversed(views))
    for number in range(50):
        session = f"s{number}"
        first = await here.asked(session=session)
        here.pool.note_success(first, MODEL, session)
        assert await there.asked(session=session, is_begun=True) == first
    await here.lease()
    assert await here.asked(session="fresh") == await there.asked(session="fresh"), "load does not matter"


async def test_a_conversation_from_elsewhere_belongs_to_its_home() -> None:
    """While its home is away for a moment another stands in for it, and does not take the session over."""
    world = PoolWorld(view(1), view(2))
    home = await PoolWorld(view(1), view(2)).asked(session="s")
    world.pool.mark_hard(home, MODEL, "quota", 429, told_seconds=60)
    lease = await world.lease(session="s", is_begun=True)
    assert (lease.account.id, lease.stand_in_for) == (3 - home, f"{home}@x.test")
    world.pool.note_success(lease.account.id, MODEL, "s")
    await world.clock.advance(61)
    assert await world.asked(session="s", is_begun=True) == home


async def test_a_home_that_cannot_be_asked_leads_to_the_same_next_one() -> None:
    """A session whose home is marked goes to the next of its order, in every process."""
    views = [view(number) for number in range(1, 100)]
    here, there = PoolWorld(*views), PoolWorld(*views)
    home = await here.asked(session="s")
    for world in (here, there):
        world.pool.mark_hard(home, MODEL, "quota", 429, told_seconds=600)
    second = await here.asked(session="s")
    assert second != home
    assert await there.asked(session="s") == second
    for number in range(1, 100):
        if number != 50:
            here.pool.mark_hard(number, MODEL, "quota", 429, told_seconds=600)
    assert await here.asked(session="s2") == 50, "the last that is free is found, whatever its place"
