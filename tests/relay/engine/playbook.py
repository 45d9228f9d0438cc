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

The words that scripts are written in are in ``tests/relay/engine/script.py``. A line without a reply is
answered ``Done``. Commands name only what the rule is about: what a line leaves out may be anything. Facts
(``Note``) are taken silently and stand in ``Played.facts``. When the engine departs from the script, or does
not end with it, the assertion shows the whole dialogue as a diff.
"""

import difflib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from relay.engine.attempts import serve
from relay.engine.commands import (
    Allowed,
    Command,
    Done,
    ExchangeEnd,
    Interrupted,
    Note,
    Picked,
    Reply,
    Sleep,
    SpendRetry,
)
from relay.engine.facts import Fact
from relay.engine.retrying.deadlines import TimeLimits
from relay.engine.retrying.fallbacks import ONLY_WITHOUT_ACCOUNTS, Fallbacks


class Fields:
    """Equal to anything whose named fields are so."""

    def __init__(self, **fields: Any) -> None:
        self.fields = {name: value for name, value in fields.items() if value is not ...}

    def __eq__(self, other: object) -> bool:
        return all(getattr(other, name, ...) == value for name, value in self.fields.items())

    def __hash__(self) -> int:
        raise TypeError("it is no value")

    def __repr__(self) -> str:
        return ", ".join(f"{name}={compact(value)}" for name, value in self.fields.items())


def compact(value: object) -> str:
    """``value`` without the fields that stand on their defaults: a diff is read by people."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(compact(item) for item in value)}]"
    if not isinstance(value, msgspec.Struct):
        return repr(value)
    told = {field.name: getattr(value, field.name) for field in msgspec.structs.fields(value)}
    usual = {field.name: field.default for field in msgspec.structs.fields(value)}
    shown = [f"{name}={compact(item)}" for name, item in told.items() if item != usual[name]]
    return f"{type(value).__name__}({', '.join(shown)})"


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


Answering = Callable[[Command, float], Reply]
"""From the command and the time it was given at to its reply."""


class Given(msgspec.Struct, frozen=True):
    """A reply in a script: how it reads, and how it is made."""

    shown: str
    make: Answering


Line = Expected | tuple[Expected, Given | Picked]
Script = Line | list["Script"]
"""A line, or a passage of several."""


class Played:
    """What came of a script: the outcome, and the facts noted on the way."""

    def __init__(self, outcome: ExchangeEnd, facts: list[Fact], shown: str) -> None:
        self.outcome = outcome
        self.facts = facts
        self.shown = shown

    def ends(self, **fields: Any) -> "Played":
        """Assert that the outcome's named fields are so."""
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
    *script: Script,
    limits: TimeLimits | None = None,
    targets: int = 1,
    is_collected: bool = False,
    has_budget: bool = True,
    fallbacks: Fallbacks = ONLY_WITHOUT_ACCOUNTS,
) -> Played:
    """Hold the conversation; AssertionError with a diff where the engine departs from the script.

    With ``has_budget`` every retry is allowed, silently; else the script answers ``SpendRetry`` itself.
    """
    engine = serve(limits or TimeLimits(), targets, is_collected, fallbacks)
    lines = lines_of(script)
    expected = [text for line in lines for text in _shown(line)]
    actual: list[str] = []
    facts: list[Fact] = []
    at = 0.0
    outcome: ExchangeEnd | None = None

    def depart(what: str) -> AssertionError:
        diff = "\n".join(difflib.ndiff(expected, [*actual, what]))
        return AssertionError(f"The engine departs from the script (-), it does (+):\n{diff}")

    def step(reply: Reply | Interrupted | None) -> Command | None:
        """The engine's next command that is no Note; None at its end."""
        nonlocal outcome
        try:
            command = engine.throw(reply) if isinstance(reply, Interrupted) else engine.send(reply)  # type: ignore[arg-type]
            while isinstance(command, Note) or (isinstance(command, SpendRetry) and has_budget):
                if isinstance(command, Note):
                    facts.append(command.fact)
                    command = engine.send(Done(at))
                else:
                    command = engine.send(Allowed(at, is_allowed=True))
        except StopIteration as end:
            outcome = end.value
            return None
        return command

    command = step(None)
    for wanted, given in lines:
        if command is None:
            raise depart(f"(the end) {compact(outcome)}")
        if not wanted.matches(command):
            raise depart(_named(command, wanted))
        actual += _shown((wanted, given))
        try:
            reply = given.make(command, at)
            at = reply.at
            command = step(reply)
        except Interrupted as interruption:
            command = step(interruption)
    if command is not None or outcome is None:
        raise depart(compact(command))
    return Played(outcome, facts, "\n".join([*actual, f"(the end) {compact(outcome)}"]))


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
            lines.append((expected, _taken(given) if isinstance(given, Picked) else given))
    return lines


def _taken(account: Picked) -> Given:
    """That account is taken, at once."""
    return Given(account.email, lambda _, at: msgspec.structs.replace(account, at=at))


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
        return compact(command)
    return Expected(wanted.kind, **{name: getattr(command, name) for name in wanted.named.fields}).shown()
