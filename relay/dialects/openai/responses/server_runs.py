"""Runs of upstream's own tools as Responses items, both ways: searches, read pages, programs. PURE."""

from typing import Any

import msgspec

from relay.dialects.json_object import json_object
from relay.dialects.openai.responses.upstream_answer.wire import text_at
from relay.neutral.conversation import Json
from relay.neutral.server_tools import CODE_EXECUTION, WEB_FETCH, WEB_SEARCH, ServerResult, Source

SEARCH_ITEM, PROGRAM_ITEM = "web_search_call", "code_interpreter_call"

_OPENS_PAGE = ("open_page", "find_in_page")
_TOOLS = {SEARCH_ITEM: WEB_SEARCH, PROGRAM_ITEM: CODE_EXECUTION}
_ITEMS = {
    WEB_SEARCH: (SEARCH_ITEM, "ws"),
    WEB_FETCH: (SEARCH_ITEM, "ws"),
    CODE_EXECUTION: (PROGRAM_ITEM, "ci"),
}


def tool_of(kind: str) -> str:
    """Our name of the tool whose run is an item of ``kind``."""
    return _TOOLS.get(kind, kind)


def arguments_of(item: Json) -> str:
    """What a finished item's tool was asked, as a JSON object; "" where it does not say."""
    if item.get("type") == PROGRAM_ITEM:
        return _json({"code": item["code"]}) if isinstance(item.get("code"), str) else ""
    action = item.get("action")
    if item.get("type") != SEARCH_ITEM or not isinstance(action, dict):
        return ""
    if action.get("type") in _OPENS_PAGE:
        words = text_at(action, "pattern")
        return _json({"url": text_at(action, "url"), **({"pattern": words} if words else {})})
    queries = action.get("queries")
    query = text_at(action, "query") or (queries[0] if isinstance(queries, list) and queries else "")
    return _json({"query": query}) if isinstance(query, str) and query else ""


def result_of(item: Json) -> ServerResult | None:
    """What came of a finished item's run; None where it is of a tool that only OpenAI has."""
    is_failed = item.get("status") == "failed"
    if item.get("type") == SEARCH_ITEM:
        action = item.get("action")
        found = _urls([action, *_pages(action.get("sources"))]) if isinstance(action, dict) else ()
        return ServerResult(found, error="failed" if is_failed else "")
    if item.get("type") == PROGRAM_ITEM:
        outputs = item.get("outputs")
        logs = [text_at(one, "logs") for one in outputs if isinstance(one, dict)] if outputs else []
        return ServerResult(
            output="".join(logs), error="failed" if is_failed else "", return_code=int(is_failed)
        )
    return None


def item_kind(tool: str) -> tuple[str, str] | None:
    """The kind of item that tells a run of ``tool``, and how its ids begin; None where there is no place."""
    return _ITEMS.get(tool)


def run_item(identity: str, tool: str, arguments: str, result: ServerResult | None, status: str) -> Json:
    """A run of ``tool`` as an item; ``arguments`` is the JSON object that it was asked with."""
    asked = json_object(arguments) or {}
    kind = _ITEMS[tool][0]
    head: Json = {"id": identity, "type": kind, "status": status}
    if result is not None and result.error and status == "completed":
        head["status"] = "failed"
    if kind == PROGRAM_ITEM:
        outputs = None if result is None else [{"type": "logs", "logs": result.output + result.error}]
        code = text_at(asked, "code") or text_at(asked, "command")
        return {**head, "code": code, "container_id": "", "outputs": outputs}
    if tool == WEB_FETCH or ("url" in asked and "query" not in asked):
        action: Json = {"type": "open_page", "url": text_at(asked, "url")}
        if words := text_at(asked, "pattern"):
            action |= {"type": "find_in_page", "pattern": words}
        return {**head, "action": action}
    action = {"type": "search", "query": text_at(asked, "query")}
    if result is not None and result.sources:
        action["sources"] = [{"type": "url", "url": source.url} for source in result.sources]
    return {**head, "action": action}


def steps(kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the events between an item's beginning and its end: before it ran, and behind it."""
    if kind == SEARCH_ITEM:
        return ("in_progress", "searching"), ("completed",)
    return ("in_progress",), ("interpreting", "completed")


def _pages(told: Any) -> list[Json]:
    return [page for page in told if isinstance(page, dict)] if isinstance(told, list) else []


def _urls(pages: list[Json]) -> tuple[Source, ...]:
    """The pages that have an address: a live feed of OpenAI's (``{"type":"api"}``) has a name alone."""
    return tuple(
        Source(text_at(page, "url"), text_at(page, "title")) for page in pages if text_at(page, "url")
    )


def _json(value: Json) -> str:
    return msgspec.json.encode(value).decode()
