"""Deltas that say nothing where they stand. PURE."""

from relay.dialects.anthropic.upstream_answer.wire import TOLD_IN, Delta
from relay.neutral.block import BlockKind

_FITS: dict[str, tuple[BlockKind, ...]] = {
    "text_delta": ("text",),
    "thinking_delta": ("thinking",),
    "input_json_delta": ("tool_call", "server_call"),
    "signature_delta": ("thinking",),
    "citations_delta": ("text",),
}


def says_nothing(delta: Delta | None, kind: BlockKind | None) -> bool:
    """Is ``delta`` a mere heartbeat in an open block of ``kind``, or where none is open (None)?

    It is where it has no word, which would break a client; where its word is empty and of another kind of
    block, which it must neither begin nor end; and where it signs thoughts that are not there.
    """
    if delta is None:
        return True
    if delta.type not in TOLD_IN:
        return False
    word = getattr(delta, TOLD_IN[delta.type])
    if word is None:
        return True
    if kind == "opaque" or kind in _FITS[delta.type]:
        return False
    return delta.type == "signature_delta" or not (word or delta.citation or delta.signature)
