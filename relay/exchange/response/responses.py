"""From an exchange that runs to the client's response: a stream, a JSON answer, or an error's status.

The generator takes from the mailbox and sends keep-alives after silence. It knows nothing of upstream, so
it can neither reset a deadline nor fail for upstream's sake; whatever happens, it ends by itself.
"""

import logging
from collections.abc import AsyncIterator

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from monitor.record.redacting.redaction import mask_email
from relay.dialects.interface import Dialect, ErrorAnswer
from relay.engine.commands import ExchangeEnd
from relay.engine.retrying import policy
from relay.exchange.response.plain_headers import add_plain, told_headers
from relay.exchange.served_exchange import ServedExchange
from relay.neutral.failures import Failure

logger = logging.getLogger(__name__)

LIMIT_STATUS = 400
"""With it every vendor says that a request is larger than the model; some compatible servers say 413 or"
" 500."""

STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


async def respond(served: ServedExchange) -> HttpResponseBase:
    """The response, as soon as it is known what it is: at commit, at the end, or when patience runs out."""
    hands = served.hands
    patience = served.patience_seconds
    first = await served.driver.mailbox.take(patience)
    while isinstance(first, bytes) and not served.is_stream:
        served.collected.append(first)
        first = await served.driver.mailbox.take(None)
    if isinstance(first, ExchangeEnd) and not _is_told_in_stream(served, first):
        return ended(served, first)
    content_type = "application/json" if served.form == "array" else "text/event-stream"
    response = StreamingHttpResponse(_stream(served, first), content_type=content_type)
    _add_headers(response, served, knows_account=first is not None)
    for name, value in STREAM_HEADERS.items():
        response[name] = value
    hands.recorder.response_headers = told_headers(response)
    served.status = 200
    return response


def ended(served: ServedExchange, outcome: ExchangeEnd) -> HttpResponse:
    """The exchange ended before a stream was opened: the collected answer, or an error with its status."""
    dialect = served.hands.call.dialect
    if outcome.failure is None and served.collected:
        response = HttpResponse(b"".join(served.collected), content_type="application/json")
    else:
        body = _upstream_body(served, outcome)
        is_own_words = not body and outcome.failure is not None and outcome.failure.limit is not None
        response = error_response(
            dialect,
            served.request_id,
            LIMIT_STATUS if is_own_words else _status_owed(outcome),
            outcome.message or "the exchange was ended",
            outcome.failure,
            retry_after_seconds=outcome.retry_after_seconds,
            upstream_body=body,
        )
    _add_headers(response, served, knows_account=True)
    served.hands.recorder.response_headers = told_headers(response)
    served.hands.recorder.sent(response.content)
    served.status = response.status_code
    served.is_sent = True
    return response


def error_response(
    dialect: Dialect,
    request_id: str,
    status: int,
    message: str,
    failure: Failure | None = None,
    *,
    retry_after_seconds: float | None = None,
    upstream_body: bytes = b"",
) -> HttpResponse:
    """An error in the dialect's own shape, with ``Retry-After`` when it is known."""
    answer = ErrorAnswer(
        status=status,
        message=message,
        request_id=request_id,
        reason=failure.reason if failure else "",
        retry_after_seconds=retry_after_seconds,
        upstream_body=upstream_body,
        limit=failure.limit if failure else None,
    )
    response = HttpResponse(dialect.error_body(answer), status=status, content_type="application/json")
    if answer.retry_after_seconds is not None:
        response["Retry-After"] = str(max(1, round(answer.retry_after_seconds)))
    return response


def identify(response: HttpResponseBase, dialect: Dialect, request_id: str) -> None:
    """Name the exchange: our header, and the dialect's own."""
    response["X-Request-Id"] = request_id
    if dialect.request_id_header:
        response[dialect.request_id_header] = request_id


def account_headers(how: str, email: str) -> list[tuple[str, str]]:
    """The header that names the account, ``how`` the operator wants it; none where there is no account."""
    if not email or how == "off":
        return []
    return [("X-Account-Email", mask_email(email) if how == "masked" else email)]


async def _stream(served: ServedExchange, first: bytes | ExchangeEnd | None) -> AsyncIterator[bytes]:
    hands, recorder = served.hands, served.hands.recorder
    try:
        item: bytes | ExchangeEnd | None = first
        while True:
            if isinstance(item, ExchangeEnd):
                piece = _last_words(served, item)
                if piece:
                    recorder.sent(piece)
                    yield piece
                break
            piece = hands.encoder.keep_alive() if item is None else item
            recorder.sent(piece)
            yield piece
            item = await served.driver.mailbox.take(served.keep_alive_seconds)
        served.is_sent = True
    except Exception:
        logger.exception("The response of an exchange failed")
        yield hands.encoder.fail(ErrorAnswer(500, "the server failed; its log says why", served.request_id))


def _last_words(served: ServedExchange, outcome: ExchangeEnd) -> bytes:
    """The error event that ends a broken answer; nothing behind a whole one, or one that upstream told."""
    if outcome.failure is None or outcome.is_told or outcome.interrupted_by == "client":
        return b""
    failure, status = outcome.failure, _status_in_stream(outcome, outcome.failure)
    return served.hands.encoder.fail(
        ErrorAnswer(
            status=status,
            message=outcome.message,
            request_id=served.request_id,
            reason="" if status == 503 and failure.status != status else failure.reason,
            retry_after_seconds=outcome.retry_after_seconds,
            upstream_body=_upstream_body(served, outcome),
            upstream_request_id=served.hands.recorder.upstreams_id,
            limit=failure.limit,
        )
    )


def _status_owed(outcome: ExchangeEnd) -> int:
    """The HTTP status of what ended before a byte was sent.

    An answer may have begun upstream and given its client nothing yet: then its failure is one as any other.
    """
    if outcome.status >= 400 or outcome.failure is None:
        return outcome.status
    return _status_in_stream(outcome, outcome.failure)


def _status_in_stream(outcome: ExchangeEnd, failure: Failure) -> int:
    status = failure.status if failure.status is not None and failure.status >= 400 else outcome.status
    owed = policy.answer_status([failure])
    if status in (401, 402, 403) or owed == 503:  # an account's trouble is none of the client's
        return owed
    if failure.limit is not None:
        return LIMIT_STATUS
    return 502 if status == 200 else status


def _is_told_in_stream(served: ServedExchange, outcome: ExchangeEnd) -> bool:
    """Is it a request that is too long, of a client that looks for that in the stream alone?"""
    limit = outcome.failure.limit if outcome.failure else None
    is_too_long = limit is not None and limit.about != "output" and not _upstream_body(served, outcome)
    return is_too_long and served.is_stream and served.hands.call.dialect.tells_limits_in_streams


def _upstream_body(served: ServedExchange, outcome: ExchangeEnd) -> bytes:
    """Upstream's own error, for a client of its dialect, where it is the answer as it stands."""
    failure = outcome.failure
    is_verbatim = failure is not None and outcome.message == failure.message
    return failure.body if failure and is_verbatim and served.hands.is_same_dialect else b""


def _add_headers(response: HttpResponseBase, served: ServedExchange, *, knows_account: bool) -> None:
    hands = served.hands
    identify(response, hands.call.dialect, served.request_id)
    response["X-Mapped-Model"] = hands.mapped_model
    for name, value in hands.headers:
        response[name] = value
    if (allowance := hands.recorder.allowance) is not None:
        add_plain(response, allowance.headers(hands.call.dialect.recorded_as))
    if knows_account:
        for name, value in account_headers(served.account_header, hands.account_email):
            response[name] = value
        response["X-Attempts"] = str(hands.recorder.row.attempts)
