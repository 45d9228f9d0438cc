"""The places of a body that hold signatures, and what a healed body is. PURE."""

from enum import Enum
from typing import Literal

import msgspec

from relay.neutral.conversation import Json

PLACEHOLDER = "skip_thought_signature_validator"
"""What Google documents for function calls that have no signature (docs/wire.md 2.3); never remembered."""


class SignatureSlot(msgspec.Struct, frozen=True):
    """A place in a body that holds, or could hold, a signature: ``value`` is "" where it is missing.

    ``call_id`` is the tool call's id; ``turn`` the ``turn_key`` of the assistant turn it stands in.
    """

    kind: Literal["thinking", "redacted", "tool_call", "text"]
    value: str
    call_id: str
    turn: str


class Fate(Enum):
    """What becomes of a slot that gets no signature."""

    KEEP = "leave the slot exactly as it is"
    UNSIGNED = "no signature, and otherwise as it is"
    DEMOTE = "thinking becomes plain text, redacted thinking is dropped, calls and texts lose the signature"


Resolution = str | Fate
"""The signature that a slot shall hold, or its fate without one."""


class HealedBody(msgspec.Struct, frozen=True):
    """A body that upstream should take, and what is to be remembered of the heal.

    ``blocks`` are the digests of the refused blocks, ``prompt_turn`` the digest of the turn that got the
    fix prompt as it was before (of the model's own, where a user turn was added behind it; "" when none),
    ``changes`` say in words what was done,
    ``headers`` must travel with the body: feature headers, joined to the client's own of that name.
    """

    body: Json
    blocks: tuple[str, ...]
    prompt_turn: str
    changes: tuple[str, ...]
    headers: tuple[tuple[str, str], ...] = ()
