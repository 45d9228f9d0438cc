"""Behaviour 5.8: after the commit there is no retry and no pretending, only the failure as it is."""

import msgspec
import pytest

from relay.engine.facts import AttemptEnded, GaveUp
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Failed,
    Stop,
    Terminal,
    TextDelta,
    ThinkingDelta,
)
from relay.neutral.failures import Failure, Kind, Phase
from tests.relay.engine.playbook import Given, Played, Script, play
from tests.relay.engine.script import (
    ANN,
    STOPPED,
    breaks,
    closes,
    delivers,
    ends,
    like,
    marks,
    opened,
    opens,
    picks,
    reads,
    says,
)

SAME = like(ANN, is_same_dialect=True)
OVERLOADED = Failure(Kind.ERROR_EVENT, "Overloaded", status=529, from_upstream_event=True)
GARBAGE = Failure(Kind.GARBAGE, "no JSON object")
BEGUN: list[Script] = [(opens(), opened()), (reads(), says("Hello")), delivers("Hello")]


def broken(played: Played, failure: Failure | Kind, **fields: object) -> None:
    """The exchange ended with a 200 that broke off, and nobody tried again."""
    played.ends(status=200, attempts=1, is_committed=True, **fields)
    told = played.outcome.failure
    assert told is not None
    assert told == failure if isinstance(failure, Failure) else told.kind is failure
    ended = played.fact(AttemptEnded)
    assert (msgspec.structs.replace(ended.failure, status=told.status), ended.decision) == (told, None)
    assert not played.all(GaveUp)


@pytest.mark.parametrize("given", [ends(), breaks(Kind.READ_ERROR), breaks(Kind.NETWORK)])
def test_a_stream_that_merely_stops_is_a_cut(given: Given) -> None:
    """Also a clean end of the connection without the protocol's own terminal event."""
    broken(play((picks(), ANN), BEGUN, (reads(), given), closes(is_complete=False)), Kind.CUT, is_told=False)


def test_the_last_words_before_a_cut_still_reach_the_client() -> None:
    """What was left in upstream's last bytes is delivered before the error."""
    last = TextDelta(0, " you")
    played = play((picks(), ANN), BEGUN, (reads(), ends(last)), delivers(last), closes(is_complete=False))
    broken(played, Kind.CUT)


def test_a_cut_in_the_very_read_of_the_commit() -> None:
    """An answer may begin and break off in its last bytes."""
    played = play((picks(), ANN), (opens(), opened()), (reads(), ends("Hel")), delivers("Hel"), closes())
    broken(played, Kind.CUT)


def test_garbage_after_the_commit() -> None:
    """Data that is no JSON object ends the answer; what was whole before it went out."""
    last = TextDelta(0, " you")
    played = play((picks(), ANN), BEGUN, (reads(), says(last, Failed(GARBAGE))), delivers(last), closes())
    broken(played, GARBAGE, is_told=False)


def test_garbage_alone_delivers_nothing() -> None:
    """There is nothing to pass on to another dialect."""
    broken(play((picks(), ANN), BEGUN, (reads(), says(Failed(GARBAGE))), closes()), GARBAGE)


def test_upstream_s_own_error_event_passes_through_and_nothing_is_added() -> None:
    """Same dialect: the client has been told by upstream itself."""
    played = play(
        (picks(), SAME),
        BEGUN,
        (reads(), says(Failed(OVERLOADED), raw=b"event: error\n\n")),
        delivers(Failed(OVERLOADED), raw=b"event: error\n\n"),
        closes(),
    )
    broken(played, OVERLOADED, is_told=True)


def test_for_another_dialect_the_error_event_is_ours_to_write() -> None:
    """Upstream's event means nothing there, so the client has not been told yet."""
    played = play((picks(), ANN), BEGUN, (reads(), says(Failed(OVERLOADED))), closes())
    broken(played, OVERLOADED, is_told=False)


def test_a_broken_finish_is_an_error_for_another_dialect() -> None:
    """MALFORMED_FUNCTION_CALL after text has no word in another dialect; no end is made up for it."""
    stop = Stop("malformed", "MALFORMED_FUNCTION_CALL")
    played = play(
        (picks(), ANN),
        BEGUN,
        (reads(), says(BlockStop(0), stop, Terminal())),
        delivers(BlockStop(0)),
        closes(),
    )
    broken(played, Kind.MALFORMED_ANSWER)


def test_a_broken_finish_passes_through_to_its_own_dialect() -> None:
    """A Gemini client knows Gemini's finish reasons."""
    stop = Stop("malformed", "MALFORMED_FUNCTION_CALL")
    end = (BlockStop(0), stop, Terminal())
    play(
        (picks(), SAME),
        BEGUN,
        (reads(), says(*end, raw=b"x")),
        delivers(*end, raw=b"x"),
        closes(is_complete=True),
    ).ends(status=200, failure=None)


def test_what_comes_behind_the_terminal_event_is_not_even_read() -> None:
    """The terminal event is the end, whatever the connection does then."""
    play((picks(), ANN), BEGUN, (reads(), ends(*STOPPED)), delivers(*STOPPED), closes(is_complete=True)).ends(
        status=200, failure=None
    )


@pytest.mark.parametrize(
    ("said", "phase"),
    [
        ((BlockStart(0, "text"), TextDelta(0, "H")), Phase.TEXT),
        ((BlockStart(0, "thinking"), ThinkingDelta(0, "Hm")), Phase.THINKING),
        ((BlockStart(0, "redacted"), BlockStop(0)), Phase.THINKING),
        ((BlockStart(0, "tool_call", "c1", "look"), ArgumentsDelta(0, '{"a"')), Phase.TOOL_CALL),
        ((BlockStart(0, "server_call", "c1", "search"),), Phase.TOOL_CALL),
        (
            (BlockStart(0, "text"), TextDelta(0, "H"), BlockStop(0), Stop("end_turn", "STOP")),
            Phase.AFTER_STOP,
        ),
    ],
)
def test_the_phase_of_a_cut(said: tuple, phase: Phase) -> None:  # type: ignore[type-arg]
    """The row says in what the answer broke off."""
    played = play(
        (picks(), ANN), (opens(), opened()), (reads(), says(*said)), delivers(), (reads(), ends()), closes()
    )
    broken(played, Kind.CUT, phase=phase)
    assert played.fact(AttemptEnded).phase is phase


@pytest.mark.parametrize("status", [429, 403])
def test_a_hard_failure_marks_the_account_after_the_commit_too(status: int) -> None:
    """This answer is lost, but the next request need not meet the same. It was not the client's key."""
    failure = Failure(Kind.ERROR_EVENT, "no", status=status)
    played = play(
        (picks(), ANN), BEGUN, (reads(), says(Failed(failure))), marks(ANN, "hard", status), closes()
    )
    broken(played, Failure(Kind.ERROR_EVENT, "no", status=503) if status == 403 else failure)


def test_a_fault_of_ours_keeps_its_name() -> None:
    """An internal failure is no cut of upstream's."""
    broken(play((picks(), ANN), BEGUN, (reads(), breaks(Kind.INTERNAL)), closes()), Kind.INTERNAL)
