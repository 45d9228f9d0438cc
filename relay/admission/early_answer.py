"""What the server says before an exchange begins, in the dialect of the path: too large, draining, unknown.

PURE.
"""

from relay.dialects.interface import ErrorAnswer
from relay.dialects.registry import dialect_of_path


def early_answer(path: str, status: int, message: str, request_id: str) -> tuple[dict[str, str], bytes]:
    """Headers and JSON error body for a request to ``path`` that was not handed on."""
    dialect = dialect_of_path(path)
    headers = {"content-type": "application/json", "x-request-id": request_id}
    if dialect.request_id_header:
        headers[dialect.request_id_header] = request_id
    return headers, dialect.error_body(ErrorAnswer(status, message, request_id))
