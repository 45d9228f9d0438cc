"""The page for who has to come later: in the browser's language, without a thread."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from django.template import loader
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header


def later_page(title: str, seconds: float, accept_language: str) -> tuple[bytes, Mapping[str, str]]:
    """Body and headers; ``title`` is a text to translate."""
    told = max(1, round(seconds))
    with translation.override(_language(accept_language)):
        context = {"title": translation.gettext(title), "seconds": told}
        page = loader.get_template("come_later.html").render(context)
    kind = "text/html; charset=utf-8"
    return page.encode(), {"Content-Type": kind, "Retry-After": str(told), "Cache-Control": "no-store"}


async def come_later(
    scope: Mapping[str, Any],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    status: int,
    title: str,
    seconds: float,
) -> None:
    """Answer a request so."""
    asked = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
    body, headers = later_page(title, seconds, asked.decode("latin1"))
    told = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _language(accept_language: str) -> str:
    for name, _quality in parse_accept_lang_header(accept_language):
        try:
            return translation.get_supported_language_variant(name)
        except LookupError:
            continue
    return translation.get_language() or "en"
