"""How much of what a stranger sends is looked at before others have their turn: no socket, work counted."""

from types import SimpleNamespace

import pytest
from twisted.internet.testing import StringTransport

from proxyproject.serving.connection import http_channel
from proxyproject.serving.connection.http_channel import CHUNKED_READ_BYTES, RelayChannel, RelayFactory
from proxyproject.serving.door.door_rules import DoorLimits
from proxyproject.serving.door.doorkeeper import Doorkeeper


def connected() -> RelayChannel:
    """A channel that somebody has connected to."""
    keeper = Doorkeeper(DoorLimits(), 9)
    server = SimpleNamespace(
        doorkeeper=keeper, protocol_connected=lambda _: None, is_draining=False, is_leaving=False
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


def test_a_chunked_body_is_read_in_small_pieces() -> None:
    """A thousand chunks of a byte each are as many calls; one with a length is read as fast as it comes."""
    for header, is_small in ((b"transfer-encoding: chunked", True), (b"content-length: 9", False)):
        channel = connected()
        channel.dataReceived(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\n" + header + b"\r\n\r\n")
        assert (getattr(channel.transport, "bufferSize", None) == CHUNKED_READ_BYTES) is is_small
