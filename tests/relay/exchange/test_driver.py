"""The driver: whatever happens to it, its end is told, once."""

import asyncio
import gc
import threading
import weakref
from typing import Any

import pytest

from relay.dialects.gemini import GEMINI
from relay.dialects.interface import DecoderOptions
from relay.engine.attempts import serve
from relay.engine.commands import Around, ExchangeEnd, Picked
from relay.engine.facts import AttemptEnded, AttemptOpened, AttemptStarted, Committed
from relay.engine.retrying.deadlines import TimeLimits
from relay.exchange import driver as driver_module
from relay.exchange.driver import Driver
from relay.exchange.large_bodies import LARGE_BYTES, beside_the_loop
from relay.neutral.events import Chunk
from relay.neutral.failures import Kind


class NoHands:
    """Hands that are never asked for an upstream; they count how often they were told of the end."""

    def __init__(self) -> None:
        self.left = 0
        self.facts: list[object] = []

    def release(self) -> None:
        """No slot was taken."""

    def leave(self) -> None:
        self.left += 1

    def note(self, fact: object) -> None:
        self.facts.append(fact)

    def settling(self) -> None:
        """Nothing was learned."""

    async def pick(self, command: object) -> Any:
        raise RuntimeError("a fault of this server")


def driven() -> tuple[Driver, NoHands, list[ExchangeEnd]]:
    hands, ends = NoHands(), list[ExchangeEnd]()
    loop = asyncio.get_running_loop()
    driver = Driver(serve(TimeLimits(), 1, is_collected=False), hands, loop.time(), ends.append)  # type: ignore[arg-type]
    return driver, hands, ends


async def test_a_driver_that_is_stopped_before_its_first_step_still_ends() -> None:
    """The client went at once: asyncio never runs such a task, yet the row gets its end."""
    driver, hands, ends = driven()
    driver.start()
    driver.stop("client")
    await driver.wait()
    await asyncio.sleep(0)
    assert [end.interrupted_by for end in ends] == ["client"]
    assert await driver.mailbox.take(None) is ends[0]
    assert hands.left == 1


async def test_a_fault_of_ours_ends_the_exchange_with_an_error() -> None:
    """An exception in the server itself leaves nobody waiting: 500, once."""
    driver, _, ends = driven()
    driver.start()
    await driver.wait()
    assert [end.status for end in ends] == [500]


class Holder:
    """Whoever holds a driver, and is told of its end by it."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        engine = serve(TimeLimits(), 1, is_collected=False)
        self.driver = Driver(engine, NoHands(), loop.time(), self.ended)  # type: ignore[arg-type]

    def ended(self, outcome: ExchangeEnd) -> None:
        """It is over."""


async def test_an_exchange_that_is_over_is_let_go_of_at_once() -> None:
    """No circle of references keeps an answer in memory until the garbage collector comes by."""
    gc.disable()
    try:
        holder = Holder()
        holder.driver.start()
        await holder.driver.wait()
        await asyncio.sleep(0)
        told = weakref.ref(holder)
        del holder
        assert told() is None
    finally:
        gc.enable()


class Upstream:
    """A response that says ``said`` and then breaks, or stays open; it knows what became of it."""

    request_id = ""

    def __init__(self, said: list[bytes], breaks: bool) -> None:
        self.said, self.breaks = said, breaks
        self.reads_after_the_last = 0
        self.is_read_out = asyncio.Event()
        self.is_closed = False

    async def read(self) -> bytes | None:
        if self.said:
            return self.said.pop(0)
        self.reads_after_the_last += 1
        self.is_read_out.set()
        if self.breaks:
            raise ConnectionResetError
        await asyncio.Event().wait()
        return None

    async def close(self) -> None:
        self.is_closed = True


class GeminiHands(NoHands):
    """Hands of an exchange with a Gemini upstream, whose bytes pass through."""

    def __init__(self, upstream: Upstream) -> None:
        super().__init__()
        self.upstream = upstream
        self.has_turn = False
        self.settles: asyncio.Future[None] | None = None
        self.is_settling, self.is_turned, self.is_picking = (asyncio.Event() for _ in range(3))
        self.may_pick = asyncio.Event()
        self.may_pick.set()

    async def pick(self, command: object) -> Any:
        self.is_picking.set()
        await self.may_pick.wait()
        return Picked(0, 1, "ann@example.com", "gemini", "m-1", is_same_dialect=True)

    async def open(self) -> Any:
        self.has_turn = False
        return self.upstream

    def turn(self, seconds: float) -> float:
        self.has_turn = True
        self.is_turned.set()
        self.may_pick.clear()
        self.is_picking.clear()
        return 0.0 if seconds > 1000 else 0.5 * seconds

    def look_around(self, command: object) -> Any:
        return Around(0.0, another_is_free=False, all_are_marked=False)

    def leave(self) -> None:
        super().leave()
        self.has_turn = False

    def settling(self) -> Any:
        self.is_settling.set()
        return self.settles

    def decoder(self) -> Any:
        return GEMINI.decoder(DecoderOptions("gemini-3", "seed"))

    async def encode(self, chunk: Chunk, is_spliced: bool) -> bytes:
        return chunk.raw

    def unsayable(self) -> None:
        return None


async def test_a_finish_reason_ends_an_upstream_that_breaks_or_never_closes() -> None:
    """The answer is whole; the connection is cut, and never read again behind a read that failed."""
    end = b'data: {"candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"STOP"}]}\r\n\r\n'
    for breaks in (True, False):
        upstream, ends = Upstream([end], breaks), list[ExchangeEnd]()
        engine = serve(TimeLimits(settle_seconds=0.01), 1, is_collected=False)
        at = asyncio.get_running_loop().time()
        driver = Driver(engine, GeminiHands(upstream), at, ends.append)  # type: ignore[arg-type]
        driver.start()
        await driver.wait()
        await asyncio.sleep(0)
        assert [(outcome.status, outcome.failure) for outcome in ends] == [(200, None)]
        assert ends[0].state.text == "hi"
        assert await driver.mailbox.take(None) == end
        assert (upstream.reads_after_the_last, upstream.is_closed) == (1, True)


async def driven_by(hands: GeminiHands, limits: TimeLimits) -> tuple[Driver, list[ExchangeEnd]]:
    """A driver that runs, and where its end is told."""
    ends = list[ExchangeEnd]()
    at = asyncio.get_running_loop().time()
    driver = Driver(serve(limits, 1, is_collected=False), hands, at, ends.append)  # type: ignore[arg-type]
    driver.start()
    return driver, ends


async def test_a_client_that_goes_gives_its_turn_back() -> None:
    """Whoever has a retry's turn, and leaves while it waits or while an account is picked, gives it back."""
    for deadline_seconds in (100.0, 10_000.0):  # the turn comes in 50 s, or at once
        hands = GeminiHands(Upstream([], breaks=True))
        limits = TimeLimits(deadline_seconds=deadline_seconds, backoff_scale=0.0)
        driver, ends = await driven_by(hands, limits)
        await hands.upstream.is_read_out.wait()
        await hands.is_turned.wait()
        if deadline_seconds > 1000:
            await hands.is_picking.wait()
        else:
            await asyncio.sleep(0)
        driver.stop("client")
        await driver.wait()
        await asyncio.sleep(0)
        assert [outcome.interrupted_by for outcome in ends] == ["client"]
        assert (hands.has_turn, hands.left) == (False, 1)


END = b'data: {"candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"STOP"}]}\r\n\r\n'


async def test_an_end_that_still_settles_is_told_to_the_client_that_is_there() -> None:
    """The server stops, or the client goes, while the last piece waits: it is the client's, or it is lost."""
    for by in ("server", "client"):
        hands = GeminiHands(Upstream([END], breaks=False))
        hands.settles = asyncio.get_running_loop().create_future()
        driver, ends = await driven_by(hands, TimeLimits())
        await hands.is_settling.wait()
        await asyncio.sleep(0)
        driver.stop(by)  # type: ignore[arg-type]
        await driver.wait()
        assert not driver.mailbox.is_all_taken
        assert await driver.mailbox.take(None) == END
        assert ends == [await driver.mailbox.take(None)]


async def test_a_large_event_is_read_beside_the_loop() -> None:
    """A picture of megabytes in one line keeps nobody waiting; what is small is read at once."""
    threads: list[bool] = []

    class Watched(GeminiHands):
        def decoder(self) -> Any:
            decoder = super().decoder()
            feed = decoder.feed

            def watched(data: bytes) -> Chunk:
                threads.append(threading.current_thread() is threading.main_thread())
                return feed(data)

            decoder.feed = watched
            return decoder

    text = b"x" * LARGE_BYTES
    large = b'data: {"candidates":[{"content":{"parts":[{"text":"' + text + b'"}]}}]}\r\n\r\n'
    pieces = [large[at : at + LARGE_BYTES // 4] for at in range(0, len(large), LARGE_BYTES // 4)]
    driver, ends = await driven_by(Watched(Upstream([*pieces, END], breaks=True)), TimeLimits())
    while not ends:
        await driver.mailbox.take(None)
    assert ends[0].state.text == text.decode() + "hi"
    assert threads == [True] * 4 + [False, True]  # what only goes on is kept, and read when its end is here


async def test_a_large_piece_that_is_being_written_is_told_to_whoever_ends_the_exchange() -> None:
    """The encoder holds it for told: without its bytes the client would have neither an end nor an error."""
    began, may_end = threading.Event(), threading.Event()

    class Slow(GeminiHands):
        async def encode(self, chunk: Chunk, is_spliced: bool) -> bytes:
            def write() -> bytes:
                began.set()
                may_end.wait(30)
                return chunk.raw

            return await beside_the_loop(LARGE_BYTES, write)

    driver, ends = await driven_by(Slow(Upstream([END], breaks=False)), TimeLimits())
    await asyncio.to_thread(began.wait, 30)
    driver.stop("server")
    await asyncio.sleep(0)
    may_end.set()
    await driver.wait()
    assert await driver.mailbox.take(None) == END
    assert ends == [await driver.mailbox.take(None)]


async def test_a_piece_that_came_in_time_is_not_late_for_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where many have something to do, an answer waits for its turn behind its deadline too."""
    rings: list[bool] = []

    class Crowded:
        def is_over(self) -> bool:
            return True

        async def wait(self) -> None:
            rings.append(driver._alarm._timer._wake is not None)

    monkeypatch.setattr("relay.exchange.driver.turns", Crowded())
    driver, ends = await driven_by(GeminiHands(Upstream([END], breaks=True)), TimeLimits())
    await driver.wait()
    await asyncio.sleep(0)
    assert ends[0].state.text == "hi"
    assert rings == [False]


async def test_heartbeats_that_come_faster_than_turns_prolong_no_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where something is there at each of its turns, nothing rings; its time is over all the same."""

    class Beating(Upstream):
        async def read(self) -> bytes | None:
            self.reads_after_the_last += 1
            assert self.reads_after_the_last < 1_000_000, "the deadline was over long ago"
            return b"\r\n"

    class Crowded:
        def is_over(self) -> bool:
            return True

        async def wait(self) -> None:
            await asyncio.sleep(0)

    class Once(GeminiHands):
        def turn(self, seconds: float) -> None:  # type: ignore[override]
            """Nobody asks again."""

    monkeypatch.setattr("relay.exchange.driver.turns", Crowded())
    upstream = Beating([], breaks=False)
    driver, ends = await driven_by(Once(upstream), TimeLimits(first_data_seconds=0.01))
    await driver.wait()
    await asyncio.sleep(0)
    assert [(end.attempts, end.status) for end in ends] == [(1, 504)]
    assert upstream.is_closed


async def test_a_fault_in_an_attempt_ends_the_attempt_too() -> None:
    """Neither the row nor its attempt stays open; what the client has had is not forgotten."""

    class Faulty(GeminiHands):
        async def encode(self, chunk: Chunk, is_spliced: bool) -> bytes:
            raise RuntimeError("a fault of this server")

    hands = Faulty(Upstream([END], breaks=False))
    driver, ends = await driven_by(hands, TimeLimits())
    await driver.wait()
    await asyncio.sleep(0)
    assert [(end.attempts, end.failure and end.failure.kind) for end in ends] == [(1, Kind.INTERNAL)]
    assert [type(fact) for fact in hands.facts] == [AttemptStarted, AttemptOpened, Committed, AttemptEnded]
    assert (hands.left, hands.upstream.is_closed) == (1, True)


class WholeUpstream(Upstream):
    """It ends in order behind what it says."""

    async def read(self) -> bytes | None:
        """What is left to say, and None behind it."""
        return self.said.pop(0) if self.said else None

    async def read_out(self) -> None:
        """Nobody asks for more behind the end."""
        raise AssertionError("read behind the end")


async def test_a_connection_that_ended_in_order_is_left_alone() -> None:
    """It went back to the pool by itself: no task is made to read on or to close it."""
    upstream = WholeUpstream([END], breaks=False)
    driver, ends = await driven_by(GeminiHands(upstream), TimeLimits())
    await driver.wait()
    assert ends[0].failure is None
    assert not upstream.is_closed
    assert not driver_module._closing
