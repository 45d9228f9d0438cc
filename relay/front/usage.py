"""``GET /v1/usage``: a key's own limits and figures, asked with the key itself."""

import asyncio

import msgspec
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.models import ClientKey
from relay.dialects.registry import dialect_of_list
from relay.exchange.admitting import Admission, Refused, admitted
from relay.exchange.responses import identify
from relay.limits.counts import Counts
from relay.limits.usage import KeyUsage, as_csv, as_json
from relay.limits.usage_reading import usage_of
from relay.neutral.failures import Failure, Kind


async def key_usage(request: HttpRequest) -> HttpResponseBase:
    """JSON, or CSV for ``?format=csv`` and for who accepts that alone."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    dialect = dialect_of_list(request.path, headers, request.GET.dict())
    return await admitted(request, dialect, lambda admission: _told(admission, headers))


async def _told(admission: Admission, headers: dict[str, str]) -> HttpResponseBase:
    caller = admission.authenticate()
    counter = admission.runtime.limits
    if counter is None:
        raise Refused(Failure(Kind.INTERNAL, "This server counts nothing.", status=503))
    usage = await asyncio.to_thread(_read, caller.id, counter.counts)
    if usage is None:
        raise Refused(Failure(Kind.UNAUTHORIZED, "The client key was removed.", status=401))
    wants_csv = admission.request.GET.get("format") == "csv" or headers.get("accept", "").startswith(
        "text/csv"
    )
    if wants_csv:
        response = HttpResponse(as_csv(usage), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="usage.csv"'
    else:
        response = HttpResponse(msgspec.json.encode(as_json(usage)), content_type="application/json")
    response["Cache-Control"] = "no-store"
    identify(response, admission.dialect, admission.request_id)
    return response


def _read(key_id: int, counts: Counts) -> KeyUsage | None:
    try:
        key = ClientKey.objects.filter(pk=key_id).first()
        return None if key is None else usage_of(key, counts)
    finally:
        connection.close()
