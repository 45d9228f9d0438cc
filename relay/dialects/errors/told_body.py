"""Upstream's own error body, as far as a client of its dialect may read it. PURE."""

from monitor.record.redacting.redaction import mask_error_body

LONGEST_TOLD_BYTES = 64 * 1024
"""No vendor's error is nearly as long; of a longer one only the message is told."""


def told_body(body: bytes) -> bytes:
    """The body with its secrets masked; b"" for one that is too long to be an error."""
    return mask_error_body(body) if len(body) <= LONGEST_TOLD_BYTES else b""
