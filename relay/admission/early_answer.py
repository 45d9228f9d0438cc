"""What the server says before an exchange begins, in the dialect of the path: too large, draining, unknown.

PURE.
"""

from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.gemini import GEMINI
from relay.dialects.interface import Dialect, ErrorAnswer
from relay.dialects.openai import OPENAI_CHAT


def dialect_of_path(path: str) -> Dialect:
    """Who is likely to ask at ``path``."""
    if path.startswith(("/v1beta/", "/v1alpha/", "/v1/models/")):
        return GEMINI
    return ANTHROPIC if path.startswith("/v1/messages") else OPENAI_CHAT


def early_answer(path: str, status: int, message: str, request_id: str) -> tuple[dict[str, str], bytes]:
    """Headers and JSON error body for a request to ``path`` that was not handed on."""
    dialect = dialect_of_path(path)
    headers = {"content-type": "application/json", "x-request-id": request_id}
    if dialect.name == "anthropic":
        headers["request-id"] = request_id
    return headers, dialect.error_body(ErrorAnswer(status, message, request_id))
