"""Signatures in ``thoughtSignature``: a field of bytes, whose base64 a client may write in another alphabet.

PURE. google-genai decodes the field and sends it back URL-safe. What is canonical base64 anyway (Gemini's and
Anthropic's signatures are) travels as it is and is recognised by its bytes; any other text, and the data of
a redacted block, is wrapped, so that the way back restores every character.
"""

import base64
import binascii
from typing import Literal

from relay.dialects.healing.signature_slots import PLACEHOLDER

_PLACEHOLDERS = frozenset({PLACEHOLDER, "context_engineering_is_the_way_to_go"})
# As google-genai sends them when it was given the text as bytes.
_PLACEHOLDER_BYTES = frozenset(placeholder.encode() for placeholder in _PLACEHOLDERS)
_OUR_STAND_INS = "evenkeel-"  # what we give where upstream gave nothing; it only looks like base64
_SIGNATURE = b"evenkeel:signature:"
_REDACTED = b"evenkeel:redacted:"


def to_client(signature: str) -> str:
    """The field's value for ``signature``."""
    decoded = _decoded(signature)
    if decoded is not None and base64.b64encode(decoded).decode() == signature:
        return signature
    return base64.b64encode(_SIGNATURE + signature.encode()).decode()


def redacted_to_client(data: str) -> str:
    """The field's value for the ``data`` of a redacted block."""
    return base64.b64encode(_REDACTED + data.encode()).decode()


def from_client(value: str) -> tuple[Literal["signature", "redacted"], str]:
    """What was given as ``value``: the signature, or the data of a redacted block. A placeholder is ""."""
    decoded = _decoded(value)
    if value in _PLACEHOLDERS or decoded in _PLACEHOLDER_BYTES:
        return "signature", ""
    if decoded is None:
        return "signature", value
    if decoded.startswith(_SIGNATURE):
        return "signature", decoded[len(_SIGNATURE) :].decode("utf-8", "replace")
    if decoded.startswith(_REDACTED):
        return "redacted", decoded[len(_REDACTED) :].decode("utf-8", "replace")
    if ("-" in value or "_" in value) and not value.startswith(_OUR_STAND_INS):
        return "signature", base64.b64encode(decoded).decode()
    return "signature", value


def standard_base64(data: str) -> str:
    """``data`` in the standard alphabet with its padding; unchanged where it is no base64."""
    if "-" not in data and "_" not in data and len(data) % 4 == 0:
        return data
    decoded = _decoded(data)
    return data if decoded is None else base64.b64encode(decoded).decode()


def _decoded(text: str) -> bytes | None:
    standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
