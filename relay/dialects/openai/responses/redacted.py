"""How redacted thinking of another vendor travels in a reasoning item, and is known again. PURE."""

REDACTED_PREFIX = "redacted:"
"""Before the data in ``encrypted_content``: a colon stands in no base64, so no signature begins so."""
