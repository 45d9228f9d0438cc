"""Take secrets out of headers: the value of a credential header, and what shows in any other. PURE."""

import re
from collections.abc import Iterable
from functools import lru_cache

from monitor.record.redacting.redaction import MASK, mask_path, mask_text

_SECRET_HEADER = re.compile(
    r"(?:^|[-_])(?:authorization|auth|cookie2?|token|jwt|secret|password|key|apikey|credentials?|assertion)$"
)
_SCHEME = re.compile(r"(?:Bearer|Basic|Digest|Negotiate)(?= )", re.IGNORECASE)


def mask_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Headers with the values of those that carry credentials masked (but for the scheme), in order."""
    return tuple((name, _header_value(name, value)) for name, value in headers)


def _header_value(name: str, value: str) -> str:
    if not is_secret_header(name):
        if not value.strip(_OF_NUMBERS):  # what a key has left: another one in each answer
            return value
        return _usual_header_value(value) if len(value) <= _USUAL_HEADER_CHARS else _masked_value(value)
    scheme = _SCHEME.match(value)
    return f"{scheme[0]} {MASK}" if scheme else MASK


@lru_cache(maxsize=1024)
def is_secret_header(name: str) -> bool:
    """Does a header carry a credential, by its name?"""
    return _SECRET_HEADER.search(name.lower()) is not None


def _masked_value(value: str) -> str:
    return mask_path(value) if "?" in value else mask_text(value)


# Most headers say the same in every request. What is kept here are short values of headers that carry no
# credential by name; one that holds a secret all the same is soon displaced, and never leaves this process.
_usual_header_value = lru_cache(maxsize=512)(_masked_value)
_USUAL_HEADER_CHARS = 64
_OF_NUMBERS = "0123456789.s"
"""Of these and nothing else no secret is made."""
