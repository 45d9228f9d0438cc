"""What an exception on the way to upstream means: the operator's address, or upstream's answer."""

import socket

import aiohttp
import pytest

from relay.neutral.failures import Kind
from relay.upstream.connection.exception_failures import failure_before_headers


@pytest.mark.parametrize("host", ["a..b", ".example.com", "a" * 64 + ".example.com"])
def test_a_host_that_no_name_can_be_is_the_addresss_fault(host: str) -> None:
    """Nobody was asked, so no answer is blamed."""
    with pytest.raises(UnicodeError) as raised:
        socket.getaddrinfo(host, 80)
    failure = failure_before_headers(raised.value)
    assert (failure.kind, failure.message) == (Kind.NETWORK, "the account's base URL is not valid")


def test_an_address_that_is_none_is_the_accounts_and_bytes_that_are_no_text_are_upstreams() -> None:
    """The library complains of both with errors of one family."""
    assert failure_before_headers(aiohttp.InvalidURL("http:///x")).kind is Kind.NETWORK
    with pytest.raises(UnicodeDecodeError) as raised:
        b"\xff".decode()
    assert failure_before_headers(raised.value).kind is Kind.GARBAGE
