"""Which tests reach outside their process or ask for a store, and how ``--fast`` keeps to the others.

A test reaches outside when a fixture that it asks for does, or when its folder plays with the whole: both are
named below, so no test is marked for it. The few others bear ``pytest.mark.outside``. ``--fast`` leaves them
all out, and what is marked ``thorough``, and lets none of the rest listen, connect or start a program: a new
test that does is found at once. ``--stores`` leaves out what no store can change: who neither reaches outside
nor asks for a database (pytest-django lets nobody have one unasked), and what ``SAME_ON_EVERY_STORE`` names.
In those places a test of something that is shared or kept bears ``pytest.mark.stores``.
"""

import functools
import sys
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).resolve().parent

FIXTURES = frozenset({"server_world", "simulator", "redis_url", "own_redis", "browser", "bucket"})
"""The fixtures that start servers, simulators, stores and browsers; what is built on them is told by them."""

DATABASES = frozenset({"db", "transactional_db", "migrated", "old_store"})
"""The fixtures that give a database to a test without the mark ``django_db``."""

FOLDERS = frozenset({"browser", "fronts", "gallery", "served"})
"""Where every test plays with the whole."""

SAME_ON_EVERY_STORE = {
    "what client, server and upstream say to each other: nothing of what they promise depends on a store": (
        "accounts/connect",
        "accounts/pool/choosing/test_homes.py",
        "fronts/test_rest.py",
        "fronts/test_streams.py",
        "proxyproject/faultlab/test_contract.py",
        "proxyproject/serving/door",
        "proxyproject/serving/test_streams.py",
        "proxyproject/serving/test_workers.py",
        "proxyproject/test_program.py",
        "proxyproject/test_settings.py",
        "relay/linear",
        "relay/short/test_trial_addresses.py",
        "relay/simulator",
        "served/clients",
        "served/kinds",
        "served/requests/test_bad_input.py",
        "served/requests/test_http_fuzz.py",
        "served/requests/test_loops.py",
        "served/requests/test_too_long.py",
        "served/trying_again/test_circuit_breaker.py",
        "served/trying_again/test_continued.py",
        "served/trying_again/test_fallbacks_of_sdks.py",
        "served/trying_again/test_lesson.py",
        "served/trying_again/test_retry_budget.py",
        "served/upstreams/test_accents.py",
        "served/upstreams/test_broken_http.py",
        "served/upstreams/test_nothing_sent_yet.py",
        "served/upstreams/test_pictures.py",
        "soak/attacked",
        "wire",
    ),
    "how pages look and act: what they read, tests/monitor and tests/accounts/admin try on each store": (
        "browser",
        "gallery",
    ),
    "they bring a PostgreSQL and a Redis of their own, whatever store the suite runs on": (
        "fronts/test_two_hosts.py",
        "served/keys/test_key_changes.py",
        "served/processes/test_pooler.py",
        "served/processes/test_several_processes.py",
    ),
    "how the tests are run": ("own_process", "test_outside.py"),
}
"""By the reason: files and folders whose servers would do the same on any store."""

_FORBIDDEN = frozenset({"socket.connect", "socket.bind", "subprocess.Popen", "os.fork", "os.posix_spawn"})
_ALLOWED_PROGRAMS = frozenset({"git", "uname"})
"""The rules of the house ask git for the files of the repository, the SDKs ask once what machine this is."""


def is_outside(item: pytest.Item) -> bool:
    """Whether the test listens, connects or starts programs."""
    asked = getattr(item, "fixturenames", ())
    return plays_with_the_whole(item.path) or not FIXTURES.isdisjoint(asked) or "outside" in item.keywords


def is_told_by_a_store(item: pytest.Item) -> bool:
    """Whether the test could end differently on another store."""
    asked = getattr(item, "fixturenames", ())
    if "stores" in item.keywords or "django_db" in item.keywords or not DATABASES.isdisjoint(asked):
        return True
    return is_outside(item) and not is_the_same_on_every_store(item.path)


@functools.cache
def is_the_same_on_every_store(path: Path) -> bool:
    """Whether the file is one of SAME_ON_EVERY_STORE, or in one of its folders."""
    named = (place for places in SAME_ON_EVERY_STORE.values() for place in places)
    return any(path.is_relative_to(TESTS / place) for place in named)


@functools.cache
def plays_with_the_whole(path: Path) -> bool:
    """Whether the file or folder is in one of FOLDERS."""
    return any(path.is_relative_to(TESTS / folder) for folder in FOLDERS)


def forbid() -> None:
    """From now on nothing in this process may listen, connect or start a program; there is no way back."""
    sys.addaudithook(_look)


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _FORBIDDEN and arguments[:1] not in {(program,) for program in _ALLOWED_PROGRAMS}:
        pytest.fail(f"a test of the fast tier reaches outside ({event}): see tests/outside.py")
