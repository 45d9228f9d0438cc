"""A connection that is over goes by itself, with its request: no garbage collection has to find it."""

import gc
from collections.abc import Iterator
from weakref import ref

import pytest
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from proxyproject.serving.connection import http_channel
from tests.proxyproject.serving.connection.test_channel_turns import LongTurns, connected

HEAD = b"POST /v1/messages HTTP/1.1\r\nhost: x\r\n"


@pytest.fixture(autouse=True)
def without_collection(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The collector does not come, and no turn is over."""
    monkeypatch.setattr(http_channel, "turns", LongTurns())
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        HEAD,
        b"nonsense\r\n\r\n",
        HEAD + b"content-length: 1000\r\n\r\n{",
        HEAD + b"content-length: 1000000000\r\n\r\n{",
        HEAD + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\nno chunk\r\n",
    ],
)
def test_wherever_the_client_went(sent: bytes) -> None:
    """A hundred a second that drip a byte of a body left half a million objects for one collection."""
    channel = connected()
    channel.dataReceived(sent)
    left = [ref(channel), *map(ref, channel.requests)]
    transport = channel.transport
    channel.connectionLost(Failure(ConnectionDone()))
    transport.producer = None  # a transport that is over lets go
    del channel
    assert [one() for one in left] == [None] * len(left)
