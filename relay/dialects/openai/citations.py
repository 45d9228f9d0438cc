"""Citations of a web page, as both wire forms write them. PURE."""

from relay.neutral.conversation import Json
from relay.neutral.events import Citation


def url_citation(citation: Citation, start: int, length: int) -> Json:
    """``{url, title, start_index, end_index}``: the cited text has ``length`` characters from ``start``."""
    return {
        "url": citation.url,
        "title": citation.title,
        "start_index": start,
        "end_index": start + length,
    }
