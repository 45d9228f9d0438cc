"""``GET /v1/usage``: a key's own limits and figures, asked with the key itself."""

import asyncio

import msgspec
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.models import ClientKey
from relay.exchange.admitting import Admission, Refused, admitted
from relay.exchange.response.responses import identify
from relay.limits.counts import Counts
from relay.limits.key_usage import as_csv as csv_of
from relay.limits.key_usage import as_json as json_of
from relay.limits.usage_reading import usage_of
from relay.neutral.failures import Failure, Kind
from relay.short.catalog import dialect_of
from relay.speakers.places import LONGEST_ID


async def key_usage(request: HttpRequest) -> HttpResponseBase:
    """JSON, or CSV for ``?format=csv`` and for who accepts that alone. ``?conversation=`` names one."""
    return await admitted(request, dialect_of(request), _told)


async def _told(admission: Admission) -> HttpResponseBase:
    caller = admission.authenticate()
    counter = admission.runtime.limits
    if counter is None:
        raise Refused(Failure(Kind.INTERNAL, "This server counts nothing.", status=503))
    conversation = admission.request.GET.get("conversation", "").strip()
    if len(conversation) > LONGEST_ID or "\0" in conversation:
        message = f"conversation: an id of at most {LONGEST_ID} characters."
        raise Refused(Failure(Kind.BAD_REQUEST, message, status=400))
    accepts = admission.headers.get("accept", "")
    wants_csv = admission.request.GET.get("format") == "csv" or accepts.startswith("text/csv")
    told = await asyncio.to_thread(_read, caller.id, counter.counts, conversation, as_csv=wants_csv)
    if told is None:
        raise Refused(Failure(Kind.UNAUTHORIZED, "The client key was removed.", status=401))
    if wants_csv:
        response = HttpResponse(told, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="usage.csv"'
    else:
        response = HttpResponse(told, content_type="application/json")
    response["Cache-Control"] = "no-store"
    identify(response, admission.dialect, admission.request_id)
    return response


def _read(key_id: int, counts: Counts, conversation: str, *, as_csv: bool) -> bytes | None:
    """What is told, written out: a busy key's month takes a fifth of a second, which no stream waits for."""
    try:
        key = ClientKey.objects.filter(pk=key_id).first()
        if key is None:
            return None
        usage = usage_of(key, counts, conversation, with_conversations=not as_csv)
        return csv_of(usage).encode() if as_csv else msgspec.json.encode(json_of(usage))
    finally:
        connection.close()
