"""OpenAI's error bodies: types, codes and texts by status."""

from typing import Any

from relay.simulator.faults.refused import OrderedRefusal

Json = dict[str, Any]

_TYPES = {
    401: "invalid_request_error",
    403: "permission_error",
    429: "rate_limit_error",
    500: "server_error",
    503: "service_unavailable_error",
}
_CODES = {
    401: "invalid_api_key",
    404: "model_not_found",
    429: "rate_limit_exceeded",
    503: "server_is_overloaded",
}
MESSAGES = {
    400: "The request was refused.",
    401: "Incorrect API key provided. You can find your API key in your account settings.",
    402: "Insufficient credits. Add more credits to go on.",
    403: "You are not allowed to sample from this model",
    404: "The model does not exist or you do not have access to it.",
    408: "The request timed out while it was read.",
    429: "Rate limit reached for requests per minute. Please try again later.",
    500: "The server had an error while processing your request. Sorry about that!",
    503: "The server is overloaded or not ready yet.",
    504: "The request timed out while it was processed.",
}


def error_body(refused: OrderedRefusal) -> Json:
    """``{"error": {message, type, param, code}}``."""
    default = "server_error" if refused.status >= 500 else "invalid_request_error"
    return {
        "error": {
            "message": refused.message,
            "type": refused.kind or _TYPES.get(refused.status, default),
            "param": refused.param,
            "code": refused.code or _CODES.get(refused.status),
        }
    }


def bad_request(message: str, param: str | None = None, code: str | None = None) -> OrderedRefusal:
    """A 400 that names the parameter."""
    return OrderedRefusal(400, message, param=param, code=code)


def missing(param: str) -> OrderedRefusal:
    """A required parameter that was not sent."""
    return bad_request(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def unknown(param: str) -> OrderedRefusal:
    """A parameter that does not exist."""
    return bad_request(f"Unknown parameter: '{param}'.", param, "unknown_parameter")


def unsupported(param: str, message: str) -> OrderedRefusal:
    """A parameter that this model refuses."""
    return bad_request(message, param, "unsupported_parameter")
