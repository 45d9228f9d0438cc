"""What each attempt of an exchange used, as the row tells it."""

from monitor.record.attempt_use import AttemptUse
from monitor.record.records import AttemptRecord
from relay.dialects.anthropic import ANTHROPIC
from relay.engine.facts import AttemptEnded
from relay.exchange.record.attempt_uses import AttemptUses
from relay.exchange.record.price_facts import counted
from relay.neutral.events import BlockStart, Event, StreamState, Terminal, TextDelta, Usage
from relay.neutral.failures import Failure, Kind, Phase
from relay.upstream.request import ClientCall

BROKEN = Failure(Kind.CUT, "it broke off")
READ = Usage(input_uncached=7)


def uses_of(*attempts: tuple[tuple[Event, ...], Failure | None]) -> tuple[AttemptUse, ...]:
    """The uses of attempts, each of which said something, and failed or not."""
    uses = AttemptUses(ClientCall(ANTHROPIC, {}, b"x" * 40, {}, "m", is_stream=True, session="s"))
    for number, (said, failure) in enumerate(attempts, 1):
        heard = StreamState()
        heard.fold(said)
        attempt = AttemptRecord(
            request_id="1" * 32, number=number, account="a", account_kind="anthropic", upstream_model="m",
            started_offset_ms=0, phase=Phase.TEXT,
        )  # fmt: skip
        ended = AttemptEnded(1.0, number, "a", Phase.TEXT, heard.usage, failure, None, heard)
        usage = counted(heard, heard.usage, has_failed=failure is not None)
        uses.ended(attempt, ended, usage, is_committed=False)
    return uses.told_apart or ()


def test_an_attempt_that_was_interrupted_has_said_no_more() -> None:
    """It has no failure where its client left or the server stopped: what it read is paid, and no word more.

    Of a whole answer upstream tells what it said, or it said nothing.
    """
    first, last = uses_of(((READ,), BROKEN), ((READ,), None))
    assert first.diagnostics == last.diagnostics == {"estimated_tokens_out": 0}
    assert uses_of(((READ,), BROKEN), ((READ, Terminal()), None))[1].diagnostics == {}


def test_a_count_of_the_beginning_counts_nothing_of_a_broken_answer() -> None:
    """Anthropic tells 1 before the first word. A cut answer is estimated, a whole one believed."""
    said = (READ, Usage(output=1), BlockStart(0, "text"), TextDelta(0, "x" * 400))
    first, last = uses_of((said, BROKEN), ((*said, Terminal()), None))
    assert (first.tokens_out, first.diagnostics) == (None, {"estimated_tokens_out": 100})
    assert (last.tokens_out, last.diagnostics) == (1, {})
    kept_up = (READ, Usage(output=60), BlockStart(0, "text"), TextDelta(0, "x" * 400))
    assert uses_of((kept_up, BROKEN), ((READ,), BROKEN))[0].tokens_out == 60
