"""What a supervisor asks: does the process live, can it serve, and its numbers."""

import asyncio
import os

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Gauge,
    generate_latest,
    multiprocess,
)

from monitor.ledger.booking import dollars
from monitor.ledger.totals import totals
from relay.exchange.runtime import runtime
from relay.front.insiders import is_insider


def health() -> HttpResponse:
    """200 as long as the event loop turns."""
    return JsonResponse({"status": "ok"})


def may_look_inside(request: HttpRequest) -> bool:
    """Whether who asks may see what the server tells of itself (``PROXY_FIGURES_FOR``)."""
    told = settings.ENVIRONMENT
    return is_insider(
        request.META,
        for_everybody=told.proxy_figures_for == "everybody",
        token=told.proxy_figures_token,
    )


async def readiness(request: HttpRequest) -> HttpResponse:
    """200 when the database answers and an account is usable; else 503, to insiders with what is missing."""
    missing = []
    try:
        await asyncio.to_thread(_ask_database)
    except DatabaseError:
        missing.append("database")
    if not runtime().pool.usable_count():
        missing.append("usable account")
    if runtime().is_leaving or runtime().is_draining:
        missing.append("draining")
    told = {"ready": not missing} | ({"missing": missing} if may_look_inside(request) else {})
    return JsonResponse(told, status=503 if missing else 200)


async def metrics_page(request: HttpRequest) -> HttpResponse:
    """The metrics of all processes, in Prometheus' text format; PermissionDenied for who is no insider.

    What keys used is the ledger's; it is left out when the database does not answer.
    """
    if not may_look_inside(request):
        raise PermissionDenied
    runtime().health.forget_idle()
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library has no types
    try:
        of_keys = await asyncio.to_thread(_of_keys)
    except DatabaseError:
        of_keys = b""
    return HttpResponse(generate_latest(registry) + of_keys, content_type=CONTENT_TYPE_LATEST)


def _of_keys() -> bytes:
    registry = CollectorRegistry()
    names = ["client_key"]
    tokens = Gauge(
        "evenkeel_ledger_tokens", "Tokens that a key used, by the ledger", names, registry=registry
    )
    estimated = Gauge(
        "evenkeel_ledger_tokens_estimated", "Tokens that upstream did not count", names, registry=registry
    )
    cost = Gauge("evenkeel_ledger_cost_usd", "What a key spent, in all", names, registry=registry)
    try:
        for name, usage in totals.by_client_key().items():
            tokens.labels(name).set(usage.tokens)
            estimated.labels(name).set(usage.tokens_estimated)
            cost.labels(name).set(float(dollars(usage.cost_units)))
    finally:
        connection.close()
    return generate_latest(registry)


def _ask_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()
