"""What upstream's figures of a quota do to the choice, and what they never do."""

import math

from accounts.pool import pool_news
from accounts.pool.quota_windows import MOST_WINDOWS, UNTOLD_RESET_SECONDS, Window, Windows, counted, window
from accounts.snapshot import Snapshot
from tests.accounts.worlds import MODEL, PoolWorld, view


def told(
    world: PoolWorld, used: float, name: str = "requests", seconds: float = 600, model: str = ""
) -> Window:
    """A window seen now."""
    seen = window(name, used, seconds, world.clock.now(), model=model)
    assert seen is not None
    return seen


async def test_who_is_nearly_empty_comes_after_who_has_room() -> None:
    """Also where priority says otherwise; when all are nearly empty, order is as always."""
    world = PoolWorld(view(1, priority=5), view(2))
    world.pool.note_quota(1, [told(world, 0.89)])
    assert await world.asked() == 1
    world.pool.note_quota(1, [told(world, 0.95)])
    assert [await world.asked(session=f"s{number}") for number in range(4)] == [2] * 4
    world.pool.note_quota(2, [told(world, 0.97)])
    assert await world.asked() == 1
    world.pool.note_quota(1, [told(world, 1.0)])
    assert await world.asked() == 2, "nothing left comes after nearly nothing"


async def test_figures_never_refuse() -> None:
    """Upstream may lie about its figures: an account that has none left is asked when there is no other."""
    world = PoolWorld(view(1))
    world.pool.note_quota(1, [told(world, 1.0)])
    assert await world.asked() == 1
    assert await world.asked(session="s") == 1


async def test_a_warm_session_stays_until_it_would_fail() -> None:
    """Its prompt cache outranks balance; with nothing left it goes to who has something."""
    world = PoolWorld(view(1), view(2))
    world.pool.note_success(1, MODEL, "s")
    world.pool.note_quota(1, [told(world, 0.99)])
    assert await world.asked(session="s") == 1
    world.pool.note_quota(1, [told(world, 1.0)])
    assert await world.asked(session="s") == 2


async def test_a_figure_ends_with_its_window() -> None:
    """When the window has begun anew the old figure says nothing; nor does an older one that comes late."""
    world = PoolWorld(view(1, priority=5), view(2))
    world.pool.note_quota(1, [told(world, 1.0, seconds=30)])
    assert await world.asked() == 2
    await world.clock.advance(31)
    assert await world.asked() == 1
    late = told(world, 1.0)
    await world.clock.advance(1)
    world.pool.note_quota(1, [told(world, 0.1)])
    world.pool.note_quota(1, [late])
    assert await world.asked() == 1


async def test_a_models_window_is_that_models() -> None:
    """Another model of the same account has its own; a window of the account counts for all."""
    world = PoolWorld(view(1, priority=5), view(2))
    world.pool.note_quota(1, [told(world, 1.0, model=MODEL)])
    assert await world.asked() == 2
    assert await world.asked("gemini-2.5-flash") == 1
    world.pool.note_quota(1, [told(world, 1.0, "5h")])
    assert await world.asked("gemini-2.5-flash") == 2


async def test_a_drained_account_is_asked_to_the_end() -> None:
    """Nearly empty is no reason to begin the next one; nothing left is."""
    world = PoolWorld()
    views = (view(1, groups=frozenset({"g"})), view(2, groups=frozenset({"g"})))
    world.pool.load(Snapshot(accounts=views, strategies={"g": "drain"}))
    world.pool.note_quota(1, [told(world, 0.99)])
    assert await world.asked() == 1
    world.pool.note_quota(1, [told(world, 1.0)])
    assert await world.asked() == 2


async def test_a_mark_ends_when_it_said() -> None:
    """What the figures say does not lengthen it, and a reserve is kept before a spent account is asked."""
    world = PoolWorld(view(1))
    world.pool.note_quota(1, [told(world, 1.0, seconds=3600)])
    world.pool.mark_hard(1, MODEL, "quota", 429, told_seconds=20)
    assert (await world.refused()).retry_after_seconds == 20
    await world.clock.advance(20)
    assert await world.asked() == 1


LIES = (
    (window("x", math.nan, 5, 100.0), None),
    (window("x", 7.0, 5, 100.0), Window("x", 1.0, 105.0, 100.0)),
    (window("x", -3.0, 5, 100.0), Window("x", 0.0, 105.0, 100.0)),
    (window("x", 0.5, None, 100.0), Window("x", 0.5, 100.0 + UNTOLD_RESET_SECONDS, 100.0)),
    (window("x", 0.5, math.nan, 100.0), Window("x", 0.5, 100.0 + UNTOLD_RESET_SECONDS, 100.0)),
    (window("x", 0.5, -9, 100.0), Window("x", 0.5, 100.0 + UNTOLD_RESET_SECONDS, 100.0)),
    (window("x", 0.5, 40 * 86_400, 100.0), Window("x", 0.5, 100.0 + UNTOLD_RESET_SECONDS, 100.0)),
    (counted("x", 0, 5, 5, 100.0), None),
    (counted("x", 10, 99, 5, 100.0), Window("x", 0.0, 105.0, 100.0, "", 10, 10)),
    (counted("x", 10, -1, 5, 100.0), Window("x", 1.0, 105.0, 100.0, "", 10, 0)),
)


def test_what_cannot_be_is_put_right() -> None:
    """Shares beyond their bounds, more left than there is, resets in the past or years away, no numbers."""
    for made, expected in LIES:
        assert made == expected


def test_little_changes_are_not_told() -> None:
    """Others hear of a hundredth at most once a second, of less twice a minute, of the edge at once."""
    windows = Windows()

    def is_told(used: float, at: float) -> bool:
        return bool(windows.take([Window("x", used, at + 600, at)]))

    steps = ((0.5, 0.0), (0.501, 1.0), (0.52, 1.5), (0.53, 1.6), (0.53, 32.0), (0.91, 32.1), (0.95, 32.2))
    assert [is_told(*step) for step in steps] == [True, False, True, False, True, True, False]


def test_invented_models_do_not_grow_the_windows() -> None:
    """What has ended makes room for a new window, else the one that was seen longest ago."""
    windows = Windows()
    windows.take([Window("5h", 0.5, 9e9, 0.0)])
    for number in range(3 * MOST_WINDOWS):
        at = float(number)
        windows.take([Window("requests", 0.5, at + 5, at, f"here {number}")])
        windows.hear([Window("requests", 0.5, at + 5, at, f"there {number}")])
        assert len(windows.all()) == len(windows._windows) <= MOST_WINDOWS
        assert len(windows._told) <= MOST_WINDOWS
    assert windows.all()[0].name == "5h"
    for number in range(MOST_WINDOWS):
        windows.take([Window("requests", 0.5, 9e9, 9e3 + number, f"new {number}")])
    assert len(windows.all()) == MOST_WINDOWS
    assert {one.model[:3] for one in windows.all()} == {"new"}


def test_processes_tell_each_other_by_seconds() -> None:
    """The hosts' clocks may differ: times travel as seconds from now."""
    here = Window("5h", 0.5, 1600.0, 990.0, "m", 10, 5)
    news = pool_news.decode(pool_news.encode(pool_news.as_news(7, [here], 1000.0)))
    assert isinstance(news, pool_news.QuotaTold)
    assert pool_news.windows_in(news, 50.0) == [Window("5h", 0.5, 650.0, 40.0, "m", 10, 5)]
