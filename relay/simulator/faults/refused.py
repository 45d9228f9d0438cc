"""A refusal: an error answer before any dialect gives it its shape."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class OrderedRefusal(Exception):
    """Raised by a check, or made by a fault: what goes wrong, to be written in the dialect of the path.

    ``kind`` overrides the error type that the dialect derives from the status, ``code`` is OpenAI's
    ``code`` or Anthropic's ``error_code``, ``details`` is Google's list, ``param`` OpenAI's.
    """

    status: int
    message: str
    kind: str = ""
    code: str | None = None
    param: str | None = None
    details: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
