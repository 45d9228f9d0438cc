"""A whole chat completion as the stream that says the same. PURE.

Servers that cannot stream, or are not asked to, answer with one document. The collector makes it of the
stream again.
"""

from typing import Any

from relay.dialects.openai.chat.upstream_answer.finish_reasons import with_reason
from relay.dialects.openai.errors import failure_in_document
from relay.dialects.reading.broken_stream import BrokenStream, garbage
from relay.dialects.reading.half_characters import json_text
from relay.neutral.conversation import Json
from relay.neutral.sse import framed

WHOLE = "chat.completion"
CHUNK = "chat.completion.chunk"
KINDS = (CHUNK, WHOLE, "chat.completion.done")
"""What chunks call themselves where SDKs take them; the last is Perplexity's end."""
BESIDE = ("id", "model", "created", "service_tier", "usage")
"""What gateways also write beside the answer in their envelope."""
_NOT_REPEATED = ("choices", "usage", "object")
DONE = b"data: [DONE]\n\n"


def stream_of(told: Json) -> bytes:
    """The document as events; raises BrokenStream for an error in it, or what is no chat completion."""
    chunks = chunks_of(told)
    if chunks is None:
        failure = failure_in_document(told)
        raise BrokenStream(failure or garbage("upstream sent a JSON document that is no chat completion"))
    return b"".join(framed("", json_text(chunk)) for chunk in chunks) + DONE


def chunks_of(told: Json) -> list[Json] | None:
    """Its chunks: what is said, why it ended, what it cost; None where it is no chat completion."""
    found = [one for one in _list(told.get("choices")) if isinstance(one, dict)]
    choices = [with_reason(of_text(one) if is_text_alone(one) else one, told) for one in found]
    if not choices or not all(isinstance(_said(choice), dict) for choice in choices):
        return None
    head = {key: value for key, value in told.items() if key not in _NOT_REPEATED}
    head["object"] = CHUNK
    chunks = [{**head, "choices": [part(choice) for choice in choices]} for part in (_text, _end)]
    if told.get("usage"):
        chunks.append({**head, "choices": [], "usage": told["usage"]})
    return chunks


def is_message_alone(choice: Any) -> bool:
    """Does the choice hold a whole message, and nothing in its delta's place?"""
    return isinstance(choice, dict) and not choice.get("delta") and isinstance(choice.get("message"), dict)


def is_text_alone(choice: Any) -> bool:
    """Is it one of a text completion, which has a text and neither a delta nor a message?"""
    if not isinstance(choice, dict) or choice.get("delta") or choice.get("message"):
        return False
    return isinstance(choice.get("text"), str)


def tells_choices(told: Json) -> bool:
    """Is it a completion, a chunk of one, or the error in its place?"""
    error = told.get("error")
    return isinstance(told.get("choices"), list) or (isinstance(error, dict) and bool(error))


def error_in_choices(choices: list[Any]) -> Any:
    """The error that a choice, or its delta, tells; None without."""
    for choice in choices:
        if isinstance(choice, dict):
            delta = choice.get("delta")
            inside = delta.get("error") if isinstance(delta, dict) else None
            if error := choice.get("error") or inside:
                return error
    return None


def of_text(choice: Json) -> Json:
    """The same as a choice of a chat."""
    others = {name: value for name, value in choice.items() if name != "text"}
    return {**others, "delta": {"content": choice["text"]}}


def with_text_content(choice: Any, name: str) -> Any:
    """The choice, whose delta or message (``name``) has one part of text for its content, with that text.

    The very same where nothing is to do.
    """
    said = choice.get(name) if isinstance(choice, dict) else None
    match said:
        case {"content": {"text": str(text), **part}, **others}:
            is_text = part.get("type", "text") in ("text", "output_text")
            return {**choice, name: {**others, "content": text}} if is_text else choice
        case _:
            return choice


def _text(choice: Json) -> Json:
    return {"index": choice.get("index", 0), "delta": _numbered(_said(choice)), "finish_reason": None}


def _numbered(message: Json) -> Json:
    """The message with numbers at its calls."""
    calls = [call for call in _list(message.get("tool_calls")) if isinstance(call, dict)]
    if not calls:
        return {key: value for key, value in message.items() if key != "tool_calls"}
    return {**message, "tool_calls": [{**call, "index": index} for index, call in enumerate(calls)]}


def _end(choice: Json) -> Json:
    others = {key: value for key, value in choice.items() if key not in ("message", "delta")}
    return {"index": 0, **others, "delta": {}, "finish_reason": choice.get("finish_reason") or "stop"}


def _said(choice: Json) -> Any:
    return choice["message"] if "message" in choice else choice.get("delta")


def _list(value: Any) -> list[Any]:
    """Also of one entry that is in no list."""
    return [value] if value and isinstance(value, dict) else value if isinstance(value, list) else []
