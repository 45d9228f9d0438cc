"""OpenAI's errors: upstream's, classified; and ours, as an OpenAI client expects them. PURE.

Wire formats: docs/wire.md section 3.3. Compatible servers (vLLM, Ollama, llama.cpp, OpenRouter) depart from
the shape in small ways, so reading is lenient and writing strict.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from monitor.record.redacting.redaction import mask_beginning, mask_error_text
from relay.dialects.errors.account_words import has_no_money, is_about_the_account
from relay.dialects.errors.identified import identified
from relay.dialects.errors.refusals import Words, classified
from relay.dialects.errors.told_body import told_body
from relay.dialects.errors.told_waits import seconds_in, told_wait
from relay.dialects.interface import ErrorAnswer
from relay.dialects.json_object import json_object
from relay.dialects.openai.limit_words import limit_error
from relay.dialects.reading.error_shapes import (
    error_in,
    error_of_body,
    is_own_shape,
    text_in,
    vendor_code_of,
)
from relay.dialects.reading.half_characters import json_text
from relay.dialects.token_limits.told_limits import with_limit
from relay.neutral.conversation import Json
from relay.neutral.failures import Failure, Kind

KEEP_ALIVE = b": keep-alive\n\n"
"""A comment line: OpenAI's SDKs skip it."""

NO_ANSWER = frozenset({"malformed", "missing_signature"})
"""Reasons to stop that are no end of an answer: OpenAI has no word for them but an error."""

_STATUS_OF_CODE = {
    "rate_limit_exceeded": 429,
    "slow_down": 429,
    "insufficient_quota": 429,
    "credit_balance_exhausted": 429,
    "invalid_api_key": 401,
    "model_not_found": 404,
    "invalid_prompt": 400,
    "context_length_exceeded": 400,
    "bio_policy": 400,
    "misalignment_policy_violation": 400,
    "data_residency_mismatch": 400,
    "server_is_overloaded": 503,
    "server_error": 500,
    "vector_store_timeout": 504,
}
# Types, and what compatible servers and the gateways behind them say.
_STATUS_OF_TYPE = {
    "rate_limit_error": 429,
    "authentication_error": 401,
    "permission_error": 403,
    "permission_denied": 403,
    "not_found_error": 404,
    "invalid_request_error": 400,
    "service_unavailable_error": 503,
    "overloaded": 503,
    "overloaded_error": 529,
    "api_error": 500,
    "internal_server_error": 500,
    "timeout": 504,
    "timeout_error": 504,
}
_STATUS_OF_WORD = _STATUS_OF_CODE | _STATUS_OF_TYPE
# Whoever the client is, these are the account's own troubles (behaviour section 4).
_MONEY_CODES = frozenset(
    {"insufficient_quota", "credit_balance_exhausted", "billing_hard_limit_reached", "billing_not_active"}
)
_KEY_CODES = frozenset({"invalid_api_key", "account_deactivated"})
_LONGEST_MESSAGE = 2000
_LONGEST_TEXT = 500
"""Of what is no error of any known shape."""


def classify(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """An HTTP error, classified; ``headers`` have lower-case names. Words: docs/wire.md section 3.3."""
    error, is_own_shape = error_of_body(body)
    message, reason = _message_of(error), _reason_of(error)
    failure = Failure(
        Kind.STATUS,
        message or f"upstream answered {status}",
        status=status,
        reason=reason,
        retry_after_seconds=told_wait(status, headers, error, message, partial(_reset_of_limits, headers)),
        account_fault=_is_account_fault(status, error, message),
        body=told_body(body) if is_own_shape and json_object(body) is not None else b"",
        upstream_request_id=headers.get("x-request-id", ""),
    )
    return with_limit(classified(failure, Words(message, reason, _param_of(error))), error)


def failure_in_stream(error: Any, body: bytes) -> Failure:
    """An error object inside a 200, as the error that it names; ``body`` is its JSON text.

    It was forwarded with the stream if it is of a shape that OpenAI's clients read.
    """
    message, reason = _message_of(error), _reason_of(error)
    told = vendor_code_of(error)
    status = told.status if told is not None else _status_of(error, reason)
    failure = Failure(
        Kind.ERROR_EVENT,
        message or "upstream reported an error without a message",
        status=status,
        reason=reason,
        retry_after_seconds=told_wait(status, {}, error, message),
        account_fault=(told is not None and told.is_account) or _is_account_fault(status, error, message),
        body=told_body(body) if is_own_shape(json_object(body)) else b"",
        from_upstream_event=True,
    )
    return with_limit(classified(failure, Words(message, reason, _param_of(error))), error)


def failure_in_document(told: Json) -> Failure | None:
    """The error that one JSON document tells in place of a stream, as the error that it names."""
    error = error_in(told)
    if error is None:
        return None
    return msgspec.structs.replace(failure_in_stream(error, json_text(told)), from_upstream_event=False)


def _status_of(error: Any, reason: str) -> int:
    status = _told_status(error)
    if status is None:
        status = next((_STATUS_OF_WORD[word] for word in _words_of(error) if word in _STATUS_OF_WORD), None)
    if status is None:
        status = 400 if reason.startswith(("image_", "invalid_")) else 500
    return status


def error_object(answer: ErrorAnswer) -> Json:
    """What stands under ``error``: upstream's own object where it spoke this dialect, else ours."""
    error, is_own_shape = error_of_body(answer.upstream_body)
    if is_own_shape:
        return dict(error)
    if answer.limit is not None:
        return limit_error(answer.limit, answer.message)
    return {
        "message": answer.message,
        "type": _type_for(answer.status),
        "param": None,
        "code": answer.reason if answer.reason in _STATUS_OF_CODE else _code_for(answer),
    }


def error_in_stream(answer: ErrorAnswer) -> Json:
    """The same in a stream, whose headers went out before it: with our request id, and upstream's."""
    return identified(error_object(answer), answer.request_id, answer.upstream_request_id)


def error_body(answer: ErrorAnswer) -> bytes:
    """The JSON error body."""
    return answer.upstream_body or msgspec.json.encode({"error": error_object(answer)})


def _type_for(status: int) -> str:
    match status:
        case 429:
            return "rate_limit_error"
        case 503 | 529:
            return "service_unavailable_error"
        case _:
            return "invalid_request_error" if status < 500 else "server_error"


def _code_for(answer: ErrorAnswer) -> str | None:
    match answer.status:
        case 401:
            return "invalid_api_key"
        case 404:
            return "model_not_found"
        case 429:
            return "rate_limit_exceeded"
        case 503 | 529:
            return "server_is_overloaded"
        case 504:
            return "timeout"
        case _:
            return None


def _message_of(error: Any) -> str:
    is_message = isinstance(error, dict) and isinstance(error.get("message"), str)
    return mask_beginning(text_in(error), _LONGEST_MESSAGE if is_message else _LONGEST_TEXT, mask_error_text)


def _param_of(error: Any) -> str:
    param = error.get("param") if isinstance(error, dict) else None
    return param if isinstance(param, str) else ""


def _reason_of(error: Any) -> str:
    return next(iter(_words_of(error)), "")


def _words_of(error: Any) -> list[str]:
    """Upstream's machine words, the most telling first."""
    if not isinstance(error, dict):
        return []
    words = [error.get("code"), error.get("type"), error.get("status")]
    return [word for word in words if isinstance(word, str) and word]


def _told_status(error: Any) -> int | None:
    """OpenRouter and vLLM give the HTTP status as ``code``, some as a text."""
    for key in ("code", "status_code", "status"):
        value = error.get(key) if isinstance(error, dict) else None
        if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isdigit():
            value = int(value)
        if isinstance(value, int) and 400 <= value <= 599:
            return value
    return None


def _is_account_fault(status: int, error: Any, message: str) -> bool:
    reason = _reason_of(error)
    match status:
        case _ if has_no_money(status, error, message):
            return True
        case 402:
            return True
        case 429:  # no rate that passes by waiting
            return reason in _MONEY_CODES
        case 400:
            return reason in _MONEY_CODES | _KEY_CODES or is_about_the_account(message)
        case _:
            return False


def _reset_of_limits(headers: Mapping[str, str]) -> float | None:
    """When the last of the exhausted limits is there again."""
    resets = [
        seconds
        for what in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{what}") == "0"
        and (seconds := seconds_in(headers.get(f"x-ratelimit-reset-{what}", ""))) is not None
    ]
    return max(resets, default=None)
