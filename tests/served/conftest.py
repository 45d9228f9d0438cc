"""Worlds for the tests of the whole: one that is shared, and ones with settings of their own."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.running_server import RunningServer, ServerWorld
from tests.served.every_kind import add_every_kind
from tests.served.world import World, new_world


@pytest.fixture(scope="session")
def shared_world(server_world: ServerWorld) -> Iterator[World]:
    """One server for all tests that leave nothing behind."""
    servers: list[RunningServer] = []

    def start(*, env: dict[str, str]) -> RunningServer:
        servers.append(server_world.new(env=env))
        return servers[-1]

    with new_world(start) as world:
        yield world
    for server in servers:
        shutil.rmtree(server.data_dir, ignore_errors=True)


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    """The shared world, with a fresh simulator; accounts that a test marked are cleared behind it."""
    shared_world.simulator.reset()
    yield shared_world
    shared_world.clear_marks()


@pytest.fixture(scope="session")
def shared_kinds_world(server_world: ServerWorld) -> Iterator[World]:
    """A second shared server, with accounts of every kind (tests/served/every_kind.py)."""
    servers: list[RunningServer] = []

    def start(*, env: dict[str, str]) -> RunningServer:
        servers.append(server_world.new(env=env))
        return servers[-1]

    with new_world(start) as world:
        add_every_kind(world)
        yield world
    for server in servers:
        shutil.rmtree(server.data_dir, ignore_errors=True)


@pytest.fixture
def kinds_world(shared_kinds_world: World) -> Iterator[World]:
    """The world of every kind, with a fresh simulator; marks are cleared behind the test."""
    shared_kinds_world.simulator.reset()
    yield shared_kinds_world
    shared_kinds_world.clear_marks()


@pytest.fixture
def own_world(
    running_server: Callable[..., RunningServer],
) -> Callable[..., AbstractContextManager[World]]:
    """``with own_world(RELAY_PEEK_TIMEOUT_SECONDS="0.3") as world``: a server with settings of its own."""

    def make(**env: str) -> AbstractContextManager[World]:
        return new_world(running_server, **env)

    return make
