"""One attempt's answer: open the stream, peek, commit, and forward to the end.

PURE. A generator over one upstream response, or over several legs where upstream hands out continuation
tokens; it yields commands and returns what went wrong, or None. ``engine/deadlines.py`` says how long it
waits for what. An answer that broke off may be gone on with by a later attempt (``engine/continuation.py``):
that one begins with what the client has had.
"""

from collections.abc import Callable, Generator
from typing import assert_never

import msgspec

from relay.engine import peek
from relay.engine.clock import Clock
from relay.engine.commands import (
    AskOn,
    Broke,
    CloseUpstream,
    Command,
    Data,
    Deliver,
    Ended,
    Note,
    Opened,
    OpenUpstream,
    Picked,
    Read,
    Reply,
    Settle,
    TimedOut,
    Unsayable,
)
from relay.engine.deadlines import Deadlines, Limits
from relay.engine.echo import Echo
from relay.engine.facts import AttemptOpened
from relay.engine.joint import Joint, spoken
from relay.engine.splice import Splice, total, without_end
from relay.engine.understood import Steps, understood
from relay.engine.withheld import begins_a_call, copy_of, holds_a_call, is_all_hidden, joined, parted
from relay.neutral.events import Chunk, Failed, StreamState, Usage
from relay.neutral.failures import Failure, Kind, Phase

MAX_LEGS = 16
"""Legs of one answer: a context of 1,048,576 tokens in hops of 65,536."""


class Answer:
    """The answer of one attempt on ``account``.

    ``on_commit`` is stepped through once, right before the first bytes are delivered. A collected
    answer is held back to its end: the whole of it is the peek. With ``before`` it goes on where that
    one broke off; ``on_commit`` is stepped through when it does.
    """

    def __init__(
        self,
        clock: Clock,
        limits: Limits,
        account: Picked,
        number: int,
        is_collected: bool,
        on_commit: Callable[[], Generator[Command, Reply, None]],
        before: "Answer | None" = None,
    ) -> None:
        """Nothing was asked yet."""
        self.state = StreamState()
        self.phase = Phase.CONNECT
        self.is_committed = False
        self.is_failure_told = False  # by upstream's own error event
        self.held_a_call = False  # which is lost with what broke off
        self._clock = clock
        self._deadlines = Deadlines(limits, account, is_collected, before is not None)
        self._account = account
        self._number = number
        self._is_collected = is_collected
        self._is_careful = account.tool_safe and not is_collected
        self._on_commit = on_commit
        self._held: list[Chunk] = []  # what goes to the client later: until there is valid data, or all of it
        self._has_begun = False  # valid data is there
        self._legs = 1
        self._splice: Splice | None = None
        self._heard = self.state  # what this leg has said; ``state`` is the answer, all legs
        self._told: StreamState | None = None  # what the client knows, while more than that is held back
        self._withheld: Chunk | None = None  # upstream's own error event, until it is known to be the end
        self._past = Usage()  # of this attempt's legs before the present one
        if before is not None:
            self._go_on(before)

    def _go_on(self, before: "Answer") -> None:
        """Begin with what the client has had."""
        self.state, self.is_committed = before.state, True
        self.held_a_call = before.held_a_call  # until the client has had more
        self.state.failure = None
        self._told, self._heard = copy_of(self.state), StreamState()
        is_open = self.state.open_block is not None
        joint = Joint(Echo(self.state.text, self._account.unseen), is_open=is_open)
        self._splice = Splice(self.state, joint)

    @property
    def usage(self) -> Usage:
        """What this attempt has cost, as far as upstream told it."""
        return self.state.usage if self._splice is None else total(self._past, self._splice.usage)

    def steps(self) -> Steps:
        """The whole answer: None when it came to its own end, and was given to the client."""
        while True:
            failure = yield from understood(self._leg())
            if failure is not None:
                self._take_back()
                return failure
            token = self._continuation_token()
            if not token:
                break
            yield from self._clock.ask(AskOn(token))
            self._legs += 1
            self._held = [Chunk(b"", without_end(chunk.events)) for chunk in self._held]
            self.state.stop, self.state.terminal = None, False
            self._past, self._heard = self.usage, self.state
            self._splice = Splice(self.state)
        if self._is_collected:
            unsayable = yield from self._deliver()
            if unsayable is not None:
                return unsayable
        yield from self._clock.ask(CloseUpstream(is_complete=True))
        return None

    def tell_withheld(self) -> Generator[Command, Reply, None]:
        """It is the end: upstream's own error event is the client's to see."""
        chunk, self._withheld = self._withheld, None
        if chunk is not None:
            yield from self._clock.ask(Deliver(chunk))
            self.is_failure_told = bool(chunk.raw)

    def _take_back(self) -> None:
        """What was held back is lost with the leg: the answer is what the client has had of it."""
        if self._told is not None and self.is_committed:
            self.held_a_call |= len(self.state.blocks) > len(self._told.blocks)
            self._told.usage = self.state.usage
            self.state, self._told, self._held = self._told, None, []

    def _leg(self) -> Steps:
        """One upstream response, from the sending to its terminal event."""
        self._deadlines.sent(self._clock.at)
        failure = yield from self._open()
        while failure is None and not self.state.terminal:
            failure = yield from self._read_on() if self._has_begun else self._peek()
        return failure

    def _open(self) -> Steps:
        reply = yield from self._clock.ask(OpenUpstream(self._deadlines.first_data(self._heard)))
        match reply:
            case Opened(_, upstream_request_id):
                self.phase = self.state.phase if self._has_begun else Phase.PEEK
                if self._legs == 1:
                    yield from self._clock.ask(
                        Note(AttemptOpened(reply.at, self._number, upstream_request_id))
                    )
                return None
            case Broke(_, failure):
                self.phase = Phase.CONNECT if failure.status is None else Phase.HEADERS
                return failure
            case TimedOut():
                self.phase = Phase.HEADERS
                return self._deadlines.no_data(self._heard)
            case _:
                assert_never(reply)

    def _peek(self) -> Steps:
        """One read more, as long as nothing was said; at the first valid data everything is passed on."""
        reply = yield from self._read(self._deadlines.first_data(self._heard))
        match reply:
            case Data(_, chunk) | Ended(_, chunk):
                events = chunk.events if self._heard is self.state else spoken(chunk.events)
                chunk = self._taken(chunk)
                goes_on = bool(self._continuation_token())
                seen = without_end(events) if goes_on else events
                said = peek.examine(seen, self._heard, self._account.may_say_nothing)
                if isinstance(said, Failure):
                    return said
                if said:
                    self._has_begun = True
                    self._deadlines.begun(self._clock.at)
                    if self.is_committed:
                        yield from self._on_commit()
                    flaw = yield from self._pass_on(chunk)
                    return flaw or self._cut_by(reply)
                self._held.append(chunk)
                if isinstance(reply, Ended) and not self.state.terminal:
                    return Failure(Kind.EMPTY, "upstream closed the stream with nothing said")
                return None
            case Broke(_, failure):
                return _while_reading(failure, Kind.READ_ERROR)
            case TimedOut():
                return self._deadlines.no_data(self._heard)
            case _:
                assert_never(reply)

    def _read(self, until: float) -> Generator[Command, Reply, Data | Ended | Broke | TimedOut]:
        """The next read. Behind a finish reason, a connection that breaks or falls silent is the end."""
        reply = yield from self._clock.ask(Read(self._deadlines.settled(until)))
        if isinstance(reply, Data):
            self._deadlines.finishes(reply.chunk, reply.at)
        elif self._deadlines.is_finishing and not isinstance(reply, Ended):
            return (yield from self._clock.ask(Settle()))
        return reply

    def _read_on(self) -> Steps:
        reply = yield from self._read(self._deadlines.idle(self._heard))
        match reply:
            case Data(_, chunk) | Ended(_, chunk):
                self._deadlines.came(chunk.events, reply.at)
                flaw = yield from self._pass_on(self._taken(chunk))
                return flaw or self._cut_by(reply)
            case Broke(_, failure):
                return _while_reading(failure, Kind.CUT)
            case TimedOut():
                return self._deadlines.silence(self._heard)
            case _:
                assert_never(reply)

    def _taken(self, chunk: Chunk) -> Chunk:
        if self._splice is not None:
            if self._heard is not self.state:
                self._heard.fold(chunk.events)
            chunk = Chunk(b"", self._splice.take(chunk.events))
        if self._is_careful and self._told is None and begins_a_call(chunk.events):
            self._told = copy_of(self.state)
        self.state.fold(chunk.events)
        return chunk

    def _cut_by(self, reply: Reply) -> Failure | None:
        if isinstance(reply, Ended) and not self.state.terminal:
            return Failure(Kind.CUT, "upstream closed the stream in the middle of its answer")
        return None

    def _pass_on(self, chunk: Chunk) -> Steps:
        """Give the client the chunk (or hold it, for a collected answer); the flaw that it ends with."""
        self.phase = self.state.phase
        flaw: Failure | None = None
        if self.state.failure is not None:
            flaw = self.state.failure
            if not self._passes_through:
                chunk = Chunk(b"", [event for event in chunk.events if type(event) is not Failed])
            elif self._is_careful or self._account.continues:
                chunk, self._withheld = parted(chunk, flaw)
        elif self.state.stop is not None and not self._passes_through:
            flaw = peek.stop_flaw(self.state.stop)
            if flaw is not None or self._continuation_token():
                chunk = Chunk(b"", without_end(chunk.events))
        waits = self._is_collected or (self._is_careful and holds_a_call(self.state))
        hides = self._account.hides_thinking
        if hides and is_all_hidden(self.state, hides):
            flaw = flaw or peek.unsaid(self.state, self._account.may_say_nothing)
            if flaw is not None:
                return flaw
            waits = waits or self.state.stop is None
        if chunk.raw or chunk.events:
            self._held.append(chunk)
        if self._held and not waits:
            flaw = (yield from self._deliver()) or flaw
        return flaw

    def _deliver(self) -> Steps:
        """Give the client what is held: the first time is the commit, unless no bytes come of it."""
        chunk, self._held = joined(self._held), []
        is_first = not self.is_committed
        if is_first:
            yield from self._on_commit()
            self.is_committed = True
        at = self._clock.at
        reply = yield from self._clock.ask(Deliver(chunk, is_spliced=self._splice is not None))
        if isinstance(reply, Broke):
            self.is_committed = not is_first
            return reply.failure
        self._told, self.held_a_call = None, False
        self._deadlines.client_took(self._clock.at - at)
        failure = self.state.failure
        if failure is not None and self._withheld is None:
            self.is_failure_told = failure.from_upstream_event and self._passes_through
        return reply.failure if isinstance(reply, Unsayable) else None

    def _continuation_token(self) -> str:
        """The token to go on with; a client of the same dialect follows it by itself."""
        stop = self.state.stop
        if self._passes_through or stop is None or stop.reason != "continuation":
            return ""
        return stop.continuation_token or "" if self._legs < MAX_LEGS else ""

    @property
    def _passes_through(self) -> bool:
        """Does the client get upstream's own bytes? Not behind a seam."""
        return self._account.is_same_dialect and self._splice is None


def _while_reading(failure: Failure, kind: Kind) -> Failure:
    """A broken transfer is named by how far the answer had come."""
    if failure.kind in (Kind.NETWORK, Kind.READ_ERROR):
        return msgspec.structs.replace(failure, kind=kind)
    return failure
