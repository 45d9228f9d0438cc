"""How the upstreams fare: budgets by host, breakers by host and model, on a clock that is moved by hand."""

import logging

import msgspec
import pytest
from prometheus_client import REGISTRY

from accounts.snapshot import AccountView
from relay.engine.facts import AttemptEnded, Committed
from relay.exchange.upstream_health import HealthSettings, UpstreamHealth, UpstreamWatch
from relay.neutral.events import Usage
from relay.neutral.failures import Failure, Kind, Phase
from tests.accounts.worlds import view

HERE = msgspec.structs.replace(view(1), base_url="https://here.example/v1")
THERE = msgspec.structs.replace(view(2), base_url="https://there.example:8443")
GONE = Failure(Kind.NETWORK, "gone")
LIMITED = Failure(Kind.STATUS, "slow down", status=429)


class Health:
    """What is tested, and its clock."""

    def __init__(self, **settings: float) -> None:
        self.at = 1000.0
        self.health = UpstreamHealth(HealthSettings(**settings), lambda: self.at)  # type: ignore[arg-type]

    def watch(self, account: AccountView = HERE, model: str = "m", *, judges: bool = True) -> UpstreamWatch:
        """An exchange that asks."""
        watch = UpstreamWatch(self.health, judges=judges)
        assert watch.admits(account, model)
        watch.asks()
        return watch

    def fails(self, failure: Failure | None = GONE, count: int = 20, model: str = "m") -> None:
        """So many attempts end so."""
        for _ in range(count):
            self.watch(model=model).note(ended(failure))


def ended(failure: Failure | None, phase: Phase = Phase.AFTER_STOP) -> AttemptEnded:
    return AttemptEnded(1.0, 1, "a@x", phase, Usage(), failure, None)


def test_an_upstream_that_fails_is_left_alone_and_no_other() -> None:
    """It is one model at one host: its neighbours and the other hosts are asked as before."""
    health = Health()
    health.fails()
    assert health.health.are_any
    assert health.health.seconds(HERE, "m") == 5.0
    assert health.health.seconds(HERE, "other") == 0.0
    assert health.health.seconds(THERE, "m") == 0.0
    assert not UpstreamWatch(health.health).admits(HERE, "m")


def test_one_request_tries_it_and_its_commit_is_enough(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody waits for the end of a long answer; log and metrics say when it began and ended."""
    caplog.set_level(logging.INFO, "relay")
    health = Health()
    health.fails()
    assert REGISTRY.get_sample_value("evenkeel_upstream_resting", {"upstream": "here.example"}) == 1
    health.at += 5
    watch = health.watch()
    assert not UpstreamWatch(health.health).admits(HERE, "m")
    watch.note(Committed(1.0, 1))
    assert not health.health.are_any
    watch.note(ended(None))
    assert [record.getMessage() for record in caplog.records] == [
        "Upstream here.example fails nearly always for m: it is left alone for 5 s",
        "Upstream here.example answers for m again",
    ]
    assert REGISTRY.get_sample_value("evenkeel_upstream_resting", {"upstream": "here.example"}) == 0


def test_a_try_that_fails_makes_the_rest_longer() -> None:
    """Twice as long; a try whose client went says nothing, and the next one may go at once."""
    health = Health()
    health.fails()
    health.at += 5
    health.watch().note(ended(None, Phase.PEEK))
    health.watch().note(ended(GONE))
    assert health.health.seconds(HERE, "m") == 10.0


@pytest.mark.parametrize(
    "failure",
    [
        None,
        LIMITED,
        Failure(Kind.STATUS, "no", status=400),
        Failure(Kind.STATUS, "who are you", status=401),
        Failure(Kind.STATUS, "what", status=404),
    ],
)
def test_who_refuses_is_there(failure: Failure | None) -> None:
    """Answers, limits and refusals of an account or a request are no reason to leave an upstream alone."""
    health = Health()
    health.fails(failure, 100)
    assert not health.health.are_any


@pytest.mark.parametrize(
    "failure",
    [GONE, *(Failure(Kind.STATUS, "x", status=status) for status in (500, 502, 503, 504, 529)),
     *(Failure(kind, "x") for kind in (Kind.EMPTY, Kind.GARBAGE, Kind.FIRST_DATA_TIMEOUT, Kind.CUT))],
)  # fmt: skip
def test_what_counts_as_failing(failure: Failure) -> None:
    """Machines, connections and services: errors, silence, empty and broken answers."""
    health = Health()
    health.fails(failure)
    assert health.health.are_any


def test_counting_tokens_judges_nobody() -> None:
    """A counter that fails says nothing of the answers."""
    health = Health()
    for _ in range(100):
        health.watch(judges=False).note(ended(GONE))
    assert not health.health.are_any


def test_names_that_clients_make_up_take_no_room() -> None:
    """Breakers are kept for the last thousand models; the one that is watched stays."""
    health = Health()
    health.fails(count=19)
    for number in range(5000):
        health.fails(None, 1, f"m-{number}")
        if number % 500 == 0:
            health.fails(None, 1)
    assert len(health.health._breakers) == 1000


def test_each_host_has_a_budget_of_its_own() -> None:
    """A host's retries take nothing from another's; a client that goes gives back what it did not use."""
    health = Health(retry_share=0.0, retry_floor=1)
    turns = [health.watch().turn(seconds) for seconds in (100, 100, 0.5)]
    assert turns == [0.0, 1.0, None]
    assert health.watch(THERE).turn(100) == 0.0
    again = health.watch()
    assert again.turn(100) == 2.0
    again.leaves()
    again.leaves()
    assert health.watch().turn(100) == 2.0


def test_a_retry_has_one_turn_wherever_its_exchange_ends() -> None:
    """Asked for again it is the same; it goes back to the host that gave it; one that was used does not."""
    health = Health(retry_share=0.0, retry_floor=1)
    watch = health.watch()
    assert (watch.turn(100), watch.turn(100)) == (0.0, 0.0), "the first one was not used"
    assert watch.admits(THERE, "m")
    watch.leaves()
    assert health.watch(THERE).turn(100) == 0.0
    used = health.watch()
    assert used.turn(100) == 0.0, "it was given back here"
    used.asks()
    used.leaves()
    assert health.watch().turn(100) == 1.0


def test_a_try_that_nobody_makes_goes_back() -> None:
    """An exchange that ends between its admission and its attempt does not keep others from trying."""
    health = Health()
    health.fails()
    health.at += 5
    watch = health.watch()
    assert not UpstreamWatch(health.health).admits(HERE, "m")
    watch.leaves()
    assert UpstreamWatch(health.health).admits(HERE, "m")


def test_an_upstream_that_nobody_asks_for_is_forgotten() -> None:
    """A minute behind its rest, when anything else is asked: its count falls, and it begins afresh."""
    health = Health()
    health.fails(model="old")
    health.at += 5 + 59
    health.watch(THERE)
    assert health.health.are_any
    health.at += 1
    health.watch(THERE)
    assert not health.health.are_any
    assert REGISTRY.get_sample_value("evenkeel_upstream_resting", {"upstream": "here.example"}) == 0
    health.fails(count=19, model="old")
    assert not health.health.are_any
    health.fails(count=1, model="old")
    assert health.health.are_any


def test_no_more_upstreams_are_left_alone_than_are_kept() -> None:
    """Made-up models at a dead host fill no memory; the number that is told is that of those kept."""
    health = Health(breaker_attempts=1)
    for number in range(1500):
        health.fails(count=1, model=f"m-{number}")
    assert len(health.health._resting) == 1000
    assert len(health.health._breakers) <= 1000
    assert REGISTRY.get_sample_value("evenkeel_upstream_resting", {"upstream": "here.example"}) == 1000
    health.at += 200
    health.health.forget_idle()
    assert REGISTRY.get_sample_value("evenkeel_upstream_resting", {"upstream": "here.example"}) == 0


def test_a_request_earns_once_at_each_host() -> None:
    """Its retries there earn nothing; a rotation to another host is a request to that one."""
    health = Health(retry_share=1.0, retry_floor=0)
    watch = health.watch()
    watch.asks()
    assert watch.turn(10) == 0.0
    watch.asks()
    assert watch.turn(10) is None
    assert watch.admits(THERE, "m")
    watch.asks()
    assert watch.turn(10) == 0.0
