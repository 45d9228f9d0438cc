"""A request's headers as the relay reads them."""

from collections.abc import Mapping

from django.http import HttpRequest


def headers_of(request: HttpRequest) -> dict[str, str]:
    """The request's headers by lower-case name, straight from the wire: Django's own mapping costs 0.1 ms."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.scope["headers"]:  # type: ignore[attr-defined]
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def query_of(request: HttpRequest) -> Mapping[str, str]:
    """The query's parameters; most requests have none, and Django takes 10 µs to say so."""
    return request.GET if request.scope.get("query_string", b"?") else {}  # type: ignore[attr-defined]
