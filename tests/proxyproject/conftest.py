"""The real server with the traps of trap_urls.py behind it."""

from collections.abc import Callable, Iterator

import pytest

from tests.running_server import RunningServer, ServerWorld

TRAPS = {"DJANGO_SETTINGS_MODULE": "tests.proxyproject.serving.trap_settings"}


@pytest.fixture(scope="package")
def traps(server_world: ServerWorld) -> Iterator[RunningServer]:
    """One server for the tests that leave it as they found it; its body limit is 200,000 bytes."""
    server = server_world.new(env=TRAPS | {"RELAY_MAX_BODY_BYTES": "200000"})
    yield server
    server.kill()
    server_world.discard(server.data_dir)


@pytest.fixture
def own_traps(running_server: Callable[..., RunningServer]) -> Callable[..., RunningServer]:
    """A factory of such servers for tests that end or burden them."""

    def start(*arguments: str, env: dict[str, str] | None = None) -> RunningServer:
        return running_server(*arguments, env=TRAPS | (env or {}))

    return start
