"""A model list that comes in pages: all of them, as far as they bring something new.

Anthropic tells ``has_more`` and ``last_id``, which its next page is asked ``after_id``; servers that resemble
OpenAI take it as ``after``, as OpenAI's other lists do. Google tells ``nextPageToken``.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from relay.neutral.failures import Failure
from relay.short.listed_models import MOST_NAMES, ModelPage

MOST_PAGES = 20
"""Of one list; a thousand names stand on a page where the vendor lets one ask for so many."""

_LONGEST_CURSOR = 2_000
_PATHS = {
    "gemini": "/v1beta/models?pageSize=1000",
    "anthropic": "/v1/models?limit=1000",
    "openai": "/v1/models",
}
"""Where accounts of a kind tell what they offer."""
_CURSORS = {"gemini": "pageToken", "anthropic": "after_id", "openai": "after"}

Ask = Callable[[str], Awaitable[tuple[int, bytes] | Failure]]
"""A path -> the status and the body."""
Read = Callable[[bytes], Awaitable[ModelPage | None]]


def tells_models(kind: str) -> bool:
    """Do accounts of that kind tell which models they offer?"""
    return kind in _PATHS


def next_path(kind: str, page: ModelPage) -> str:
    """Where the page behind ``page`` is; "" where it was the last."""
    if not page.cursor or len(page.cursor) > _LONGEST_CURSOR:
        return ""
    path = _PATHS[kind]
    name = _CURSORS["gemini"] if page.is_token else _CURSORS[kind]
    return f"{path}{'&' if '?' in path else '?'}{name}={quote(page.cursor, safe='')}"


async def whole_list(kind: str, ask: Ask, read: Read) -> list[str] | None:
    """All names, each once, in order; None where a page cannot be had for now.

    A server that refuses a later page has no more to tell; nor has one that tells the same again.
    """
    names: dict[str, None] = {}
    path = _PATHS[kind]
    for number in range(MOST_PAGES):
        answer = await ask(path)
        if isinstance(answer, Failure):
            return None
        status, content = answer
        page = await read(content) if status == 200 else None
        if page is None:
            is_refused = number > 0 and 400 <= status < 500 and status not in (408, 429)
            return list(names) if is_refused else None
        before = len(names)
        names |= dict.fromkeys(page.names)
        path = next_path(kind, page)
        if not path or len(names) == before or len(names) >= MOST_NAMES:
            break
    return list(names)[:MOST_NAMES]
