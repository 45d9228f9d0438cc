"""From an exchange that runs to the client's response: a stream, a JSON answer, or an error's status.

The generator takes from the mailbox and sends keep-alives after silence. It knows nothing of upstream, so
it can neither reset a deadline nor fail for upstream's sake; whatever happens, it ends by itself.
"""

import logging
from collections.abc import AsyncIterator

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from monitor.record.redaction import mask_email
from relay.dialects.interface import Dialect, ErrorAnswer
from relay.engine import policy
from relay.engine.commands import Outcome
from relay.exchange.running import Running
from relay.neutral.failures import Failure

logger = logging.getLogger(__name__)

LIMIT_STATUS = 400
"""With it every vendor says that a request is larger than the model; some compatible servers say 413 or"
" 500."""

STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


async def respond(running: Running) -> HttpResponseBase:
    """The response, as soon as it is known what it is: at commit, at the end, or when patience runs out."""
    exchange = running.exchange
    patience = running.patience_seconds
    first = await running.driver.mailbox.take(patience)
    while isinstance(first, bytes) and not running.is_stream:
        running.collected.append(first)
        first = await running.driver.mailbox.take(None)
    if isinstance(first, Outcome) and not _is_told_in_stream(running, first):
        return ended(running, first)
    content_type = "application/json" if running.form == "array" else "text/event-stream"
    response = StreamingHttpResponse(_stream(running, first), content_type=content_type)
    _add_headers(response, running, knows_account=first is not None)
    for name, value in STREAM_HEADERS.items():
        response[name] = value
    exchange.recorder.response_headers = tuple(response.items())
    running.status = 200
    return response


def ended(running: Running, outcome: Outcome) -> HttpResponse:
    """The exchange ended before a stream was opened: the collected answer, or an error with its status."""
    dialect = running.exchange.call.dialect
    if outcome.failure is None and running.collected:
        response = HttpResponse(b"".join(running.collected), content_type="application/json")
    else:
        body = _upstream_body(running, outcome)
        is_own_words = not body and outcome.failure is not None and outcome.failure.limit is not None
        response = error_response(
            dialect,
            running.request_id,
            LIMIT_STATUS if is_own_words else _status_owed(outcome),
            outcome.message or "the exchange was ended",
            outcome.failure,
            retry_after_seconds=outcome.retry_after_seconds,
            upstream_body=body,
        )
    _add_headers(response, running, knows_account=True)
    running.exchange.recorder.response_headers = tuple(response.items())
    running.exchange.recorder.sent(response.content)
    running.status = response.status_code
    running.is_sent = True
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


async def _stream(running: Running, first: bytes | Outcome | None) -> AsyncIterator[bytes]:
    exchange, recorder = running.exchange, running.exchange.recorder
    try:
        item: bytes | Outcome | None = first
        while True:
            if isinstance(item, Outcome):
                piece = _last_words(running, item)
                if piece:
                    recorder.sent(piece)
                    yield piece
                break
            piece = exchange.encoder.keep_alive() if item is None else item
            recorder.sent(piece)
            yield piece
            item = await running.driver.mailbox.take(running.keep_alive_seconds)
        running.is_sent = True
    except Exception:
        logger.exception("The response of an exchange failed")
        yield exchange.encoder.fail(
            ErrorAnswer(500, "the server failed; its log says why", running.request_id)
        )


def _last_words(running: Running, outcome: Outcome) -> bytes:
    """The error event that ends a broken answer; nothing behind a whole one, or one that upstream told."""
    if outcome.failure is None or outcome.is_told or outcome.interrupted_by == "client":
        return b""
    failure, status = outcome.failure, _status_in_stream(outcome, outcome.failure)
    return running.exchange.encoder.fail(
        ErrorAnswer(
            status=status,
            message=outcome.message,
            request_id=running.request_id,
            reason="" if status == 503 and failure.status != status else failure.reason,
            retry_after_seconds=outcome.retry_after_seconds,
            upstream_body=_upstream_body(running, outcome),
            limit=failure.limit,
        )
    )


def _status_owed(outcome: Outcome) -> int:
    """The HTTP status of what ended before a byte was sent.

    An answer may have begun upstream and given its client nothing yet: then its failure is one as any other.
    """
    if outcome.status >= 400 or outcome.failure is None:
        return outcome.status
    return _status_in_stream(outcome, outcome.failure)


def _status_in_stream(outcome: Outcome, failure: Failure) -> int:
    status = failure.status if failure.status is not None and failure.status >= 400 else outcome.status
    owed = policy.answer_status([failure])
    if status in (401, 402, 403) or owed == 503:  # an account's trouble is none of the client's
        return owed
    if failure.limit is not None:
        return LIMIT_STATUS
    return 502 if status == 200 else status


def _is_told_in_stream(running: Running, outcome: Outcome) -> bool:
    """Is it a request that is too long, of a client that looks for that in the stream alone?"""
    limit = outcome.failure.limit if outcome.failure else None
    is_too_long = limit is not None and limit.about != "output" and not _upstream_body(running, outcome)
    return is_too_long and running.is_stream and running.exchange.call.dialect.tells_limits_in_streams


def _upstream_body(running: Running, outcome: Outcome) -> bytes:
    """Upstream's own error, for a client of its dialect, where it is the answer as it stands."""
    failure = outcome.failure
    is_verbatim = failure is not None and outcome.message == failure.message
    return failure.body if failure and is_verbatim and running.exchange.is_same_dialect else b""


def _add_headers(response: HttpResponseBase, running: Running, *, knows_account: bool) -> None:
    exchange = running.exchange
    identify(response, exchange.call.dialect, running.request_id)
    response["X-Mapped-Model"] = exchange.mapped_model
    for name, value in exchange.headers:
        response[name] = value
    if (allowance := exchange.recorder.allowance) is not None:
        for name, value in allowance.headers(exchange.call.dialect.recorded_as):
            response[name] = value
    if knows_account:
        for name, value in account_headers(running.account_header, exchange.account_email):
            response[name] = value
        response["X-Attempts"] = str(exchange.recorder.row.attempts)
