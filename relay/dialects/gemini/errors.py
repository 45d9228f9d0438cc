"""Gemini's errors: what upstream's mean, and how ours are said (google.rpc.Status as JSON).

PURE. ``details`` is a list of typed objects in no order: each question looks at all of them. No secret
leaves here: Google's own messages quote the caller's key ("Consumer 'api_key:…' has been suspended").
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from monitor.record.redacting.redaction import mask_beginning, mask_error_text
from relay.dialects.errors.account_words import has_no_money, is_about_money, is_about_the_account
from relay.dialects.errors.refusals import Words, classified
from relay.dialects.errors.told_body import told_body
from relay.dialects.errors.told_waits import told_wait
from relay.dialects.gemini.limit_words import limit_sentence
from relay.dialects.gemini.requests.take_back import refused_setting
from relay.dialects.gemini.upstream_answer.web_page import text_of_page
from relay.dialects.interface import ErrorAnswer
from relay.dialects.reading.error_shapes import error_in, error_of_body, text_in, vendor_code_of
from relay.dialects.token_limits.told_limits import with_limit
from relay.neutral.conversation import Json
from relay.neutral.failures import Failure, Kind
from relay.neutral.nesting import is_too_deep

# google.rpc.Code as the HTTP mapping of google/rpc/code.proto has it; below, what other vendors answer with.
_STATUS_WORDS = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    409: "ABORTED", 429: "RESOURCE_EXHAUSTED", 499: "CANCELLED", 500: "INTERNAL", 501: "UNIMPLEMENTED",
    503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
    402: "FAILED_PRECONDITION", 408: "DEADLINE_EXCEEDED", 413: "INVALID_ARGUMENT", 422: "INVALID_ARGUMENT",
    502: "UNAVAILABLE", 529: "UNAVAILABLE",
}  # fmt: skip
_STATUS_OF_WORD = {
    "INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "OUT_OF_RANGE": 400, "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403, "NOT_FOUND": 404, "ABORTED": 409, "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429, "CANCELLED": 499, "INTERNAL": 500, "UNKNOWN": 500, "DATA_LOSS": 500,
    "UNIMPLEMENTED": 501, "UNAVAILABLE": 503, "DEADLINE_EXCEEDED": 504,
}  # fmt: skip
_TYPE = "type.googleapis.com/google.rpc."
NO_HEADERS: Mapping[str, str] = {}
_LONGEST_TEXT = 300
_LONGEST_MESSAGE = 2000


def classify(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """An HTTP error; ``headers`` have lower-case names. Any body at all is understood or described."""
    own = error_object(body)
    error = own or _error_elsewhere(body) or {"message": mask_error_text(_described(status, body))}
    failure = failure_of(error, status, Kind.STATUS, body if own else b"", headers)
    return msgspec.structs.replace(failure, upstream_request_id=headers.get("x-request-id", ""))


def failure_of(
    error: Json, status: int | None, kind: Kind, body: bytes, headers: Mapping[str, str] = NO_HEADERS
) -> Failure:
    """The failure that an ``error`` object names; ``status`` None takes the object's own, else 500."""
    message = mask_beginning(text_in(error), _LONGEST_MESSAGE, mask_error_text)
    word = _text(error.get("status"))
    status = status or _own_status(error, word)
    details = [item for item in _items(error.get("details")) if isinstance(item, dict)]
    reasons = [reason for item in details if (reason := _text(item.get("reason")))]
    reason = next(iter(reasons), "") or (_quota_reason(details, message) if status == 429 else "") or word
    failure = Failure(
        kind,
        message or f"upstream said {word or status} and nothing more",
        status=status,
        reason=reason,
        retry_after_seconds=told_wait(status, headers, error, message),
        account_fault=_is_account_fault(status, error, reasons, message),
        body=told_body(body),
    )
    words = Words(message, details=tuple(_violations(details)))
    return with_limit(classified(failure, words, refused_setting), error)


def failure_in_stream(error: Any, body: bytes) -> Failure:
    """An error inside a 200, as the error that it names; ``body`` is its JSON if Google's clients read it."""
    fields = error if isinstance(error, dict) else {"message": text_in(error)}
    code = vendor_code_of(error)
    failure = failure_of(fields, code.status if code else None, Kind.ERROR_EVENT, body)
    return msgspec.structs.replace(failure, account_fault=True) if code and code.is_account else failure


def failure_in_document(told: Json) -> Failure | None:
    """The error that a JSON object tells where an answer should be, in whatever shape; None without one."""
    error = error_in(told)
    return None if error is None else failure_in_stream(error, b"")


def error_object(body: bytes) -> Json | None:
    """The ``error`` of a JSON error body, which may be a list of one; None when it is none."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if is_too_deep(value, body):
        return None
    if isinstance(value, list) and value:
        value = value[0]
    error = value.get("error") if isinstance(value, dict) else None
    if isinstance(error, str):
        return {"message": error}
    return error if isinstance(error, dict) else None


def _error_elsewhere(body: bytes) -> Json | None:
    """The error of a body of another shape: gateways write theirs in their own; None for a page or a text."""
    told, _ = error_of_body(body)
    if body.lstrip()[:1] not in (b"{", b"[") or not text_in(told):
        return None
    return told if isinstance(told, dict) else {"message": text_in(told)}


def is_google_error(body: bytes) -> bool:
    """Is this Google's error: a numeric code beside one of its status words?"""
    error = error_object(body) or {}
    return isinstance(error.get("code"), int) and str(error.get("status")) in _STATUS_OF_WORD


def error_body(answer: ErrorAnswer) -> bytes:
    """The JSON error body; upstream's own, where it spoke this dialect."""
    return answer.upstream_body or msgspec.json.encode(_status(answer))


def error_event(answer: ErrorAnswer) -> bytes:
    """The error as one object on one line that begins with the key ``error``: SDKs look for just that."""
    upstream = error_object(answer.upstream_body)
    if upstream is None:
        return msgspec.json.encode(_status(answer))
    told = identified({"error": upstream}, answer.request_id, answer.upstream_request_id)
    return msgspec.json.encode(told)


def identified(told: Json, request_id: str, upstreams_id: str) -> Json:
    """An error of upstream's with our request id among its details, beside upstream's where one is known."""
    error = told.get("error")
    ours = _request_info(request_id, upstreams_id)
    if not isinstance(error, dict) or not ours:
        return told
    return {**told, "error": {**error, "details": [*_items(error.get("details")), *ours]}}


def _request_info(request_id: str, upstreams_id: str) -> list[Json]:
    """google.rpc.RequestInfo has a field for the id to ask about, and one for what served the request.

    None without an id to ask about.
    """
    if not request_id:
        return []
    info = {"@type": f"{_TYPE}RequestInfo", "requestId": request_id}
    if upstreams_id:
        info["servingData"] = f"upstream_request_id={upstreams_id}"
    return [info]


def _status(answer: ErrorAnswer) -> Json:
    details: list[Json] = []
    if answer.reason:
        details.append({"@type": f"{_TYPE}ErrorInfo", "reason": answer.reason, "domain": "evenkeel"})
    if answer.retry_after_seconds is not None:
        delay = f"{answer.retry_after_seconds:.3f}".rstrip("0").rstrip(".")
        details.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{delay}s"})
    details += _request_info(answer.request_id, answer.upstream_request_id)
    word = _STATUS_WORDS.get(answer.status, "INTERNAL" if answer.status >= 500 else "INVALID_ARGUMENT")
    message = answer.message if answer.limit is None else limit_sentence(answer.limit, answer.message)
    error = {"code": answer.status, "message": message, "status": word}
    return {"error": {**error, "details": details} if details else error}


def _own_status(error: Json, word: str) -> int:
    code = error.get("code")
    if isinstance(code, int) and 400 <= code <= 599:
        return code
    return _STATUS_OF_WORD.get(word, 500)


def _quota_reason(details: list[Json], message: str) -> str:
    """What a 429 without an ErrorInfo is about: the day's quota, or the minute's rate."""
    violations = [item for detail in details for item in _items(detail.get("violations"))]
    names = " ".join(str(item.get("quotaId", "")) for item in violations if isinstance(item, dict))
    if "PerDay" in names or is_about_money(message):
        return "QUOTA_EXHAUSTED"
    return "RATE_LIMIT_EXCEEDED" if "PerMinute" in names else ""


def _is_account_fault(status: int, error: Json, reasons: list[str], message: str) -> bool:
    if status == 402 or has_no_money(status, error, message):
        return True
    if status != 400:
        return False
    return "API_KEY_INVALID" in reasons or is_about_the_account(message)


def _violations(details: list[Json]) -> Iterator[str]:
    for detail in details:
        for violation in _items(detail.get("fieldViolations")):
            if isinstance(violation, dict):
                yield _text(violation.get("description"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _described(status: int, body: bytes) -> str:
    """A body that is no JSON error, in a few words without its markup."""
    text = text_of_page(body[: 64 * 1024].decode("utf-8", "replace"))
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    words = " ".join(text.split())[:_LONGEST_TEXT]
    return (
        f"upstream answered {status}: {words}" if words else f"upstream answered {status} with no error body"
    )
