"""Arguments of calls that some event told, for those that should tell them too and do not. PURE.

A client takes them from the finished item, or from the list at the end: an empty text there is a call without
arguments, whatever the pieces said.
"""

import msgspec

from relay.dialects.openai.responses.upstream_answer.block_table import WHOLE, BlockTable
from relay.dialects.openai.responses.upstream_answer.told_items import identities_of
from relay.dialects.openai.responses.upstream_answer.whole_arguments import with_fields
from relay.dialects.openai.responses.upstream_answer.wire import StreamEvent, as_json, text_at
from relay.dialects.reading.call_arguments import bare
from relay.dialects.reading.half_characters import json_text
from relay.neutral.conversation import Json
from relay.neutral.sse import SseEvent

_ADDED, _ITEM_DONE = "response.output_item.added", "response.output_item.done"
_DONE = "response.function_call_arguments.done"
_ENDS = ("response.completed", "response.incomplete")
_EMPTY = ("", "{}")
TELL_ARGUMENTS = frozenset({_ADDED, _ITEM_DONE, _DONE, *_ENDS})
"""The events that are looked at."""


class ToldArguments:
    """Those of one answer."""

    def __init__(self) -> None:
        """No call yet."""
        self._by_index: dict[int, str] = {}  # told whole, before the item is over
        self._by_identity: dict[str, str] = {}
        self._unfinished: dict[int, Json] = {}  # calls that were told whole where they begin

    def filled(self, told: StreamEvent, event: SseEvent, table: BlockTable) -> SseEvent:
        """The event, ``told`` too, with the arguments that it leaves out; the very same where it has them."""
        if b"function_call" not in (event.data or b"") and not self._unfinished:
            return event
        if told.type == _DONE:
            if isinstance(told.arguments, str) and told.arguments:
                self._by_index.setdefault(told.output_index, told.arguments)
            return event
        if told.type in _ENDS:
            return self._end(told, event)
        item = as_json(told.item)
        if item.get("type") != "function_call":
            return event
        arguments = text_at(item, "arguments")
        if told.type == _ADDED:
            if arguments:  # clients append the pieces to what stands here
                self._by_index[told.output_index] = arguments
                self._by_identity.update(dict.fromkeys(identities_of(item), arguments))
                self._unfinished[told.output_index] = item
            return _with_item(told, event, item, "") if arguments else event
        self._unfinished.pop(told.output_index, None)
        is_empty = bare(arguments) in _EMPTY
        whole = (is_empty and self._known(told.output_index, table)) or arguments
        self._by_identity.update(dict.fromkeys(identities_of(item), whole))
        return event if whole == arguments else _with_item(told, event, item, whole)

    def _known(self, index: int, table: BlockTable) -> str:
        block = table.find((index, WHOLE))
        pieces = block.arguments.text if block is not None and block.kind == "tool_call" else ""
        return pieces or self._by_index.get(index, "")

    def _end(self, told: StreamEvent, event: SseEvent) -> SseEvent:
        response = as_json(told.response)
        output = response.get("output")
        listed = output if isinstance(output, list) else []
        wholes = [self._listed(one) for one in listed]
        named = {identity for one in wholes if isinstance(one, dict) for identity in identities_of(one)}
        left = [one for one in self._unfinished.values() if named.isdisjoint(identities_of(one))]
        if not left and all(whole is one for whole, one in zip(wholes, listed, strict=True)):
            return event
        wholes += [{**one, "status": "completed"} for one in left]
        told.response = msgspec.Raw(json_text({**response, "output": wholes}))
        return with_fields(event, {"response": {**response, "output": wholes}})

    def _listed(self, item: object) -> object:
        if not isinstance(item, dict) or item.get("type") != "function_call":
            return item
        if bare(text_at(item, "arguments")) not in _EMPTY:
            return item
        found = (self._by_identity.get(identity) for identity in identities_of(item))
        known = next((arguments for arguments in found if arguments), "")
        return {**item, "arguments": known} if known else item


def _with_item(told: StreamEvent, event: SseEvent, item: Json, arguments: str) -> SseEvent:
    whole = {**item, "arguments": arguments}
    told.item = msgspec.Raw(json_text(whole))
    return with_fields(event, {"item": whole})
