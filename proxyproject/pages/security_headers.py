"""What a browser is told of every page: what it may load and run, and what it may tell others. PURE.

No page has a script between its lines, and no text is run as a script, so a text that slips through as
markup runs nothing. Styles may stand in the markup: the theme's colours do, and the bars of an attempt are
as wide as it was long (docs/decisions/0011-content-security-policy.md).
"""

from collections.abc import Iterable

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

_REFUSED_FEATURES = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
)

PAGE_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"same-origin"),  # less would break Django's check of forms over https
    (b"permissions-policy", ", ".join(f"{name}=()" for name in _REFUSED_FEATURES).encode()),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
)


def with_page_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """``headers`` of a page's answer with those of every page; what the page says itself stands."""
    own = list(headers)
    told = {name.lower() for name, _ in own}
    return [*own, *(header for header in PAGE_HEADERS if header[0] not in told)]
