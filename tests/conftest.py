"""What every test may ask for. The data directory is isolated earlier, in tests/settings.py."""

import gc
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from proxyproject.logs.app_log import AppLog
from tests import outside
from tests.management import Management
from tests.own_process import installed_versions, tls_context
from tests.running_server import RunningServer, ServerWorld

EXAMPLES, FEW_EXAMPLES = 40, 20
"""How often a property is tried where its test does not say it, and in the fast tier."""


OBJECTS_UNTIL_GARBAGE_IS_LOOKED_FOR = 50_000


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--fast``: only the tests that stay inside their process; ``--stores``: only what meets a store."""
    parser.addoption(
        "--fast", action="store_true", help="no socket, no browser, no server (tests/outside.py)"
    )
    parser.addoption(
        "--stores", action="store_true", help="what another store could change (tests/outside.py)"
    )
    parser.addoption("--examples", type=int, help=f"how often a property is tried (default: {EXAMPLES})")


def pytest_configure(config: pytest.Config) -> None:
    """The fast tier tries fewer examples of each property; who changes one may ask for more."""
    # How fast an example is made or tried says how busy the machine is, and nothing about what it proves.
    settings.register_profile(
        "any machine",
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        max_examples=config.getoption("--examples")
        or (FEW_EXAMPLES if config.getoption("--fast") else EXAMPLES),
    )
    settings.load_profile("any machine")
    tls_context.share()
    installed_versions.share()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The fast tier does not even import what it would leave out."""
    return True if config.getoption("--fast") and outside.plays_with_the_whole(collection_path) else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is imported and collected stays to the end: nobody looks for garbage in it, then or later.

    Garbage in circles is looked for seldom: by Python's own measure that takes a tenth of the tests' time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(OBJECTS_UNTIL_GARBAGE_IS_LOOKED_FOR)
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What waits for servers and browsers begins first, so that none of it is left alone at the end."""
    if config.getoption("--stores"):
        apart = [item for item in items if not outside.is_told_by_a_store(item)]
        config.hook.pytest_deselected(items=apart)
        items[:] = [item for item in items if outside.is_told_by_a_store(item)]
    waiting = [item for item in items if outside.is_outside(item)]
    inside = [item for item in items if not outside.is_outside(item)]
    thorough = [item for item in inside if "thorough" in item.keywords]
    rest = [item for item in inside if "thorough" not in item.keywords]
    if config.getoption("--fast"):
        config.hook.pytest_deselected(items=waiting + thorough)
        items[:] = rest
    else:
        items[:] = waiting + thorough + rest


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """What a test has logged is written before the next one begins, which may look at its output."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, AppLog):
            handler.flush()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Hold the fast tier to its promise; under xdist in each worker, as the first process starts those.

    Before xdist's own, which runs the tests of a worker to their end.
    """
    config = session.config
    if config.getoption("--fast") and (
        hasattr(config, "workerinput") or not config.getoption("numprocesses")
    ):
        outside.forbid()


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

    def start(
        *arguments: str,
        env: dict[str, str] | None = None,
        first: Callable[[Management], None] | None = None,
    ) -> RunningServer:
        server = server_world.new(*arguments, env=env, first=first)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.kill()
        server_world.discard(server.data_dir)


@pytest.fixture(scope="session", autouse=True)
def database_first(django_db_setup: None) -> None:
    """The test database is made before any test could change what the process finds."""
