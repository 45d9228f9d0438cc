"""What joins the rooms at run time: who is started with the process, and who is told of its end.

Called once, by ``asgi.py``. The rooms below know neither each other nor the frame.
"""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Collection, Mapping
from functools import partial
from urllib.parse import parse_qsl

from django.conf import settings

from accounts.admin.actions import register_account_test, register_asked_address, register_models_to_test
from accounts.admin.figures import register_account_figures, register_key_figures
from accounts.credentials.encryption import CannotDecrypt
from accounts.loaded.live_accounts import live, live_process_ids
from accounts.loaded.seal import check_seal
from accounts.processes import heartbeats
from accounts.processes.process_locks import ProcessLock
from monitor.conversations.limited import register_conversation_limits
from monitor.live.feed import live_feed
from monitor.object_store.store import configured
from monitor.record.request_id import RANDOM_BYTES, new_request_id
from monitor.retention.housekeeping import Housekeeper
from monitor.retention.pruner import Limits
from monitor.retention.turn import HousekeepingTurn
from monitor.store.writer import RecordWriter
from proxyproject.pages.account_figures import account_figures
from proxyproject.pages.key_figures import key_figures
from proxyproject.pages.shown_limits import conversation_limits
from proxyproject.serving.connection.early_answers import EarlyAnswer, Refusal, set_renderer
from proxyproject.serving.door.callers import set_caller_check
from proxyproject.serving.lifecycle import CannotServe, Lifecycle
from proxyproject.serving.loop_watch import start_watching
from proxyproject.serving.quiet_collection import QuietCollection, settle_memory
from proxyproject.sqlite.base import keep_file
from relay.admission.auth import NO_ROOM, authenticate
from relay.admission.early_answer import early_answer
from relay.exchange import runtime
from relay.exchange.record.early_refusals import record_refusal
from relay.exchange.record.progress import ProgressReader
from relay.limits.key_counting import key_counter
from relay.memory import database
from relay.short.trial import test_account
from relay.short.trial_models import models_to_try
from relay.upstream.address import asked_address

logger = logging.getLogger(__name__)

RECORDED_REFUSALS = frozenset({401, 408, 413})
"""What a client is told before the application is asked, and gets a row for."""

FLUSH_SECONDS = 10.0
"""How long the end waits for rows that are not yet written."""

HOUSEKEEPING_END_SECONDS = 5.0
"""How long the end waits for a batch of old history that is just being removed."""

writer = RecordWriter(
    body_cap_bytes=settings.ENVIRONMENT.monitor_body_cap_bytes,
    record_bodies=settings.ENVIRONMENT.monitor_record_bodies,
    object_store=configured(),
)
"""The one writer of this process."""

process_lock = ProcessLock(settings.DATA_DIR / "processes", live.process_id)
"""What tells the other processes of this data directory that this one lives."""


def forget_processes(process_ids: Collection[str]) -> None:
    """Nothing is left to do for these dead processes; nor do they take a share of the accounts any more."""
    for process_id in process_ids:
        heartbeats.leave(process_id)
    process_lock.forget(process_ids)


housekeeper = Housekeeper(
    live_process_ids,
    Limits(settings.ENVIRONMENT.monitor_retention_days, settings.ENVIRONMENT.monitor_retention_bytes),
    process_lock.dead,
    forget_processes,
    prunes=(database.prune,),
    turn=HousekeepingTurn(settings.DATA_DIR / "housekeeper.lock"),
    now=live.now,
)
"""Closes what dead processes left in flight, and removes old history: one process for all."""


def wire(lifecycle: Lifecycle) -> None:
    """Register what happens at the process's start and end."""
    set_renderer(render)
    set_caller_check(knows_caller)
    register_account_test(test_account)
    register_models_to_test(models_to_try)
    register_asked_address(asked_address)
    register_account_figures(account_figures)
    register_key_figures(key_figures)
    register_conversation_limits(conversation_limits)
    writer.on_committed(live_feed.committed)
    lifecycle.on_start(keep_file)
    lifecycle.on_start(process_lock.hold)
    lifecycle.on_start(writer.start)
    lifecycle.on_start(_check_seal, is_essential=True)
    lifecycle.on_start(live.start, is_essential=True)
    lifecycle.on_start(lambda: live_feed.start(live.process_id))
    lifecycle.on_start(_begin_relay)
    lifecycle.on_start(lambda: runtime.runtime().start(), is_essential=True)
    lifecycle.on_start(settle_memory)
    quiet = QuietCollection(lambda: not runtime.runtime().in_flight.drivers)
    lifecycle.on_start(quiet.start)
    lifecycle.on_start(housekeeper.start)
    if (stall_seconds := settings.ENVIRONMENT.proxy_stall_seconds) is not None:
        lifecycle.on_start(partial(start_watching, stall_seconds))
    lifecycle.on_leave(lambda: runtime.runtime().leave())
    lifecycle.on_drain(lambda: runtime.runtime().drain())
    lifecycle.on_stop(lambda: runtime.runtime().stop())
    lifecycle.on_stop(quiet.stop)
    lifecycle.on_stop(_end_fault_lab)
    lifecycle.on_stop(live.stop)
    lifecycle.on_stop(live_feed.stop)
    lifecycle.on_stop(lambda: asyncio.to_thread(housekeeper.stop, HOUSEKEEPING_END_SECONDS))
    lifecycle.on_flush(_flush)
    lifecycle.on_flush(process_lock.release)


def knows_caller(path: str, query: str, headers: Mapping[str, str]) -> bool:
    """Does the request show a valid client key? On the relay's paths nobody else sends much."""
    return authenticate(runtime.runtime().accounts.keys, headers, dict(parse_qsl(query))) is not None


def render(refusal: Refusal) -> EarlyAnswer:
    """An answer without an exchange, in the dialect of the path."""
    request_id = new_request_id(int(time.time() * 1000), os.urandom(RANDOM_BYTES))
    headers, body = early_answer(refusal.path, refusal.status, refusal.message, request_id)
    if refusal.status in RECORDED_REFUSALS or refusal.message == NO_ROOM:
        asked = (refusal.method, refusal.path)
        record_refusal(runtime.runtime(), request_id, *asked, refusal.status, refusal.message)
    return EarlyAnswer(refusal.status, headers, body)


async def _check_seal() -> None:
    """A process with another Fernet key than the database's credentials were sealed with must not serve."""
    try:
        await asyncio.to_thread(check_seal)
    except CannotDecrypt as error:
        raise CannotServe(str(error)) from None


def _begin_relay() -> None:
    begun = runtime.begin(writer, key_counter(live, writer.prices))
    loop = asyncio.get_running_loop()
    housekeeper.on_closed(lambda rows: loop.call_soon_threadsafe(begun.settle_for, rows))
    reader = ProgressReader(begun.in_flight.answers)
    live_feed.ask_progress_of(
        lambda ids: ((key, one.tokens, one.is_estimate) for key, one in reader.read(ids).items())
    )


async def _end_fault_lab() -> None:
    """A run that was started from this process's page ends with it."""
    used = sys.modules.get("proxyproject.faultlab.background")  # loaded by whoever opens the page
    if used is not None:
        await asyncio.to_thread(used.background_lab.end)


async def _flush() -> None:
    if not await asyncio.to_thread(writer.stop, FLUSH_SECONDS):
        logger.error("Rows are lost: the store did not take them within %g s", FLUSH_SECONDS)
