"""No connection is made to a metadata service, whatever name leads there."""

import asyncio
import socket
from typing import Any

import pytest

from accounts.credentials.encryption import encrypt
from accounts.snapshot import AccountView
from relay.neutral.failures import Failure, Kind
from relay.upstream.client import UpstreamClient
from relay.upstream.connection.refused_addresses import RefusedAddress, checked_socket


def account(base_url: str) -> AccountView:
    sealed = encrypt({"api_key": "sk-test-0123456789"})
    return AccountView(id=1, email="a@x.test", kind="openai", base_url=base_url, sealed=sealed)


async def asked(base_url: str) -> Failure:
    client = UpstreamClient(connect_timeout_seconds=5, max_answer_bytes=1_000_000, instance="me")
    try:
        answer = await client.get(account(base_url), "/v1/models", {})
    finally:
        await client.close()
    assert isinstance(answer, Failure)
    return answer


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]"])
async def test_an_address_that_is_refused_is_never_asked(host: str) -> None:
    """Also where the account was stored before the form refused it."""
    failure = await asked(f"http://{host}:9")
    assert (failure.kind, "never asked" in failure.message) == (Kind.NETWORK, True), failure


async def test_a_name_that_leads_to_one_is_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS may say anything, and another thing than when the account was entered."""
    looked_up: list[str] = []

    async def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    failure = await asked("http://models.example:9")
    assert looked_up == ["models.example"]
    assert "169.254.169.254" in failure.message
    assert "never asked" in failure.message


def test_other_addresses_get_their_socket() -> None:
    """Of the family that the address has."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with checked_socket((family, socket.SOCK_STREAM, 0, "", (host, 9))) as made:
            assert made.family == family
    with pytest.raises(RefusedAddress):
        checked_socket((socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("fe80::1", 9, 0, 2)))
