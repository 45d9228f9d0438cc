"""The items of an answer, as they grow and as JSON. PURE."""

import msgspec

from relay.dialects.json_object import json_object
from relay.dialects.openai.requests.custom_tools import text_of
from relay.dialects.openai.responses.redacted import REDACTED_PREFIX
from relay.dialects.openai.responses.requests.named_tools import Called
from relay.dialects.openai.responses.server_runs import PROGRAM_ITEM, SEARCH_ITEM, run_item
from relay.neutral.block import BlockKind, OpenBlock
from relay.neutral.conversation import Json
from relay.neutral.server_tools import ServerResult


class Item(msgspec.Struct, gc=False):
    """One item of ``output``: a message with one or more text blocks, or one block of another kind.

    ``blocks`` are the neutral blocks in it, by index, and their positions; ``encrypted`` a reasoning item's
    signature or handle; ``call_id`` and ``name`` are a call's; ``called`` how the client knows the called
    tool, where that is another way than we do; ``finished`` the whole item where upstream already told it;
    ``result`` what came of a run of upstream's own tool.
    """

    output_index: int
    kind: str
    id: str
    blocks: dict[int, int]
    encrypted: str = ""
    annotations: dict[int, list[Json]] = {}
    call_id: str = ""
    name: str = ""
    called: Called | None = None
    finished: Json | None = None
    result: ServerResult | None = None

    @property
    def first(self) -> int:
        """The index of its first block."""
        return next(iter(self.blocks))

    @property
    def last(self) -> int:
        """The index of its last block."""
        return next(reversed(self.blocks))

    def add(self, index: int) -> None:
        """One more block."""
        self.blocks[index] = len(self.blocks)


def item_json(item: Item, blocks: list[OpenBlock], status: str) -> Json:
    """``item`` as JSON; ``status`` is in_progress (then without content), completed or incomplete."""
    if item.finished is not None:
        return item.finished
    is_begun = status != "in_progress"
    head: Json = {"id": item.id, "type": item.kind}
    match item.kind:
        case "message":
            parts = [blocks[index] for index in item.blocks] if is_begun else []
            content = [part_json(item, part.index, part.kind, part.text) for part in parts]
            return {**head, "status": status, "role": "assistant", "content": content}
        case "reasoning":
            summary = []
            if is_begun and item.blocks and (text := blocks[item.first].text):
                summary = [summary_json(text)]
            return {**head, "summary": summary, "encrypted_content": item.encrypted or None}
        case "web_search_call" | "code_interpreter_call":
            asked = blocks[item.first].text if is_begun else ""
            return run_item(item.id, item.name, asked, item.result, status)
        case _:
            arguments = (blocks[item.first].text or "{}") if is_begun else ""
            if is_begun and json_object(arguments) is None:
                status = "incomplete"  # cut by the output limit: not to be executed
            return {
                **head,
                "status": status,
                "call_id": item.call_id,
                **named(item),
                **_told(item, arguments),
            }


def is_run(kind: str) -> bool:
    """Does an item of ``kind`` tell a run of upstream's own tool?"""
    return kind in (SEARCH_ITEM, PROGRAM_ITEM)


def message_json(identity: str, text: str) -> Json:
    """A message that says ``text`` and nothing else."""
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {
        "id": identity,
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [part],
    }


def named(item: Item) -> Json:
    """The called tool's name, as the client knows it."""
    called = item.called or Called(item.name)
    return {"name": called.name} | ({"namespace": called.namespace} if called.namespace else {})


def _told(item: Item, arguments: str) -> Json:
    if item.kind == "custom_tool_call":
        return {"input": text_of(arguments) if arguments else ""}
    return {"arguments": arguments}


def part_json(item: Item, index: int, kind: BlockKind, text: str) -> Json:
    """A content part of a message: the block at ``index``, which says ``text``."""
    if kind == "refusal":
        return {"type": "refusal", "refusal": text}
    annotations = item.annotations.get(index, [])
    return {"type": "output_text", "text": text, "annotations": annotations, "logprobs": []}


def summary_json(text: str) -> Json:
    """A paragraph of a reasoning summary."""
    return {"type": "summary_text", "text": text}


def redacted_json(identity: str, data: str) -> Json:
    """Thinking that only its maker can read, as a reasoning item that brings it back."""
    return {"id": identity, "type": "reasoning", "summary": [], "encrypted_content": REDACTED_PREFIX + data}


def image_json(identity: str, media_type: str, data: str) -> Json:
    """An image that the model made."""
    return {
        "id": identity,
        "type": "image_generation_call",
        "status": "completed",
        "result": data,
        "output_format": media_type.partition("/")[2],
    }
