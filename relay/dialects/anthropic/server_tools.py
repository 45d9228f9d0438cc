"""Server tools' runs as Anthropic's blocks, both ways: ``server_tool_use`` and the results beside it.

PURE. Other vendors' runs are told as runs of the tools that the Messages API has. Their ids are ours to give:
by them, what comes back in a history is known for nothing that Anthropic itself could read.
"""

from typing import Any

from relay.neutral.conversation import Json
from relay.neutral.server_tools import CODE_EXECUTION, WEB_SEARCH, ServerResult, Source

OWN_ID = "srvtoolu_evenkeel_"
"""How the ids of other vendors' runs begin: Anthropic's own pattern, and ours within it."""

RESULT = "_tool_result"
"""How the types of result blocks end."""

_OURS = {"bash_code_execution": CODE_EXECUTION}
"""Anthropic's names of tools that have another here."""


def tool_named(name: str) -> str:
    """Our word for Anthropic's tool ``name``, or for the type of a result block."""
    tool = name.removesuffix(RESULT)
    return _OURS.get(tool, tool)


def read_result(block: Json) -> ServerResult:
    """What a result block says; what only Anthropic can read (encrypted, documents) is left out."""
    content = block.get("content")
    if isinstance(content, list):
        pages = [page for page in content if isinstance(page, dict) and _text(page, "url")]
        return ServerResult(
            tuple(Source(_text(page, "url"), _text(page, "title"), _text(page, "page_age")) for page in pages)
        )
    if not isinstance(content, dict):
        return ServerResult()
    if error := _text(content, "error_code"):
        return ServerResult(error=error, return_code=1)
    if url := _text(content, "url"):
        return ServerResult((Source(url),))
    code = content.get("return_code")
    return ServerResult(
        output=_text(content, "stdout"),
        error=_text(content, "stderr"),
        return_code=code if type(code) is int else 0,
    )


def call_block(call_id: str, tool: str) -> Json:
    """The ``server_tool_use`` that opens a run; its input follows in deltas."""
    return {"type": "server_tool_use", "id": call_id, "name": tool, "input": {}}


def result_block(call_id: str, tool: str, result: ServerResult) -> Json:
    """The result of a run of ``tool``, whole."""
    return {
        "type": f"{tool}{RESULT}",
        "tool_use_id": call_id,
        "content": _found(result) if tool == WEB_SEARCH else _ran(result),
    }


def has_block(tool: str) -> bool:
    """Is there a place for a run of ``tool`` that was not Anthropic's?"""
    return tool in (WEB_SEARCH, CODE_EXECUTION)


def _found(result: ServerResult) -> Json | list[Json]:
    if result.error:
        return {"type": "web_search_tool_result_error", "error_code": "unavailable"}
    # The content is an empty string: what upstream encrypted there only Anthropic itself can know.
    return [
        {
            "type": "web_search_result",
            "url": source.url,
            "title": source.title,
            "encrypted_content": "",
            "page_age": source.age or None,
        }
        for source in result.sources
    ]


def _ran(result: ServerResult) -> Json:
    return {
        "type": "code_execution_result",
        "stdout": result.output,
        "stderr": result.error,
        "return_code": result.return_code,
        "content": [],
    }


def _text(fields: dict[str, Any], key: str) -> str:
    value = fields.get(key)
    return value if isinstance(value, str) else ""
