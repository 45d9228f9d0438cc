"""What an exception on the way to upstream and back means, by one table.

Whatever upstream sends is data: broken HTTP is a broken answer of that upstream, whichever exception the
library makes of it, and never a fault of this server.
"""

import aiohttp
import httpx

from accounts.credentials.tokens import CredentialRefused, TokenUnavailable
from relay.neutral.failures import Failure, Kind, stumbled
from relay.upstream.connection.connection_trouble import connection_trouble
from relay.upstream.connection.refused_addresses import RefusedAddress
from relay.upstream.response import AnswerTooLarge, BrokenAnswer

_NO_CONNECTION = "no connection to upstream"
_NOT_VALID = "the account's base URL is not valid"

# First by phase, then by exception: httpx-aiohttp reports a refused connect, and a disconnect before the
# headers, as ConnectTimeout, and lets aiohttp's own complaints about bytes that are no HTTP through.
_BEFORE_HEADERS: tuple[tuple[type[Exception], Kind, str], ...] = (
    (httpx.InvalidURL, Kind.NETWORK, _NOT_VALID),
    (httpx.UnsupportedProtocol, Kind.NETWORK, _NOT_VALID),
    (httpx.TimeoutException, Kind.NETWORK, "no connection to upstream, or it closed before answering"),
    (httpx.TransportError, Kind.NETWORK, _NO_CONNECTION),
    (aiohttp.ClientConnectionError, Kind.NETWORK, _NO_CONNECTION),
    (OSError, Kind.NETWORK, _NO_CONNECTION),
    (aiohttp.InvalidURL, Kind.NETWORK, _NOT_VALID),
    (UnicodeDecodeError, Kind.GARBAGE, "what upstream answered is no valid HTTP"),
    (UnicodeError, Kind.NETWORK, _NOT_VALID),  # a part of the host's name is empty, or too long
    (aiohttp.ClientError, Kind.GARBAGE, "what upstream answered is no valid HTTP"),
    (ValueError, Kind.GARBAGE, "what upstream answered is no valid HTTP"),
)
_BROKEN_TRANSFER = (httpx.HTTPError, httpx.StreamError, aiohttp.ClientError, OSError, ValueError)


def failure_before_headers(error: Exception) -> Failure:
    """What an exception before the answer's headers means, signing in included."""
    if isinstance(error, CredentialRefused):  # for good: the account's fault
        return Failure(Kind.CREDENTIALS, str(error), status=401, account_fault=True)
    if isinstance(error, TokenUnavailable):  # for now: as if there were no connection
        return Failure(Kind.NETWORK, str(error))
    if refused := _refused_address(error):
        return Failure(Kind.NETWORK, str(refused))
    for kind_of_error, kind, message in _BEFORE_HEADERS:
        if isinstance(error, kind_of_error):
            trouble = connection_trouble(error) if kind is Kind.NETWORK else ""
            return Failure(kind, f"{_NO_CONNECTION}: {trouble}" if trouble else message)
    return stumbled("asked for", error)


def _refused_address(error: BaseException) -> RefusedAddress | None:
    """The refusal of an address that ``error`` comes from, if it does."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, RefusedAddress):
        cause = cause.__cause__ or cause.__context__
    return cause


def failure_while_reading(error: Exception) -> Failure:
    """What an exception in the middle of the answer means."""
    if isinstance(error, AnswerTooLarge):
        return Failure(Kind.ANSWER_TOO_LARGE, str(error))
    if isinstance(error, BrokenAnswer):
        return Failure(Kind.GARBAGE, str(error))
    if isinstance(error, _BROKEN_TRANSFER):
        return Failure(Kind.READ_ERROR, f"the connection to upstream broke ({type(error).__name__})")
    return stumbled("read", error)
