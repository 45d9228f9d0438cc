"""A web page, where Google's front answers with one in place of an error, as plain text. PURE.

Plain scans: a page is looked through once, whatever is in it.
"""

_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UNSEEN = ("script", "style")


def text_of_page(page: str) -> str:
    """The page's title where it has one, else its text without markup; what is no page stays as it is."""
    lower = page.translate(_LOWER)  # of the same length, as lower() need not be
    title = _title(page, lower)
    if title is not None:
        return title
    return _without_markup(page, lower) if page.lstrip().startswith("<") else page


def _title(page: str, lower: str) -> str | None:
    start = lower.find("<title")
    begin = page.find(">", start) + 1 if start >= 0 else 0
    end = lower.find("</title>", begin) if begin else -1
    return page[begin:end] if end >= 0 else None


def _without_markup(page: str, lower: str) -> str:
    pieces: list[str] = []
    done = 0
    while (start := page.find("<", done)) >= 0:
        pieces.append(page[done:start])
        unseen = next((name for name in _UNSEEN if lower.startswith(name, start + 1)), "")
        end = lower.find(f"</{unseen}", start) if unseen else start
        close = page.find(">", end) if end >= 0 else -1
        if close < 0:
            return " ".join(pieces)  # it is cut off in the middle of markup
        done = close + 1
    return " ".join([*pieces, page[done:]])
