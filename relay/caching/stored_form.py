"""What is kept of an agent's requests, as text that a store takes, and back. PURE."""

import base64
import binascii
from collections.abc import Sequence

import msgspec

from relay.caching.kept import Kept

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Kept]).decode


def written(kept: Sequence[Kept]) -> str:
    """``kept`` as ASCII text."""
    return base64.b64encode(_encode(kept)).decode()  # base85 is slow: it is Python's own


def read(text: str) -> list[Kept]:
    """What ``written`` wrote; nothing of what another version wrote otherwise."""
    try:
        return _decode(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        return []
