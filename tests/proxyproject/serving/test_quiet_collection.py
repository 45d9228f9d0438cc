"""The whole garbage collection comes while nobody is served."""

import pytest

from proxyproject.serving.quiet_collection import QuietCollection


@pytest.mark.parametrize(
    ("counts", "is_quiet", "collects"),
    [((4999, 9, 1), True, True), ((4999, 9, 1), False, False), ((4999, 9, 0), True, False)],
)
def test_quiet_moments_are_used(counts: tuple[int, int, int], is_quiet: bool, collects: bool) -> None:
    """Where something has gathered since the last time, and nobody waits for the end of it."""
    done = []
    QuietCollection(lambda: is_quiet, lambda: counts, lambda: done.append(1)).look()
    assert bool(done) is collects
