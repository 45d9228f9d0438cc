"""What the client has of an answer, and what is held for it.

PURE. Three states, by how much of what was said the client has:

    nothing   all is held; the first that is given is the commit
    all       what comes goes out at once
    less      a tool call is held until it is whole, or a seam until there are words behind it; what the
              client has is known, to come back to
"""

from collections.abc import Callable, Generator
from enum import Enum

from relay.engine.answer.understood import Steps
from relay.engine.answer.withheld import begins_a_call, copy_of, holds_a_call, joined, parted
from relay.engine.commands import Broke, Command, Deliver, Picked, Reply, Unsayable
from relay.engine.continuing.splice import without_end
from relay.engine.reply_clock import ReplyClock
from relay.engine.retrying.deadlines import Deadlines
from relay.neutral.events import Chunk, Event, StreamState
from relay.neutral.failures import Failure


class Having(Enum):
    """How much of what was said the client has."""

    NOTHING = "nothing"
    ALL = "all"
    LESS = "less"


class Delivery:
    """One client, on ``account``'s behalf; ``on_commit`` is stepped through right before the first bytes."""

    def __init__(
        self,
        clock: ReplyClock,
        deadlines: Deadlines,
        account: Picked,
        is_collected: bool,
        on_commit: Callable[[], Generator[Command, Reply, None]],
    ) -> None:
        """The client has nothing."""
        self.having = Having.NOTHING
        self.is_failure_told = False  # by upstream's own error event
        self.held_a_call = False  # which is lost with what broke off
        self._clock = clock
        self._deadlines = deadlines
        self._is_same_dialect = account.is_same_dialect
        self._keeps_calls = account.tool_safe and not is_collected
        self._keeps_errors = self._keeps_calls or account.continues
        self._on_commit = on_commit
        self._held: list[Chunk] = []
        self._told: StreamState | None = None  # what the client knows, where that is less than was said
        self._error: Chunk | None = None  # upstream's own error event, until it is known to be the end

    def go_on(self, before: "Delivery", answer: StreamState) -> None:
        """Begin with what the client has had of ``answer``."""
        self.having, self._told = Having.LESS, copy_of(answer)
        self.held_a_call = before.held_a_call  # until the client has had more

    def comes(self, events: list[Event], answer: StreamState) -> None:
        """``events`` are about to be folded into ``answer``: a call among them will be held."""
        if self._keeps_calls and self.having is Having.ALL and begins_a_call(events):
            self.having, self._told = Having.LESS, copy_of(answer)

    def waits_for_a_call(self, answer: StreamState) -> bool:
        """Is a tool call under way that is kept until it is whole?"""
        return self._keeps_calls and holds_a_call(answer)

    def hold(self, chunk: Chunk) -> None:
        """Keep ``chunk`` for later."""
        if chunk.raw or chunk.events:
            self._held.append(chunk)

    def without_error(self, chunk: Chunk, failure: Failure) -> Chunk:
        """``chunk``, which ends in upstream's own error event; without it, where more may be tried."""
        if self._keeps_errors:
            chunk, self._error = parted(chunk, failure)
        return chunk

    def drop_ends(self) -> None:
        """What is held is of a leg that another one follows: its end is not the answer's."""
        self._held = [Chunk(b"", without_end(chunk.events)) for chunk in self._held]

    def give(self, answer: StreamState, is_spliced: bool) -> Steps:
        """Give the client what is held, if anything is. What its dialect cannot say fails.

        No bytes that could be made of the first are no commit. ``is_spliced``: it is of a
        later leg, and no bytes of upstream's own.
        """
        if not self._held:
            return None
        chunk, self._held = joined(self._held), []
        had = self.having
        if had is Having.NOTHING:
            yield from self._on_commit()
            self.having = Having.ALL
        at = self._clock.at
        reply = yield from self._clock.ask(Deliver(chunk, is_spliced))
        if isinstance(reply, Broke):
            self.having = had
            return reply.failure
        self.having, self._told, self.held_a_call = Having.ALL, None, False
        self._deadlines.client_took(self._clock.at - at)
        if answer.failure is not None and self._error is None:
            is_forwarded = self._is_same_dialect and not is_spliced
            self.is_failure_told = answer.failure.from_upstream_event and is_forwarded
        return reply.failure if isinstance(reply, Unsayable) else None

    def take_back(self, answer: StreamState) -> StreamState:
        """What was held is lost with the leg: the answer is what the client has had of it."""
        told = self._told
        if told is None:
            return answer
        self.held_a_call |= len(answer.blocks) > len(told.blocks)
        told.usage = answer.usage
        self.having, self._told, self._held = Having.ALL, None, []
        return told

    def tell_error(self) -> Generator[Command, Reply, None]:
        """It is the end: upstream's own error event is the client's to see."""
        chunk, self._error = self._error, None
        if chunk is not None:
            yield from self._clock.ask(Deliver(chunk))
            self.is_failure_told = bool(chunk.raw)
