"""Anthropic's errors: upstream's, classified; and ours, as an Anthropic client expects them.

PURE. Types and statuses: wire-format facts, section 1.6. ``error.details.error_code`` names the cause where
it is told; the type is the broad category; messages are for people, and only where nothing else tells
an account's trouble from the client's are their words looked at.
"""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

import msgspec

from monitor.record.redacting.redaction import mask_beginning, mask_error_text
from relay.dialects.anthropic.limit_words import limit_error
from relay.dialects.errors.account_words import has_no_money, is_about_the_account
from relay.dialects.errors.identified import identified
from relay.dialects.errors.refusals import Words, classified
from relay.dialects.errors.told_body import told_body
from relay.dialects.errors.told_waits import told_wait
from relay.dialects.interface import ErrorAnswer
from relay.dialects.json_object import json_object
from relay.dialects.reading.error_shapes import error_in, error_of_body, text_in, vendor_code_of
from relay.dialects.reading.half_characters import json_text
from relay.dialects.token_limits.told_limits import with_limit
from relay.neutral.conversation import Json
from relay.neutral.failures import Failure, Kind

THREAD_UNSUPPORTED = "thread_unsupported_request"
"""The ``error_code`` on which a client goes on without a message thread and sends the whole history."""

KEEP_ALIVE = b'event: ping\ndata: {"type": "ping"}\n\n'

_STATUS_OF_TYPE = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_TYPE_OF_STATUS = {status: word for word, status in _STATUS_OF_TYPE.items()} | {
    408: "timeout_error",
    503: "overloaded_error",
}

# Of a 400, what is about the account and not about the request (behaviour section 4).
_ACCOUNT_CODES = frozenset(
    {
        "contract_spend_limit_reached",
        "enforced_spend_limit_reached",
        "linked_organization_billing_unavailable",
        "linked_organization_spend_limit_reached",
        "organization_on_hold",
    }
)
_ACCOUNT_TYPES = frozenset({"billing_error", "authentication_error"})
_LIMITS = ("requests", "tokens", "input-tokens", "output-tokens")
_MESSAGE_CHARACTERS = 1000


def classify(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """An HTTP error, classified; ``headers`` have lower-case names."""
    told = json_object(body)
    error = _error_of(body)
    message, reason = _message_of(error), _reason_of(error)
    request_id = (told or {}).get("request_id")
    failure = Failure(
        Kind.STATUS,
        message or f"upstream answered {status}",
        status=status,
        reason=reason,
        retry_after_seconds=told_wait(status, headers, error, message, partial(_reset_of_limits, headers)),
        account_fault=_is_account_fault(status, error, message),
        body=told_body(body) if _error_in(told) else b"",
        upstream_request_id=headers.get("request-id") or (request_id if isinstance(request_id, str) else ""),
    )
    return with_limit(classified(failure, Words(message, reason)), error)


def failure_of_event(body: Json, data: bytes, is_forwarded: bool) -> Failure:
    """An error object inside a 200 stream, as the error that it names; ``data`` is its JSON text."""
    error = _error_in(body)
    message = _message_of(error)
    status = _STATUS_OF_TYPE.get(_type_of(error)) or _told_status(error)
    reason = _reason_of(error)
    failure = Failure(
        Kind.ERROR_EVENT,
        message or "upstream reported an error without a message",
        status=status,
        reason=reason,
        retry_after_seconds=told_wait(status, {}, error, message),
        account_fault=_is_account_fault(status, error, message),
        body=told_body(data) if error else b"",
        from_upstream_event=is_forwarded,
    )
    return with_limit(classified(failure, Words(message, reason)), error)


def failure_in_document(told: Json) -> Failure | None:
    """The error that a JSON object tells where an answer should be, in whatever shape; None without one."""
    error = error_in(told)
    if error is None:
        return None
    fields = error if isinstance(error, dict) else {"message": text_in(error)}
    code = vendor_code_of(error)
    failure = failure_of_event({"error": fields}, json_text(told), is_forwarded=False)
    if code is not None:
        return msgspec.structs.replace(
            failure, status=code.status, account_fault=failure.account_fault or code.is_account
        )
    return failure


def error_body(answer: ErrorAnswer) -> bytes:
    """The JSON error body: upstream's own bytes where it spoke this dialect; Claude Code asks for that.

    Of another shape only its error object counts. Our own request id stands in the headers.
    """
    told = json_object(answer.upstream_body)
    if told is not None and told.get("type") == "error" and _error_in(told):
        return answer.upstream_body
    return _encoded(answer, told)


def error_event(answer: ErrorAnswer) -> bytes:
    """The error as the stream's last event, on one line, under our request id, beside upstream's."""
    return b"event: error\ndata: " + _encoded(answer, json_object(answer.upstream_body)) + b"\n\n"


def _encoded(answer: ErrorAnswer, upstream: Json | None) -> bytes:
    theirs = (upstream or {}).get("request_id")
    told = {"type": "error", "error": _error_in(upstream) or _our_error(answer), "request_id": theirs}
    return msgspec.json.encode(identified(told, answer.request_id, answer.upstream_request_id))


def _our_error(answer: ErrorAnswer) -> Json:
    if answer.limit is not None:
        return limit_error(answer.limit, answer.message)
    error: Json = {"type": _type_for(answer.status), "message": answer.message}
    if answer.reason == THREAD_UNSUPPORTED:
        error["details"] = {"error_code": THREAD_UNSUPPORTED}
    return error


def _type_for(status: int) -> str:
    """The SDKs' type for a status: other 4xx are invalid requests, other 5xx API errors."""
    return _TYPE_OF_STATUS.get(status) or ("invalid_request_error" if status < 500 else "api_error")


def _error_in(told: Json | None) -> Json:
    """The error object of a body, {} when there is none."""
    error = (told or {}).get("error")
    return error if isinstance(error, dict) else {}


def _error_of(body: bytes) -> Json:
    """The error of a body of any shape, {} where it tells none: gateways write theirs in their own.

    A page is none.
    """
    told, _ = error_of_body(body)
    if isinstance(told, dict):
        return told
    text = text_in(told)
    return {} if not text or text.startswith("<") else {"message": text}


def _type_of(error: Json) -> str:
    return _word(error.get("type"))


def _told_status(error: Json) -> int:
    """The HTTP status that compatible servers put into an error as a number."""
    numbers = (error.get(key) for key in ("code", "status", "status_code", "http_code"))
    told = (number for number in numbers if type(number) is int and 400 <= number < 600)
    return next(told, 500)


def _message_of(error: Json) -> str:
    """The message, without anything that looks like a key: some gateways repeat what they were sent."""
    message = mask_beginning(text_in(error), _MESSAGE_CHARACTERS, mask_error_text)
    return message if any(map(str.isalpha, message)) else ""  # a number or bytes say nothing


def _code_of(error: Json) -> str:
    details = error.get("details")
    return _word(details.get("error_code")) if isinstance(details, dict) else ""


def _reason_of(error: Json) -> str:
    return _code_of(error) or _type_of(error)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _is_account_fault(status: int, error: Json, message: str) -> bool:
    if status == 402 or has_no_money(status, error, message):
        return True
    if status != 400:
        return False
    is_known = _code_of(error) in _ACCOUNT_CODES or _type_of(error) in _ACCOUNT_TYPES
    return is_known or is_about_the_account(message)


def _reset_of_limits(headers: Mapping[str, str]) -> float | None:
    """The time until the last of the exhausted limits is there again."""
    resets = [
        _seconds_until(headers.get(f"anthropic-ratelimit-{limit}-reset", ""), headers)
        for limit in _LIMITS
        if headers.get(f"anthropic-ratelimit-{limit}-remaining") == "0"
    ]
    return max((seconds for seconds in resets if seconds is not None), default=None)


def _seconds_until(moment: str, headers: Mapping[str, str]) -> float | None:
    """From the answer's own ``date`` to ``moment`` (RFC 3339); None when either is not told."""
    try:
        now = parsedate_to_datetime(headers.get("date", ""))
        return max((datetime.fromisoformat(moment) - now).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None
