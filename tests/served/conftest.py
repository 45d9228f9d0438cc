"""Worlds for the tests of the whole: one that is shared, and ones with settings of their own."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.running_server import RunningServer, ServerWorld
from tests.served.kinds.every_kind import add_every_kind
from tests.served.world import World, lasting_world, new_world


@pytest.fixture(scope="session")
def shared_world(server_world: ServerWorld) -> Iterator[World]:
    """One server for all tests that leave nothing behind."""
    with lasting_world(server_world) as world:
        yield world


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    """The shared world, with a fresh simulator; accounts that a test marked are cleared behind it."""
    yield from shared_world.fresh()


@pytest.fixture(scope="session")
def shared_kinds_world(server_world: ServerWorld) -> Iterator[World]:
    """A second shared server, with accounts of every kind (tests/served/kinds/every_kind.py)."""
    with lasting_world(server_world) as world:
        add_every_kind(world)
        yield world


@pytest.fixture
def kinds_world(shared_kinds_world: World) -> Iterator[World]:
    """The world of every kind, with a fresh simulator; marks are cleared behind the test."""
    yield from shared_kinds_world.fresh()


@pytest.fixture
def own_world(
    running_server: Callable[..., RunningServer],
) -> Callable[..., AbstractContextManager[World]]:
    """``with own_world(RELAY_PEEK_TIMEOUT_SECONDS="0.3") as world``: a server with settings of its own."""

    def make(**env: str) -> AbstractContextManager[World]:
        return new_world(running_server, **env)

    return make
