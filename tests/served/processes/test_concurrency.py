"""200 streams at once under random faults: each whole or ended by an error, none mixed, one true row each."""

import asyncio
from collections.abc import Iterator

import pytest

from proxyproject.faultlab.reading import HeardAnswer
from proxyproject.faultlab.world import ENVIRONMENT, lab_world
from relay.simulator.faults.faults import CATALOGUE
from relay.simulator.model.prose import answer_text
from tests.soak.campaign import Report, judged, run
from tests.soak.judge import Received
from tests.soak.plan import FORMS, Exchange, accounts, campaign, mappings

SEED = 22
"""Of so few exchanges one that meets everything."""
AT_ONCE = 200
STREAMED, COLLECTED, CONTINUED, LEAVING = 600, 150, 75, 0.07
FLAT_BYTES = 40_000_000
"""What memory may grow by over the second half: pages of the allocator and caches, not what was served."""

TIMEOUTS = {
    "RELAY_PEEK_TIMEOUT_SECONDS": "5",
    "RELAY_IDLE_TIMEOUT_SECONDS": "5",
    "RELAY_THINKING_TIMEOUT_SECONDS": "5",
}


@pytest.fixture(scope="module")
def exchanges() -> list[Exchange]:
    """The campaign's plan; the same in every run."""
    return campaign(SEED, STREAMED, COLLECTED, LEAVING, continued=CONTINUED)


@pytest.fixture(scope="module")
def report(exchanges: list[Exchange]) -> Iterator[Report]:
    """The campaign, run once."""
    with lab_world(accounts(exchanges), ENVIRONMENT | TIMEOUTS, mappings(exchanges)) as lab:
        yield asyncio.run(run(lab, exchanges, AT_ONCE))


def test_the_campaign_meets_everything(exchanges: list[Exchange]) -> None:
    """Every fault, every client's dialect on every upstream, streamed and collected, some who leave."""
    struck = {strike.contract.name for exchange in exchanges for strike in exchange.strikes}
    assert struck == set(CATALOGUE) - {"invalid_grant"}  # which needs another kind of account
    assert len({(exchange.form, exchange.upstream) for exchange in exchanges}) == 3 * len(FORMS)
    assert sum(exchange.leaves_after_bytes is not None for exchange in exchanges) > 20


def test_each_is_whole_or_ended_by_an_error(report: Report) -> None:
    """No silent truncation, no character lost or doubled, no stream mixed, each as the contract says."""
    assert [(one.exchange.prompt, one.problems) for one in report.broken] == []
    assert len(report.judged) == STREAMED + COLLECTED + CONTINUED
    assert sum(one.exchange.continues for one in report.judged) == CONTINUED


def test_each_has_one_row_with_the_right_outcome(report: Report) -> None:
    """Also where the client left; nothing is in flight afterwards, and no traceback is in the log."""
    stayed = sum(one.answer is not None for one in report.judged)
    assert stayed <= report.rows <= len(report.judged)
    assert report.tracebacks == 0


def test_memory_is_flat(report: Report) -> None:
    """What was served is let go."""
    half = len(report.rss_bytes) // 2
    assert report.rss_bytes[-1] - report.rss_bytes[half] < FLAT_BYTES, report.rss_bytes


PLAIN = Exchange(7, "anthropic", "anthropic", True, 5, (), None)
ROW = {"in_flight": 0, "outcome": "ok", "attempts": 1, "status": 200}
TEXT = answer_text(PLAIN.prompt, PLAIN.shape)


def test_the_judge_sees(subtests: pytest.Subtests) -> None:
    """A campaign that could not find anything would prove nothing."""
    for problem, answer, rows in [
        (None, HeardAnswer(200, "whole", TEXT), [ROW]),
        ("truncated", HeardAnswer(200, "cut", TEXT), [ROW]),
        ("unreadable", HeardAnswer(200, "broken", TEXT, why="x"), [ROW]),
        ("pretended", HeardAnswer(200, "whole", TEXT[:-1]), [ROW]),
        ("lost or doubled", HeardAnswer(200, "whole", TEXT + TEXT[-9:]), [ROW]),
        ("mixed", HeardAnswer(200, "whole", answer_text("another", PLAIN.shape)), [ROW]),
        ("not as the contract", HeardAnswer(200, "error event", TEXT), [ROW]),
        ("not as the contract", HeardAnswer(200, "whole", TEXT), [ROW | {"attempts": 2}]),
        ("outcome", HeardAnswer(200, "whole", TEXT), [ROW | {"outcome": "retried"}]),
        ("outcome", HeardAnswer(200, "whole", TEXT), [ROW | {"status": 502}]),
        ("rows", HeardAnswer(200, "whole", TEXT), []),
        ("rows", HeardAnswer(200, "whole", TEXT), [ROW, ROW]),
        ("rows", HeardAnswer(200, "whole", TEXT), [ROW | {"in_flight": 1}]),
    ]:
        with subtests.test(f"{problem, answer, rows!r:.120}"):
            found = judged(PLAIN, Received("complete", answer, 1), {PLAIN.model: rows}).problems
            assert (problem in found) if problem else found == {}


def test_a_plan_is_the_same_again() -> None:
    """What a seed found once, it finds again."""
    assert campaign(3, 50, 5, 0.1) == campaign(3, 50, 5, 0.1)
    assert campaign(3, 50, 5, 0.1) != campaign(4, 50, 5, 0.1)
