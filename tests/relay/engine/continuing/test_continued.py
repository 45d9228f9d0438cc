"""Behaviour 7: what is done about an answer that broke off, where the mapping says that it is continued."""

import pytest

from relay.engine.continuing.continuation import MAX_CONTINUATIONS, Said
from relay.engine.facts import AttemptEnded, Committed, Continued, NotContinued
from relay.engine.retrying.deadlines import TimeLimits
from relay.neutral.events import (
    BlockStart,
    BlockStop,
    Event,
    Failed,
    MessageStart,
    Stop,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from relay.neutral.failures import Failure, Kind, Phase
from tests.relay.engine.playbook import Script, play
from tests.relay.engine.retrying.test_spent_budget import SPENT
from tests.relay.engine.script import (
    ANN,
    BEN,
    STOP,
    STOPPED,
    around,
    asks_on,
    breaks,
    closes,
    delivers,
    done,
    ends,
    interrupted,
    like,
    looks_around,
    marks,
    nobody,
    opened,
    opens,
    picks,
    reads,
    refuses,
    says,
    silence,
    sleeps,
)

ANN_ON, BEN_ON = like(ANN, continues=True), like(BEN, continues=True)
SAID = Said("Once upon", 3)
START = MessageStart("id", "m-1")
BEGUN: list[Script] = [
    (picks(), ANN_ON),
    (opens(), opened()),
    (reads(), says("Once upon")),
    delivers("Once upon", is_spliced=False),
]
CUT: list[Script] = [(reads(), breaks(Kind.READ_ERROR)), closes(is_complete=False)]
REST: tuple[Event, ...] = (
    START,
    BlockStart(0, "text"),
    TextDelta(0, " a time."),
    BlockStop(0),
    Usage(input_uncached=9, output=5),
    STOP,
    Terminal(),
)
REST_TOLD: tuple[Event, ...] = (
    TextDelta(0, " a time."),
    BlockStop(0),
    Usage(input_uncached=9, output=5),
    STOP,
    Terminal(),
)


def test_a_cut_is_gone_on_with_on_another_account() -> None:
    """The rest is asked for behind what was said, spliced into the open block, and ends the answer."""
    played = play(
        BEGUN,
        CUT,
        (picks(tried={ANN}, stay_on=None, may_wait=False, continues=SAID), BEN_ON),
        (opens(), opened(upstream_request_id="up-2")),
        (reads(), says(*REST)),
        marks(ANN, "soft"),
        delivers(*REST_TOLD, is_spliced=True),
        closes(is_complete=True),
    )
    played.ends(status=200, attempts=2, failure=None, usage=Usage(input_uncached=9, output=5))
    assert played.outcome.state.text == "Once upon a time."
    assert len(played.all(Committed)) == 1
    assert [fact.characters for fact in played.all(Continued)] == [9]
    broken, whole = played.all(AttemptEnded)
    assert broken.failure.kind is Kind.CUT
    assert (broken.decision.continues, broken.decision.rotate) == (True, True)
    assert (whole.failure, whole.usage) == (None, Usage(input_uncached=9, output=5))


def test_an_overload_keeps_the_account_and_waits() -> None:
    """Which account, and after what wait, is the policy's to say, as for any failure."""
    overloaded = Failure(Kind.ERROR_EVENT, "overloaded", status=529)
    play(
        BEGUN,
        (reads(), says(Failed(overloaded))),
        closes(is_complete=False),
        sleeps(1),
        (picks(stay_on=ANN_ON, continues=SAID), ANN_ON),
        (opens(), opened()),
        (reads(), says(*REST)),
        delivers(*REST_TOLD, is_spliced=True),
        closes(is_complete=True),
    ).ends(status=200, attempts=2, failure=None)


def test_a_quota_in_the_middle_marks_the_account_and_goes_to_another() -> None:
    """A 429 is not counted as a retry, and rotates at once."""
    quota = Failure(Kind.ERROR_EVENT, "no more", status=429)
    play(
        BEGUN,
        (reads(), says(Failed(quota))),
        marks(ANN, "hard", 429),
        (looks_around(besides={ANN}), around(another_is_free=True)),
        closes(is_complete=False),
        (picks(stay_on=None, continues=SAID), BEN_ON),
        (opens(), opened()),
        (reads(), says(*REST)),
        delivers(*REST_TOLD, is_spliced=True),
        closes(is_complete=True),
        has_budget=False,
    ).ends(status=200, attempts=2)


def test_two_continuations_are_all() -> None:
    """Then the error event; each that said something has its seam."""
    second: tuple[Event, ...] = (START, BlockStart(0, "text"), TextDelta(0, " a"))
    third: tuple[Event, ...] = (START, BlockStart(0, "text"), TextDelta(0, " time"))
    played = play(
        BEGUN,
        CUT,
        (picks(continues=SAID), BEN_ON),
        (opens(), opened()),
        (reads(), says(*second)),
        marks(ANN, "soft"),
        delivers(TextDelta(0, " a"), is_spliced=True),
        CUT,
        (picks(continues=Said("Once upon a", 3)), ANN_ON),
        (opens(), opened()),
        (reads(), says(*third)),
        marks(BEN, "soft"),
        delivers(TextDelta(0, " time"), is_spliced=True),
        CUT,
    )
    played.ends(status=200, attempts=1 + MAX_CONTINUATIONS, is_committed=True, is_told=False)
    assert played.outcome.failure is not None
    assert played.outcome.failure.kind is Kind.CUT
    assert [fact.characters for fact in played.all(Continued)] == [9, 11]
    assert played.fact(NotContinued).why == "it was continued twice already"


@pytest.mark.parametrize(
    "leg",
    [
        [(opens(), refuses(500))],
        [(opens(), breaks(Kind.NETWORK))],
        [(opens(until=60), silence())],
        [(opens(), opened()), (reads(until=60), silence())],
        [(opens(), opened()), (reads(), ends())],
        [(opens(), opened()), (reads(), says(START, STOP, Terminal()))],
        [(opens(), opened()), (reads(), says(START, Failed(Failure(Kind.GARBAGE, "no JSON"))))],
    ],
)
def test_a_continuation_that_says_nothing_is_followed_by_the_next(leg: list[Script]) -> None:
    """It failed, and the answer stands where it stood; an empty stop is no end of a text that broke off."""
    played = play(
        BEGUN,
        CUT,
        (picks(continues=SAID), BEN_ON),
        leg,
        closes(is_complete=False),
        sleeps(1) if leg[0][1].shown.startswith("breaks") else [],  # type: ignore[index, union-attr]
        (picks(continues=SAID), ANN_ON),
        (opens(), opened()),
        (reads(), says(*REST)),
        marks(BEN, "soft"),
        delivers(*REST_TOLD, is_spliced=True),
        closes(is_complete=True),
    )
    played.ends(status=200, attempts=3, failure=None)
    assert len(played.all(Continued)) == 1


def test_thinking_about_going_on_is_no_answer() -> None:
    """A leg that thinks and stops said nothing; while it thinks it has the time that thinking has."""
    thought: tuple[Event, ...] = (START, BlockStart(0, "thinking"), ThinkingDelta(0, "hm"))
    played = play(
        BEGUN,
        CUT,
        (picks(continues=SAID), BEN_ON),
        (opens(until=60), opened()),
        (reads(until=60), says(*thought)),
        (reads(until=300), says(BlockStop(0), STOP, Terminal())),
        closes(is_complete=False),
        (picks(continues=SAID), nobody()),
    )
    assert played.all(AttemptEnded)[1].failure.kind is Kind.EMPTY_STOP
    assert not played.all(Continued)


def test_a_request_that_upstream_refuses_is_not_asked_again() -> None:
    """A 400 would be one the next time, too. It is not about the client's own request: a 502 is told."""
    played = play(BEGUN, CUT, (picks(continues=SAID), BEN_ON), (opens(), refuses(400)), closes())
    played.ends(status=200, attempts=2)
    assert played.outcome.failure is not None
    assert played.outcome.failure.status == 502
    assert played.all(AttemptEnded)[1].failure.status == 400
    assert played.fact(NotContinued).why == "it would not help"


@pytest.mark.parametrize(
    ("status", "told"), [(401, 503), (402, 503), (403, 503), (404, 502), (429, 429), (500, 500), (529, 529)]
)
def test_an_answer_that_stays_broken_is_no_trouble_with_the_clients_key(status: int, told: int) -> None:
    """Section 6 holds behind the commit too: a 401 or 403 as its own would log the client out."""
    why = Failure(Kind.ERROR_EVENT, "no", status=status, reason="invalid_api_key")
    hard = status in (401, 402, 403, 404, 429)
    played = play(
        BEGUN,
        CUT,
        (picks(continues=SAID), BEN_ON),
        (opens(), opened()),
        (reads(), says(START, Failed(why))),
        [marks(BEN, "hard"), (looks_around(), around(all_are_marked=True))] if hard else [],
        closes(),
        [sleeps(), (picks(continues=SAID), nobody())] if status in (429, 500, 529) else [],
    )
    assert played.outcome.failure is not None
    assert played.outcome.failure.status == told
    assert played.outcome.failure.reason == ("invalid_api_key" if status == told else "")


def test_nobody_to_go_on_with() -> None:
    """Fallbacks are other models, and are not asked; the failure in hand is told."""
    played = play(BEGUN, CUT, (picks(target=0, continues=SAID), nobody(message="all cool down")), targets=2)
    played.ends(status=200, attempts=1, is_committed=True)
    assert played.outcome.failure is not None
    assert played.outcome.failure.kind is Kind.CUT
    assert played.fact(NotContinued).why == "all cool down"


def test_the_retry_budget_is_asked() -> None:
    """A dying upstream is hammered by those who mend answers as by those who begin them."""
    played = play(BEGUN, (reads(), ends()), SPENT, closes(is_complete=False), has_budget=False)
    played.ends(status=200, attempts=1)
    assert played.fact(NotContinued).why == "retry budget spent"


def test_the_deadline_of_the_exchange_does_not_count() -> None:
    """It runs to the commit, and that was; each leg has deadlines of its own."""
    play(
        (picks(), ANN_ON),
        (opens(), opened()),
        (reads(), says("Once upon")),
        delivers("Once upon"),
        (reads(), says(Usage(output=3), after=100)),
        delivers(Usage(output=3)),
        CUT,
        (picks(continues=SAID), BEN_ON),
        (opens(until=160), opened()),
        (reads(until=160), says(*REST[:3], after=20)),
        marks(ANN, "soft"),
        delivers(TextDelta(0, " a time.")),
        (reads(until=240), says(*REST[3:])),
        delivers(BlockStop(0), Usage(input_uncached=9, output=8), STOP, Terminal()),
        closes(is_complete=True),
        limits=TimeLimits(deadline_seconds=70),
    ).ends(status=200, failure=None)


def test_what_cannot_be_continued_ends_as_without_the_switch() -> None:
    """With its reason on record."""
    call = BlockStart(1, "tool_call", "c1", "look")
    played = play(
        BEGUN, (reads(), says(BlockStop(0), call)), delivers(BlockStop(0), call), (reads(), ends()), closes()
    )
    played.ends(status=200, attempts=1, phase=Phase.TOOL_CALL)
    assert played.fact(NotContinued).why == "a tool call was sent"


def test_without_the_switch_nothing_is_said_of_continuing() -> None:
    """Nor done."""
    begun: list[Script] = [(picks(), ANN), (opens(), opened()), (reads(), says("Hi")), delivers("Hi")]
    played = play(begun, (reads(), ends()), closes())
    played.ends(status=200, attempts=1)
    assert not played.all(NotContinued)


def test_a_client_that_goes_is_not_continued_for() -> None:
    """Whenever it goes."""
    played = play(BEGUN, (reads(), interrupted("client")))
    played.ends(attempts=1, interrupted_by="client")
    played = play(BEGUN, CUT, (picks(continues=SAID), BEN_ON), (opens(), interrupted("client")))
    played.ends(attempts=2, interrupted_by="client", status=200)


def test_a_collected_answer_is_asked_for_again_and_never_continued() -> None:
    """Its whole is the peek."""
    play(
        (picks(), ANN_ON),
        (opens(), opened()),
        (reads(), says("Once upon")),
        (reads(), ends()),
        closes(is_complete=False),
        (picks(continues=None), BEN_ON),
        (opens(), opened()),
        (reads(), says("Once", *STOPPED)),
        marks(ANN, "soft"),
        delivers("Once", *STOPPED),
        closes(is_complete=True),
        is_collected=True,
    ).ends(status=200, attempts=2)


# --- the same dialect on both sides ---------------------------------------------------------------
SAME, SAME_BEN = like(ANN_ON, is_same_dialect=True), like(BEN_ON, is_same_dialect=True)
OVERLOADED = Failure(Kind.ERROR_EVENT, "Overloaded", status=500, from_upstream_event=True)
DELTA, ERROR = b"event: d\ndata: 1\n\n", b"event: error\ndata: 2\n\n"
SAME_BEGUN: list[Script] = [
    (picks(), SAME),
    (opens(), opened()),
    (reads(), says("Once", raw=b"x")),
    delivers("Once", raw=b"x"),
    (reads(), says(TextDelta(0, " upon"), Failed(OVERLOADED), raw=DELTA + ERROR)),
    delivers(TextDelta(0, " upon"), raw=DELTA, is_spliced=False),
]


def test_upstream_s_own_error_event_waits_until_it_is_the_end() -> None:
    """The client must not hear of a failure that is mended; behind the seam all is written out of events."""
    played = play(
        SAME_BEGUN,
        closes(is_complete=False),
        sleeps(0.5),
        (picks(continues=SAID), SAME_BEN),
        (opens(), opened()),
        (reads(), says(*REST, raw=b"bytes of another message")),
        marks(ANN, "soft"),
        delivers(*REST_TOLD, raw=b"", is_spliced=True),
        closes(is_complete=True),
    )
    played.ends(status=200, attempts=2, failure=None, is_told=False)


def test_upstream_s_own_error_event_is_the_end_when_nobody_goes_on() -> None:
    """It passes through, and nothing is added."""
    end = delivers(Failed(OVERLOADED), raw=ERROR, is_spliced=False)
    played = play(SAME_BEGUN, closes(), sleeps(0.5), (picks(), nobody()), end)
    played.ends(status=200, is_told=True)
    played = play(SAME_BEGUN, SPENT, closes(), end, has_budget=False)
    played.ends(status=200, is_told=True)


def test_behind_a_seam_the_error_event_is_ours_to_write() -> None:
    """Upstream's own would be of another message."""
    played = play(
        SAME_BEGUN,
        closes(),
        sleeps(0.5),
        (picks(continues=SAID), SAME_BEN),
        (opens(), opened()),
        (reads(), says(*REST[:3], Failed(OVERLOADED), raw=DELTA + ERROR)),
        marks(ANN, "soft"),
        delivers(TextDelta(0, " a time."), raw=b""),
        closes(),
        sleeps(1),
        (picks(), nobody()),
    )
    played.ends(status=200, is_told=False)


def test_a_token_behind_a_seam_is_followed() -> None:
    """The client of the same dialect cannot: the token is for a request that it does not know."""
    goes_on = Stop("continuation", "CONTINUATION", continuation_token="token-2")
    last: tuple[Event, ...] = (Usage(output=1), STOP, Terminal())
    played = play(
        SAME_BEGUN,
        closes(),
        sleeps(0.5),
        (picks(continues=SAID), SAME_BEN),
        (opens(), opened()),
        (reads(), says(*REST[:4], Usage(output=5), goes_on, Terminal())),
        marks(ANN, "soft"),
        delivers(TextDelta(0, " a time."), BlockStop(0), Usage(output=5), is_spliced=True),
        (asks_on("token-2"), done()),
        (opens(), opened()),
        (reads(), says(BlockStart(0, "text"), TextDelta(0, " So"), BlockStop(0), *last)),
        delivers(BlockStart(1, "text"), TextDelta(1, " So"), BlockStop(1), Usage(output=6), *last[1:]),
        closes(is_complete=True),
    )
    played.ends(status=200, attempts=2, usage=Usage(output=6))
    heard = played.all(AttemptEnded)[-1].heard
    assert [block.text for block in heard.blocks] == [" a time.", " So"], "its own legs, and none before it"
    assert heard.terminal
    assert played.outcome.state.text == "Once upon a time. So"


def test_each_attempt_has_its_own_usage() -> None:
    """The exchange has the sum."""
    played = play(
        BEGUN,
        (reads(), says(Usage(input_uncached=4, output=2))),
        delivers(),
        CUT,
        (picks(), BEN_ON),
        (opens(), opened()),
        (reads(), says(*REST)),
        marks(ANN, "soft"),
        delivers(*REST_TOLD[:2], Usage(input_uncached=13, output=7), STOP, Terminal()),
        closes(is_complete=True),
    )
    assert [fact.usage for fact in played.all(AttemptEnded)] == [Usage(4, output=2), Usage(9, output=5)]
    played.ends(usage=Usage(13, output=7))
