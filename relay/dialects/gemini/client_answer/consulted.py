"""What another vendor's answer is based on, as grounding metadata: searches, pages found, citations.

PURE.
"""

from relay.dialects.json_object import json_object
from relay.neutral.block import OpenBlock
from relay.neutral.conversation import Json
from relay.neutral.events import BlockStart, Citation
from relay.neutral.server_tools import WEB_SEARCH


class Consulted:
    """Gathers it while the answer is told; each source is listed once, and each text with all of its own."""

    def __init__(self) -> None:
        """Nothing was looked up yet."""
        self._queries: list[str] = []
        self._pages: list[Json] = []
        self._cited: list[Citation] = []

    def ran(self, block: OpenBlock, start: BlockStart) -> None:
        """A block is whole: perhaps a search, or what it found."""
        if block.name != WEB_SEARCH:
            return
        if block.kind == "server_call":
            query = (json_object(block.text) or {}).get("query")
            self._queries += [query] if isinstance(query, str) and query else []
        elif start.result is not None:
            self._pages += [_web(source.url, source.title) for source in start.result.sources]

    def cited(self, citation: Citation) -> None:
        """A text cites a source."""
        self._cited.append(citation)

    def metadata(self, blocks: list[OpenBlock]) -> Json:
        """The metadata for an answer of these ``blocks``; {} where nothing was looked up."""
        chunks = _Listed()
        supported: dict[int, dict[int, None]] = {}  # by block, the numbers of its sources
        for citation in self._cited:
            chunk = _web(citation.url, citation.title)
            if not citation.url:
                chunk = {"retrievedContext": {"title": citation.title, "text": citation.cited_text}}
            supported.setdefault(citation.index, {})[chunks.number(chunk)] = None
        for page in self._pages:
            chunks.number(page)
        queries = {"webSearchQueries": self._queries} if self._queries else {}
        if not chunks.all:
            return queries
        supports = [
            {"segment": {"text": blocks[index].text}, "groundingChunkIndices": list(numbers)}
            for index, numbers in supported.items()
        ]
        return {**queries, "groundingChunks": chunks.all, "groundingSupports": supports}


class _Listed:
    """Sources in the order in which they were named."""

    def __init__(self) -> None:
        self.all: list[Json] = []
        self._numbers: dict[tuple[str, ...], int] = {}

    def number(self, chunk: Json) -> int:
        """Where ``chunk`` is listed."""
        [(kind, fields)] = chunk.items()
        # A page is known by its address: a search may find it without the title that the citation has.
        name = (fields["uri"],) if kind == "web" else fields.values()
        number = self._numbers.setdefault((kind, *name), len(self.all))
        if number == len(self.all):
            self.all.append(chunk)
        return number


def _web(url: str, title: str) -> Json:
    return {"web": {"uri": url, "title": title}}
