"""One attempt's answer: open the stream, peek, commit, and forward to the end.

PURE. A generator over one upstream response (over several where upstream hands out continuation
tokens); it yields commands and returns what went wrong, or None. Deadlines run on the wall clock from
the sending of the attempt; heartbeats do not touch them.
"""

from collections.abc import Callable, Generator

import msgspec

from relay.engine import peek
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
)
from relay.engine.facts import AttemptOpened
from relay.engine.splice import Splice, without_end
from relay.events import Chunk, Event, Failed, Heartbeat, StreamState
from relay.failures import Failure, Kind, Phase

PINGS_COUNT_SECONDS = 600.0
"""How long an upstream's own pings inside a thinking block count as life."""

Steps = Generator[Command, Reply, Failure | None]


class Limits(msgspec.Struct, frozen=True):
    """The deadlines of an exchange, in seconds; ``backoff_scale`` multiplies the waits of the table.

    ``first_data``: from sending to the first valid data; ``first_data_thinking``: the same where the model
    thinks. ``idle``: silence after the commit; ``thinking``: the same inside a thinking block.
    ``deadline``: from admission to commit.
    """

    first_data_seconds: float = 60.0
    first_data_thinking_seconds: float = 300.0
    thinking_seconds: float = 300.0
    idle_seconds: float = 120.0
    deadline_seconds: float = 600.0
    backoff_scale: float = 1.0


class Clock:
    """The engine's only clock: the time of the last reply, in seconds since admission."""

    at = 0.0

    def ask(self, command: Command) -> Generator[Command, Reply, Reply]:
        """Yield ``command``; the reply, whose time is taken."""
        reply = yield command
        self.at = reply.at
        return reply


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
        self._limits = limits
        self._account = account
        self._number = number
        self._is_collected = is_collected
        self._on_commit = on_commit
        self._held: list[Chunk] = []
        self._splice: Splice | None = None
        self._sent_at = self._data_at = self._life_at = clock.at

    def steps(self) -> Steps:
        """The whole answer: None when it came to its own end."""
        while True:
            failure = yield from self._open()
            if failure is None:
                failure = yield from self._peek()
            while failure is None and not self.state.terminal:
                failure = yield from self._read_on()
            if failure is not None:
                return failure
            yield from self._clock.ask(CloseUpstream(is_complete=True))
            token = self._continuation_token()
            if not token:
                break
            yield from self._clock.ask(AskOn(token))
            self.state.stop, self.state.terminal = None, False
            self._splice = Splice(self.state)
            self._sent_at = self._clock.at
        if self._is_collected:
            yield from self._deliver(self._held)
        return None

    def _open(self) -> Steps:
        reply = yield from self._clock.ask(OpenUpstream(self._first_data_until()))
        match reply:
            case Opened(_, upstream_request_id):
                self.phase = Phase.PEEK
                yield from self._clock.ask(Note(AttemptOpened(reply.at, self._number, upstream_request_id)))
                return None
            case Broke(_, failure):
                self.phase = Phase.CONNECT if failure.status is None else Phase.HEADERS
                return failure
            case _:
                self.phase = Phase.HEADERS
                return self._timed_out(Kind.FIRST_DATA_TIMEOUT, "upstream sent no data in time")

    def _peek(self) -> Steps:
        """Read until there is valid data, and pass it on."""
        waiting: list[Chunk] = []
        while True:
            reply = yield from self._clock.ask(Read(self._first_data_until()))
            match reply:
                case Data(_, chunk) | Ended(_, chunk):
                    chunk = self._taken(chunk)
                    waiting.append(chunk)
                    verdict = peek.examine(chunk.events, self.state)
                    if verdict is True:
                        break
                    if verdict is not False:
                        return verdict
                    if isinstance(reply, Ended):
                        return peek.EMPTY
                case Broke(_, failure):
                    return failure
                case _:
                    return self._timed_out(Kind.FIRST_DATA_TIMEOUT, "upstream sent no data in time")
        self._data_at = self._life_at = self._clock.at
        flaw = yield from self._pass_on(_joined(waiting))
        return flaw or self._cut_by(reply)

    def _read_on(self) -> Steps:
        reply = yield from self._clock.ask(Read(self._idle_until()))
        match reply:
            case Data(_, chunk) | Ended(_, chunk):
                if chunk.events:
                    self._life_at = reply.at
                    if type(chunk.events[-1]) is not Heartbeat:
                        self._data_at = reply.at
                failure = yield from self._pass_on(self._taken(chunk))
                return failure or self._cut_by(reply)
            case Broke(_, failure):
                return msgspec.structs.replace(failure, kind=Kind.CUT)
            case _:
                return self._timed_out(Kind.IDLE_TIMEOUT, "upstream fell silent in the middle of its answer")

    def _taken(self, chunk: Chunk) -> Chunk:
        if self._splice is not None:
            chunk = Chunk(b"", self._splice.take(chunk.events))
        self.state.fold(chunk.events)
        self.phase = self.state.phase
        return chunk

    def _cut_by(self, reply: Reply) -> Failure | None:
        if isinstance(reply, Ended) and not self.state.terminal:
            return Failure(Kind.CUT, "upstream closed the stream in the middle of its answer")
        return None

    def _pass_on(self, chunk: Chunk) -> Steps:
        """Give the client the chunk (or hold it, for a collected answer); the flaw that it ends with."""
        flaw: Failure | None = None
        if self.state.failure is not None:
            flaw = self.state.failure
            if not self._account.is_same_dialect:
                chunk = Chunk(b"", [event for event in chunk.events if type(event) is not Failed])
        elif self.state.stop is not None and not self._account.is_same_dialect:
            flaw = peek.stop_flaw(self.state.stop)
            if flaw is not None or self._continuation_token():
                chunk = Chunk(b"", without_end(chunk.events))
        if self._is_collected:
            self._held.append(chunk)
        elif chunk.raw or chunk.events:
            yield from self._deliver([chunk])
        return flaw

    def _deliver(self, chunks: list[Chunk]) -> Generator[Command, Reply, None]:
        if not self.is_committed:
            self.is_committed = True
            yield from self._on_commit()
        yield from self._clock.ask(Deliver(_joined(chunks), is_spliced=self._splice is not None))

    def _first_data_until(self) -> float:
        slow = self._account.thinks_unseen or self.state.is_thinking
        limits = self._limits
        seconds = limits.first_data_thinking_seconds if slow else limits.first_data_seconds
        until = self._sent_at + seconds
        return until if self.is_committed else min(until, self._limits.deadline_seconds)

    def _idle_until(self) -> float:
        if self.state.is_thinking:
            seconds = self._limits.thinking_seconds
            until = min(self._life_at + seconds, self._data_at + max(seconds, PINGS_COUNT_SECONDS))
        else:
            until = self._data_at + self._limits.idle_seconds
        return min(until, self._limits.deadline_seconds) if self._is_collected else until

    def _timed_out(self, kind: Kind, message: str) -> Failure:
        if not self.is_committed and self._clock.at >= self._limits.deadline_seconds:
            return Failure(Kind.DEADLINE, f"no answer within {self._limits.deadline_seconds:g} s")
        return Failure(kind, message)

    def _continuation_token(self) -> str:
        """The token to go on with; a client of the same dialect follows it by itself."""
        stop = self.state.stop
        if self._account.is_same_dialect or stop is None or stop.reason != "continuation":
            return ""
        return stop.continuation_token or ""


def _joined(chunks: list[Chunk]) -> Chunk:
    if len(chunks) == 1:
        return chunks[0]
    events: list[Event] = [event for chunk in chunks for event in chunk.events]
    return Chunk(b"".join(chunk.raw for chunk in chunks), events)
