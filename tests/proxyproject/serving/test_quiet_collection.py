"""The whole garbage collection comes while nobody is served."""

import gc
from collections.abc import Iterator

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
