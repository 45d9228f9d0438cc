"""What an upstream's redirect means for its account's base URL, in words. PURE.

Redirects are not followed: a POST would become a GET, and the credential would go where nobody sent it.
"""

from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

MAX_CHARACTERS = 300
_MAX_SEGMENTS = 20


def redirect_words(status: int, asked: str, location: str, at: Callable[[str], str]) -> str:
    """``asked`` is the address that was asked, ``location`` what the answer's header says.

    ``at`` says where the same would be asked with another base URL. The target is told without user, query
    and fragment, which may hold a secret.
    """
    said = f"upstream answered with a redirect ({status})"
    try:
        target = urlsplit(urljoin(asked, location))
    except ValueError:
        return f"{said} to nowhere that can be read"
    if not location or target.scheme not in ("http", "https") or len(location) > MAX_CHARACTERS:
        return f"{said} to nowhere that can be read"
    host = f"{target.scheme}://{target.netloc.rpartition('@')[2]}"
    there = host + target.path
    segments = target.path.split("/")[:_MAX_SEGMENTS]
    roots = (host + "/".join(segments[: number + 1]) for number in range(len(segments)))
    root = next((root for root in roots if at(root).partition("?")[0] == there), "")
    if root:
        return f"{said} to {there}: make {root} the account's base URL"
    return f"{said} to {there}, where nothing of the kind is asked: check the account's base URL"
