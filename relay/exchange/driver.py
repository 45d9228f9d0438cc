"""The only loop that awaits upstream: performs what the engine asks for, in a task of its own.

It owns the upstream response and its deadlines and fills the mailbox; it decides nothing. Whoever
writes the client's response only takes from the mailbox, so a client's pace cannot reset a deadline.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Literal, assert_never, cast

import msgspec

from relay.dialects.interface import Decoder
from relay.engine.attempts import Engine
from relay.engine.commands import (
    Allowed,
    Broke,
    CloseUpstream,
    Command,
    ContinueUpstream,
    Data,
    Deliver,
    Done,
    Ended,
    ExchangeEnd,
    Heal,
    Healed,
    Interrupted,
    LookAround,
    MarkAccount,
    Note,
    Opened,
    OpenUpstream,
    PickAccount,
    Read,
    Reply,
    Settle,
    Sleep,
    SpendRetry,
    TimedOut,
    Unavailable,
    Unsayable,
)
from relay.engine.retrying.giving_up import FAULT
from relay.exchange.alarm import Alarm
from relay.exchange.large_bodies import LARGE_BYTES, beside_the_loop
from relay.exchange.performing.hands import Hands, OpenAnswer
from relay.exchange.response.answer_writer import Untold
from relay.exchange.response.mailbox import Mailbox
from relay.neutral.events import StreamState, Usage
from relay.neutral.failures import Failure, stumbled
from relay.turns import turns
from relay.upstream.connection.exception_failures import failure_while_reading

logger = logging.getLogger(__name__)


class Driver:
    """One exchange on its way. ``start`` it; take from ``mailbox``; ``stop`` it when nobody wants it."""

    def __init__(
        self, engine: Engine, hands: Hands, admitted_at: float, on_end: Callable[[ExchangeEnd], None]
    ) -> None:
        """``admitted_at`` is the loop's time of the admission; ``on_end`` is called once, after the end."""
        self.mailbox: Mailbox[ExchangeEnd] = Mailbox()
        self._engine = engine
        self._hands = hands
        self._admitted_at = admitted_at
        self._on_end: Callable[[ExchangeEnd], None] | None = on_end
        self._loop = asyncio.get_running_loop()
        self._alarm = Alarm(self._loop)
        self._response: OpenAnswer | None = None
        self._decoder: Decoder | None = None
        self._unsaid_bytes = 0  # that it has read since it said something
        self._is_readable = False  # a read that broke or timed out is the last one
        self._has_ended = False  # in order: the connection went back by itself
        self._late_reads = 0  # one behind the other that began behind their deadline
        self._interrupted_by: Literal["client", "server"] | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Run in a task of its own."""
        self._task = self._loop.create_task(self._run())
        self._task.add_done_callback(self._never_ran)

    def stop(self, by: Literal["client", "server"]) -> None:
        """End the exchange now; the engine is told by whom."""
        if self._task is not None and not self._task.done() and self._interrupted_by is None:
            self._interrupted_by = by
            if by == "client":
                self.mailbox.abandon()
            self._task.cancel()

    async def wait(self) -> None:
        """Return when the exchange is over."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            outcome = await self._converse()
        except Exception:
            logger.exception("The exchange failed by a fault of this server")
            outcome = _internal_error()
        finally:
            self._alarm.stop()
            self._close(is_complete=False)
            self._hands.leave()
        self._end(outcome)

    def _never_ran(self, _task: asyncio.Task[None]) -> None:
        """A task that is cancelled before its first step runs nothing, not even a ``finally``."""
        if self.mailbox.end is None:
            self._hands.leave()
            outcome = _internal_error()
            if self._interrupted_by is not None:
                outcome = ExchangeEnd(503, 0, StreamState(), Usage(), interrupted_by=self._interrupted_by)
            self._end(outcome)

    def _end(self, outcome: ExchangeEnd) -> None:
        self.mailbox.finish(outcome)
        # Let go of whoever is told, who holds this driver: in a circle, the answer's text would stay in
        # memory until the garbage collector comes by (100 streams that end together: 30 MB).
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end(outcome)

    async def _converse(self) -> ExchangeEnd:
        command = next(self._engine)
        while True:
            try:
                try:
                    reply = await self._perform(command)
                except asyncio.CancelledError:
                    if self._interrupted_by is None:
                        raise
                    command = self._engine.throw(Interrupted(self._interrupted_by))
                except Exception:
                    logger.exception("The exchange failed by a fault of this server")
                    command = self._engine.throw(Interrupted("fault"))
                else:
                    command = self._engine.send(reply)
            except StopIteration as end:
                outcome: ExchangeEnd = end.value
                return outcome

    def _at(self) -> float:
        return self._loop.time() - self._admitted_at

    async def _perform(self, command: Command) -> Reply:
        match command:
            case Read(until):
                return await self._read(until)
            case Settle():
                return await self._decoded(cast(Decoder, self._decoder), None)
            case Deliver():
                return await self._deliver(command)
            case Note(fact):
                self._hands.note(fact)
            case PickAccount():
                return await self._pick(command)
            case OpenUpstream(until):
                return await self._open(until)
            case CloseUpstream(is_complete):
                self._close(is_complete)
                self._hands.release()
            case Sleep(seconds):
                await asyncio.sleep(seconds)
            case LookAround():
                return msgspec.structs.replace(self._hands.look_around(command), at=self._at())
            case SpendRetry(until):
                turn = self._hands.turn(until - self._at())
                return Allowed(self._at(), turn is not None, turn or 0.0)
            case Heal(how, parameter):
                changes = await self._hands.heal(how, parameter)
                return Healed(self._at(), changes)
            case MarkAccount(account, model, mark):
                self._hands.mark(account, model, mark)
            case ContinueUpstream(token):
                self._close(is_complete=True)  # the account stays taken for the next leg
                await self._hands.ask_on(token)
            case _:
                assert_never(command)
        return Done(self._at())

    async def _pick(self, command: PickAccount) -> Reply:
        picked = await self._hands.pick(command)
        if isinstance(picked, Failure):
            return Unavailable(self._at(), picked)
        return msgspec.structs.replace(picked, at=self._at())

    async def _deliver(self, command: Deliver) -> Reply:
        try:
            piece = await self._hands.encode(command.chunk, command.is_spliced)
        except Untold as untold:
            return Broke(self._at(), untold.failure)
        settling = self._hands.settling()
        try:
            if settling is not None:
                await asyncio.wait([settling], timeout=SETTLING_SECONDS)
            await self.mailbox.room()
        finally:  # whoever ends the exchange here: for the encoder the piece is told
            self.mailbox.add(piece)
        unsayable = self._hands.unsayable()
        return Done(self._at()) if unsayable is None else Unsayable(self._at(), unsayable)

    async def _open(self, until: float) -> Reply:
        try:
            async with asyncio.timeout_at(self._admitted_at + until):
                opened = await self._hands.open()
        except TimeoutError:
            return TimedOut(self._at())
        except Exception as error:
            return Broke(self._at(), stumbled("asked for", error))
        if isinstance(opened, Failure):
            return Broke(self._at(), opened)
        self._response = opened
        self._decoder, self._unsaid_bytes = self._hands.decoder(), 0
        self._is_readable, self._has_ended = True, False
        return Opened(self._at(), opened.request_id)

    async def _read(self, until: float) -> Reply:
        response, decoder = self._response, self._decoder
        if response is None or decoder is None:
            raise RuntimeError("the engine read before it opened")
        self._late_reads = 0 if self._at() < until else self._late_reads + 1
        if self._late_reads > LATE_READS:
            self._is_readable = False
            return TimedOut(self._at())
        self._alarm.set(self._admitted_at + until)
        try:
            data = await response.read()
        except asyncio.CancelledError:
            if not self._alarm.rang():
                raise
            self._is_readable = False
            return TimedOut(self._at())
        except Exception as error:
            self._is_readable = False
            return Broke(self._at(), failure_while_reading(error))
        finally:
            self._alarm.rest()
        self._has_ended = data is None
        if turns.is_over():  # where many answers come at once each has its turn; what is here was in time
            await turns.wait()
        return await self._decoded(decoder, data)

    async def _decoded(self, decoder: Decoder, data: bytes | None) -> Reply:
        work = decoder.finish if data is None else partial(decoder.feed, data)
        self._unsaid_bytes += len(data or b"")
        try:
            # What has said nothing yet is one large event, or a document, and is read when its end is here.
            may_be_whole = data is None or b"\n" in data or b"\r" in data
            is_large = may_be_whole and self._unsaid_bytes >= LARGE_BYTES
            chunk = await beside_the_loop(self._unsaid_bytes, work) if is_large else work()
        except Exception as error:
            return Broke(self._at(), stumbled("decoded", error))
        if chunk.events:
            self._unsaid_bytes = 0
        return Ended(self._at(), chunk) if data is None else Data(self._at(), chunk)

    def _close(self, is_complete: bool) -> None:
        """Be done with the response; nobody waits for how its transfer ends."""
        response, self._response = self._response, None
        if response is not None and not self._has_ended:
            can_end_well = is_complete and self._is_readable
            task = self._loop.create_task(response.read_out() if can_end_well else response.close())
            _closing.add(task)
            task.add_done_callback(_closing.discard)


LATE_READS = 16
"""What came in time, and waited for its turn, is read behind the deadline; aiohttp's buffer holds no more.
Else an upstream that sends something more often than there are turns would never be too late."""

SETTLING_SECONDS = 0.5
"""How long an answer's end waits until other processes can find what it has taught."""

_closing: set[asyncio.Task[None]] = set()
"""The loop holds its tasks weakly; these are held until they are done."""


def _internal_error() -> ExchangeEnd:
    return ExchangeEnd(500, 0, StreamState(), Usage(), failure=FAULT, message=FAULT.message)
