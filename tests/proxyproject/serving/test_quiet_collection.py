"""The whole garbage collection comes while nobody is served."""

import ctypes
import gc
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxyproject.serving import quiet_collection
from proxyproject.serving.quiet_collection import YOUNG_OBJECTS, QuietCollection, settle_memory


@pytest.mark.parametrize(
    ("counts", "is_quiet", "collects"),
    [((4999, 9, 1), True, True), ((4999, 9, 1), False, False), ((4999, 9, 0), True, False)],
)
def test_quiet_moments_are_used(counts: tuple[int, int, int], is_quiet: bool, collects: bool) -> None:
    """Where something has gathered since the last time, and nobody waits for the end of it."""
    done = []
    QuietCollection(lambda: is_quiet, lambda: counts, lambda: done.append(1)).look()
    assert bool(done) is collects


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="glibc's way")
def test_a_quiet_moment_gives_memory_back() -> None:
    """What lies free between things that stay is the system's again: most of 60 MB."""
    kept, freed = [], []
    for number in range(60_000):
        (freed if number % 100 else kept).append(bytes(1_000))
    freed.clear()
    before = resident_bytes()
    QuietCollection(lambda: True, lambda: (0, 0, 1), lambda: None).look()
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
