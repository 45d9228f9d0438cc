"""A whole response as the stream that says the same. PURE."""

from relay.dialects.json_object import json_object
from relay.dialects.openai.errors import failure_in_document
from relay.dialects.openai.responses.upstream_answer.whole_arguments import with_text
from relay.dialects.openai.responses.upstream_answer.wire import objects_at, text_at
from relay.dialects.reading.broken_stream import BrokenStream, garbage
from relay.dialects.reading.envelopes import inside
from relay.dialects.reading.half_characters import json_text
from relay.neutral.conversation import Json
from relay.neutral.sse import framed

_ENDS = {"completed": "response.completed", "incomplete": "response.incomplete", "failed": "response.failed"}

_BESIDE = ("id", "model", "usage")
"""What gateways also write beside the response in their envelope."""


def end_named(response: Json) -> str:
    """How the event is named that ends an answer with ``response``, where it is called ``response.done``.

    So Realtime's is called, whatever the answer's status; one without a status is whole.
    """
    status = text_at(response, "status")
    return _ENDS.get("failed" if status == "cancelled" else status, "response.completed")


def is_response(told: Json) -> bool:
    """Is it a whole response, and no event?"""
    return text_at(told, "status") in _ENDS and isinstance(told.get("output"), list)


def whole_in(data: bytes, *, has_started: bool) -> bytes:
    """The events in one without a type: a whole response's, or the one in an envelope; else nothing."""
    told = json_object(data) or {}
    if not has_started and (is_response(told) or inside(told, is_response, _BESIDE)):
        return stream_of(told)
    inner = inside(told, _is_event)
    return b"" if inner is None else framed(inner["type"], json_text(inner))


def _is_event(told: Json) -> bool:
    name = text_at(told, "type")
    return name == "error" or name.startswith("response.")


def stream_of(told: Json) -> bytes:
    """The document as events, also in an envelope; raises BrokenStream for an error, or no whole response."""
    told = inside(told, is_response, _BESIDE) or told
    if not is_response(told):
        failure = failure_in_document(told)
        raise BrokenStream(failure or garbage("upstream sent a JSON document that is no whole response"))
    end = _ENDS[text_at(told, "status")]
    begun = {**told, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    events: list[tuple[str, Json]] = [
        ("response.created", {"response": begun}),
        ("response.in_progress", {"response": begun}),
    ]
    for index, item in enumerate(objects_at(told, "output")):
        events += item_events(index, item)
    events.append((end, {"response": told}))
    return b"".join(
        framed(name, json_text({"type": name, "sequence_number": number, **fields}))
        for number, (name, fields) in enumerate(events)
    )


def item_events(index: int, item: Json) -> list[tuple[str, Json]]:
    """A whole item as events, by name, without their numbers."""
    item = with_text(item)
    at = {"output_index": index, "item_id": text_at(item, "id")}
    begun, inside = dict(item), list[tuple[str, Json]]()
    match item.get("type"):
        case "message":
            begun["content"] = []
            for number, part in enumerate(objects_at(item, "content")):
                inside += _part({**at, "content_index": number}, part)
        case "reasoning":
            begun["summary"] = []
            for number, part in enumerate(objects_at(item, "summary")):
                inside += _summary({**at, "summary_index": number}, part)
        case "function_call":
            begun["arguments"] = ""
            arguments = text_at(item, "arguments")
            inside += [
                ("response.function_call_arguments.delta", {**at, "delta": arguments}),
                (
                    "response.function_call_arguments.done",
                    {**at, "name": text_at(item, "name"), "arguments": arguments},
                ),
            ]
        case _:
            pass
    if "status" in begun:
        begun["status"] = "in_progress"
    place = {"output_index": index}
    added = ("response.output_item.added", {**place, "item": begun})
    return [added, *inside, ("response.output_item.done", {**place, "item": item})]


def _part(at: Json, part: Json) -> list[tuple[str, Json]]:
    added = ("response.content_part.added", {**at, "part": {**part, "annotations": []}})
    done = ("response.content_part.done", {**at, "part": part})
    if part.get("type") == "refusal":
        refusal = text_at(part, "refusal")
        added[1]["part"] = {**part, "refusal": ""}
        said: list[tuple[str, Json]] = [
            ("response.refusal.delta", {**at, "delta": refusal}),
            ("response.refusal.done", {**at, "refusal": refusal}),
        ]
        return [added, *said, done]
    text = text_at(part, "text")
    added[1]["part"]["text"] = ""
    annotations = [
        ("response.output_text.annotation.added", {**at, "annotation_index": number, "annotation": one})
        for number, one in enumerate(objects_at(part, "annotations"))
    ]
    delta = ("response.output_text.delta", {**at, "delta": text, "logprobs": []})
    whole = ("response.output_text.done", {**at, "text": text, "logprobs": part.get("logprobs") or []})
    return [added, delta, *annotations, whole, done]


def _summary(at: Json, part: Json) -> list[tuple[str, Json]]:
    text = text_at(part, "text")
    return [
        ("response.reasoning_summary_part.added", {**at, "part": {**part, "text": ""}}),
        ("response.reasoning_summary_text.delta", {**at, "delta": text}),
        ("response.reasoning_summary_text.done", {**at, "text": text}),
        ("response.reasoning_summary_part.done", {**at, "part": part}),
    ]
