"""What failures and successes do to an account, and what is told of it."""

import asyncio

import msgspec
import pytest

from accounts.groups.scope import Scope
from accounts.marks import MarkDurations
from accounts.pool import pool_news
from accounts.pool.account_state import Mark
from accounts.pool.by_model import MOST_MODELS
from accounts.pool.pool_news import Answered, Cleared, Disabled, HardMarked, SoftMarked
from accounts.pool.pool_settings import PoolSettings
from accounts.snapshot import KeptMark
from tests.accounts.worlds import MODEL, PoolWorld, view

OTHER = "gemini-2.5-flash"
SOME = Scope(frozenset({"gemini"}))


async def test_a_model_is_marked_not_the_account() -> None:
    """A quota mark on one model leaves the account's other models alone."""
    world = PoolWorld(view(1))
    assert world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=30) == 30
    assert (await world.refused()).status == 429
    assert await world.asked(OTHER) == 1
    assert world.pool.usable_count() == 1
    await world.clock.advance(30)
    assert await world.asked() == 1


async def test_the_whole_account_is_marked() -> None:
    """A credential or billing fault marks the account for every model."""
    world = PoolWorld(view(1))
    assert world.pool.mark_hard(1, MODEL, "credential", 402, reason="no credit") == 300
    assert (await world.refused(OTHER)).status == 503
    assert world.pool.usable_count() == 0
    status = world.pool.status(1)
    assert status is not None
    assert status.usable is False
    assert status.mark is not None
    assert (status.mark.cause, status.mark.reason, status.mark.status) == ("credential", "no credit", 402)
    assert status.cooling_until == world.clock.now() + 300


async def test_consecutive_quota_marks_grow() -> None:
    """Each quota mark after the last one has run out lasts longer; a success begins anew."""
    world = PoolWorld(view(1))
    for seconds in (60, 300, 1800, 7200, 7200):
        assert world.pool.mark_hard(1, MODEL, "quota", 429, reason="QUOTA_EXHAUSTED") == seconds
        await world.clock.advance(seconds)
    world.pool.note_success(1, MODEL)
    assert world.pool.mark_hard(1, MODEL, "quota", 429, reason="QUOTA_EXHAUSTED") == 60


async def test_ten_requests_refused_together_are_one_event() -> None:
    """Quota refusals while the mark stands do not count as consecutive ones."""
    world = PoolWorld(view(1))
    for _ in range(10):
        assert world.pool.mark_hard(1, MODEL, "quota", 429, reason="QUOTA_EXHAUSTED") == pytest.approx(60)
    await world.clock.advance(60)
    assert world.pool.mark_hard(1, MODEL, "quota", 429, reason="QUOTA_EXHAUSTED") == 300


async def test_a_longer_mark_is_not_shortened() -> None:
    """A shorter refusal after a longer one leaves the longer one standing."""
    world = PoolWorld(view(1))
    world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=100)
    assert world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=5) == 100
    assert world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=500) == 500


async def test_soft_mark_ends_after_20_seconds() -> None:
    """A soft-marked account comes last for 20 s, for that model only, and never counts as cooling down."""
    world = PoolWorld(view(1, priority=1), view(2))
    world.pool.mark_soft(1, MODEL)
    assert await world.asked() == 2
    assert await world.asked(OTHER) == 1
    assert world.pool.status(1).cooling_until == 0  # type: ignore[union-attr]
    await world.clock.advance(20)
    assert await world.asked() == 1


async def test_success_lifts_the_marks_it_disproves() -> None:
    """An answer lifts the marks that stood when its request began, and none that was set since."""
    world = PoolWorld(view(1))
    world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=100)
    await world.clock.advance(1)
    kept = await world.lease(stay_on=1)
    world.pool.note_success(1, MODEL, began_at=kept.taken_at)
    assert await world.asked() == 1
    began = world.clock.now()
    await world.clock.advance(1)
    world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=100)
    world.pool.note_success(1, MODEL, began_at=began)
    assert (await world.refused()).status == 429


async def test_disabled_after_two_401_in_a_row() -> None:
    """The first 401 rests the whole account, the second in a row disables it with its reason."""
    world = PoolWorld(view(1))
    assert world.pool.note_unauthorized(1) is False
    assert (await world.refused()).status == 503
    await world.clock.advance(300)
    assert world.pool.note_unauthorized(1, began_at=world.clock.now()) is True
    assert "401" in world.pool.roster._states[1].view.disabled_reason
    got = await world.refused()
    assert (got.status, got.reason) == (503, "none_enabled")
    assert list(world.journal.take(with_usage=False).disabled) == [1]


async def test_a_success_between_two_401() -> None:
    """Two 401 with a success between them are not in a row."""
    world = PoolWorld(view(1))
    world.pool.note_unauthorized(1)
    await world.clock.advance(300)
    world.pool.note_success(1, MODEL)
    assert world.pool.note_unauthorized(1) is False


async def test_requests_refused_together_are_one_401() -> None:
    """A 401 for a request that began before the first one was known tells nothing new."""
    world = PoolWorld(view(1))
    began = world.clock.now()
    await world.clock.advance(1)
    assert world.pool.note_unauthorized(1, began_at=began) is False
    assert world.pool.note_unauthorized(1, began_at=began) is False
    assert world.pool.account(1).enabled  # type: ignore[union-attr]


async def test_unknown_accounts_are_nobodys_business() -> None:
    """What is told of an account that was deleted meanwhile is ignored."""
    world = PoolWorld()
    assert world.pool.mark_hard(7, MODEL, "quota", 429) == 0.0
    assert world.pool.note_unauthorized(7) is False
    world.pool.mark_soft(7, MODEL)
    world.pool.note_success(7, MODEL, "s")
    world.pool.disable(7, "gone")
    world.pool.clear(7)
    world.pool._hear(pool_news.encode(Cleared(7)))
    assert world.pool.account(7) is None
    assert world.pool.status(7) is None


async def test_clear() -> None:
    """Clearing forgets marks, soft marks and counters, and the database is told."""
    world = PoolWorld(view(1), view(2))
    world.pool.mark_hard(1, MODEL, "credential", 402)
    world.pool.mark_soft(1, MODEL)
    world.pool.note_unauthorized(1)
    world.pool.clear(1)
    assert world.pool.usable_count() == 2
    assert world.pool.note_unauthorized(1) is False
    world.pool.clear(1)
    assert world.journal.take(with_usage=False).cleared == {1: True}


async def test_only_long_marks_are_kept() -> None:
    """Marks over 60 s survive a restart, shorter ones are not worth a write."""
    world = PoolWorld(view(1))
    world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=60)
    assert world.journal.take(with_usage=False).is_empty
    world.pool.mark_hard(1, MODEL, "model", 404)
    batch = world.journal.take(with_usage=False)
    assert batch.marks[1, MODEL].until == world.clock.now() + 300  # type: ignore[union-attr]


async def test_kept_marks_stand_after_a_restart() -> None:
    """Marks from the database stand, but for those that are over or were cleared since."""
    world = PoolWorld()
    now = world.clock.now()
    kept = [
        KeptMark(1, MODEL, "", 429, "quota", now + 500, now - 5),
        KeptMark(2, MODEL, "", 429, "quota", now - 1, now - 5),
        KeptMark(3, "", "", 402, "credential", now + 500, now - 5),
        KeptMark(4, MODEL, "", 429, "quota", now + 500, now - 5),
        KeptMark(99, MODEL, "", 429, "quota", now + 500, now - 5),
    ]
    world.load(view(1), view(2), view(3), view(4, marks_cleared_at=now - 4), marks=kept)
    free = {number for number in (1, 2, 3, 4) if world.pool.status(number).cooling_until == 0}  # type: ignore[union-attr]
    assert free == {2, 4}
    world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=900)
    world.load(view(1), marks=kept)
    assert world.pool.status(1).cooling_until == now + 900, "the longer mark stays"  # type: ignore[union-attr]


async def test_marks_cleared_in_the_database() -> None:
    """When the database says that an account's marks were cleared, its marks and counters here go too."""
    world = PoolWorld(view(1))
    world.pool.mark_hard(1, MODEL, "credential", 402)
    world.load(view(1, marks_cleared_at=world.clock.now()))
    assert await world.asked() == 1


async def test_another_is_free() -> None:
    """Another account counts as free when it could be asked at once, soft-marked or not."""
    world = PoolWorld(view(1), view(2, max_in_flight=1))
    assert world.pool.another_is_free(MODEL, SOME, {1})
    world.pool.mark_soft(2, MODEL)
    assert world.pool.another_is_free(MODEL, SOME, {1})
    assert not world.pool.another_is_free(MODEL, Scope(frozenset({"vertex"})), {1})
    await world.lease(kinds=SOME.kinds, tried=frozenset({1}))
    assert not world.pool.another_is_free(MODEL, SOME, {1}), "its only slot is in use"
    assert world.pool.another_is_free(MODEL, SOME, {2})
    world.pool.mark_hard(1, MODEL, "quota", 429)
    assert not world.pool.another_is_free(MODEL, SOME, {2})


def test_nearest_free_seconds() -> None:
    """0 while somebody is free of hard marks, None where waiting never helps."""
    world = PoolWorld(view(1), view(2))
    world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=9)
    assert world.pool.nearest_free_seconds(MODEL) == 0
    world.pool.mark_hard(2, MODEL, "quota", 429, told_seconds=5)
    assert world.pool.nearest_free_seconds(MODEL, SOME) == 5
    assert world.pool.nearest_free_seconds("claude-opus-5") is None


def test_durations_come_from_the_settings() -> None:
    """The operator's durations are used."""
    world = PoolWorld(view(1), settings=PoolSettings(durations=MarkDurations(forbidden=7)))
    assert world.pool.mark_hard(1, MODEL, "forbidden", 403) == 7


async def test_what_another_process_tells() -> None:
    """Marks, disables and clears of another process count here as if they were made here."""
    world = PoolWorld(view(1), view(2))
    until = world.clock.now() + 50
    world.pool._hear(pool_news.encode(HardMarked(1, MODEL, 50, "quota", "", 429, MODEL, 2)))
    world.pool._hear(pool_news.encode(SoftMarked(2, OTHER, 50)))
    assert world.pool.status(1).cooling_until == until  # type: ignore[union-attr]
    assert await world.asked(OTHER) == 1
    world.pool._hear(pool_news.encode(Cleared(1)))
    assert world.pool.status(1).cooling_until == 0  # type: ignore[union-attr]
    world.pool._hear(pool_news.encode(Disabled(1, "invalid_grant")))
    assert world.pool.usable_count() == 1
    assert world.journal.take(with_usage=False).is_empty, "whoever made it writes it"


def test_a_disabled_account_at_a_glance() -> None:
    """A disabled account is not usable, whether or not it is known why."""
    world = PoolWorld(view(1, enabled=False), view(2, enabled=False, disabled_reason="invalid_grant: …"))
    assert [world.pool.status(number).usable for number in (1, 2)] == [False, False]  # type: ignore[union-attr]


def test_models_cooling_at_a_glance() -> None:
    """An account with a model marked is usable, and says which model is not."""
    world = PoolWorld(view(1))
    world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=9)
    status = world.pool.status(1)
    assert status is not None
    assert (status.usable, status.models_cooling, status.mark) == (True, (MODEL,), None)


def test_a_quota_ladder_is_walked_once_for_all_processes() -> None:
    """Who was told of another's quota marks goes on where that one is, not from the first rung."""
    here, there = PoolWorld(view(1)), PoolWorld(view(1))
    told: list[bytes] = []
    there.pool._bus.publish = lambda topic, payload: told.append(payload)  # type: ignore[method-assign]
    assert there.pool.mark_hard(1, MODEL, "quota", 429, "QUOTA_EXHAUSTED") == 60
    for payload in told:
        here.pool._hear(payload)
    here.clock._now += 61
    assert here.pool.mark_hard(1, MODEL, "quota", 429, "QUOTA_EXHAUSTED") == 300


async def test_a_mark_that_an_answer_disproves_is_lifted_in_every_process() -> None:
    """The account that one process has seen answer is asked by all; but for a mark that is newer there."""
    here, there = PoolWorld(view(1)), PoolWorld(view(1))
    told: list[bytes] = []
    there.pool._bus.publish = lambda topic, payload: told.append(payload)  # type: ignore[method-assign]
    there.pool.mark_hard(1, MODEL, "quota", 429, "QUOTA_EXHAUSTED")
    here.pool._hear(told.pop())
    assert (await here.refused()).status == 429
    for world in (here, there):
        await world.clock.advance(1)
    lease = await there.lease(stay_on=1)
    await here.clock.advance(1)
    await there.clock.advance(1)
    here.pool.mark_hard(1, OTHER, "quota", 429)
    there.pool.note_success(1, MODEL, began_at=lease.taken_at)
    here.pool._hear(told.pop())
    assert await here.asked() == 1
    assert (await here.refused(OTHER)).status == 429
    assert here.pool.mark_hard(1, MODEL, "quota", 429, "QUOTA_EXHAUSTED") == 60
    here.pool._hear(pool_news.encode(Answered(1, MODEL, 5)))
    assert (await here.refused()).status == 429, "the mark is younger than what was answered"
    there.pool.note_success(1, MODEL)
    assert told == [], "where nothing was lifted nobody needs to know"


def test_the_models_of_an_account_that_are_known_are_bounded() -> None:
    """Clients make up names. What ends first goes first: a model's long mark stays, and the account's."""
    world = PoolWorld(view(1))
    world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=3600)
    world.pool.mark_hard(1, MODEL, "credential", 402)
    state = world.pool.roster.require(1)
    for number in range(2 * MOST_MODELS):
        world.pool.mark_hard(1, f"made-up-{number}", "model", 404)
        world.pool.mark_soft(1, f"made-up-{number}")
        world.pool._hear(pool_news.encode(HardMarked(1, f"heard-{number}", 9, "quota", "", 429, "heard", 1)))
        world.pool._hear(pool_news.encode(HardMarked(1, "x", 9, "quota", "", 429, f"struck-{number}", 1)))
    for known in (state.hard, state.soft, state.strikes):
        assert MOST_MODELS // 2 < len(known) <= MOST_MODELS
    assert {MODEL, ""} <= state.hard.keys()


def test_thousands_of_marks_are_taken_over_with_few_looks() -> None:
    """The database may hold all of them: each load takes as many as are known, and drops none of its own."""
    world = PoolWorld(view(1))
    now = world.clock.now()
    marks = [KeptMark(1, f"made-up-{number}", "", 404, "model", now + 300, now) for number in range(5000)]
    marks.append(KeptMark(1, "", "", 402, "credential", now + 300, now))
    looks = 0
    state = world.pool.roster.require(1)
    worth = state.hard._worth

    def counted(mark: Mark) -> float:
        nonlocal looks
        looks += 1
        return worth(mark)

    state.hard._worth = counted
    for _ in range(3):
        world.load(view(1), marks=marks)
        assert len(state.hard) == MOST_MODELS
        assert "" in state.hard
    assert looks <= MOST_MODELS


async def test_a_lifted_mark_that_the_database_tells_once_more_stays_lifted() -> None:
    """Its row goes a moment after the answer; what somebody else marks meanwhile has all marks read anew."""
    world = PoolWorld(view(1))
    mark = KeptMark(1, MODEL, "", 429, "quota", world.clock.now() + 7200, world.clock.now())
    world.load(view(1), marks=[mark])
    assert (await world.refused()).status == 429
    await world.clock.advance(5)
    world.pool._hear(pool_news.encode(Answered(1, MODEL, 1)))
    world.load(view(1), marks=[mark])
    assert await world.asked() == 1
    newer = msgspec.structs.replace(mark, set_at=world.clock.now())
    world.load(view(1), marks=[newer])
    assert (await world.refused()).status == 429


async def test_who_waits_for_a_mark_to_end_is_woken_by_an_answer() -> None:
    """Another process has seen the account answer."""
    world = PoolWorld(view(1))
    world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=1.5)
    waiting = asyncio.create_task(world.lease(admission=True))
    await world.clock.advance(0.1)
    assert not waiting.done()
    world.pool._hear(pool_news.encode(Answered(1, MODEL, 0)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert waiting.done()
    waiting.cancel()
