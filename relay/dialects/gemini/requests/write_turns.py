"""The neutral conversation's turns to Gemini's ``contents``.

PURE. Gemini wants user and model in turns, and the results of a call right behind it, all of one step in one
user turn, before anything else that this turn says.
"""

from typing import assert_never

from accounts.facts.model_facts import ModelFacts
from relay.dialects.gemini.requests.media_types import media_type_of
from relay.dialects.healing.signature_slots import PLACEHOLDER
from relay.dialects.translation.notes import BEGIN, CONTINUE, OPENING, system_note
from relay.neutral.conversation import (
    Conversation,
    Json,
    Media,
    Part,
    Redacted,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)

# What a functionResponse may hold beside its JSON (the rest stands beside it).
_RESULT_MEDIA = frozenset({"image/png", "image/jpeg", "image/webp", "application/pdf", "text/plain"})


def write_contents(conversation: Conversation, facts: ModelFacts, changes: list[str]) -> list[Json]:
    """The ``contents``; ``changes`` gets what was mapped or dropped."""
    contents: list[Json] = []
    names: dict[str, str] = {}
    said: dict[str, None] = {}
    for turn in conversation.turns:
        parts = _parts(turn, names, facts, said)
        if not parts:
            continue
        role = "model" if turn.role == "assistant" else "user"
        if contents and contents[-1]["role"] == role:
            contents[-1]["parts"] += parts
        else:
            contents.append({"role": role, "parts": parts})
    for content in contents:
        if content["role"] == "user":  # stable: everything keeps its order but for the results
            content["parts"].sort(key=lambda part: "functionResponse" not in part)
        elif facts.needs_signature_on_calls:
            sign_first_call(content["parts"])
    changes += said
    if not contents and conversation.system:
        changes.append("a first user turn was added: Gemini wants one")
        return [_said(BEGIN)]
    if contents and contents[0]["role"] == "model" and _calls(contents[0]):
        changes.append("a first user turn was added: Gemini lets no call begin")
        contents.insert(0, _said(OPENING))
    return with_user_at_end(contents, facts, changes)


def with_user_at_end(contents: list[Json], facts: ModelFacts, changes: list[str]) -> list[Json]:
    """``contents``, asking for the rest where the model does not continue a turn of its own."""
    if facts.prefill or not contents or contents[-1].get("role") != "model":
        return contents
    if _calls(contents[-1]):
        return contents
    changes.append("the model refuses prefill: a user turn asks it to continue")
    return [*contents, _said(CONTINUE)]


def _calls(content: Json) -> bool:
    return any("functionCall" in part or "function_call" in part for part in content.get("parts") or ())


def _said(text: str) -> Json:
    return {"role": "user", "parts": [{"text": text}]}


def sign_first_call(parts: list[Json]) -> None:
    """Give a step whose first call has no signature Google's placeholder: without one it is refused.

    On every step, though only those of the current turn are looked at: so the history keeps its bytes, and
    upstream its cache of them.
    """
    for number, part in enumerate(parts):
        if "functionCall" in part:
            if not part.get("thoughtSignature"):
                parts[number] = {**part, "thoughtSignature": PLACEHOLDER}
            return


def _parts(turn: Turn, names: dict[str, str], facts: ModelFacts, said: dict[str, None]) -> list[Json]:
    if turn.role == "system":
        texts = [part.text for part in turn.parts if isinstance(part, Text) and part.text]
        if texts:
            said["system turns in the conversation became notes in user turns"] = None
        return [{"text": system_note(text)} for text in texts]
    parts: list[Json] = []
    beside: list[Json] = []
    for part in turn.parts:
        parts += _part(part, names, facts, beside, said)
    return parts + beside


def _part(
    part: Part, names: dict[str, str], facts: ModelFacts, beside: list[Json], said: dict[str, None]
) -> list[Json]:
    match part:
        case Text(text, signature):
            return [_signed({"text": text}, signature)] if text or signature else []
        case Thinking(text, signature):
            return [_signed({"thought": True, "text": text}, signature)] if text or signature else []
        case Redacted():
            said["redacted thinking dropped: only its maker can read it"] = None
            return []
        case Media():
            return [_media(part, said)]
        case ToolCall(call_id, name, arguments, signature):
            names[call_id] = name
            call = {"name": name, "args": arguments}
            return [_signed({"functionCall": {"id": call_id, **call} if call_id else call}, signature)]
        case ToolResult():
            return [_result(part, names, facts, beside, said)]
    assert_never(part)


def _signed(part: Json, signature: str) -> Json:
    return {**part, "thoughtSignature": signature} if signature else part


def _media(media: Media, said: dict[str, None]) -> Json:
    if media.title:
        said["titles of documents dropped"] = None
    if media.url:
        known = media.media_type if media.media_type and "*" not in media.media_type else ""
        otherwise = "application/pdf" if media.kind == "document" else "image/jpeg"
        return {"fileData": {"mimeType": known or media_type_of(media.url, otherwise), "fileUri": media.url}}
    return {"inlineData": {"mimeType": media.media_type, "data": media.data}}


def _result(
    result: ToolResult, names: dict[str, str], facts: ModelFacts, beside: list[Json], said: dict[str, None]
) -> Json:
    """A tool's result; media go into it where the model takes them there, else ``beside`` it."""
    text = "\n".join(part.text for part in result.parts if isinstance(part, Text))
    response: Json = {
        "name": result.name or names.get(result.call_id, ""),
        "response": {"error" if result.is_error else "output": text},
    }
    inside: list[Json] = []
    for part in result.parts:
        if isinstance(part, Media):
            fits = facts.tool_result_media and not part.url and part.media_type in _RESULT_MEDIA
            (inside if fits else beside).append(_media(part, said))
    if inside:
        response["parts"] = inside
    if result.call_id:
        response = {"id": result.call_id, **response}
    return {"functionResponse": response}
