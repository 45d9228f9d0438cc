"""One attempt's answer: open the stream, peek, commit, and forward to the end.

PURE. A generator over one upstream response, or over several legs where upstream hands out continuation
tokens; it yields commands and returns what went wrong, or None. ``engine/deadlines.py`` says how long it
waits for what.
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
    TimedOut,
    Unsayable,
)
from relay.engine.deadlines import Deadlines, Limits
from relay.engine.facts import AttemptOpened
from relay.engine.splice import Splice, without_end
from relay.events import Chunk, Event, Failed, StreamState
from relay.failures import Failure, Kind, Phase

MAX_LEGS = 16
"""Legs of one answer: a context of 1,048,576 tokens in hops of 65,536."""

Steps = Generator[Command, Reply, Failure | None]


class Answer:
    """The answer of one attempt on ``account``.

    ``on_commit`` is stepped through once, right before the first bytes are delivered. A collected
    answer is held back to its end: the whole of it is the peek.
    """

    def __init__(
        self,
        clock: Clock,
        limits: Limits,
        account: Picked,
        number: int,
        is_collected: bool,
        on_commit: Callable[[], Generator[Command, Reply, None]],
    ) -> None:
        """Nothing was asked yet."""
        self.state = StreamState()
        self.phase = Phase.CONNECT
        self.is_committed = False
        self._clock = clock
        self._deadlines = Deadlines(limits, account, is_collected)
        self._account = account
        self._number = number
        self._is_collected = is_collected
        self._on_commit = on_commit
        self._held: list[Chunk] = []  # what goes to the client later: until there is valid data, or all of it
        self._has_begun = False  # valid data is there
        self._legs = 1
        self._splice: Splice | None = None

    def steps(self) -> Steps:
        """The whole answer: None when it came to its own end, and was given to the client."""
        while True:
            failure = yield from self._leg()
            if failure is not None:
                return failure
            token = self._continuation_token()
            if not token:
                break
            yield from self._clock.ask(AskOn(token))
            self._legs += 1
            self._held = [Chunk(b"", without_end(chunk.events)) for chunk in self._held]
            self.state.stop, self.state.terminal = None, False
            self._splice = Splice(self.state)
        if self._is_collected:
            unsayable = yield from self._deliver()
            if unsayable is not None:
                return unsayable
        yield from self._clock.ask(CloseUpstream(is_complete=True))
        return None

    def _leg(self) -> Steps:
        """One upstream response, from the sending to its terminal event."""
        self._deadlines.sent(self._clock.at)
        failure = yield from self._open()
        while failure is None and not self.state.terminal:
            failure = yield from self._read_on() if self._has_begun else self._peek()
        return failure

    def _open(self) -> Steps:
        reply = yield from self._clock.ask(OpenUpstream(self._deadlines.first_data(self.state)))
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
                return self._deadlines.no_data(self.state)
            case _:
                assert_never(reply)

    def _peek(self) -> Steps:
        """One read more, as long as nothing was said; at the first valid data everything is passed on."""
        reply = yield from self._clock.ask(Read(self._deadlines.first_data(self.state)))
        match reply:
            case Data(_, chunk) | Ended(_, chunk):
                chunk = self._taken(chunk)
                goes_on = bool(self._continuation_token())
                said = peek.examine(without_end(chunk.events) if goes_on else chunk.events, self.state)
                if isinstance(said, Failure):
                    return said
                if said:
                    self._has_begun = True
                    self._deadlines.begun(self._clock.at)
                    flaw = yield from self._pass_on(chunk)
                    return flaw or self._cut_by(reply)
                self._held.append(chunk)
                if isinstance(reply, Ended) and not self.state.terminal:
                    return Failure(Kind.EMPTY, "upstream closed the stream with nothing said")
                return None
            case Broke(_, failure):
                return _while_reading(failure, Kind.READ_ERROR)
            case TimedOut():
                return self._deadlines.no_data(self.state)
            case _:
                assert_never(reply)

    def _read_on(self) -> Steps:
        reply = yield from self._clock.ask(Read(self._deadlines.idle(self.state)))
        match reply:
            case Data(_, chunk) | Ended(_, chunk):
                self._deadlines.came(chunk.events, reply.at)
                flaw = yield from self._pass_on(self._taken(chunk))
                return flaw or self._cut_by(reply)
            case Broke(_, failure):
                return _while_reading(failure, Kind.CUT)
            case TimedOut():
                return self._deadlines.silence(self.state)
            case _:
                assert_never(reply)

    def _taken(self, chunk: Chunk) -> Chunk:
        if self._splice is not None:
            chunk = Chunk(b"", self._splice.take(chunk.events))
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
            if not self._account.is_same_dialect:
                chunk = Chunk(b"", [event for event in chunk.events if type(event) is not Failed])
        elif self.state.stop is not None and not self._account.is_same_dialect:
            flaw = peek.stop_flaw(self.state.stop)
            if flaw is not None or self._continuation_token():
                chunk = Chunk(b"", without_end(chunk.events))
        if chunk.raw or chunk.events:
            self._held.append(chunk)
        if self._held and not self._is_collected:
            flaw = (yield from self._deliver()) or flaw
        return flaw

    def _deliver(self) -> Steps:
        """Give the client what is held: the first time is the commit. What its dialect cannot say fails."""
        chunk, self._held = _joined(self._held), []
        if not self.is_committed:
            yield from self._on_commit()
            self.is_committed = True
        at = self._clock.at
        reply = yield from self._clock.ask(Deliver(chunk, is_spliced=self._splice is not None))
        self._deadlines.client_took(self._clock.at - at)
        return reply.failure if isinstance(reply, Unsayable) else None

    def _continuation_token(self) -> str:
        """The token to go on with; a client of the same dialect follows it by itself."""
        stop = self.state.stop
        if self._account.is_same_dialect or stop is None or stop.reason != "continuation":
            return ""
        return stop.continuation_token or "" if self._legs < MAX_LEGS else ""


def _while_reading(failure: Failure, kind: Kind) -> Failure:
    """A broken transfer is named by how far the answer had come."""
    if failure.kind in (Kind.NETWORK, Kind.READ_ERROR):
        return msgspec.structs.replace(failure, kind=kind)
    return failure


def _joined(chunks: list[Chunk]) -> Chunk:
    if len(chunks) == 1:
        return chunks[0]
    events: list[Event] = [event for chunk in chunks for event in chunk.events]
    return Chunk(b"".join(chunk.raw for chunk in chunks), events)
