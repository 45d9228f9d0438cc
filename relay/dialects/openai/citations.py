"""Citations of a web page, as both wire forms write them. PURE."""

from relay.conversation import Json
from relay.events import Citation, StreamState


def url_citation(citation: Citation, state: StreamState) -> Json | None:
    """``{url, title, start_index, end_index}``; None for a citation of something without an address.

    The indexes are characters of the whole answer's text: the cited block's, for no dialect tells more.
    """
    if not citation.url:
        return None
    start = 0
    for block in state.blocks[: citation.index]:
        if block.kind == "text":
            start += len(block.text)
    end = start + len(state.blocks[citation.index].text)
    return {"url": citation.url, "title": citation.title, "start_index": start, "end_index": end}
