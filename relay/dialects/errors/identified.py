"""An error's object under our request id, beside upstream's. PURE."""

from relay.neutral.conversation import Json


def identified(told: Json, request_id: str, upstreams_id: str) -> Json:
    """``told`` with our ``request_id``; upstream's own, of its body or its header, stands beside it."""
    theirs = told.get("request_id")
    if not isinstance(theirs, str) or not theirs:
        theirs = upstreams_id
    beside = {"upstream_request_id": theirs} if theirs else {}
    return {**told, "request_id": request_id, **beside}
