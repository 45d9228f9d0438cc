"""Behaviour 7: which broken answers may be continued, as a table."""

import msgspec
import pytest

from relay.engine.continuing.continuation import (
    MAX_CONTINUATIONS,
    OBSTACLES,
    Interruption,
    Said,
    obstacle,
    said_in,
)
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Event,
    MessageStart,
    Stop,
    StreamState,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from relay.neutral.failures import Failure, Kind
from tests.relay.engine.script import STUMBLE

TEXT: tuple[Event, ...] = (MessageStart("id", "m"), BlockStart(0, "text"), TextDelta(0, "Once upon"))
BROKEN = {
    Kind.CUT, Kind.IDLE_TIMEOUT, Kind.GARBAGE, Kind.ERROR_EVENT, Kind.STATUS, Kind.NETWORK,
    Kind.CONNECT_TIMEOUT, Kind.CREDENTIALS, Kind.READ_ERROR, Kind.FIRST_DATA_TIMEOUT, Kind.EMPTY,
    Kind.EMPTY_STOP,
}  # fmt: skip


def state_of(*events: Event) -> StreamState:
    """What the events amount to."""
    state = StreamState()
    state.fold(events)
    return state


def cut(*events: Event, kind: Kind = Kind.CUT, **changes: object) -> Interruption:
    """An answer that broke off behind ``events`` (some text), and could be continued but for ``changes``."""
    failure = Failure(kind, "x", status=500 if kind is Kind.STATUS else None)
    plain = Interruption(state_of(*(events or TEXT)), failure, True, False, "", 0)
    return msgspec.structs.replace(plain, **changes)


def block(kind: str) -> tuple[Event, ...]:
    """Text, and a whole block of ``kind`` behind it."""
    return (*TEXT, BlockStop(0), BlockStart(1, kind), BlockStop(1))  # type: ignore[arg-type]


TABLE = {
    "continuation is not switched on for this mapping": [cut(is_on=False)],
    "the answer goes out as a whole": [cut(is_collected=True)],
    "the failure is not upstream breaking off": [cut(kind=kind) for kind in set(Kind) - BROKEN],
    "how much of it was told is not known": [cut(failure=STUMBLE)],
    "a refusal is an answer": [cut(*block("refusal"))],
    "the end of the answer was told": [
        cut(*TEXT, BlockStop(0), Stop("end_turn", "STOP")),
        cut(*TEXT, BlockStop(0), Stop("refusal", "SAFETY")),
        cut(*TEXT, Terminal()),
    ],
    "thinking was sent": [
        cut(
            BlockStart(0, "thinking"),
            ThinkingDelta(0, "hm"),
            BlockStop(0),
            BlockStart(1, "text"),
            TextDelta(1, "a"),
        ),
        cut(BlockStart(0, "thinking"), BlockStop(0), BlockStart(1, "text"), TextDelta(1, "a")),
        cut(*block("redacted")),
    ],
    "a tool call was sent": [
        cut(*TEXT, BlockStop(0), BlockStart(1, "tool_call", "c", "look"), ArgumentsDelta(1, '{"a')),
        cut(*block("tool_call")),
        cut(*block("server_call")),
    ],
    "something else than text was sent": [
        cut(*block("media")),
        cut(*block("opaque")),
        cut(*block("server_result")),
    ],
    "the text was whole": [cut(*TEXT, BlockStop(0))],
    "nothing was said yet": [cut(BlockStart(0, "text")), cut(BlockStart(0, "text"), TextDelta(0, " \n"))],
    "the request wants more than plain text": [cut(wants="JSON"), cut(wants="several answers")],
    "it was continued twice already": [cut(spent=MAX_CONTINUATIONS)],
    None: [
        cut(),
        *[cut(kind=kind) for kind in BROKEN],
        cut(*TEXT, BlockStop(0), held_a_call=True),
        cut(*TEXT, BlockStop(0), BlockStart(1, "text"), TextDelta(1, "a time")),
        cut(spent=1),
    ],
}


def test_the_table(subtests: pytest.Subtests) -> None:
    """Each row forbids what it is about, and says so; plain text that broke off may be continued."""
    for why, interruption in [(why, one) for why, all_ in TABLE.items() for one in all_]:
        with subtests.test(f"{why, interruption!r:.120}"):
            assert obstacle(interruption) == why


def test_every_row_is_tested() -> None:
    """No rule without a case."""
    assert [why.value for why in OBSTACLES] == [why for why in TABLE if why]


@pytest.mark.parametrize(
    ("text", "told", "tokens"),
    [
        ("x" * 400, None, 100),  # unknown: the estimate
        ("x" * 400, 1, 100),  # told at the beginning only
        ("x" * 400, 80, 80),  # upstream's own count
        ("x" * 400, 900, 900),  # with thinking, which the limit holds too
        ("日本語", None, 3),  # by bytes: more tokens than characters / 4
    ],
)
def test_how_much_was_said(text: str, told: int | None, tokens: int) -> None:
    """Upstream's count where it can be one of what was said, else four bytes a token."""
    state = state_of(BlockStart(0, "text"), TextDelta(0, text), Usage(output=told))
    assert said_in(state) == Said(text, tokens)
