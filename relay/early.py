"""What the server says before an exchange begins, in the dialect of the path: too large, draining, unknown.

PURE.
"""

from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.gemini import GEMINI
from relay.dialects.interface import Dialect, ErrorAnswer
from relay.dialects.openai import OPENAI_CHAT


def dialect_of_path(path: str) -> Dialect:
    """Who is likely to ask at ``path``."""
    if path.startswith(("/v1beta/", "/v1/models/")):
        return GEMINI
    return ANTHROPIC if path.startswith("/v1/messages") else OPENAI_CHAT


def early_body(path: str, status: int, message: str, request_id: str) -> bytes:
    """The JSON error body for a request to ``path`` that was not handed on."""
    return dialect_of_path(path).error_body(ErrorAnswer(status, message, request_id))
