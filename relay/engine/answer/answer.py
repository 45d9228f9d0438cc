"""One attempt's answer: open the stream, peek, commit, and forward to the end.

PURE. A generator over one upstream response, or over several legs; it yields commands and returns what went
wrong, or None. Its states are a table (``answer_states.py``); what the client has of it is ``delivery.py``'s,
the joining of legs ``relay/engine/continuing/legs.py``'s, and how long it waits for what
``relay/engine/retrying/deadlines.py``'s. An answer that broke off may be continued by a later attempt
(``relay/engine/continuing/continuation.py``): that one begins with what the client has had.
"""

from collections.abc import Callable, Generator
from typing import assert_never

import msgspec

from relay.engine.answer import peek
from relay.engine.answer.answer_states import AT_A_STOP, UNOPENED, UNSAID, State, turned
from relay.engine.answer.delivery import Delivery, Having
from relay.engine.answer.understood import Steps, understood
from relay.engine.answer.withheld import is_all_hidden
from relay.engine.commands import (
    Broke,
    CloseUpstream,
    Command,
    ContinueUpstream,
    Data,
    Ended,
    Note,
    Opened,
    OpenUpstream,
    Picked,
    Read,
    Reply,
    Settle,
    TimedOut,
)
from relay.engine.continuing.legs import MAX_LEGS, Legs
from relay.engine.continuing.splice import without_end
from relay.engine.facts import AttemptOpened
from relay.engine.reply_clock import ReplyClock
from relay.engine.retrying.deadlines import Deadlines, TimeLimits
from relay.neutral.events import Chunk, Failed, StreamState, Usage
from relay.neutral.failures import Failure, Kind, Phase

Turn = Generator[Command, Reply, State | Failure]
"""The steps that a reply causes: what the answer becomes, or the failure by which it is broken."""


class Answer:
    """The answer of one attempt on ``account``.

    ``on_commit`` is stepped through once, right before the first bytes are delivered. A collected
    answer is held back to its end: the whole of it is the peek. With ``before`` it continues where that
    one broke off; ``on_commit`` is stepped through when it does.
    """

    def __init__(
        self,
        clock: ReplyClock,
        limits: TimeLimits,
        account: Picked,
        number: int,
        is_collected: bool,
        on_commit: Callable[[], Generator[Command, Reply, None]],
        before: "Answer | None" = None,
    ) -> None:
        """Nothing was asked yet."""
        self.at = State.SENT
        self.phase = Phase.CONNECT
        self.state = StreamState()  # all that was said, over all legs
        self._clock = clock
        self._account = account
        self._number = number
        self._is_collected = is_collected
        self._on_commit = on_commit
        self._deadlines = Deadlines(limits, account, is_collected, before is not None)
        self._client = Delivery(clock, self._deadlines, account, is_collected, on_commit)
        unseen = None
        if before is not None:
            self.state, unseen = before.state, account.unseen
            self.state.failure = None
            self._client.go_on(before._client, self.state)
        self._legs = Legs(self.state, unseen)
        # Does the client get upstream's own bytes? Not behind a seam.
        self._passes_through = account.is_same_dialect and before is None

    @property
    def is_committed(self) -> bool:
        """Has the client had anything?"""
        return self._client.having is not Having.NOTHING

    @property
    def is_failure_told(self) -> bool:
        """Did upstream's own error event tell the client?"""
        return self._client.is_failure_told

    @property
    def held_a_call(self) -> bool:
        """Was a tool call held back that is lost with what broke off?"""
        return self._client.held_a_call

    @property
    def usage(self) -> Usage:
        """What this attempt has cost, as far as upstream told it."""
        return self._legs.usage(self.state)

    @property
    def heard(self) -> StreamState:
        """What this attempt said itself, whatever stood before it."""
        return self._legs.own

    def steps(self) -> Steps:
        """The whole answer: None when it came to its own end, and was given to the client."""
        failure = yield from understood(self._to_an_end())
        if failure is not None:
            self.state = self._client.take_back(self.state)
            return failure
        if self._is_collected:
            unsayable = yield from self._client.give(self.state, self._legs.are_spliced)
            if unsayable is not None:
                return unsayable
        yield from self._clock.ask(CloseUpstream(is_complete=True))
        return None

    def tell_withheld(self) -> Generator[Command, Reply, None]:
        """It is the end: upstream's own error event is the client's to see."""
        yield from self._client.tell_error()

    def _to_an_end(self) -> Steps:
        """State after state; the failure by which the answer is broken."""
        self._deadlines.sent(self._clock.at)
        while True:
            reply = yield from self._clock.ask(self._wanted())
            if isinstance(reply, Broke | TimedOut) and self.at in AT_A_STOP:
                reply = yield from self._clock.ask(Settle())  # the connection is over: so is the answer
            became: State | Failure
            match reply:
                case Data() | Ended():
                    became = yield from (self._peek if self.at in UNSAID else self._hear)(reply)
                case Opened():
                    became = yield from self._open(reply)
                case Broke(_, failure):
                    became = self._broke(failure)
                case TimedOut():
                    became = self._late()
                case _:
                    assert_never(reply)
            if isinstance(became, Failure):
                self.at = turned(self.at, reply, State.BROKEN)
                return became
            self.at = turned(self.at, reply, became)
            if became is State.WHOLE:
                return None

    def _wanted(self) -> OpenUpstream | Read:
        """What the state asks for, and until when."""
        heard, deadlines = self._legs.heard, self._deadlines
        if self.at is State.SPEAKING:
            return Read(deadlines.idle(heard))
        if self.at in UNOPENED:
            return OpenUpstream(deadlines.first_data(heard))
        until = deadlines.first_data(heard) if self.at in UNSAID else deadlines.idle(heard)
        return Read(deadlines.settled(until) if self.at in AT_A_STOP else until)

    def _open(self, opened: Opened) -> Turn:
        is_unsaid = self.at is State.SENT
        self.phase = Phase.PEEK if is_unsaid else self.state.phase
        if self._legs.count == 1:
            note = AttemptOpened(opened.at, self._number, opened.upstream_request_id)
            yield from self._clock.ask(Note(note))
        return State.PEEKING if is_unsaid else State.SPEAKING

    def _broke(self, failure: Failure) -> Failure:
        """The failure, named by how far the answer had come."""
        if self.at in UNOPENED:
            self.phase = Phase.CONNECT if failure.status is None else Phase.HEADERS
        elif failure.kind in (Kind.NETWORK, Kind.READ_ERROR):
            kind = Kind.READ_ERROR if self.at is State.PEEKING else Kind.CUT
            return msgspec.structs.replace(failure, kind=kind)
        return failure

    def _late(self) -> Failure:
        if self.at in UNOPENED:
            self.phase = Phase.HEADERS
        elif self.at is State.SPEAKING:
            return self._deadlines.silence(self._legs.heard)
        return self._deadlines.no_data(self._legs.heard)

    def _peek(self, reply: Data | Ended) -> Turn:
        """One read more, as long as nothing was said; at the first valid data everything is passed on."""
        events = self._legs.said(reply.chunk.events)
        chunk = self._folded(reply.chunk)
        seen = without_end(events) if self._continuation_token() else events
        said = peek.examine(seen, self._legs.heard, self._account.may_say_nothing)
        if isinstance(said, Failure):
            return said
        if said:
            self._deadlines.begun(self._clock.at)
            if self.is_committed:
                yield from self._on_commit()
            return (yield from self._pass_on(chunk, reply))
        self._client.hold(chunk)
        if self.state.terminal:
            return (yield from self._leg_over(State.SENT))
        if isinstance(reply, Ended):
            return peek.EMPTY
        return self._stopped(reply, State.STOPPED_EMPTY) if reply.chunk.is_finishing else State.PEEKING

    def _hear(self, reply: Data | Ended) -> Turn:
        chunk = reply.chunk
        self._deadlines.came(chunk.events, reply.at, has_unheard=chunk.has_unheard)
        return self._pass_on(self._folded(chunk), reply)

    def _pass_on(self, chunk: Chunk, reply: Data | Ended) -> Turn:
        """Give the client what a read gave (or hold it), and see what the answer becomes by it."""
        self.phase = self.state.phase
        flaw: Failure | None = None
        if self.state.stop is not None or self.state.failure is not None:
            chunk, flaw = self._fit_to_tell(chunk)
        waits = self._is_collected or self._client.waits_for_a_call(self.state)
        hides = self._account.hides_thinking
        if hides and is_all_hidden(self.state, hides):
            flaw = flaw or peek.unsaid(self.state, self._account.may_say_nothing)
            if flaw is not None:
                return flaw
            waits = waits or self.state.stop is None
        self._client.hold(chunk)
        if not waits:
            flaw = (yield from self._client.give(self.state, self._legs.are_spliced)) or flaw
        if flaw is not None:
            return flaw
        if self.state.terminal:
            return (yield from self._leg_over(State.SENT_ON))
        if isinstance(reply, Ended):
            return Failure(Kind.CUT, "upstream closed the stream in the middle of its answer")
        return self._stopped(reply, State.STOPPED) if reply.chunk.is_finishing else State.SPEAKING

    def _fit_to_tell(self, chunk: Chunk) -> tuple[Chunk, Failure | None]:
        """What of the chunk the client may be told, and the flaw that it ends with."""
        failure, stop = self.state.failure, self.state.stop
        if failure is not None:
            if self._passes_through:
                return self._client.without_error(chunk, failure), failure
            return Chunk(b"", [event for event in chunk.events if type(event) is not Failed]), failure
        flaw = None if stop is None or self._passes_through else peek.stop_flaw(stop)
        if flaw is not None or self._continuation_token():
            return Chunk(b"", without_end(chunk.events)), flaw
        return chunk, None

    def _stopped(self, reply: Data, state: State) -> State:
        """A finish reason is the last that was told of the answer."""
        self._deadlines.stopped(reply.chunk.events, reply.at, is_new=self.at is not state)
        return state

    def _leg_over(self, state: State) -> Turn:
        """The leg's own end: the answer's, or that of all but the last, which is asked for on."""
        token = self._continuation_token()
        if not token:
            return State.WHOLE
        yield from self._clock.ask(ContinueUpstream(token))
        self._client.drop_ends()
        self.state.stop, self.state.terminal = None, False
        self._legs.follow(self.state)
        self._passes_through = False
        self._deadlines.sent(self._clock.at)
        return state

    def _folded(self, chunk: Chunk) -> Chunk:
        if self._legs.are_spliced:
            chunk = self._legs.fitted(chunk)
        self._client.comes(chunk.events, self.state)
        self.state.fold(chunk.events)
        return chunk

    def _continuation_token(self) -> str:
        """The token to continue with; a client of the same dialect follows it by itself."""
        stop = self.state.stop
        if self._passes_through or stop is None or stop.reason != "continuation":
            return ""
        return stop.continuation_token or "" if self._legs.count < MAX_LEGS else ""
