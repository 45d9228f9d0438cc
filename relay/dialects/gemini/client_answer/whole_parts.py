"""The parts of an answer that a Gemini client is told in one piece, at the end of their block.

PURE. Other vendors' runs of code are told as Gemini's own; their searches stand beside the parts
(``consulted.py``).
"""

from typing import Any

import msgspec

from relay.dialects.gemini.carried_signatures import redacted_to_client, to_client
from relay.dialects.gemini.fields import json_text
from relay.dialects.json_object import json_object
from relay.neutral.block import OpenBlock
from relay.neutral.conversation import Json
from relay.neutral.events import BlockStart
from relay.neutral.server_tools import CODE_EXECUTION, ServerResult

_OWN_PARTS = frozenset(
    {"executableCode", "codeExecutionResult", "toolCall", "toolResponse", "audioTranscription"}
)


def signature_part(block: OpenBlock, signature: str) -> bytes:
    """The signature of a text or thought, in an empty part of its kind; b"" for a block told as a whole."""
    if block.kind not in ("text", "thinking", "refusal"):
        return b""
    part: Json = {"thought": True} if block.kind == "thinking" else {}
    return _json({**part, "text": "", "thoughtSignature": to_client(signature)})


def redacted_part(start: BlockStart) -> bytes:
    """A redacted thought, as a signature that only its maker can read."""
    data = str((json_object(start.payload) or {}).get("data", ""))
    return _json({"thought": True, "text": "", "thoughtSignature": redacted_to_client(data)})


def whole_part(block: OpenBlock, start: BlockStart) -> bytes:
    """The part that says all of ``block``; b"" for one that was told already, or has no place here."""
    signed = b',"thoughtSignature":' + _json(to_client(block.signature)) if block.signature else b""
    match block.kind:
        case "tool_call":
            arguments = block.text or "{}"
            if json_object(arguments) is None:
                return b""  # cut by the token limit: half a call cannot be said in this dialect
            identity = f'"id":{json_text(block.id)},' if block.id else ""
            call = f'{{"functionCall":{{{identity}"name":{json_text(block.name)},"args":{arguments}}}'
            return call.encode() + signed + b"}"
        case "media":
            return _json(_media(start.payload))[:-1] + signed + b"}"
        case "server_call" | "server_result" | "opaque" if is_own_part(start.payload):
            return start.payload.rstrip()[:-1] + signed + b"}"
        case "server_call" if block.name == CODE_EXECUTION:
            return _json({"executableCode": _code(block.text)})
        case "server_result" if block.name == CODE_EXECUTION and start.result is not None:
            return _json({"codeExecutionResult": _outcome(start.result)})
        case _:
            return b""


def is_own_part(payload: bytes) -> bool:
    """Is a block's payload a part of Gemini's, and not another dialect's object?"""
    return not _OWN_PARTS.isdisjoint(json_object(payload) or ())


def _media(payload: bytes) -> Json:
    media = json_object(payload) or {}
    kind = str(media.get("media_type") or "")
    if media.get("url"):
        return {"fileData": {"mimeType": kind, "fileUri": str(media["url"])}}
    return {"inlineData": {"mimeType": kind, "data": str(media.get("data") or "")}}


def _code(arguments: str) -> Json:
    told = json_object(arguments) or {}
    code: Any = told.get("code", told.get("command"))
    language = told.get("language") or ("PYTHON" if "code" in told else "LANGUAGE_UNSPECIFIED")
    return {"language": str(language), "code": code if isinstance(code, str) else ""}


def _outcome(result: ServerResult) -> Json:
    is_fine = not result.return_code and not (result.error and not result.output)
    output = result.output if is_fine else f"{result.error}{result.output}"
    return {"outcome": "OUTCOME_OK" if is_fine else "OUTCOME_FAILED", "output": output}


def _json(value: Json | str) -> bytes:
    return msgspec.json.encode(value)
