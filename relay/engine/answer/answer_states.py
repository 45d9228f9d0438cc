"""The states of an attempt's answer: what each asks for, which replies it takes, and what it becomes.

PURE. ``Answer`` (``answer.py``) makes no step that is not in the table, and the picture in
``docs/architecture.md`` is made of it. *More* is peeking or stopped empty, or speaking or stopped.

    state           asks for      takes              becomes
    sent            OpenUpstream  Opened             peeking
                                  Broke, TimedOut    broken
    peeking,        Read          Data               more, or an end
    stopped empty                 Ended              an end
    peeking         Read          Broke, TimedOut    broken
    sent on         OpenUpstream  Opened             speaking
                                  Broke, TimedOut    broken
    speaking,       Read          Data               speaking, stopped, or an end
    stopped                       Ended              an end
    speaking        Read          Broke, TimedOut    broken

An end is whole, broken, or the next leg: *sent* where nothing was said yet, else *sent on*. Where the answer
has stopped, a connection that breaks or falls silent is its end: it is settled, and taken as Ended.
"""

from enum import StrEnum

from relay.engine.commands import Broke, Data, Ended, Opened, Reply, TimedOut


class State(StrEnum):  # a str, whose hash is quick
    """Where an answer stands."""

    SENT = "sent"
    """The request is out; nothing was said."""
    PEEKING = "peeking"
    """Upstream answered 200, and has said nothing yet."""
    STOPPED_EMPTY = "stopped empty"
    """A finish reason was told, and nothing was said."""
    SPEAKING = "speaking"
    """Valid data is there."""
    STOPPED = "stopped"
    """A finish reason was told behind what was said: the end, if nothing follows."""
    SENT_ON = "sent on"
    """The request of a later leg is out, behind what was said."""
    WHOLE = "whole"
    """The answer came to its own end."""
    BROKEN = "broken"
    """It did not."""


ENDS = frozenset({State.WHOLE, State.BROKEN})
UNSAID = frozenset({State.SENT, State.PEEKING, State.STOPPED_EMPTY})
UNOPENED = frozenset({State.SENT, State.SENT_ON})
AT_A_STOP = frozenset({State.STOPPED_EMPTY, State.STOPPED})

_OVER = ENDS | {State.SENT_ON}
_OVER_UNSAID = _OVER | {State.SENT}
_SAID_MORE = _OVER | {State.SPEAKING, State.STOPPED}
_ANYTHING = _SAID_MORE | _OVER_UNSAID | {State.PEEKING, State.STOPPED_EMPTY}
_BROKEN = frozenset({State.BROKEN})

TABLE: dict[State, dict[type[Reply], frozenset[State]]] = {
    State.SENT: {Opened: frozenset({State.PEEKING}), Broke: _BROKEN, TimedOut: _BROKEN},
    State.PEEKING: {Data: _ANYTHING, Ended: _OVER_UNSAID, Broke: _BROKEN, TimedOut: _BROKEN},
    State.STOPPED_EMPTY: {Data: _ANYTHING, Ended: _OVER_UNSAID},
    State.SPEAKING: {Data: _SAID_MORE, Ended: _OVER, Broke: _BROKEN, TimedOut: _BROKEN},
    State.STOPPED: {Data: _SAID_MORE, Ended: _OVER},
    State.SENT_ON: {Opened: frozenset({State.SPEAKING}), Broke: _BROKEN, TimedOut: _BROKEN},
}
"""By state and reply: what the state may become. Whole and broken take nothing."""


def turned(state: State, reply: Reply, becomes: State) -> State:
    """``becomes``, if the table has that step; else RuntimeError."""
    if becomes not in TABLE[state].get(type(reply), ()):
        raise RuntimeError(
            f"an answer that is {state.value} became {becomes.value} by {type(reply).__name__}"
        )
    return becomes


def picture() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.SENT.name}"]
    lines += [f"    {state.name} : {state.value}" for state in State]
    for state, takes in TABLE.items():
        by_target: dict[State, list[str]] = {}
        for reply, targets in takes.items():
            for target in targets:
                by_target.setdefault(target, []).append(reply.__name__)
        lines += [
            f"    {state.name} --> {target.name} : {', '.join(by_target[target])}"
            for target in State
            if target in by_target
        ]
    lines += [f"    {state.name} --> [*]" for state in State if state in ENDS]
    return "\n".join(lines)
