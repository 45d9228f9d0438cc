"""Parts that are neither text nor a call to the client's tools: runs of Gemini's own tools, and media.

PURE. Each is told whole, as this dialect's own object; of what other vendors have too, the meaning stands
beside it.
"""

from typing import Any

import msgspec
from msgspec import Raw

from relay.dialects.gemini.fields import json_text
from relay.dialects.gemini.upstream_answer.wire import NOTHING, Part
from relay.dialects.reading.half_characters import any_object
from relay.neutral.block import BlockKind
from relay.neutral.conversation import Json
from relay.neutral.server_tools import CODE_EXECUTION, ServerResult


class WholePart(msgspec.Struct, frozen=True, gc=False):
    """A block that one part makes; a run has its ``arguments`` as JSON, or its ``result``."""

    kind: BlockKind
    id: str
    name: str
    payload: bytes
    arguments: str = ""
    result: ServerResult | None = None


def media_of(part: Part) -> bytes | None:
    """The payload of a picture, sound or file: its bytes in base64, or its address; None for another part."""
    data, file = part.inline_data, part.file_data
    if data is not None:
        return msgspec.json.encode({"media_type": data.mime_type or "", "data": data.data or ""})
    if file is not None:
        return msgspec.json.encode({"media_type": file.mime_type or "", "url": file.file_uri or ""})
    return None


def server_part(part: Part) -> WholePart | None:
    """The run of a tool of Gemini's own, or what came of it; None for another part."""
    for name, raw in (
        ("executableCode", part.executable_code),
        ("codeExecutionResult", part.code_execution_result),
        ("toolCall", part.tool_call),
        ("toolResponse", part.tool_response),
    ):
        if raw is not NOTHING and bytes(raw) != b"null":
            return _told(name, raw)
    return None


def _told(name: str, raw: Raw) -> WholePart:
    payload = b'{"%s":%s}' % (name.encode(), bytes(raw))
    fields = any_object(bytes(raw)) or {}
    own_id = str(fields.get("id") or "")
    match name:
        case "executableCode":
            code: Json = {"code": _text(fields.get("code"))}
            if _text(fields.get("language")) not in ("", "PYTHON"):
                code["language"] = fields["language"]
            return WholePart("server_call", own_id, CODE_EXECUTION, payload, json_text(code))
        case "codeExecutionResult":
            return WholePart("server_result", own_id, CODE_EXECUTION, payload, result=_result(fields))
        case "toolCall":
            return WholePart("server_call", own_id, name, payload)
        case _:
            return WholePart("server_result", own_id, name, payload)


def _result(fields: Json) -> ServerResult:
    """``output`` is what the program wrote, or why it failed."""
    outcome, output = _text(fields.get("outcome")), _text(fields.get("output"))
    if outcome in ("", "OUTCOME_OK"):
        return ServerResult(output=output)
    return ServerResult(error=output or outcome, return_code=1)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
