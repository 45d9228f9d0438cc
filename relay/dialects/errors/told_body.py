"""Upstream's own error body, as far as a client of its dialect may read it. PURE."""

from monitor.record.redacting.redaction import mask_error_body

LONGEST_TOLD_BYTES = 64 * 1024
"""No vendor's error is nearly as long; of a longer one only the message is told."""


MOST_ESCAPES = 1_000
"""An error with more escaped letters is written for nobody; each is looked behind for secrets, in 1 µs."""


def is_told(body: bytes) -> bool:
    """Is it short and plain enough to be an error that somebody reads?"""
    return len(body) <= LONGEST_TOLD_BYTES and body.count(b"%") + body.count(b"\\u00") <= MOST_ESCAPES


def told_body(body: bytes) -> bytes:
    """The body with its secrets masked; b"" for one that is too long or too odd to be an error."""
    return mask_error_body(body) if is_told(body) else b""
