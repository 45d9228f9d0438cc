"""How much of what a stranger sends is looked at before others have their turn: no socket, work counted."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from proxyproject.serving.connection import http_channel
from proxyproject.serving.connection.http_channel import (
    CHUNKED_READ_BYTES,
    SPARED_SECONDS,
    RelayChannel,
)
from proxyproject.serving.connection.http_factory import RelayFactory
from proxyproject.serving.connection.http_request import LONGEST_CONTENT_TYPE, RelayRequest
from proxyproject.serving.door import callers
from proxyproject.serving.door.door_rules import COUNTED_CHUNKS, SMALL_CHUNK_BYTES, DoorLimits, Stage
from proxyproject.serving.door.doorkeeper import Doorkeeper


class LongTurns:
    """Turns that are over when a test says so."""

    are_over = False

    def is_over(self) -> bool:
        return self.are_over


@pytest.fixture(autouse=True)
def long_turns(monkeypatch: pytest.MonkeyPatch) -> LongTurns:
    """In place of the event loop's."""
    made = LongTurns()
    monkeypatch.setattr(http_channel, "turns", made)
    return made


def connected() -> RelayChannel:
    """A channel that somebody has connected to."""
    keeper = Doorkeeper(DoorLimits(), 9)
    server = SimpleNamespace(
        doorkeeper=keeper,
        protocol_connected=lambda _: None,
        discard_protocol=lambda _: None,
        protocol_disconnected=lambda _: None,
        is_draining=False,
        is_leaving=False,
        page_origins=(),
    )
    channel = RelayFactory(server, keeper).buildProtocol(SimpleNamespace(host="203.0.113.1"))
    assert channel is not None
    transport = StringTransport()
    transport.setTcpNoDelay = lambda _: None  # type: ignore[attr-defined]
    transport.loseWriteConnection = lambda: None  # type: ignore[attr-defined]
    channel.makeConnection(transport)
    return channel


@pytest.mark.parametrize("line", [b"\r\n", b"x\r\n", b"GET / HTTP/9.9\r\n"])
def test_lines_behind_a_refused_head_are_not_cut(monkeypatch: pytest.MonkeyPatch, line: bytes) -> None:
    """Each would cost a copy of all that follow: 64 KiB of empty lines held up everybody for 50 ms."""
    cut: list[bytes] = []
    monkeypatch.setattr(http_channel, "_ignored", cut.append)
    channel = connected()
    channel.dataReceived(line * (65536 // len(line)))
    assert b" 400 " in channel.transport.value()
    assert cut == []
    channel.dataReceived(line)  # what comes later goes into nothing
    assert channel.transport.value().count(b"HTTP/1.1") == 1


def test_what_waits_behind_what_is_refused_is_not_looked_at(long_turns: LongTurns) -> None:
    """Else it would be answered once more, or cut into lines, when its turn comes."""
    chunked_head = b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    half_a_head, lines = b"GET /v1/models HTTP/1.1\r\nhost", b"\r\n" * 99 + b"nonsense\r\n\r\n"
    for head, late in ((chunked_head, b"no chunk\r\n"), (half_a_head, lines)):
        channel = connected()
        turns = turns_of(channel)
        long_turns.are_over = False
        channel.dataReceived(head)
        long_turns.are_over = True
        channel.dataReceived(late)
        channel._spared_since = -SPARED_SECONDS
        channel.give_up()
        for turn in turns:
            turn()
        assert channel.transport.value().count(b"HTTP/1.1") == 1
        assert b" 408 " in channel.transport.value()


def test_a_chunked_body_is_read_in_small_pieces() -> None:
    """A thousand chunks of a byte each are as many calls; one with a length is read as fast as it comes."""
    for header, is_small in ((b"transfer-encoding: chunked", True), (b"content-length: 9", False)):
        channel = connected()
        channel.dataReceived(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\n" + header + b"\r\n\r\n")
        assert (getattr(channel.transport, "bufferSize", None) == CHUNKED_READ_BYTES) is is_small


def test_what_is_refused_is_not_looked_at() -> None:
    """And it is read in small pieces still: a crowd that was refused is as large as one that was not."""
    channel = connected()
    channel.dataReceived(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
    channel.requests[-1].refuse(401, "No.")
    assert channel.transport.bufferSize == CHUNKED_READ_BYTES  # type: ignore[attr-defined]
    assert channel.dataReceived is http_channel._ignored


BAD = b"GET x HTTP/1.1\r\nhost: a\r\n\r\n"
"""Answered at once: its target is no path."""


def turns_of(channel: RelayChannel) -> list[Callable[[], None]]:
    """The turns that ``channel`` asks for, as they come."""
    turns: list[Callable[[], None]] = []
    channel.soon = turns.append  # type: ignore[method-assign]
    return turns


def test_each_of_many_requests_in_one_piece_has_a_turn_of_its_own() -> None:
    """Thousands that are answered at once would be one turn, in which nobody else is served."""
    channel = connected()
    turns = turns_of(channel)
    channel.dataReceived(BAD * 3 + BAD[:10])
    for answers in (1, 2, 3):
        assert channel.transport.value().count(b" 400 ") == answers
        turns.pop(0)()
    assert turns == []
    channel.dataReceived(BAD[10:])  # half a request was left, and goes on
    assert channel.transport.value().count(b" 400 ") == 4
    assert channel.stage is Stage.IDLE


def test_what_comes_before_its_turn_waits_behind_what_came_first() -> None:
    """Bytes keep their order, and nothing is lost or looked at twice."""
    channel = connected()
    turns = turns_of(channel)
    channel.dataReceived(BAD * 2 + BAD[:5])
    channel.dataReceived(BAD[5:] + BAD)
    while turns:
        turns.pop(0)()
    assert channel.transport.value().count(b" 400 ") == 4


def test_who_does_not_read_is_not_answered_on() -> None:
    """The next request waits until the client has taken the answers before it, and no more is read of it."""
    channel = connected()
    turns = turns_of(channel)
    channel._handlingRequest = True
    channel.pauseProducing()  # the transport: too much of an answer waits to be sent
    channel._handlingRequest = False
    assert channel.transport.producerState == "producing"
    channel.dataReceived(BAD * 5)
    assert channel.transport.value().count(b" 400 ") == 1
    assert (turns, channel.transport.producerState, channel.stage) == ([], "paused", Stage.CLOSING)
    channel.resumeProducing()
    while turns:
        turns.pop(0)()
    assert channel.transport.value().count(b" 400 ") == 5
    assert channel.transport.producerState == "producing"


def test_a_turn_that_comes_too_late_does_nothing() -> None:
    """The connection may have ended meanwhile."""
    channel = connected()
    turns = turns_of(channel)
    channel.dataReceived(BAD * 2)
    channel.connectionLost(Failure(ConnectionDone()))
    turns.pop()()
    assert channel.transport.value().count(b" 400 ") == 1


def test_where_many_come_at_once_each_waits_for_a_turn(long_turns: LongTurns) -> None:
    """What came in a turn that is over is kept in order, and no more is read until it was looked at."""
    channel = connected()
    turns = turns_of(channel)
    long_turns.are_over = True
    channel.dataReceived(BAD[:7])
    channel.dataReceived(BAD[7:])
    assert (channel.transport.value(), channel.transport.producerState) == (b"", "paused")
    long_turns.are_over = False
    while turns:
        turns.pop(0)()
    assert channel.transport.value().count(b" 400 ") == 1
    assert channel.transport.producerState == "producing"


def test_what_waits_for_a_turn_stays_behind_what_waits_for_an_answer(long_turns: LongTurns) -> None:
    """A request in work keeps what came behind it; what came later still follows that."""
    channel = connected()
    turns = turns_of(channel)
    channel._dataBuffer, channel._next = [BAD[:9]], BAD[9:]
    channel.dataReceived(BAD[:3])
    channel.clearLineBuffer()
    request = RelayRequest(channel, False)
    channel.requests.append(request)
    channel.requestDone(request)
    while turns:
        turns.pop(0)()
    assert channel.transport.value().count(b" 400 ") == 1
    assert channel._buffer == BAD[:3]


def chunked(path: bytes, headers: bytes = b"") -> bytes:
    """The head of a request whose body comes in chunks."""
    return b"POST " + path + b" HTTP/1.1\r\nhost: a\r\n" + headers + b"transfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(("path", "status"), [(b"/v1/messages", b" 401 "), (b"/admin/login/", b" 400 ")])
def test_a_stranger_sends_no_mass_of_small_chunks(
    monkeypatch: pytest.MonkeyPatch, path: bytes, status: bytes
) -> None:
    """64 KiB of them would be a tenth of a second; what comes behind the refusal is not taken apart."""
    monkeypatch.setattr(callers, "_knows", lambda *_: False)
    channel = connected()
    channel.dataReceived(chunked(path) + b"1\r\nx\r\n" * (COUNTED_CHUNKS - 1))
    assert channel.transport.value() == b""
    channel.dataReceived(b"1\r\nx\r\n")
    assert status in channel.transport.value()
    assert channel.stage is Stage.LINGERING
    taken: list[bytes] = []
    monkeypatch.setattr(RelayRequest, "handleContentChunk", lambda _, data: taken.append(data))
    channel.dataReceived(b"1\r\nx\r\n" * 9)
    assert taken == []


def test_small_chunks_of_a_known_sender_and_usual_ones_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that sends its JSON token by token, with a key; and anybody's chunks of a usual size."""
    for is_known, size in ((True, 1), (False, SMALL_CHUNK_BYTES)):
        monkeypatch.setattr(callers, "_knows", lambda *_, known=is_known: known)
        channel = connected()
        channel.dataReceived(
            chunked(b"/v1/messages") + b"%x\r\n%b\r\n" % (size, b"x" * size) * 2 * COUNTED_CHUNKS
        )
        assert channel.transport.value() == b""
        assert channel.received_bytes == 2 * COUNTED_CHUNKS * size


@pytest.mark.parametrize("before", [b"", b"content-type: a\r\n"])
@pytest.mark.parametrize(
    ("length", "is_refused"), [(LONGEST_CONTENT_TYPE - 1, False), (LONGEST_CONTENT_TYPE + 1, True)]
)
def test_a_content_type_of_thousands_of_parameters_is_refused(
    length: int, is_refused: bool, before: bytes
) -> None:
    """Nobody needs it, and to take it apart costs time by the square of its length; nor a second one."""
    channel = connected()
    told = b"content-type: " + (b"text/plain" + b";a" * length)[:length]
    channel.dataReceived(b"POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n" + before + told)
    channel.dataReceived(b"\r\n\r\n")
    assert (b" 431 " in channel.transport.value()) is is_refused


@pytest.mark.parametrize("path", [b"/a" * 1024 + b"/", b"*", b"x"])
def test_a_target_that_is_no_path_or_a_very_long_one_is_refused(path: bytes) -> None:
    """The pages' patterns would each look at all of it."""
    channel = connected()
    channel.dataReceived(b"GET " + path + b" HTTP/1.1\r\nhost: a\r\n\r\n")
    assert b" 400 " in channel.transport.value()


def test_who_has_sent_what_is_due_is_not_cut_off_for_our_delay(long_turns: LongTurns) -> None:
    """A head that waits for its turn, or in the kernel, is in time, however late a busy server reads it."""
    channel = connected()
    turns = turns_of(channel)
    channel.since = -1e9
    in_the_kernel = [b"G"]
    channel.transport.socket = SimpleNamespace(recv=lambda *_: in_the_kernel[0])  # type: ignore[attr-defined]
    channel.give_up()
    in_the_kernel[0] = b""
    long_turns.are_over = True
    channel.dataReceived(BAD[:9])
    channel.give_up()
    assert channel.stage is Stage.HEAD
    long_turns.are_over = False
    while turns:
        turns.pop(0)()
    channel.give_up()
    assert b" 408 " in channel.transport.value()


def test_who_drips_is_spared_for_a_while_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that wait to be read at each look keep a head open a little longer, however often one looks."""
    for looks in (1, 1000):
        now = [5.0]
        monkeypatch.setattr(http_channel.time, "monotonic", lambda now=now: now[0])
        channel = connected()
        channel.dataReceived(BAD[:9])
        channel.has_unread = lambda: True  # type: ignore[method-assign]
        for _ in range(looks):
            assert not channel.give_up()
        assert channel.transport.value() == b""
        now[0] += SPARED_SECONDS
        assert channel.give_up()
        assert b" 408 " in channel.transport.value()


def test_what_was_read_and_waits_for_its_turn_is_unread(long_turns: LongTurns) -> None:
    """Who makes room in a crowd is one that said nothing."""
    channel = connected()
    turns_of(channel)
    long_turns.are_over = True
    channel.dataReceived(BAD)
    assert channel.has_unread()
