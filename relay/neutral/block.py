"""A block of an answer: what kinds there are, and one as it grows.

PURE.
"""

from typing import Literal

import msgspec

BlockKind = Literal[
    "text", "thinking", "redacted", "tool_call", "server_call", "server_result", "media", "refusal", "opaque"
]


class OpenBlock(msgspec.Struct, gc=False):
    """A block of the answer as it grows: its kind, identity, and the pieces it has got so far."""

    index: int
    kind: BlockKind
    id: str = ""
    name: str = ""
    pieces: list[str] = msgspec.field(default_factory=list)
    signature: str = ""
    signature_count: int = 0
    is_open: bool = True

    @property
    def text(self) -> str:
        """All that the block has said: text, thinking, or a tool call's arguments."""
        return "".join(self.pieces)
