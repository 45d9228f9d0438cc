"""Answers that the server gives without asking the application, in words the client's dialect knows.

Three cases: the body is larger than the limit (413, said before the body is read), the server is draining
(503), the request is no valid HTTP (400). ``wiring.py`` puts the relay's own function in place of
``render_plainly``, so that the body of the answer has the shape of the path's dialect.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

DRAIN_RETRY_AFTER_SECONDS = 5  # long enough for a restart, short enough for a waiting person


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request was not handed to the application.

    ``path`` is the decoded path without its query, ``headers`` have lower-case names; ``message`` is one
    English sentence that may be shown to the client.
    """

    status: int
    message: str
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EarlyAnswer:
    """What the client gets: status, headers (``content-type`` among them) and body."""

    status: int
    headers: dict[str, str]
    body: bytes


def too_large(max_body_bytes: int) -> str:
    """The sentence of a 413."""
    return f"The request body is larger than the limit of {max_body_bytes / 2**20:g} MiB."


def render_plainly(refusal: Refusal) -> EarlyAnswer:
    """The answer where no dialect is known: ``{"error": {"code", "message"}}``."""
    body = msgspec.json.encode({"error": {"code": refusal.status, "message": refusal.message}})
    return EarlyAnswer(refusal.status, {"content-type": "application/json"}, body)


_render: Callable[[Refusal], EarlyAnswer] = render_plainly


def set_renderer(render: Callable[[Refusal], EarlyAnswer]) -> None:
    """Let ``render`` say what clients get. It must not raise and must not block."""
    global _render
    _render = render


def early_answer(refusal: Refusal) -> EarlyAnswer:
    """The answer to ``refusal``; a 503 always tells when to come back."""
    answer = _render(refusal)
    if answer.status == 503:
        headers = {"retry-after": str(DRAIN_RETRY_AFTER_SECONDS)} | answer.headers
        answer = EarlyAnswer(answer.status, headers, answer.body)
    return answer
