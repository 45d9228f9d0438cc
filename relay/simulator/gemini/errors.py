"""Google's error bodies: status words, texts and details."""

from typing import Any

from relay.simulator.faults.refused import OrderedRefusal

Json = dict[str, Any]

STATUS_WORDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
MESSAGES = {
    400: "Request contains an invalid argument.",
    401: "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
    "other valid authentication credential.",
    402: "The project has no credit left.",
    403: "The caller does not have permission",
    404: "The model is not found for API version v1beta, or is not supported for generateContent. Call "
    "ListModels to see the list of available models and their supported methods.",
    408: "The request timed out while it was read.",
    429: "You exceeded your current quota, please check your plan and billing details.",
    500: "An internal error has occurred. Please retry.",
    503: "The model is overloaded. Please try again later.",
    504: "The deadline expired before the operation could complete.",
}
_TYPE = "type.googleapis.com/google.rpc."


def error_body(refused: OrderedRefusal) -> Json:
    """``{"error": {code, message, status, details}}``; ``error`` is the first key, as clients expect."""
    error: Json = {
        "code": refused.status,
        "message": refused.message,
        "status": refused.kind or STATUS_WORDS.get(refused.status, "UNKNOWN"),
    }
    if refused.details:
        error["details"] = refused.details
    return {"error": error}


def detail(name: str, **fields: Any) -> Json:
    """One entry of ``details``: ``RetryInfo``, ``ErrorInfo``, ``QuotaFailure``, ``Help`` …"""
    return {"@type": _TYPE + name, **fields}


def unknown_name(name: str, where: str) -> OrderedRefusal:
    """The refusal of a field that does not exist."""
    place = f" at '{where}'" if where else ""
    message = f'Invalid JSON payload received. Unknown name "{name}"{place}: Cannot find field.'
    violation = {"field": where, "description": message}
    return OrderedRefusal(400, message, details=[detail("BadRequest", fieldViolations=[violation])])
