"""The words that scripts are written in: the people, what the engine may want, what it is told.

A command names only the fields that its line is about. ``after`` is the seconds that pass until a reply;
a text among events stands for a message that starts with it.
"""

from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec

from relay.engine.commands import (
    Around,
    Broke,
    CloseUpstream,
    Command,
    ContinueUpstream,
    Data,
    Deliver,
    Done,
    Ended,
    Heal,
    Healed,
    Interrupted,
    LookAround,
    MarkAccount,
    Opened,
    OpenUpstream,
    PickAccount,
    Picked,
    Read,
    Reply,
    Settle,
    Sleep,
    TimedOut,
    Unavailable,
    Unsayable,
)
from relay.neutral.events import (
    BlockStart,
    BlockStop,
    Chunk,
    Event,
    MessageStart,
    Stop,
    Terminal,
    TextDelta,
    Usage,
)
from relay.neutral.failures import Failure, Kind
from tests.relay.engine.playbook import Expected, Fields, Given, Script, compact

# --- what the script's people and streams are like -----------------------------------------------
ANN = Picked(0, 1, "ann@example.com", "gemini", "m-1", is_same_dialect=False)
BEN = Picked(0, 2, "ben@example.com", "gemini", "m-1", is_same_dialect=False)
CAT = Picked(0, 3, "cat@example.com", "gemini", "m-1", is_same_dialect=False)

STOP = Stop("end_turn", "STOP")
STUMBLE = Failure(Kind.GARBAGE, "upstream's answer could not be told (KeyError)", where="encoder.py:1 encode")


class _OneOf(tuple[str, ...]):
    """Equal to each of its words."""

    __hash__ = tuple.__hash__

    def __eq__(self, other: object) -> bool:
        return other in tuple(self)


SOFT, HARD = _OneOf(("soft",)), _OneOf(("credential", "forbidden", "model", "quota"))
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


# --- commands that the script expects ------------------------------------------------------------
def picks(
    target: Any = ..., tried: Any = ..., stay_on: Any = ..., may_wait: Any = ..., continues: Any = ...
) -> Expected:
    """The engine takes an account; ``tried`` is a set of the script's people."""
    if tried is not ...:
        tried = frozenset(account.account for account in tried)
    if isinstance(stay_on, Picked):
        stay_on = stay_on.account
    return Expected(
        PickAccount, target=target, tried=tried, stay_on=stay_on, may_wait=may_wait, continues=continues
    )


def opens(until: Any = ...) -> Expected:
    """The engine sends the request."""
    return Expected(OpenUpstream, until=until)


def reads(until: Any = ...) -> Expected:
    """The engine waits for data."""
    return Expected(Read, until=until)


def settles() -> Expected:
    """The engine takes what it has read for all that comes."""
    return Expected(Settle)


def delivers(*said: Event | str, raw: Any = ..., is_spliced: Any = ...) -> Expected:
    """The client gets ``said``; nothing named stands for anything."""
    if raw is ... and not said:
        return Expected(Deliver, is_spliced=is_spliced)
    chunk = Fields(raw=b"" if raw is ... else raw, events=_events(said))
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


def heals(how: Any = ...) -> Expected:
    """The engine has the refused request healed."""
    return Expected(Heal, how=how)


def marks(account: Picked, hardness: str, status: Any = ..., **more: Any) -> Expected:
    """The engine has one of the script's people marked, for the model that they were asked for."""
    kind = SOFT if hardness == "soft" else HARD
    wanted = Fields(kind=kind, status=status, **more)
    return Expected(MarkAccount, account=account.account, model=account.model, mark=wanted)


def asks_on(token: Any = ...) -> Expected:
    """The engine has the next leg made ready."""
    return Expected(ContinueUpstream, token=token)


# --- replies that the script gives ---------------------------------------------------------------
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


def says(
    *said: Event | str,
    raw: bytes = b"",
    after: float = 0,
    is_finishing: bool = False,
    has_unheard: bool = False,
) -> Given:
    """One read's events; a text stands for a message that starts with it."""
    shown = f"says {compact(said)}{', with a finish reason' if is_finishing else ''}"
    return _given(shown, after, lambda at: Data(at, Chunk(raw, _events(said), is_finishing, has_unheard)))


def ends(*said: Event | str, raw: bytes = b"", after: float = 0) -> Given:
    """Upstream closes in order, after these last events."""
    return _given(f"ends with {compact(said)}", after, lambda at: Ended(at, Chunk(raw, _events(said))))


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


def healed(*changes: str) -> Given:
    """The request is healed; without changes there was nothing to heal."""
    return _given(f"healed: {changes}", 0, lambda at: Healed(at, changes))


def unsayable(failure: Failure) -> Given:
    """The client's dialect has no words for what it was given."""
    return _given("unsayable", 0, lambda at: Unsayable(at, failure))


def stumbles() -> Given:
    """No bytes could be made of what was to be told."""
    return _given("stumbles", 0, lambda at: Broke(at, STUMBLE))


def done(after: float = 0) -> Given:
    """It is done."""
    return _given("done", after, lambda at: Done(at))


def interrupted(by: Literal["client", "server"]) -> Given:
    """Instead of a reply: the exchange must end."""

    def throw(command: Command, at: float) -> Reply:
        raise Interrupted(by)

    return Given(f"interrupted by the {by}", throw)


def answers(text: str = "Hello", *, soft: Iterable[Picked] = ()) -> list[Script]:
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
