"""Ids of tool calls that a client's dialect refuses, in a form that it takes and that leads back.

PURE. Anthropic's clients and API want ``^[a-zA-Z0-9_-]+$``; servers give ``functions.Bash:0`` and the like,
and some models answer better when they see their own ids again. Nothing has to be remembered for it.
"""

import base64
import binascii

from relay.dialects.names.rules import PLAIN

_PREFIX = "evenkeel-id_"


def plain_id(call_id: str) -> str:
    """``call_id`` in letters, digits, ``_`` and ``-``."""
    if PLAIN.issuperset(call_id):
        return call_id
    told = base64.urlsafe_b64encode(call_id.encode("utf-8", "replace")).decode().rstrip("=")
    return _PREFIX + told


def told_id(call_id: str) -> str:
    """The id that ``plain_id`` was given; any other is its own."""
    if not call_id.startswith(_PREFIX):
        return call_id
    told = call_id[len(_PREFIX) :]
    try:
        return base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)).decode()
    except (binascii.Error, ValueError):
        return call_id
