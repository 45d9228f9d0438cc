"""Where an answer comes from: grounding and citation metadata to citations of a text.

PURE. Gemini tells sources beside the answer and says by indexes which words they support; other dialects
tell them within the text. The whole metadata travels to its own dialect untouched.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw

from relay.dialects.gemini.fields import json_text
from relay.neutral.conversation import Json
from relay.neutral.events import Citation, Event


class Sources:
    """The sources of one answer: they wait until a text is there, and are told behind its words."""

    __slots__ = ("_told", "_waiting")

    def __init__(self) -> None:
        """None was named yet."""
        self._waiting: list[tuple[Raw, Raw]] = []
        self._told: set[bytes] = set()

    def take(self, grounding: Raw, citations: Raw) -> None:
        """What a chunk names beside its parts."""
        self._waiting.append((grounding, citations))

    def tell(self, index: int, out: list[Event]) -> None:
        """Cite what waits at the text block ``index``, each source once: chunks repeat themselves."""
        waiting, self._waiting = self._waiting, []
        for grounding, citations in waiting:
            for citation in (*_grounded(index, _object(grounding)), *_cited(index, _object(citations))):
                if citation.raw not in self._told:
                    self._told.add(citation.raw)
                    out.append(citation)


def _grounded(index: int, metadata: Json) -> Iterator[Citation]:
    chunks = _objects(metadata.get("groundingChunks"))
    for support in _objects(metadata.get("groundingSupports")):
        segment = support.get("segment")
        words = segment.get("text") if isinstance(segment, dict) else None
        for number in support.get("groundingChunkIndices") or []:
            if isinstance(number, int) and 0 <= number < len(chunks):
                yield _citation(index, chunks[number], words)
    if not metadata.get("groundingSupports"):
        for chunk in chunks:
            yield _citation(index, chunk, None)


def _citation(index: int, chunk: Json, words: Any) -> Citation:
    source = next((value for value in chunk.values() if isinstance(value, dict)), {})
    raw = json_text({"chunk": chunk, "text": words}).encode()
    return Citation(index, raw, _text(source.get("uri")), _text(source.get("title")), _text(words))


def _cited(index: int, metadata: Json) -> Iterator[Citation]:
    for item in _objects(metadata.get("citations") or metadata.get("citationSources")):
        yield Citation(index, json_text(item).encode(), _text(item.get("uri")), _text(item.get("title")))


def _object(raw: Raw) -> Json:
    data = bytes(raw)
    value = msgspec.json.decode(data) if data else {}
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
