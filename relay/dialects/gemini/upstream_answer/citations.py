"""Where an answer comes from: grounding and citation metadata to citations of a text.

PURE. Gemini tells sources beside the answer and says by indexes which words they support; other dialects
tell them within the text. The whole metadata travels to its own dialect untouched.
"""

from collections.abc import Iterator
from typing import Any

from msgspec import Raw

from relay.dialects.gemini.fields import json_text
from relay.dialects.reading.half_characters import any_object
from relay.neutral.conversation import Json, digest
from relay.neutral.events import ArgumentsDelta, BlockStart, BlockStop, Citation, Event
from relay.neutral.server_tools import WEB_SEARCH, ServerResult, Source

_MOST_WORDS = 500
"""Characters of a title, and of the words that a source supports, which stand in the answer anyway."""
_LONGEST_URL = 4_000
_LONGEST_CHUNK = 8_000
"""Characters of a source's own object; of a longer one its digest stands in the citation."""


class Sources:
    """The sources of one answer: they wait until a text is there, and are told behind its words."""

    __slots__ = ("_pages", "_queries", "_told", "_waiting")

    def __init__(self) -> None:
        """None was named yet."""
        self._waiting: list[tuple[Json, Json]] = []
        self._told: set[bytes] = set()
        self._queries: dict[str, None] = {}
        self._pages: dict[str, Source] = {}

    def take(self, grounding: Raw, citations: Raw) -> None:
        """What a chunk names beside its parts."""
        metadata = _object(grounding)
        self._waiting.append((metadata, _object(citations)))
        queries = metadata.get("webSearchQueries")
        if isinstance(queries, list):
            self._queries |= dict.fromkeys(query for query in queries if isinstance(query, str) and query)
        for chunk in _objects(metadata.get("groundingChunks")):
            page = chunk.get("web")
            if isinstance(page, dict) and (url := _text(page.get("uri"))):
                self._pages[url] = Source(url, _text(page.get("title")))

    def tell(self, index: int, out: list[Event]) -> None:
        """Cite what waits at the text block ``index``, each source once: chunks repeat themselves."""
        waiting, self._waiting = self._waiting, []
        for grounding, citations in waiting:
            for citation in (*_grounded(index, grounding), *_cited(index, citations)):
                if citation.raw not in self._told:
                    self._told.add(citation.raw)
                    out.append(citation)

    def tell_searches(self, index: int, out: list[Event]) -> int:
        """Tell what was searched for, and found, in blocks from ``index`` on; the index behind them.

        Gemini does not say which question found which page: all of them stand with the first.
        """
        pages = tuple(self._pages.values())
        for number, query in enumerate(self._queries or ([""] if pages else ())):
            name = f"search_{number}"
            out.append(BlockStart(index, "server_call", name, WEB_SEARCH))
            if query:
                out.append(ArgumentsDelta(index, json_text({"query": query})))
            found = ServerResult(() if number else pages)
            out += (
                BlockStop(index),
                BlockStart(index + 1, "server_result", name, WEB_SEARCH, result=found),
                BlockStop(index + 1),
            )
            index += 2
        return index


def _grounded(index: int, metadata: Json) -> Iterator[Citation]:
    chunks = [
        _Chunk(told) if isinstance(told, dict) else None for told in _list(metadata.get("groundingChunks"))
    ]
    supports = _objects(metadata.get("groundingSupports"))
    for support in supports:
        segment = support.get("segment")
        words = _text(segment.get("text") if isinstance(segment, dict) else None)[:_MOST_WORDS]
        for number in _list(support.get("groundingChunkIndices")):
            if type(number) is int and 0 <= number < len(chunks) and (chunk := chunks[number]):
                yield chunk.cited(index, words)
    if not supports:
        for chunk in chunks:
            if chunk:
                yield chunk.cited(index, "")


class _Chunk:
    """A source that supports may name again and again: what is said of it each time is of bounded length."""

    def __init__(self, told: Json) -> None:
        page = next((value for value in told.values() if isinstance(value, dict)), {})
        url = _text(page.get("uri"))
        self._url = url if len(url) <= _LONGEST_URL else ""
        self._title = _text(page.get("title"))[:_MOST_WORDS]
        own = json_text(told)
        self._own = told if len(own) <= _LONGEST_CHUNK else digest(own)

    def cited(self, index: int, words: str) -> Citation:
        raw = json_text({"chunk": self._own, "text": words}).encode()
        return Citation(index, raw, self._url, self._title, words)


def _cited(index: int, metadata: Json) -> Iterator[Citation]:
    for item in _objects(metadata.get("citations")) or _objects(metadata.get("citationSources")):
        yield Citation(index, json_text(item).encode(), _text(item.get("uri")), _text(item.get("title")))


def _object(raw: Raw) -> Json:
    return (any_object(bytes(raw)) or {}) if len(raw) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: Any) -> list[Json]:
    return [item for item in _list(value) if isinstance(item, dict)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
