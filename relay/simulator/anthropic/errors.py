"""Anthropic's error bodies, by status and by name."""

from typing import Any

from relay.simulator.faults.refused import OrderedRefusal

Json = dict[str, Any]

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
MESSAGES = {
    400: "The request was refused.",
    401: "invalid x-api-key",
    402: "Your organization has no credit left. Please go to Plans & Billing to add credits.",
    403: "Your API key does not have permission to use the specified resource.",
    404: "model: not found",
    408: "The request timed out while it was read.",
    413: "Request exceeds the maximum size",
    429: "This request would exceed your organization's rate limit of 50 requests per minute.",
    500: "Internal server error",
    503: "The service is temporarily unavailable.",
    504: "The request timed out while it was processed.",
    529: "Overloaded",
}


def error_type(status: int) -> str:
    """The ``error.type`` of a status; other 4xx are invalid requests, other 5xx API errors."""
    return TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")


def error_body(refused: OrderedRefusal, request_id: str) -> Json:
    """The body of an error answer, and the data of an error event."""
    error: Json = {"type": refused.kind or error_type(refused.status), "message": refused.message}
    if refused.code:
        error["details"] = {"error_code": refused.code}
    return {"type": "error", "error": error, "request_id": request_id}


def bad_request(where: str, what: str) -> OrderedRefusal:
    """A 400 that names the place in the request."""
    return OrderedRefusal(400, f"{where}: {what}" if where else what)
