"""An error of ours, before a dialect says it.  PURE."""

import msgspec

from relay.neutral.token_limit import TokenLimit


class ErrorAnswer(msgspec.Struct, frozen=True):
    """An error for the client. ``upstream_body`` is upstream's own JSON error in the same dialect, or b"".

    ``upstream_request_id`` is upstream's own id of the attempt that failed, where it told one: a stream's
    error event names it beside ours. ``limit``: the request is larger than the model, which is said in the
    dialect's own words.
    """

    status: int
    message: str
    request_id: str
    reason: str = ""
    retry_after_seconds: float | None = None
    upstream_body: bytes = b""
    upstream_request_id: str = ""
    limit: TokenLimit | None = None
