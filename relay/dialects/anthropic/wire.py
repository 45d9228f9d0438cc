"""The stream's most frequent event, typed for speed, and the names of what only this dialect says.

PURE. Unknown fields are passed over.
"""

import msgspec

WHERE = "anthropic"
"""The ``where`` of this dialect's ``Extra``: ``name`` is the SSE event's, ``raw`` its data; of an unknown
delta, the delta object alone."""


class Delta(msgspec.Struct, gc=False):
    """More of a block: of text, thinking, or a tool call's arguments."""

    type: str
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None


class DeltaEvent(msgspec.Struct, gc=False):
    """content_block_delta."""

    type: str
    index: int
    delta: Delta


DELTA_EVENT = msgspec.json.Decoder(DeltaEvent)
