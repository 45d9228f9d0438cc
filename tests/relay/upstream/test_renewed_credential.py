"""A credential that is refused: the answer that refused it is let go of, whatever becomes of the new one."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import httpx
import pytest

from accounts.credentials.tokens import TokenUnavailable
from relay.upstream.client import UpstreamClient
from relay.upstream.connection.times import Times
from relay.upstream.quota_call import QuotaCall
from tests.accounts.worlds import view


class Refusal(httpx.AsyncByteStream):
    """The body of a 401, of which nothing is read."""

    is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"no"

    async def aclose(self) -> None:
        self.is_closed = True


class Authorizer:
    """Gives no new credential: it fails, or takes for ever."""

    def __init__(self, fails: bool) -> None:
        self.fails = fails
        self.is_asked = asyncio.Event()

    async def headers(self, account: object) -> dict[str, str]:
        return {"authorization": "Bearer old"}

    async def renewed(self, account: object, refused: Mapping[str, str]) -> dict[str, str] | None:
        self.is_asked.set()
        if self.fails:
            raise TokenUnavailable("not now")
        await asyncio.Event().wait()
        return None


@pytest.mark.parametrize("fails", [True, False])
async def test_the_connection_of_a_refused_credential_is_given_back(fails: bool) -> None:
    """The new token cannot be had, or the client leaves while it is fetched: no connection stays open."""
    client, refusal = UpstreamClient(5, 1_000_000, "me"), Refusal()
    authorizer = client._authorizer = Authorizer(fails)  # type: ignore[assignment]

    async def send(credential: Mapping[str, str]) -> httpx.Response:
        return httpx.Response(401, stream=refusal)

    asking = asyncio.create_task(client._signed_in(view(1), send))
    await authorizer.is_asked.wait()
    await asyncio.sleep(0)
    asking.cancel()
    [outcome] = await asyncio.gather(asking, return_exceptions=True)
    assert isinstance(outcome, TokenUnavailable if fails else asyncio.CancelledError)
    assert refusal.is_closed
    await client.close()


async def test_a_refusal_of_the_quota_call_alone_keeps_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked right after the sign-in: its 401 says nothing of the token, and nobody signs in again."""
    client, authorizer = UpstreamClient(5, 1_000_000, "me"), Authorizer(fails=True)
    monkeypatch.setattr(client, "_authorizer", authorizer)
    sent = list[httpx.Request]()

    async def refuse(request: httpx.Request, times: Times) -> httpx.Response:
        sent.append(request)
        return httpx.Response(401, content=b"no")

    monkeypatch.setattr(client, "_sent", refuse)
    noted = list[object]()
    call = QuotaCall(client, lambda account, windows: noted.append(windows), lambda: 1000.0)
    call(view(1, kind="code_assist", project="p"))
    await asyncio.gather(*call._tasks)
    assert (len(sent), noted, authorizer.is_asked.is_set()) == (1, [], False)
    await client.close()
