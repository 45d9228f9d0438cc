"""How the admin's pages write durations, accounts and bodies: as escaped text, whatever is in it."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from monitor.models import Body
from monitor.record.redaction import mask_email
from monitor.words.plain_text import shown

SHOWN_BYTES = 200_000
"""How much of a body a page shows; a browser is slow with more."""

_BOX = (
    "max-height: 32rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere;"
    " font-size: 0.8rem; margin: 0.5rem 0"
)


def account_label(label: str | None) -> str:
    """An account's label, its e-mail masked where that is set; a dash when there is none yet."""
    if label is None:
        return "–"
    return shown(mask_email(label) if settings.ENVIRONMENT.proxy_mask_emails else label)


def duration_text(milliseconds: int | None) -> str:
    """A duration with its unit; a dash when it is not known."""
    if milliseconds is None:
        return "–"
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s"
    return str(timedelta(seconds=milliseconds // 1000))


def unbroken(text: str) -> SafeString:
    """A short text that stays on one line."""
    return format_html('<span style="white-space: nowrap">{}</span>', shown(text))


def box(text: str) -> SafeString:
    """Text of any length, as it is, in a box that scrolls."""
    return format_html('<pre dir="ltr" style="{}">{}</pre>', _BOX, shown(text))


def body_details(body: Body) -> SafeString:
    """A body with its headers, folded when it is large; a response in pieces with their times."""
    heading: str = body.get_kind_display()
    if body.attempt:
        heading = gettext("%(body)s, attempt %(number)d") % {"body": heading, "number": body.attempt}
    return format_html(
        '<details {} style="margin-bottom: 1rem"><summary style="font-weight: 600">{} · {}{}</summary>{}{}'
        "</details>",
        SafeString("open" if body.total_bytes < 10_000 else ""),
        heading,
        filesizeformat(body.total_bytes),
        gettext(" (its end was not kept)") if body.is_capped else "",
        box("\n".join(f"{name}: {value}" for name, value in body.header_pairs())),
        _content(body),
    )


def _content(body: Body) -> SafeString:
    pieces = [(f"+{duration_text(offset_ms)}\n", data) for offset_ms, data in body.events()]
    return format_html(
        '<pre dir="ltr" style="{}">{}{}</pre>',
        _BOX,
        format_html_join(
            "", '<span style="opacity: 0.6">{}</span>{}', _beginning(pieces or [("", body.data())])
        ),
        gettext("… only the beginning is shown here") if body.kept_bytes > SHOWN_BYTES else "",
    )


def _beginning(pieces: Iterable[tuple[str, bytes]]) -> Iterable[tuple[str, str]]:
    left = SHOWN_BYTES
    for label, data in pieces:
        if left <= 0:
            return
        yield label, shown(data[:left].decode("utf-8", "replace"))
        left -= len(data)
