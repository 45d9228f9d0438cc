"""Checks of a Gemini conversation: roles, parts, the order of calls and responses, and signatures."""

from typing import Any

import msgspec

from relay.simulator.dialect import Inbound
from relay.simulator.faults.refused import OrderedRefusal
from relay.simulator.gemini.errors import detail
from relay.simulator.gemini.rules import GeminiRules
from relay.simulator.model.signatures import PLACEHOLDERS, NotBase64Error, decode, digest, read

Json = dict[str, Any]
Numbered = tuple[int, int, Json]  # content index, part index, part

_PAYLOAD_NAMES = """
text functionCall functionResponse inlineData fileData executableCode codeExecutionResult toolCall
toolResponse
"""
_PAYLOADS = _PAYLOAD_NAMES.split()
_MIME_KINDS = ("image/", "audio/", "video/", "text/")
_IMAGES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")


def merged_turns(contents: list[Json]) -> list[tuple[str, list[Numbered]]]:
    """Turns with consecutive contents of one role joined, as the API reads them."""
    turns: list[tuple[str, list[Numbered]]] = []
    for position, content in enumerate(contents):
        role = "model" if content.get("role") == "model" else "user"
        if not turns or turns[-1][0] != role:
            turns.append((role, []))
        turns[-1][1].extend((position, index, part) for index, part in enumerate(content["parts"]))
    return turns


def check_contents(contents: Any, inbound: Inbound, rules: GeminiRules) -> None:
    """Check the normalized ``contents``. Raises Refused."""
    if not contents:
        raise OrderedRefusal(400, "* GenerateContentRequest.contents: contents is not specified\n")
    for position, content in enumerate(contents):
        _check_content(content, position, inbound, rules)
    turns = merged_turns(contents)
    _check_order(turns, rules)
    _check_signatures(turns, inbound, rules)


def call_digest(name: str, args: Any) -> bytes:
    """What a function call's signature is bound to: its name and arguments, however they are written."""
    return digest(msgspec.json.encode([name, args or {}], order="sorted"))


def _check_content(content: Json, position: int, inbound: Inbound, rules: GeminiRules) -> None:
    where = f"contents[{position}]"
    role = content.get("role")
    if role not in ("user", "model", "function") and not (not role and inbound.route.dialect != "vertex"):
        raise OrderedRefusal(400, "Please use a valid role: user, model.")
    if not content.get("parts"):
        raise OrderedRefusal(
            400, f"* GenerateContentRequest.{where}.parts: contents.parts must not be empty.\n"
        )
    for index, part in enumerate(content["parts"]):
        held = [name for name in _PAYLOADS if name in part]
        if not held and "thoughtSignature" not in part:
            raise OrderedRefusal(
                400,
                f"* GenerateContentRequest.{where}.parts[{index}].data: required oneof field 'data' must "
                "have one initialized field\n",
            )
        if len(held) > 1:
            raise OrderedRefusal(
                400, f"Invalid value at '{where}.parts[{index}]' (oneof), oneof field 'data' is already set."
            )
        if (kind := held[0] if held else "") == "text" and not isinstance(part["text"], str):
            raise OrderedRefusal(400, f"Invalid value at '{where}.parts[{index}].text' (TYPE_STRING)")
        if kind == "inlineData":
            _check_blob(part["inlineData"], f"{where}.parts[{index}].inline_data", rules)
        if kind in ("functionCall", "functionResponse") and not isinstance(part[kind].get("name"), str):
            raise OrderedRefusal(
                400, f"* GenerateContentRequest.{where}.parts[{index}].{kind}.name: cannot be empty."
            )
        if kind == "functionResponse" and not isinstance(part[kind].get("response"), dict):
            raise OrderedRefusal(
                400, f"Invalid value at '{where}.parts[{index}].function_response.response' (Struct)"
            )


def _check_blob(blob: Json, where: str, rules: GeminiRules) -> None:
    mime = str(blob.get("mimeType", ""))
    office = rules.strict and mime.startswith("application/vnd.")
    known = mime in _IMAGES if mime.startswith("image/") else mime.startswith(_MIME_KINDS)
    if not known and mime != "application/pdf" and not office:
        raise OrderedRefusal(400, f"Unsupported MIME type: {mime}")
    try:
        decode(str(blob.get("data", "")))
    except NotBase64Error as error:
        raise _not_base64(f"{where}.data", str(blob.get("data", ""))) from error


def _check_order(turns: list[tuple[str, list[Numbered]]], rules: GeminiRules) -> None:
    calls: list[Json] = []
    for position, (role, parts) in enumerate(turns):
        responses = [part["functionResponse"] for _, _, part in parts if "functionResponse" in part]
        if role == "model":
            calls = [part["functionCall"] for _, _, part in parts if "functionCall" in part]
            if calls and position == 0:
                raise OrderedRefusal(
                    400,
                    "Please ensure that function call turn comes immediately after a user turn or after a "
                    "function response turn.",
                )
            continue
        if responses and not calls:
            raise OrderedRefusal(
                400, "Please ensure that function response turn comes immediately after a function call turn."
            )
        if len(responses) != len(calls):
            raise _uneven()
        if sorted(one["name"] for one in responses) != sorted(one["name"] for one in calls):
            raise OrderedRefusal(
                400, "Please ensure that each function response has the name of a function call before it."
            )
        ids = {one["id"] for one in calls if "id" in one}
        if any(one.get("id") not in ids for one in responses if ids and "id" in one):
            raise OrderedRefusal(
                400, "Please ensure that each function response has the id of a function call before it."
            )
        calls = []
    if calls:
        raise _uneven()
    if turns[-1][0] == "model" and rules.strict:
        raise OrderedRefusal(
            400, "This model does not support a trailing model turn. Please end with a user turn."
        )


def _uneven() -> OrderedRefusal:
    return OrderedRefusal(
        400,
        "Please ensure that the number of function response parts is equal to the number of function call "
        "parts of the function call turn.",
    )


def _check_signatures(turns: list[tuple[str, list[Numbered]]], inbound: Inbound, rules: GeminiRules) -> None:
    for _, parts in turns:
        for content, index, part in parts:
            if "thoughtSignature" in part:
                _check_signature(part, f"contents[{content}].parts[{index}]", inbound, rules)
    if not rules.needs_signatures:
        return
    # steps of the current turn: after the last user turn that is more than function responses
    current = max(
        (i for i, (role, parts) in enumerate(turns) if role == "user" and not _has_response(parts)),
        default=-1,
    )
    for role, parts in turns[current + 1 :]:
        calls = [(content, part) for content, _, part in parts if "functionCall" in part]
        if role == "model" and calls and "thoughtSignature" not in calls[0][1]:
            position, first = calls[0]
            raise missing_signature(first["functionCall"]["name"], position + 1)


def _has_response(parts: list[Numbered]) -> bool:
    return any("functionResponse" in part for _, _, part in parts)


def _check_signature(part: Json, where: str, inbound: Inbound, rules: GeminiRules) -> None:
    value = str(part["thoughtSignature"])
    try:
        raw = decode(value)
        if value in PLACEHOLDERS or raw.decode("latin-1") in PLACEHOLDERS:  # the SDK encodes it once more
            return
        seal = read(value)
    except NotBase64Error as error:
        raise _not_base64(f"{where}.thought_signature", value) from error
    if seal is None or seal.family != rules.family:
        raise corrupted_signature()
    if inbound.options.binds_gemini_to_account and seal.account != inbound.account:
        raise corrupted_signature()
    call = part.get("functionCall")
    if seal.content != (call_digest(call["name"], call.get("args")) if call else b""):
        raise corrupted_signature()  # moved to another part, or the arguments were rewritten


def corrupted_signature() -> OrderedRefusal:
    """The refusal of a signature that was issued for something else, or never."""
    return OrderedRefusal(400, "Corrupted thought signature.")


def missing_signature(name: str, position: int) -> OrderedRefusal:
    """The refusal of a function call of the current turn without its signature."""
    return OrderedRefusal(
        400,
        "Function call is missing a thought_signature in functionCall parts. This is required for tools to "
        "work correctly, and missing thought_signature may lead to degraded model performance. Additional "
        f"data, function call `default_api:{name}`, position {position}.",
    )


def _not_base64(where: str, value: str) -> OrderedRefusal:
    message = f"Invalid value at '{where}' (TYPE_BYTES), Base64 decoding failed for \"{value[:60]}\""
    violation = {"field": where, "description": message}
    return OrderedRefusal(400, message, details=[detail("BadRequest", fieldViolations=[violation])])
