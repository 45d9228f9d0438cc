"""One event of a Responses stream, typed for speed: what is not named here is not looked at. PURE."""

from typing import Any

from msgspec import Raw, Struct
from msgspec.json import Decoder

from relay.dialects.json_object import json_object
from relay.neutral.conversation import Json

NOTHING = Raw(b"")
SAY_NOTHING = frozenset(
    {
        "response.in_progress",
        "response.queued",
        "response.refusal.done",
        "response.function_call_arguments.done",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done",
        "response.reasoning_text.done",
    }
)
"""Steps on the way, which the items tell as well."""

LACK_A_BEGINNING = frozenset(
    {
        "response.in_progress",
        "response.output_item.added",
        "response.output_item.done",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_text.delta",
        "response.reasoning_text.delta",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.completed",
        "response.incomplete",
    }
)
"""The events of an answer that come first where a server sends no response.created."""


class StreamEvent(Struct, gc=False):
    """One event; ``type`` says which of the other fields are there.

    Indexes are those of ``response.output`` and of an item's ``content``. ``Raw`` fields keep their JSON.
    """

    type: str = ""
    item_id: str = ""
    output_index: int = -1
    content_index: int = 0
    summary_index: int = 0
    delta: str | dict[str, Any] | None = None
    arguments: Any = None
    text: Any = None
    item: Raw = NOTHING
    part: Raw = NOTHING
    response: Raw = NOTHING
    annotation: Raw = NOTHING
    error: Raw = NOTHING


STREAM_EVENT = Decoder(StreamEvent)
"""Bytes of an event -> StreamEvent."""


def as_json(raw: Raw) -> Json:
    """The object in ``raw``; an empty one where there is none."""
    return (json_object(bytes(raw)) or {}) if len(raw) else {}


def text_at(value: Json, key: str) -> str:
    """The string at ``key``; "" for anything else."""
    text = value.get(key)
    return text if isinstance(text, str) else ""


def objects_at(value: Json, key: str) -> list[Json]:
    """The objects in the list at ``key``; none where it is no list."""
    found = value.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
