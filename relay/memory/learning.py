"""What an answer teaches: its signatures, as items to remember.

PURE but for the shape of the items. A signature is filed under its tool call, under its family, and under
the assistant turn that it stands in.
"""

from relay.dialects.json_object import json_object
from relay.dialects.names.aliases import NONE, Aliases
from relay.dialects.names.call_ids import told_id
from relay.memory.memory_items import MemoryItem
from relay.neutral.block import OpenBlock
from relay.neutral.conversation import digest, turn_key
from relay.neutral.events import StreamState


def learned(
    state: StreamState, session: str, family: str, now: float, aliases: Aliases = NONE
) -> list[MemoryItem]:
    """The items of one answer; ``now`` is in epoch seconds.

    They are filed as upstream will be told of them: in its names (``aliases``), under its ids.
    """
    signed = [block for block in state.blocks if block.signature]
    if not signed:
        return []
    turn = turn_of(state, aliases)
    kinds = [block.kind for block in signed]
    items: list[MemoryItem] = []
    for block in signed:
        items.append(MemoryItem("family", "", digest(block.signature), now, "", block.signature, family))
        if block.kind == "tool_call":
            items.append(MemoryItem("tool", session, told_id(block.id), now, "", block.signature, family))
        if kinds.count(block.kind) == 1 and _is_found_again(block, state):
            items.append(MemoryItem("session", session, turn, now, block.kind, block.signature, family))
    return items


def _is_found_again(block: OpenBlock, state: StreamState) -> bool:
    """Will it be clear, without the signature, which part of the turn it belongs to?

    Of several of a kind nobody could tell; a text's is looked for at the turn's last text.
    """
    if block.kind != "text":
        return True
    return block.signature_count == 1 and all(
        other.kind != "text" for other in state.blocks[block.index + 1 :]
    )


def turn_of(state: StreamState, aliases: Aliases = NONE) -> str:
    """What the answer will be recognised by when the client sends it back."""
    calls = [
        aliases.sent(block.name, _arguments(block)) for block in state.blocks if block.kind == "tool_call"
    ]
    return turn_key(state.text, calls)


def _arguments(block: OpenBlock) -> dict[str, object]:
    return json_object(block.text or "{}") or {}
