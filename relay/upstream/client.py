"""The HTTP client: one per event loop. With connection_times.py all that knows which library it is.

It adds the account's credential, and turns every exception of the library into a classified failure by one
table.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import lru_cache, partial
from typing import cast

import aiohttp
import httpx
import msgspec
from httpx_aiohttp import AiohttpTransport

from accounts.credentials.tokens import Authorizer, CredentialRefused, TokenUnavailable
from accounts.snapshot import AccountView
from monitor.masking.exact import ExactSecrets
from relay.dialects.registry import classify
from relay.neutral.failures import Failure, Kind
from relay.upstream.address import address, content_for, headers_for, stream_url
from relay.upstream.masking import masked_failure, masked_headers, secrets_in
from relay.upstream.request import UpstreamRequest
from relay.upstream.times import TimedConnector, Times, watched

MAX_ERROR_BYTES = 64 * 1024
"""An error body is read this far."""

MAX_CONNECTIONS = 10_000
"""httpx-aiohttp opens 100 when none is given; every open stream needs one."""

KEEP_ALIVE_SECONDS = 30.0
TOKEN_TIMEOUT_SECONDS = 30.0
SHORT_TIMEOUT_SECONDS = 30.0

# First by phase, then by exception: httpx-aiohttp reports a refused connect, and a disconnect before the
# headers, as ConnectTimeout.
_BEFORE_HEADERS: tuple[tuple[type[Exception], Kind, str], ...] = (
    (httpx.InvalidURL, Kind.NETWORK, "the account's base URL is not valid"),
    (httpx.UnsupportedProtocol, Kind.NETWORK, "the account's base URL is not valid"),
    (httpx.TimeoutException, Kind.NETWORK, "no connection to upstream, or it closed before answering"),
    (httpx.TransportError, Kind.NETWORK, "no connection to upstream"),
    (OSError, Kind.NETWORK, "no connection to upstream"),
)
_AFTER_HEADERS = (httpx.HTTPError, httpx.StreamError, OSError)


ShortAnswer = tuple[int, Mapping[str, str], bytes]
"""Status, headers by lower-case name, and body of a short unstreamed request."""


class UpstreamResponse:
    """An open stream. ``read`` gives what came together; after it raised, it must not be called again."""

    def __init__(self, response: httpx.Response, known: ExactSecrets) -> None:
        """Take over an answer whose headers are here; ``known`` is the credential that it must not repeat."""
        self.known = known
        self._response = response
        # Nobody was asked to compress; who does it all the same is decoded. httpx's own iterator costs
        # as much as the rest of the reading, so the plain stream is taken where there is nothing to decode.
        is_plain = response.headers.get("content-encoding", "identity") == "identity"
        stream = cast(httpx.AsyncByteStream, response.stream)
        self._pieces: AsyncIterator[bytes] = aiter(stream) if is_plain else response.aiter_bytes()
        self.request_id = known.mask_text(_request_id(response.headers))

    async def read(self) -> bytes | None:
        """The next bytes, None at an orderly end; raises httpx.HTTPError or OSError on a broken transfer."""
        return await anext(self._pieces, None)

    async def close(self) -> None:
        """Give the connection back, or cut it when the stream is not at its end."""
        with contextlib.suppress(*_AFTER_HEADERS):
            await self._response.aclose()


class UpstreamClient:
    """Sends requests to accounts."""

    def __init__(self, connect_timeout_seconds: float) -> None:
        """``connect_timeout_seconds`` bounds the connecting; everything later is the caller's to bound."""
        self._authorizer = Authorizer(self._post_form)
        self._transport = AiohttpTransport(client=self._session)
        timeout = httpx.Timeout(None, connect=connect_timeout_seconds)
        self._extensions = {"timeout": timeout.as_dict()}
        self._client = httpx.AsyncClient(transport=self._transport, timeout=timeout, follow_redirects=False)

    def _session(self) -> aiohttp.ClientSession:
        """What the transport works with, made in the event loop at the first request."""
        connector = TimedConnector(
            limit=MAX_CONNECTIONS, keepalive_timeout=KEEP_ALIVE_SECONDS, ssl=self._transport.ssl_context
        )
        return aiohttp.ClientSession(connector=connector)

    async def open(
        self, account: AccountView, request: UpstreamRequest, times: Times
    ) -> UpstreamResponse | Failure:
        """Ask for the stream: the open response, or why there is none. A refused token is renewed once.

        ``times`` is filled in on the way, also when the caller gives up waiting.
        """
        try:
            response, known = await self._signed_in(account, partial(self._send, account, request, times))
        except (CredentialRefused, TokenUnavailable) as error:
            return failure_of_credential(error)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return failure_before_headers(error)
        if response.status_code == 200:
            if response.headers.get("content-type", "").startswith("text/html"):
                with contextlib.suppress(*_AFTER_HEADERS):
                    await response.aclose()
                return Failure(Kind.GARBAGE, "upstream answered with a web page")
            return UpstreamResponse(response, known)
        return await self._refusal(request, response, known)

    async def post_json(
        self, account: AccountView, path: str, body: object, headers: Mapping[str, str], times: Times
    ) -> ShortAnswer | Failure:
        """A short unstreamed POST (counting, embedding): status, headers, body; ``times`` is filled in."""
        return await self._short("POST", account, path, msgspec.json.encode(body), headers, times)

    async def get(self, account: AccountView, path: str, headers: Mapping[str, str]) -> ShortAnswer | Failure:
        """A short GET (model lists): status, headers, body."""
        return await self._short("GET", account, path, b"", headers, Times(0))  # nobody asks when

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _post_form(self, url: str, form: Mapping[str, str]) -> tuple[int, object]:
        response = await self._client.post(url, data=dict(form), timeout=TOKEN_TIMEOUT_SECONDS)
        try:
            return response.status_code, msgspec.json.decode(response.content)
        except msgspec.DecodeError:
            return response.status_code, None

    async def _signed_in(
        self, account: AccountView, send: Callable[[Mapping[str, str]], Awaitable[httpx.Response]]
    ) -> tuple[httpx.Response, ExactSecrets]:
        """What ``send`` gets with the account's credential, and that; with a new one where it was refused."""
        credential = await self._authorizer.headers(account)
        response = await send(credential)
        if response.status_code == 401:
            renewed = await self._authorizer.renewed(account, credential)
            if renewed is not None:
                await response.aclose()
                credential, response = renewed, await send(renewed)
        return response, secrets_in(credential)

    async def _send(
        self, account: AccountView, request: UpstreamRequest, times: Times, credential: Mapping[str, str]
    ) -> httpx.Response:
        # Straight to the transport: redirects, cookies, hooks and auth flows are not for this path, and cost
        # a fifth of a request.
        outgoing = httpx.Request(
            "POST",
            _parsed(stream_url(account, request)),
            headers={**headers_for(account, request.dialect, request.headers), **credential},
            content=content_for(account, request),
            extensions=self._extensions,
        )
        with watched(times):
            return await self._transport.handle_async_request(outgoing)

    async def _refusal(
        self, request: UpstreamRequest, response: httpx.Response, known: ExactSecrets
    ) -> Failure:
        body = b""
        try:
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > MAX_ERROR_BYTES:
                    break
        except _AFTER_HEADERS:
            pass  # the status alone is told then
        finally:
            with contextlib.suppress(*_AFTER_HEADERS):
                await response.aclose()
        headers = masked_headers(response.headers.items(), known)
        return masked_failure(
            classify(request.dialect, response.status_code, headers, known.mask(body)), known
        )

    async def _short(
        self,
        method: str,
        account: AccountView,
        path: str,
        content: bytes,
        headers: Mapping[str, str],
        times: Times,
    ) -> ShortAnswer | Failure:
        async def send(credential: Mapping[str, str]) -> httpx.Response:
            with watched(times):
                return await self._client.request(
                    method,
                    address(account, path),
                    content=content or None,
                    headers={"content-type": "application/json", **headers, **credential},
                )

        try:
            async with asyncio.timeout(SHORT_TIMEOUT_SECONDS):
                response, known = await self._signed_in(account, send)
        except (CredentialRefused, TokenUnavailable) as error:
            return failure_of_credential(error)
        except TimeoutError:
            return Failure(
                Kind.FIRST_DATA_TIMEOUT, f"upstream did not answer within {SHORT_TIMEOUT_SECONDS:g} s"
            )
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return failure_before_headers(error)
        content = response.content if response.status_code == 200 else known.mask(response.content)
        return response.status_code, masked_headers(response.headers.items(), known), content


def failure_of_credential(error: CredentialRefused | TokenUnavailable) -> Failure:
    """Refused for good: the account's fault. Not to be had now: as if there were no connection."""
    if isinstance(error, CredentialRefused):
        return Failure(Kind.CREDENTIALS, str(error), status=401, account_fault=True)
    return Failure(Kind.NETWORK, str(error))


def failure_before_headers(error: Exception) -> Failure:
    """What an exception before the headers means."""
    for kind_of_error, kind, message in _BEFORE_HEADERS:
        if isinstance(error, kind_of_error):
            return Failure(kind, message)
    return Failure(Kind.NETWORK, f"the request could not be sent ({type(error).__name__})")


def failure_while_reading(error: Exception) -> Failure:
    """What an exception in the middle of the stream means."""
    return Failure(Kind.READ_ERROR, f"the connection to upstream broke ({type(error).__name__})")


@lru_cache(maxsize=1024)
def _parsed(url: str) -> httpx.URL:
    return httpx.URL(url)


def _request_id(headers: httpx.Headers) -> str:
    return headers.get("request-id") or headers.get("x-request-id") or ""
