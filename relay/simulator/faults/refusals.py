"""The refusals that faults order: what each dialect says for a status, a quota, a key, a bill."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from relay.simulator.anthropic.errors import MESSAGES as ANTHROPIC_MESSAGES
from relay.simulator.anthropic.errors import TYPES as ANTHROPIC_TYPES
from relay.simulator.anthropic.thinking import (
    bound_elsewhere,
    drops_mismatches,
    first_thinking_path,
    invalid_signature,
)
from relay.simulator.faults.faults import Fault, UnknownFaultError
from relay.simulator.faults.refused import OrderedRefusal
from relay.simulator.gemini.errors import MESSAGES as GEMINI_MESSAGES
from relay.simulator.gemini.errors import detail
from relay.simulator.gemini.history import corrupted_signature
from relay.simulator.openai.errors import MESSAGES as OPENAI_MESSAGES

Json = dict[str, Any]

_MESSAGES = {"anthropic": ANTHROPIC_MESSAGES, "gemini": GEMINI_MESSAGES, "openai": OPENAI_MESSAGES}

AT_THE_DOOR = frozenset(
    {
        "retry_info", "quota_reset_delay", "retry_after", "retry_after_date", "quota_exhausted", "rate_limit",
        "capacity", "api_key_invalid", "forbidden",
    }
)  # fmt: skip
"""The faults with which an account is turned away, whoever's model stands behind the door."""

DOOR_STATUSES = ("401", "403", "404", "429")
"""And the statuses."""

_STATUS_OF_TYPE = {name: status for status, name in ANTHROPIC_TYPES.items()}


def refusal_of(fault: Fault, dialect: str, body: Json) -> OrderedRefusal | None:
    """What ``fault`` makes ``dialect`` answer to ``body``; None when it lets this request through.

    Raises UnknownFaultError for a value that cannot be read.
    """
    return _REFUSALS[fault.name](fault, dialect, body)


def by_status(status: int, dialect: str) -> OrderedRefusal:
    """The refusal of a status in a dialect's own words."""
    messages = _MESSAGES[dialect]
    return OrderedRefusal(status, messages.get(status, messages[500 if status >= 500 else 400]))


def named_error(value: str, dialect: str) -> OrderedRefusal:
    """The refusal that an error inside a stream tells: a status, or Anthropic's name for it."""
    if value.isdigit():
        return by_status(int(value), dialect)
    status = _STATUS_OF_TYPE.get(value or "overloaded_error", 500)
    if status == 529 and dialect != "anthropic":
        status = 503
    return by_status(status, dialect)


def _status(fault: Fault, dialect: str, body: Json) -> OrderedRefusal:
    if not fault.value.isdigit() or not 300 <= int(fault.value) <= 599:
        raise UnknownFaultError(f"{fault}: give an HTTP status of 300 to 599, as in status=503")
    return by_status(int(fault.value), dialect)


def _delay(fault: Fault) -> str:
    return fault.value or "12s"


def _at_index(fault: Fault, entry: Json) -> list[Json]:
    """``entry`` behind as many others as the fault says."""
    others = [
        detail(
            "Help", links=[{"description": "Learn more about quotas", "url": "https://example.com/quota"}]
        ),
        detail("QuotaFailure", violations=[{"quotaMetric": "generate_requests", "quotaId": "PerMinute"}]),
        detail("LocalizedMessage", locale="en-US", message="Please wait."),
    ]
    return [others[i % len(others)] for i in range(fault.at or 0)] + [entry]


def _retry_info(fault: Fault, dialect: str, body: Json) -> OrderedRefusal:
    refused = by_status(429, dialect)
    if dialect == "gemini":
        refused.details = _at_index(fault, detail("RetryInfo", retryDelay=_delay(fault)))
    else:  # the others tell it in milliseconds
        refused.headers["retry-after-ms"] = str(int(fault.number(12) * 1000))
    return refused


def _quota_reset_delay(fault: Fault, dialect: str, body: Json) -> OrderedRefusal:
    refused = by_status(429, dialect)
    metadata = {"quotaResetDelay": _delay(fault), "model": str(body.get("model", ""))}
    entry = detail(
        "ErrorInfo", reason="QUOTA_EXHAUSTED", domain="cloudcode-pa.googleapis.com", metadata=metadata
    )
    if dialect == "gemini":
        refused.details = _at_index(fault, entry)
    else:
        refused.headers["retry-after"] = str(int(fault.number(12)))
    return refused


def _retry_after(fault: Fault, dialect: str, body: Json) -> OrderedRefusal:
    refused = by_status(429, dialect)
    refused.headers["retry-after"] = str(int(fault.number(3)))
    return refused


def _retry_after_date(fault: Fault, dialect: str, body: Json) -> OrderedRefusal:
    refused = by_status(429, dialect)
    when = datetime.now(UTC) + timedelta(seconds=fault.number(3))
    refused.headers["retry-after"] = format_datetime(when, usegmt=True)
    return refused


def _quota(
    reason: str, anthropic_code: str, openai_code: str, openai_type: str
) -> Callable[..., OrderedRefusal]:
    """A 429 that tells its reason and no delay."""

    def refuse(fault: Fault, dialect: str, body: Json) -> OrderedRefusal:
        refused = by_status(429, dialect)
        match dialect:
            case "gemini":
                entry = detail("ErrorInfo", reason=reason, domain="googleapis.com", metadata={})
                refused.details = _at_index(fault, entry)
            case "anthropic":
                refused.code = anthropic_code or None
            case _:
                refused.code, refused.kind = openai_code, openai_type
        return refused

    return refuse


def _api_key_invalid(fault: Fault, dialect: str, body: Json) -> OrderedRefusal:
    if dialect != "gemini":
        return by_status(401, dialect)
    entry = detail(
        "ErrorInfo",
        reason="API_KEY_INVALID",
        domain="googleapis.com",
        metadata={"service": "generativelanguage.googleapis.com"},
    )
    return OrderedRefusal(
        400, "API key not valid. Please pass a valid API key.", details=_at_index(fault, entry)
    )


def _billing(fault: Fault, dialect: str, body: Json) -> OrderedRefusal:
    if fault.value in ("", "402"):
        return by_status(402, dialect)
    match dialect:
        case "anthropic":
            return OrderedRefusal(
                400,
                "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to "
                "upgrade or purchase credits.",
            )
        case "gemini":
            return OrderedRefusal(
                400,
                "The free tier is not available in your country. Please enable billing on your project.",
                kind="FAILED_PRECONDITION",
            )
        case _:
            return OrderedRefusal(
                400,
                "Billing hard limit has been reached",
                kind="billing_limit_user_error",
                code="billing_hard_limit_reached",
            )


def _refused_signature(fault: Fault, dialect: str, body: Json) -> OrderedRefusal:
    match dialect:
        case "anthropic":
            return invalid_signature(first_thinking_path(body.get("messages")))
        case "gemini":
            return corrupted_signature()
        case _:
            return OrderedRefusal(
                400,
                "The encrypted content gAAA... could not be verified. Reason: Encrypted content could not be "
                "decrypted or parsed.",
                code="invalid_encrypted_content",
            )


def _bound_signature(fault: Fault, dialect: str, body: Json) -> OrderedRefusal | None:
    if drops_mismatches(body):
        return None
    return bound_elsewhere(first_thinking_path(body.get("messages")))


_REFUSALS: dict[str, Callable[[Fault, str, Json], OrderedRefusal | None]] = {
    "ok": lambda fault, dialect, body: None,
    "status": _status,
    "retry_info": _retry_info,
    "quota_reset_delay": _quota_reset_delay,
    "retry_after": _retry_after,
    "retry_after_date": _retry_after_date,
    "quota_exhausted": _quota(
        "QUOTA_EXHAUSTED", "contract_spend_limit_reached", "insufficient_quota", "insufficient_quota"
    ),
    "rate_limit": _quota(
        "RATE_LIMIT_EXCEEDED", "ramp_limit_exceeded", "rate_limit_exceeded", "rate_limit_error"
    ),
    "capacity": _quota("MODEL_CAPACITY_EXHAUSTED", "", "slow_down", "rate_limit_error"),
    "api_key_invalid": _api_key_invalid,
    "billing": _billing,
    "forbidden": lambda fault, dialect, body: by_status(403, dialect),
    "refused_signature": _refused_signature,
    "bound_signature": _bound_signature,
}
