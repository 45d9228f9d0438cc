"""What is neither an answer nor an error: a web page, or a redirect, which tells a base URL. PURE.

Redirects are not followed: a POST would become a GET, and the credential would go where nobody sent it.
"""

from collections.abc import Callable, Mapping
from urllib.parse import urljoin, urlsplit

import msgspec

from accounts.snapshot import AccountView
from monitor.masking.known import KnownSecrets
from relay.neutral.failures import Failure, Kind

WEB_PAGE = "upstream answered with a web page"

MAX_CHARACTERS = 300
_MAX_SEGMENTS = 20


def is_web_page(headers: Mapping[str, str]) -> bool:
    """Is it a page for people, as fronts and captive networks send them with a 200?"""
    return headers.get("content-type", "").startswith("text/html")


def no_answer(
    status: int,
    headers: Mapping[str, str],
    known: KnownSecrets,
    account: AccountView,
    url: Callable[[AccountView], str],
) -> Failure:
    """The failure that an answer with these ``headers`` is: a redirect, or a status that HTTP does not know.

    ``url`` tells where an account was asked.
    """
    if not 300 <= status <= 399:
        return Failure(Kind.GARBAGE, f"upstream answered with status {status}")

    def at(base_url: str) -> str:
        return url(msgspec.structs.replace(account, base_url=base_url))

    words = redirect_words(status, url(account), headers.get("location", ""), at)
    return Failure(Kind.GARBAGE, known.mask_text(words))


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
