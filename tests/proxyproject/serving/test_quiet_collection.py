"""The whole garbage collection comes while nobody is served."""

import ctypes
import gc
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import ref

import pytest

from proxyproject.serving import quiet_collection
from proxyproject.serving.quiet_collection import (
    BITE_OF_MIDDLE,
    CROWDED_LOOKS,
    HIDDEN_AT_LAST,
    MOST_HIDDEN,
    YOUNG_OBJECTS,
    QuietCollection,
    give_back_memory,
    settle_memory,
)

FEW, MANY = BITE_OF_MIDDLE, BITE_OF_MIDDLE + 1


@pytest.mark.parametrize(
    ("middle", "is_quiet", "collects"),
    [(FEW, True, True), (MANY, True, True), (FEW, False, True), (MANY, False, False), (0, True, False)],
)
def test_quiet_moments_are_used(middle: int, is_quiet: bool, collects: bool) -> None:
    """Where something has gathered since the last time, and nobody waits for the end of it, or not long."""
    done = []
    quiet = QuietCollection(lambda: is_quiet, lambda: (4999, 2, middle), lambda: done.append(1))
    assert quiet.look() is (collects and is_quiet)
    assert bool(done) is collects


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done with what no collection looks at."""
    done: list[str] = []
    monkeypatch.setattr(gc, "freeze", lambda: done.append("put away"))
    monkeypatch.setattr(gc, "unfreeze", lambda: done.append("take out"))
    return done


async def test_what_stayed_is_not_looked_at_by_the_next(done: list[str]) -> None:
    """Whoever began it; behind some bites a quiet moment looks at all there is, at last any moment does."""
    is_quiet = False
    quiet = QuietCollection(lambda: is_quiet, lambda: (0, 0, FEW), lambda: collected(2))
    before = list(gc.callbacks)
    quiet.start()
    [told] = [one for one in gc.callbacks if one not in before]

    def collected(generation: int) -> None:
        for phase in ("start", "stop"):
            told(phase, {"generation": generation})

    collected(1)
    assert done == []
    collected(2)  # by itself, in the middle of something
    for _ in range(MOST_HIDDEN - 2):
        quiet.look()
    is_quiet = True
    quiet.look()
    assert done == ["put away"] * MOST_HIDDEN
    is_quiet = False
    quiet.look()
    is_quiet = True
    done.clear()
    quiet.look()
    quiet.look()
    assert done == ["take out", "put away", "put away"]
    is_quiet = False
    for _ in range(HIDDEN_AT_LAST + 1):
        quiet.look()
    assert done.count("take out") == 2
    assert done[-1] == "put away"
    await quiet.stop()
    assert gc.callbacks == before


def test_what_is_many_for_a_minute_is_put_away_once(done: list[str]) -> None:
    """A new pool is no garbage, and would be in the way of every bite; a request is gone by then."""
    middle = MANY
    quiet = QuietCollection(lambda: False, lambda: (0, 0, middle), lambda: collected())

    def collected() -> None:
        quiet._collected("stop", {"generation": 2})

    for _ in range(CROWDED_LOOKS - 1):
        quiet.look()
    assert done == []
    quiet.look()
    assert done == ["put away"]
    middle = FEW
    quiet.look()
    assert done == ["put away"] * 2
    middle = MANY  # again and again: many requests, whose garbage is not to be hidden every minute
    for _ in range(3 * CROWDED_LOOKS):
        quiet.look()
    assert done == ["put away"] * 2


@contextmanager
def with_a_circle_in_use(quiet: QuietCollection) -> Iterator["ref[Circle]"]:
    """Garbage that was in use at a look; what the collector has put away is taken back behind it."""
    gc.callbacks.append(quiet._collected)
    try:
        circle = Circle()
        circle.own, left = circle, ref(circle)
        quiet.look()
        del circle
        yield left
    finally:
        gc.callbacks.remove(quiet._collected)
        gc.unfreeze()


def test_a_circle_that_was_in_use_goes_in_a_quiet_moment() -> None:
    """No server that is quiet at times grows."""
    is_quiet = False
    quiet = QuietCollection(lambda: is_quiet, lambda: (0, 0, FEW))
    with with_a_circle_in_use(quiet) as left:
        for _ in range(MOST_HIDDEN - 1):
            quiet.look()
        assert left() is not None
        is_quiet = True
        quiet.look()
        assert left() is None


def test_what_was_in_use_at_a_quiet_look_goes_later_too() -> None:
    """Quiet is who serves no exchange: a page or an export may hold something all the same."""
    quiet = QuietCollection(lambda: True, lambda: (0, 0, FEW))
    with with_a_circle_in_use(quiet) as left:
        for _ in range(MOST_HIDDEN + 1):
            quiet.look()
        assert left() is None


class Circle:
    """Something that knows itself."""

    own: "Circle"


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="glibc's way")
def test_memory_is_given_back() -> None:
    """What lies free between things that stay is the system's again: most of 60 MB."""
    kept, freed = [], []
    for number in range(60_000):
        (freed if number % 100 else kept).append(bytes(1_000))
    freed.clear()
    before = resident_bytes()
    give_back_memory()
    assert before - resident_bytes() > 20_000_000
    assert kept


def resident_bytes() -> int:
    """What this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Which generations were collected since memory was settled; the collector is as before behind it.

    The young ones are looked through ten times as often, so that a tenth of the objects shows the same.
    """
    thresholds, found = gc.get_threshold(), list[int]()

    def note(phase: str, told: dict[str, int]) -> None:
        if phase == "stop":
            found.append(told["generation"])

    monkeypatch.setattr(quiet_collection, "YOUNG_OBJECTS", YOUNG_OBJECTS // 10)
    settle_memory()
    gc.callbacks.append(note)
    yield found
    gc.callbacks.remove(note)
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def test_a_large_request_begins_no_whole_collection(settled: list[int]) -> None:
    """Its objects stay: they are looked through while they are young, and not all again and again."""
    kept = [{"role": "user", "content": [number]} for number in range(200_000)]
    assert settled.count(1) > 50
    assert 2 not in settled
    assert kept
