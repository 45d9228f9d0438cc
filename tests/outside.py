"""Which tests reach outside their process or ask for a store, and how ``--fast`` keeps to the others.

A test reaches outside when a fixture that it asks for does, or when its folder plays with the whole: both are
named below, so no test is marked for it. The few others bear ``pytest.mark.outside``. ``--fast`` leaves them
all out, and what is marked ``thorough``, and lets none of the rest listen, connect or start a program: a new
test that does is found at once. ``--stores`` leaves out what no store can change: who neither reaches outside
nor asks for a database, and pytest-django lets nobody have one unasked.
"""

import sys
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).resolve().parent

FIXTURES = frozenset({"server_world", "simulator", "redis_url", "own_redis", "browser"})
"""The fixtures that start servers, simulators, stores and browsers; what is built on them is told by them."""

DATABASES = frozenset({"db", "transactional_db", "migrated", "old_store"})
"""The fixtures that give a database to a test without the mark ``django_db``."""

FOLDERS = frozenset({"browser", "fronts", "gallery", "served"})
"""Where every test plays with the whole."""

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
    return is_outside(item) or "django_db" in item.keywords or not DATABASES.isdisjoint(asked)


def plays_with_the_whole(path: Path) -> bool:
    """Whether the file or folder is in one of FOLDERS."""
    return any(path.is_relative_to(TESTS / folder) for folder in FOLDERS)


def forbid() -> None:
    """From now on nothing in this process may listen, connect or start a program; there is no way back."""
    sys.addaudithook(_look)


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _FORBIDDEN and arguments[:1] not in {(program,) for program in _ALLOWED_PROGRAMS}:
        pytest.fail(f"a test of the fast tier reaches outside ({event}): see tests/outside.py")
