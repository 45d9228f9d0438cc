"""What running exchanges have used is written down once in a while."""

import pytest

from relay.exchange.record.use_keeper import FIRST_SECONDS, UseKeeper


class Running:
    """A running exchange that counts how often it is looked at; it may fail."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.looks = 0

    def keep_use(self) -> None:
        self.looks += 1
        if self.fails:
            raise ValueError("broken")


def test_an_exchange_is_looked_at_as_it_grows_old() -> None:
    """When it is two seconds old, and each time that it is half as old again: hours take few looks."""
    one, running = Running(), dict[str, Running]()
    running["one"] = one
    keeper = UseKeeper(running)
    looks = []
    for second in range(int(FIRST_SECONDS) + 8):
        keeper.look(100.0 + second)
        looks.append(one.looks)
    assert looks == [0, 0, 1, 2, 2, 3, 3, 3, 4, 4]
    for second in range(10, 3600):
        keeper.look(100.0 + second)
    assert one.looks < 25


def test_who_has_gone_is_forgotten_and_comes_anew() -> None:
    """An id is known for as long as its exchange runs."""
    running = {"one": Running()}
    keeper = UseKeeper(running)
    keeper.look(0.0)
    one = running.pop("one")
    keeper.look(1.0)
    running["one"] = one
    keeper.look(2.5)
    assert one.looks == 0
    keeper.look(4.5)
    assert one.looks == 1


def test_one_that_fails_keeps_no_other_from_it(caplog: pytest.LogCaptureFixture) -> None:
    """Its fault is told in the log."""
    running = {"bad": Running(fails=True), "good": Running()}
    keeper = UseKeeper(running)
    keeper.look(0.0)
    keeper.look(2.0)
    assert running["good"].looks == 1
    assert "could not be written down" in caplog.text
