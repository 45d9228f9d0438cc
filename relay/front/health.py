"""What a supervisor asks: does the process live, can it serve, and its numbers."""

import asyncio
import os

from django.db import DatabaseError, connection
from django.http import HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess

from relay.exchange.runtime import runtime


def health() -> HttpResponse:
    """200 as long as the event loop turns."""
    return JsonResponse({"status": "ok"})


async def readiness() -> HttpResponse:
    """200 when the database answers and an account is usable; else 503 and what is missing."""
    missing = []
    try:
        await asyncio.to_thread(_ask_database)
    except DatabaseError:
        missing.append("database")
    if not runtime().pool.usable_count():
        missing.append("usable account")
    if runtime().is_leaving or runtime().is_draining:
        missing.append("draining")
    return JsonResponse({"ready": not missing, "missing": missing}, status=503 if missing else 200)


def metrics_page() -> HttpResponse:
    """The metrics of all processes, in Prometheus' text format."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library has no types
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _ask_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()
