"""What whole items say: the parts of a message, the thoughts of a reasoning item. PURE."""

from relay.dialects.openai.responses.upstream_answer.wire import objects_at, text_at
from relay.neutral.block import BlockKind
from relay.neutral.conversation import Json

_PART_KINDS: dict[str, BlockKind] = {"output_text": "text", "refusal": "refusal"}


def part_kind(part: Json) -> BlockKind | None:
    """The block that a content part is; None for a part that is none."""
    return _PART_KINDS.get(text_at(part, "type"))


def part_text(part: Json) -> str:
    """The text of a content part, or of its refusal."""
    return text_at(part, "text") or text_at(part, "refusal")


def message_parts(item: Json) -> dict[int, tuple[BlockKind, Json]]:
    """The parts of a message that are blocks, by their content index."""
    parts = enumerate(objects_at(item, "content"))
    return {number: (kind, part) for number, part in parts if (kind := part_kind(part)) is not None}


def thought(item: Json) -> str:
    """The text of a reasoning item: its summary, else its content."""
    for key in ("summary", "content"):
        if texts := [text for part in objects_at(item, key) if (text := text_at(part, "text"))]:
            return "\n\n".join(texts)
    return ""
