"""What every test may ask for. The data directory is isolated earlier, in tests/settings.py."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.running_server import RunningServer, ServerWorld

# How fast an example is made or tried says how busy the machine is, and nothing about what it proves.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def server_world() -> Iterator[ServerWorld]:
    """Where servers of this run come from."""
    world = ServerWorld()
    yield world
    world.clean()


@pytest.fixture
def running_server(server_world: ServerWorld) -> Iterator[Callable[..., RunningServer]]:
    """A factory: ``running_server(*serve_arguments, env={…})`` starts the real server on a free port."""
    servers: list[RunningServer] = []

    def start(*arguments: str, env: dict[str, str] | None = None) -> RunningServer:
        server = server_world.new(*arguments, env=env)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.kill()
        server_world.discard(server.data_dir)
