"""The HTTP client: one per event loop.

It adds the account's credential, and turns every exception of the library into a classified failure by one
table (``relay/upstream/connection/exception_failures.py``).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from functools import lru_cache, partial

import aiohttp
import httpx
import msgspec

from accounts.credentials.tokens import Authorizer
from accounts.processes.shared_tokens import SharedTokens
from accounts.snapshot import AccountView
from monitor.masking.known import NOTHING_KNOWN, KnownSecrets
from monitor.masking.many import NOBODYS, ManySecrets
from relay.neutral.failures import Failure, Kind
from relay.upstream.address import address, content_for, headers_for, stream_url
from relay.upstream.connection.exception_failures import failure_before_headers, failure_while_reading
from relay.upstream.connection.refused_addresses import checked_socket
from relay.upstream.connection.times import Times, watched
from relay.upstream.connection.transport import SteadyConnector, SteadyTransport
from relay.upstream.hops import HOPS, LEADS_BACK, LOOP_STATUS, is_told, passed, with_own
from relay.upstream.masking import Beside, at_once, masked_headers, secrets_in, told_failure
from relay.upstream.redirects import WEB_PAGE, is_web_page, no_answer
from relay.upstream.request import UpstreamRequest
from relay.upstream.response import BrokenAnswer, UpstreamResponse

MAX_ERROR_BYTES = 64 * 1024
"""An error body is read this far,"""

ERROR_BODY_SECONDS = 5.0
"""and so long: what it says beyond its status is worth no deadline."""

MAX_HEADER_BYTES = 64 * 1024
"""One header line of upstream's; aiohttp's own bound of 8,190 bytes is less than what is met in the wild."""

MAX_CONNECTIONS = 10_000
"""httpx-aiohttp opens 100 when none is given; every open stream needs one."""

KEEP_ALIVE_SECONDS = 30.0
TOKEN_TIMEOUT_SECONDS = 30.0
SHORT_TIMEOUT_SECONDS = 30.0

ShortAnswer = tuple[int, Mapping[str, str], bytes]
"""Status, headers by lower-case name, and body of a short unstreamed request."""


Heard = Callable[[AccountView, str, Mapping[str, str], bytes], None]
"""Who is told account, model, headers by lower-case name, and body."""


def _nobody_hears(account: AccountView, model: str, headers: Mapping[str, str], body: bytes) -> None:
    """What an answer says of quotas matters to nobody."""


class UpstreamClient:
    """Sends requests to accounts."""

    def __init__(
        self,
        connect_timeout_seconds: float,
        max_answer_bytes: int,
        instance: str,
        tokens: SharedTokens | None = None,
    ) -> None:
        """``connect_timeout_seconds`` bounds the connecting; all later time is the caller's to bound.

        An answer of more than ``max_answer_bytes`` is a broken one. ``instance`` is how this server names
        itself in what it sends. ``tokens`` are those of all processes.
        """
        self.heard: Heard = _nobody_hears
        """Is told of each answer to a generation, with the body of a refusal."""
        self.others: Callable[[], ManySecrets] = lambda: NOBODYS
        """Whose credentials no answer may tell either."""
        self.beside: Beside = at_once
        self._instance = instance
        self._max_answer_bytes = max_answer_bytes
        self._tokens = tokens
        self.signed_in: Callable[[AccountView], None] = lambda _: None
        """Is told of each account that has got a new token,"""
        self.got_token: Callable[[int, str], None] = lambda _id, _token: None
        """and this one of the token."""
        self._authorizer = Authorizer(
            self._post_form,
            shared=tokens,
            signed_in=lambda account: self.signed_in(account),
            got_token=lambda account, token: self.got_token(account, token),
        )
        self._transport = SteadyTransport(client=self._session)
        timeout = httpx.Timeout(None, connect=connect_timeout_seconds)
        self._extensions = {"timeout": timeout.as_dict()}

    def _session(self) -> aiohttp.ClientSession:
        """What the transport works with, made in the event loop at the first request."""
        connector = SteadyConnector(
            limit=MAX_CONNECTIONS,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            ssl=self._transport.ssl_context,
            socket_factory=checked_socket,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),  # one account's cookies are none of another's
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
        )

    async def open(
        self, account: AccountView, request: UpstreamRequest, times: Times
    ) -> UpstreamResponse | Failure:
        """Ask for the stream: the open response, or why there is none. A refused token is renewed once.

        ``times`` is filled in on the way, also when the caller gives up waiting.
        """
        try:
            response, known = await self._signed_in(account, partial(self._send, account, request, times))
        except Exception as error:
            return failure_before_headers(error)
        if response.is_success or response.status_code == 429:  # other refusals know no model and no quota
            self.heard(account, request.model, response.headers, b"")
        if response.status_code == 200 and not is_web_page(response.headers):
            return UpstreamResponse(response, self._max_answer_bytes, known)
        return await self._refusal(account, request, response, known)

    async def post_json(
        self,
        account: AccountView,
        path: str,
        body: object,
        headers: Mapping[str, str],
        times: Times,
        read_bytes: int = 0,
        *,
        renews: bool = True,
    ) -> ShortAnswer | Failure:
        """A short unstreamed POST (counting, embedding): status, headers, body; ``times`` is filled in.

        ``read_bytes`` is what was read of the same answer before, in other POSTs. Unless it ``renews``, a
        refusal of the token is the answer, and the token is kept.
        """
        content = msgspec.json.encode(body)
        return await self._short("POST", account, path, content, headers, times, read_bytes, renews=renews)

    async def get(self, account: AccountView, path: str, headers: Mapping[str, str]) -> ShortAnswer | Failure:
        """A short GET (model lists): status, headers, body."""
        return await self._short("GET", account, path, None, headers, Times(0))  # nobody asks when

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.aclose()
        if self._tokens is not None:
            await self._tokens.close()

    async def _post_form(self, url: str, form: Mapping[str, str]) -> tuple[int, object]:
        outgoing = httpx.Request("POST", url, data=dict(form), extensions=self._extensions)
        async with asyncio.timeout(TOKEN_TIMEOUT_SECONDS):
            response = await self._transport.handle_async_request(outgoing)
            content = await self._whole(response)
        try:
            return response.status_code, msgspec.json.decode(content)
        except (ValueError, RecursionError):
            return response.status_code, None

    async def _signed_in(
        self,
        account: AccountView,
        send: Callable[[Mapping[str, str]], Awaitable[httpx.Response]],
        *,
        renews: bool = True,
    ) -> tuple[httpx.Response, KnownSecrets]:
        """What ``send`` gets with the account's credential, and that; with a new one where it was refused."""
        credential = await self._authorizer.headers(account)
        response = await send(credential)
        if renews and response.status_code == 401:
            try:
                renewed = await self._authorizer.renewed(account, credential)
            except BaseException:  # nobody reads the answer any more
                await response.aclose()
                raise
            if renewed is not None:
                await response.aclose()
                credential, response = renewed, await send(renewed)
        return response, secrets_in(credential, self.others())

    async def _send(
        self, account: AccountView, request: UpstreamRequest, times: Times, credential: Mapping[str, str]
    ) -> httpx.Response:
        url = _parsed(stream_url(account, request))
        headers = {**headers_for(account, request.dialect, request.headers), **credential}
        return await self._sent(
            httpx.Request(
                "POST",
                url,
                headers=headers,
                stream=httpx.ByteStream(content_for(account, request)),  # aiohttp tells host and length
                extensions=self._extensions,
            ),
            times,
        )

    async def _sent(self, outgoing: httpx.Request, times: Times) -> httpx.Response:
        # Straight to the transport: httpx's redirects, cookies, hooks and auth flows are for no path of ours,
        # and cost a fifth of a request.
        if is_told(outgoing.url.host):
            outgoing.headers[HOPS] = with_own(passed.get(), self._instance)
        return await watched(times, self._transport.handle_async_request(outgoing))

    async def _refusal(
        self, account: AccountView, request: UpstreamRequest, response: httpx.Response, known: KnownSecrets
    ) -> Failure:
        opened = UpstreamResponse(response, MAX_ERROR_BYTES, known)
        try:
            if self._is_our_own(response):
                return LEADS_BACK
            if response.status_code == 200:
                return Failure(Kind.GARBAGE, WEB_PAGE)
            if not 400 <= response.status_code <= 599:
                url = partial(stream_url, request=request)
                return no_answer(response.status_code, response.headers, known, account, url)
            body = await opened.read_what_comes(ERROR_BODY_SECONDS)  # without it the status alone is told
            if response.status_code == 429:
                self.heard(account, request.model, response.headers, body)
        finally:
            await opened.close()
        headers = _dated(masked_headers(response.headers.items(), known))
        return await told_failure(self.beside, request.dialect, response.status_code, headers, body, known)

    async def _short(
        self,
        method: str,
        account: AccountView,
        path: str,
        content: bytes | None,
        headers: Mapping[str, str],
        times: Times,
        read_bytes: int = 0,
        *,
        renews: bool = True,
    ) -> ShortAnswer | Failure:
        async def send(credential: Mapping[str, str]) -> httpx.Response:
            sent = {"content-type": "application/json", **headers, **credential}
            url = _parsed(address(account, path))
            return await self._sent(
                httpx.Request(method, url, headers=sent, content=content, extensions=self._extensions), times
            )

        try:
            async with asyncio.timeout(SHORT_TIMEOUT_SECONDS):
                response, known = await self._signed_in(account, send, renews=renews)
                status, content = response.status_code, await self._whole(response, known, read_bytes)
        except TimeoutError:
            return Failure(
                Kind.FIRST_DATA_TIMEOUT, f"upstream did not answer within {SHORT_TIMEOUT_SECONDS:g} s"
            )
        except BrokenAnswer as error:
            return failure_while_reading(error)
        except Exception as error:
            return failure_before_headers(error)
        if self._is_our_own(response):
            return LEADS_BACK
        if status == 200:
            return status, _dated(masked_headers(response.headers.items(), known)), content
        if not 400 <= status <= 599:
            url = partial(address, path=path)
            return no_answer(response.status_code, response.headers, known, account, url)
        content = known.mask(content, is_deep=True)
        return status, _dated(masked_headers(response.headers.items(), known)), content

    def _is_our_own(self, response: httpx.Response) -> bool:
        """Was it this server that refused what this server itself had sent?"""
        came_straight = not passed.get() and response.headers.get(HOPS) == self._instance
        return came_straight and response.status_code == LOOP_STATUS

    async def _whole(
        self, response: httpx.Response, known: KnownSecrets = NOTHING_KNOWN, read_bytes: int = 0
    ) -> bytes:
        opened = UpstreamResponse(response, self._max_answer_bytes, known, read_bytes)
        try:
            return await opened.read_all()
        finally:
            await opened.close()


@lru_cache(maxsize=1024)
def _parsed(url: str) -> httpx.URL:
    return httpx.URL(url)


def _dated(headers: dict[str, str]) -> dict[str, str]:
    """``headers`` with the time of the answer, from which a moment that upstream tells is counted."""
    headers.setdefault("date", formatdate(usegmt=True))
    return headers
