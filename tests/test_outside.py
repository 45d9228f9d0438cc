"""What the fast tier leaves out, and what it forbids."""

import socket
import subprocess
import sys

import pytest

from tests import outside


@pytest.mark.outside
def test_a_socket_and_a_program_fail_a_test_of_the_fast_tier() -> None:
    """Who listens, connects, forks or starts a program is told where to read; asking git is no such thing."""
    tries = {
        "listen": "import socket; socket.socket().bind(('127.0.0.1', 0))",
        "connect": "import socket; socket.socket().connect(('127.0.0.1', 9))",
        "start": "import subprocess; subprocess.run(['true'])",
        "fork": "import os; os.fork() or os._exit(0)",
        "ask git": "import subprocess; subprocess.run(['git', '--version'], stdout=-3)",
        "an event loop": "import asyncio; asyncio.run(asyncio.sleep(0))",
    }
    told = {
        name: subprocess.run(
            [sys.executable, "-c", f"from tests import outside; outside.forbid(); {code}"],
            cwd=outside.TESTS.parent,
            capture_output=True,
            text=True,
        ).stderr
        for name, code in tries.items()
    }
    assert {name: "see tests/outside.py" in said for name, said in told.items()} == {
        name: name in {"listen", "connect", "start", "fork"} for name in tries
    }
    assert [told[name] for name in ("ask git", "an event loop")] == ["", ""]


def test_the_fast_tier_is_held_to_its_promise(request: pytest.FixtureRequest) -> None:
    """In each process that runs its tests: whoever listens in it fails; elsewhere they may."""
    with socket.socket() as listener:
        if request.config.getoption("--fast"):
            with pytest.raises(pytest.fail.Exception, match="reaches outside"):
                listener.bind(("127.0.0.1", 0))
        else:
            listener.bind(("127.0.0.1", 0))


def test_who_asks_for_a_server_or_plays_with_the_whole_is_left_out(request: pytest.FixtureRequest) -> None:
    """By the fixture, by the folder, or by the mark; this test is none of them until it is marked."""
    assert not outside.is_outside(request.node)
    assert outside.plays_with_the_whole(outside.TESTS / "served" / "test_attempts.py")
    assert not outside.plays_with_the_whole(outside.TESTS / "relay")
    request.node.add_marker("outside")
    assert outside.is_outside(request.node)


def test_a_store_is_tried_by_who_asks_for_one(request: pytest.FixtureRequest) -> None:
    """By the mark, by the fixture, or by reaching outside: only the rest is the same on every store."""
    assert not outside.is_told_by_a_store(request.node)
    request.node.add_marker("django_db")
    assert outside.is_told_by_a_store(request.node)


def test_a_store_by_a_fixture_is_one(request: pytest.FixtureRequest, db: None) -> None:
    """Who asks for a fixture that gives a database needs no mark."""
    assert outside.is_told_by_a_store(request.node)


def test_what_is_the_same_on_every_store_says_so(request: pytest.FixtureRequest) -> None:
    """Each place that is left out is there and asks for no certain store; a mark brings a test of it back."""
    places = [outside.TESTS / place for some in outside.SAME_ON_EVERY_STORE.values() for place in some]
    assert [place for place in places if not place.exists()] == []
    files = [file for place in places for file in ([place] if place.is_file() else place.rglob("*.py"))]
    asking = "stores." + "wanted("
    assert [file.name for file in files if asking in file.read_text()] == []
    request.node.add_marker("outside")
    assert outside.is_the_same_on_every_store(request.node.path)
    assert not outside.is_told_by_a_store(request.node)
    request.node.add_marker("stores")
    assert outside.is_told_by_a_store(request.node)


def test_other_servers_are_tried_on_each_store() -> None:
    """Rows, keys, retries that are shared, and several processes; a whole folder by its name."""
    for place in (
        "served/processes/test_inside.py",
        "served/on_record/test_prices.py",
        "served/keys/test_key_rules.py",
    ):
        assert not outside.is_the_same_on_every_store(outside.TESTS / "served" / place)
    assert outside.is_the_same_on_every_store(outside.TESTS / "browser" / "test_look.py")
