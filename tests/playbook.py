"""Scripted conversations with the engine, so that each rule is a short script.

The manner is that of mitmproxy's playbooks: a script is a list of lines, each of them a command that the
engine must give next and the reply it then gets. There is no network, no task, no sleep, and the clock
moves only when a reply says ``after``.

    play(
        (picks(), ANN),
        (opens(until=60), opened()),
        (reads(until=60), says("Hello", *STOPPED)),
        delivers("Hello", *STOPPED),
        closes(is_complete=True),
    ).ends(status=200)

A line without a reply is answered ``Done``. Commands name only what the rule is about: what a line leaves
out may be anything. Facts (``Note``) are taken silently and stand in ``Played.facts``. When the engine
departs from the script, the assertion shows the whole dialogue as a diff.
"""

import difflib
from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec

from relay.engine.answer import Limits
from relay.engine.attempts import serve
from relay.engine.commands import (
    Around,
    AskOn,
    Broke,
    CloseUpstream,
    Command,
    Data,
    Deliver,
    Done,
    Ended,
    Interrupted,
    LookAround,
    MarkAccount,
    Note,
    Opened,
    OpenUpstream,
    Outcome,
    PickAccount,
    Picked,
    Read,
    Repair,
    Repaired,
    Reply,
    Sleep,
    TimedOut,
    Unavailable,
)
from relay.engine.facts import Fact
from relay.events import BlockStart, BlockStop, Chunk, Event, MessageStart, Stop, Terminal, TextDelta, Usage
from relay.failures import Failure, Kind

# --- what the script's people and streams are like -----------------------------------------------
ANN = Picked(0, 1, "ann@example.com", "gemini", "m-1", is_same_dialect=False)
BEN = Picked(0, 2, "ben@example.com", "gemini", "m-1", is_same_dialect=False)
CAT = Picked(0, 3, "cat@example.com", "gemini", "m-1", is_same_dialect=False)

STOP = Stop("end_turn", "STOP")
STOPPED: tuple[Event, ...] = (BlockStop(0), Usage(input_uncached=7, output=3), STOP, Terminal())


def like(account: Picked, **changes: Any) -> Picked:
    """``account``, but for ``changes``."""
    return msgspec.structs.replace(account, **changes)


def refusal(status: int, **more: Any) -> Failure:
    """Upstream's HTTP error."""
    return Failure(Kind.STATUS, f"upstream said {status}", status=status, **more)


def _events(said: Iterable[Event | str]) -> list[Event]:
    """Events as they are; a text stands for a message that starts with it."""
    events: list[Event] = []
    for one in said:
        if isinstance(one, str):
            events += [MessageStart("id", "m-1"), BlockStart(0, "text"), TextDelta(0, one)]
        else:
            events.append(one)
    return events


class Fields:
    """Equal to anything whose named fields are so."""

    def __init__(self, **fields: Any) -> None:
        self.fields = {name: value for name, value in fields.items() if value is not ...}

    def __eq__(self, other: object) -> bool:
        return all(getattr(other, name, ...) == value for name, value in self.fields.items())

    def __hash__(self) -> int:
        raise TypeError("it is no value")

    def __repr__(self) -> str:
        return ", ".join(f"{name}={_compact(value)}" for name, value in self.fields.items())


def _compact(value: object) -> str:
    """``value`` without the fields that stand on their defaults: a diff is read by people."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(_compact(item) for item in value)}]"
    if not isinstance(value, msgspec.Struct):
        return repr(value)
    told = {field.name: getattr(value, field.name) for field in msgspec.structs.fields(value)}
    usual = {field.name: field.default for field in msgspec.structs.fields(value)}
    shown = [f"{name}={_compact(item)}" for name, item in told.items() if item != usual[name]]
    return f"{type(value).__name__}({', '.join(shown)})"


# --- commands that the script expects ------------------------------------------------------------
class Expected:
    """A command of a type; ``named`` are those of its fields that the line is about."""

    def __init__(self, kind: type, **fields: Any) -> None:
        self.kind = kind
        self.named = Fields(**fields)

    def matches(self, command: Command) -> bool:
        """Is ``command`` what this line says?"""
        return type(command) is self.kind and self.named == command

    def shown(self) -> str:
        """The line as the diff shows it."""
        return f"{self.kind.__name__}({self.named!r})"


def picks(target: Any = ..., tried: Any = ..., stay_on: Any = ..., may_wait: Any = ...) -> Expected:
    """The engine takes an account; ``tried`` is a set of the script's people."""
    if tried is not ...:
        tried = frozenset(account.account for account in tried)
    if isinstance(stay_on, Picked):
        stay_on = stay_on.account
    return Expected(PickAccount, target=target, tried=tried, stay_on=stay_on, may_wait=may_wait)


def opens(until: Any = ...) -> Expected:
    """The engine sends the request."""
    return Expected(OpenUpstream, until=until)


def reads(until: Any = ...) -> Expected:
    """The engine waits for data."""
    return Expected(Read, until=until)


def delivers(*said: Event | str, raw: Any = ..., is_spliced: Any = ...) -> Expected:
    """The client gets ``said``; nothing named stands for anything."""
    if raw is ... and not said:
        return Expected(Deliver, is_spliced=is_spliced)
    chunk = Chunk(b"" if raw is ... else raw, _events(said))
    return Expected(Deliver, chunk=chunk, is_spliced=is_spliced)


def sleeps(seconds: Any = ...) -> Expected:
    """The engine backs off."""
    return Expected(Sleep, seconds=seconds)


def closes(is_complete: Any = False, **more: Any) -> Expected:
    """The engine is done with the response."""
    return Expected(CloseUpstream, is_complete=is_complete, **more)


def looks_around(target: Any = ..., besides: Any = ...) -> Expected:
    """The engine asks who else is there."""
    if besides is not ...:
        besides = frozenset(account.account for account in besides)
    return Expected(LookAround, target=target, besides=besides)


def repairs(how: Any = ...) -> Expected:
    """The engine has the refused request healed."""
    return Expected(Repair, how=how)


def marks(account: Picked, hardness: str, status: Any = ..., **more: Any) -> Expected:
    """The engine has one of the script's people marked, for the model that they were asked for."""
    wanted = Fields(hardness=hardness, status=status, **more)
    return Expected(MarkAccount, account=account.account, model=account.model, mark=wanted)


def asks_on(token: Any = ...) -> Expected:
    """The engine has the next leg made ready."""
    return Expected(AskOn, token=token)


# --- replies that the script gives ---------------------------------------------------------------
Answering = Callable[[Command, float], Reply]
"""From the command and the time it was given at to its reply."""


class Given(msgspec.Struct, frozen=True):
    """A reply in a script: how it reads, and how it is made."""

    shown: str
    make: Answering


def _given(shown: str, after: float, make: Callable[[float], Reply]) -> Given:
    return Given(f"{shown} after {after:g} s" if after else shown, lambda _, at: make(at + after))


def gets(account: Picked, after: float = 0) -> Given:
    """That account is taken."""
    return _given(account.email, after, lambda at: like(account, at=at))


def nobody(status: int = 429, retry_after_seconds: float | None = None, **more: Any) -> Given:
    """Nobody can be asked."""
    failure = Failure(
        more.pop("kind", Kind.NO_ACCOUNT),
        more.pop("message", "nobody is free"),
        status=status,
        retry_after_seconds=retry_after_seconds,
        **more,
    )
    return _given(f"nobody ({status})", 0, lambda at: Unavailable(at, failure))


def opened(after: float = 0, upstream_request_id: str = "up-1") -> Given:
    """Upstream answers 200."""
    return _given("opened", after, lambda at: Opened(at, upstream_request_id))


def says(*said: Event | str, raw: bytes = b"", after: float = 0) -> Given:
    """One read's events; a text stands for a message that starts with it."""
    return _given(f"says {_compact(said)}", after, lambda at: Data(at, Chunk(raw, _events(said))))


def ends(*said: Event | str, raw: bytes = b"", after: float = 0) -> Given:
    """Upstream closes in order, after these last events."""
    return _given(f"ends with {_compact(said)}", after, lambda at: Ended(at, Chunk(raw, _events(said))))


def breaks(failure: Failure | Kind, after: float = 0) -> Given:
    """The attempt breaks."""
    if isinstance(failure, Kind):
        failure = Failure(failure, f"a {failure.value}")
    return _given(f"breaks: {failure.message}", after, lambda at: Broke(at, failure))


def refuses(status: int, after: float = 0, **more: Any) -> Given:
    """Upstream answers with an HTTP error."""
    return breaks(refusal(status, **more), after)


def silence() -> Given:
    """Nothing comes until the time that the command names."""
    return Given("silence", lambda command, _: TimedOut(command.until))  # type: ignore[union-attr]


def around(
    another_is_free: bool = False, all_are_marked: bool = False, nearest_free_seconds: float | None = None
) -> Given:
    """Who else is there."""
    shown = f"another is free: {another_is_free}, all are marked: {all_are_marked}, {nearest_free_seconds}"
    return _given(shown, 0, lambda at: Around(at, another_is_free, all_are_marked, nearest_free_seconds))


def repaired(*changes: str) -> Given:
    """The request is healed; without changes there was nothing to heal."""
    return _given(f"repaired: {changes}", 0, lambda at: Repaired(at, changes))


def done(after: float = 0) -> Given:
    """It is done."""
    return _given("done", after, lambda at: Done(at))


def interrupted(by: Literal["client", "server"]) -> Given:
    """Instead of a reply: the exchange must end."""

    def throw(command: Command, at: float) -> Reply:
        raise Interrupted(by)

    return Given(f"interrupted by the {by}", throw)


Line = Expected | tuple[Expected, Given | Picked]
Script = Line | list["Script"]
"""A line, or a passage of several."""


def answers(text: str = "Hello", *, soft: Iterable[Picked] = ()) -> list["Script"]:
    """An attempt that goes well: opened, one read with the whole answer, delivered, closed.

    ``soft`` are those who failed before, and are marked now that somebody answers.
    """
    return [
        (opens(), opened()),
        (reads(), says(text, *STOPPED)),
        *[marks(account, "soft") for account in soft],
        delivers(text, *STOPPED),
        closes(is_complete=True),
    ]


# --- the play ------------------------------------------------------------------------------------
class Played:
    """What came of a script: the outcome, and the facts noted on the way."""

    def __init__(self, outcome: Outcome | None, facts: list[Fact], shown: str) -> None:
        self.outcome = outcome
        self.facts = facts
        self.shown = shown

    def ends(self, **fields: Any) -> "Played":
        """Assert that the exchange is over, with an Outcome whose named fields are so."""
        assert self.outcome is not None, f"the exchange is not over:\n{self.shown}"
        told = {name: getattr(self.outcome, name) for name in fields}
        assert told == fields, f"another outcome:\n{self.shown}"
        return self

    def fact(self, kind: type, number: int = 0) -> Any:
        """The fact of that kind, counted from 0."""
        return self.all(kind)[number]

    def all(self, kind: type) -> list[Any]:
        """All facts of that kind, in order."""
        return [fact for fact in self.facts if type(fact) is kind]


def play(
    *script: Script, limits: Limits | None = None, targets: int = 1, is_collected: bool = False
) -> Played:
    """Hold the conversation; AssertionError with a diff where the engine departs from the script."""
    engine = serve(limits or Limits(), targets, is_collected)
    lines = lines_of(script)
    expected = [text for line in lines for text in _shown(line)]
    actual: list[str] = []
    facts: list[Fact] = []
    at = 0.0
    outcome: Outcome | None = None

    def depart(what: str) -> AssertionError:
        diff = "\n".join(difflib.ndiff(expected, [*actual, what]))
        return AssertionError(f"The engine departs from the script (-), it does (+):\n{diff}")

    def step(reply: Reply | Interrupted | None) -> Command | None:
        """The engine's next command that is no Note; None at its end."""
        nonlocal outcome
        try:
            command = engine.throw(reply) if isinstance(reply, Interrupted) else engine.send(reply)  # type: ignore[arg-type]
            while isinstance(command, Note):
                facts.append(command.fact)
                command = engine.send(Done(at))
        except StopIteration as end:
            outcome = end.value
            return None
        return command

    command = step(None)
    for wanted, given in lines:
        if command is None:
            raise depart(f"(the end) {_compact(outcome)}")
        if not wanted.matches(command):
            raise depart(_named(command, wanted))
        actual += _shown((wanted, given))
        try:
            reply = given.make(command, at)
            at = reply.at
            command = step(reply)
        except Interrupted as interruption:
            command = step(interruption)
    if command is not None:
        raise depart(_compact(command))
    return Played(outcome, facts, "\n".join([*actual, f"(the end) {_compact(outcome)}"]))


def lines_of(script: Iterable[Script]) -> list[tuple[Expected, Given]]:
    """The script's lines one after the other, each with its reply."""
    lines: list[tuple[Expected, Given]] = []
    for part in script:
        if isinstance(part, list):
            lines += lines_of(part)
        elif isinstance(part, Expected):
            lines.append((part, _usual(part)))
        else:
            expected, given = part
            lines.append((expected, gets(given) if isinstance(given, Picked) else given))
    return lines


def _usual(line: Expected) -> Given:
    """What a line without a reply gets: it is done, and a sleep has taken its time."""
    if line.kind is Sleep:
        return Given("", lambda command, at: Done(at + command.seconds))  # type: ignore[union-attr]
    return Given("", lambda _, at: Done(at))


def _shown(line: tuple[Expected, Given]) -> list[str]:
    expected, given = line
    return [expected.shown(), f"    {given.shown}"] if given.shown else [expected.shown()]


def _named(command: Command, wanted: Expected) -> str:
    """``command`` with the fields that the script names, so that the diff points at the difference."""
    if type(command) is not wanted.kind:
        return _compact(command)
    return Expected(wanted.kind, **{name: getattr(command, name) for name in wanted.named.fields}).shown()
