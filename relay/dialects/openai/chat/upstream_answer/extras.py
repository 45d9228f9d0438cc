"""What a delta holds beside text and calls, as vendors write it: pictures, and a text's sources. PURE."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from relay.neutral.conversation import Json


class CitedSource(msgspec.Struct, frozen=True):
    """A page that a text cites, and the annotation that says so."""

    url: str
    title: str
    raw: bytes


def picture_in(entry: object) -> Json | None:
    """An entry of ``images``, or an image part, as a media block's payload; None for anything else."""
    match entry:
        case {"image_url": {"url": str(url)}} | {"image_url": str(url)} | {"url": str(url)}:
            pass
        case _:
            return None
    head, comma, data = url.partition(",")
    if not head.startswith("data:") or not comma:
        is_address = url.startswith(("http://", "https://"))
        return {"media_type": "image/*", "url": url} if is_address else None
    media_type, *attributes = head.removeprefix("data:").split(";")
    return {"media_type": media_type or "image/png", "data": data} if "base64" in attributes else None


def source_in(annotation: object) -> CitedSource | None:
    """An annotation that cites a page; None for any other."""
    match annotation:
        case {"type": "url_citation", "url_citation": {"url": str(url), **rest}}:
            return CitedSource(url, _text(rest, "title"), msgspec.json.encode(annotation))
        case {"type": "url_citation", "url": str(url), **rest}:
            return CitedSource(url, _text(rest, "title"), msgspec.json.encode(annotation))
        case _:
            return None


def listed_sources(citations: list[Any], results: list[Any]) -> Iterator[CitedSource]:
    """Perplexity's lists of addresses, with the titles that ``search_results`` tells."""
    titles = {_text(one, "url"): _text(one, "title") for one in results if isinstance(one, dict)}
    for url in dict.fromkeys([*(one for one in citations if isinstance(one, str)), *titles]):
        if url:
            cited = {"url": url, "title": titles.get(url, "")}
            raw = msgspec.json.encode({"type": "url_citation", "url_citation": cited})
            yield CitedSource(url, cited["title"], raw)


def _text(fields: Mapping[Any, Any], key: str) -> str:
    value = fields.get(key)
    return value if isinstance(value, str) else ""
