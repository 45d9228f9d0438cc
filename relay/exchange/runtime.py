"""What one process needs to serve exchanges: built once, started and stopped with the process."""

import time
from collections.abc import Sequence
from functools import partial
from typing import Protocol

import msgspec
from django.conf import settings

from accounts.loaded.live_accounts import LiveAccounts, live
from accounts.processes.shared_tokens import SharedTokens
from monitor.masking.many import NOBODYS, ManySecrets
from monitor.record.records import Record, RequestRecord
from relay.dialects.interface import Dialect
from relay.engine.retrying.deadlines import TimeLimits
from relay.exchange.in_flight import InFlight
from relay.exchange.large_bodies import beside_the_loop
from relay.exchange.performing.quota_listener import QuotaListener
from relay.exchange.record.use_keeper import UseKeeper
from relay.exchange.upstream_health import HealthSettings, UpstreamHealth
from relay.limits.conversations.conversation_counting import ConversationGate
from relay.limits.key_counter import KeyCounter
from relay.memory.conversation_memory import Memory
from relay.upstream.cache_key import cache_key, this_installation
from relay.upstream.client import UpstreamClient
from relay.upstream.hops import this_instance
from relay.upstream.others import OtherSecrets
from relay.upstream.quota_call import QuotaCall


class RelaySettings(msgspec.Struct, frozen=True):
    """The relay's settings (docs/configuration.md has each). Seconds and bytes as the names say."""

    peek_timeout_seconds: float | None
    thinking_timeout_seconds: float
    idle_timeout_seconds: float
    settle_seconds: float
    deadline_seconds: float
    patience_seconds: float
    keep_alive_seconds: float
    backoff_scale: float
    max_body_bytes: int
    account_header: str
    has_front: bool
    records_bodies: bool
    body_cap_bytes: int
    max_event_bytes: int

    @classmethod
    def from_environment(cls) -> "RelaySettings":
        """The settings as the operator gave them."""
        environment = settings.ENVIRONMENT
        return cls(
            peek_timeout_seconds=environment.relay_peek_timeout_seconds,
            thinking_timeout_seconds=environment.relay_thinking_timeout_seconds,
            idle_timeout_seconds=environment.relay_idle_timeout_seconds,
            settle_seconds=environment.relay_settle_seconds,
            deadline_seconds=environment.relay_deadline_seconds,
            patience_seconds=environment.relay_patience_seconds,
            keep_alive_seconds=environment.relay_keep_alive_seconds,
            backoff_scale=environment.relay_backoff_scale,
            max_body_bytes=environment.relay_max_body_bytes,
            account_header=environment.proxy_account_header,
            has_front=environment.proxy_https,
            records_bodies=environment.monitor_record_bodies,
            body_cap_bytes=environment.monitor_body_cap_bytes,
            max_event_bytes=environment.relay_max_event_bytes,
        )

    def limits(self, dialect: Dialect) -> TimeLimits:
        """The deadlines on a path of ``dialect``; an explicit peek timeout rules the thinking one too."""
        explicit = self.peek_timeout_seconds
        return TimeLimits(
            first_data_seconds=dialect.first_data_seconds if explicit is None else explicit,
            thinking_seconds=self.thinking_timeout_seconds,
            first_data_thinking_seconds=self.thinking_timeout_seconds if explicit is None else explicit,
            idle_seconds=self.idle_timeout_seconds,
            settle_seconds=self.settle_seconds,
            deadline_seconds=self.deadline_seconds,
            backoff_scale=self.backoff_scale,
        )


class Writer(Protocol):
    """Where records go. ``submit`` never waits."""

    def submit(self, record: Record) -> None:
        """Take a record."""
        ...


class Runtime:
    """The collaborators of every exchange in this process, and the exchanges that run."""

    def __init__(
        self,
        accounts: LiveAccounts,
        writer: Writer,
        relay_settings: RelaySettings,
        limits: KeyCounter | None = None,
        *,
        redis_url: str = "",
        in_flight: InFlight | None = None,
        is_apart: bool = False,
    ) -> None:
        """Nothing is started yet.

        ``limits`` counts what keys use; None where nobody's are looked at. One that ``is_apart`` reads and
        tells nothing of conversations beyond itself, and counts in no metrics of upstreams; with another's
        ``in_flight`` it is drained with that one.
        """
        environment = settings.ENVIRONMENT
        self.accounts = accounts
        self.pool = accounts.pool
        self.writer = writer
        self.settings = relay_settings
        self.memory = Memory(
            accounts.bus,
            environment.relay_signature_tool_limit,
            environment.relay_signature_family_limit,
            environment.relay_signature_session_limit,
            redis_url,
            is_apart=is_apart,
        )
        self.instance = this_instance()
        self.cache_key = partial(cache_key, this_installation())
        self.upstream = UpstreamClient(
            environment.relay_connect_timeout_seconds,
            environment.relay_max_answer_bytes,
            self.instance,
            SharedTokens(redis_url) if redis_url else None,
        )
        self.others = OtherSecrets(accounts.secrets)
        self.upstream.others, self.upstream.beside = self.others, beside_the_loop
        self.upstream.got_token = accounts.secrets.got_token
        if not is_apart:
            accounts.before_use = self.others.follow
        self.upstream.heard = QuotaListener(self.pool)
        self._quota_call = QuotaCall(self.upstream, self.pool.note_quota, self.pool.now)
        if not is_apart:
            self.upstream.signed_in = self._quota_call
        self.limits = limits
        self.conversations = ConversationGate(self.pool.roster.targets)
        self.in_flight = in_flight or InFlight()
        self._use_keeper = UseKeeper(self.in_flight.records) if in_flight is None else None
        self.health = UpstreamHealth(
            HealthSettings(
                retry_share=environment.relay_retry_share,
                retry_floor=environment.relay_retry_floor,
                retry_queue=environment.relay_retry_queue,
                breaker_attempts=environment.relay_breaker_attempts,
                breaker_share=environment.relay_breaker_share,
                breaker_seconds=environment.relay_breaker_seconds,
            ),
            time.monotonic,
            is_measured=not is_apart,
        )
        self.pool.roster.rests = self.health
        self.is_leaving = False
        self.is_draining = False

    async def start(self) -> None:
        """Read what was remembered."""
        await self.others.start()
        await self.memory.start()
        if self._use_keeper is not None:
            self._use_keeper.start()
        if self.limits is not None:
            await self.limits.start()

    def settle_for(self, rows: Sequence[RequestRecord]) -> None:
        """Count in the budgets of their keys what the exchanges of dead processes have used.

        This one may be among them, where its heartbeat did not reach the store: it tells its own itself.
        """
        own = self.accounts.process_id
        for row in rows:
            caller = self.accounts.keys.of_id(row.client_key_id)
            is_counted = not row.is_simulated and row.process_id != own
            if caller is not None and self.limits is not None and is_counted:
                self.limits.settle_for(caller, row)

    def leave(self) -> None:
        """Go on serving, and say that it is not for long: a front sends new requests elsewhere."""
        self.is_leaving = True

    def drain(self) -> None:
        """Begin nothing new."""
        self.is_draining = True

    async def stop(self) -> None:
        """End every exchange that runs, with the error event, and wait until each is told."""
        await self.in_flight.stop()
        if self._use_keeper is not None:
            await self._use_keeper.stop()
        await self.memory.stop()
        if self.limits is not None:
            await self.limits.stop()
        await self._quota_call.stop()
        await self.others.stop()
        await self.upstream.close()


_runtime: Runtime | None = None


def runtime() -> Runtime:
    """This process's runtime; RuntimeError before it was begun."""
    if _runtime is None:
        raise RuntimeError("the relay is not started")
    return _runtime


def others() -> ManySecrets:
    """Whose credentials no answer may tell; nobody's where no relay runs in this process."""
    return NOBODYS if _runtime is None else _runtime.others()


def begin(writer: Writer, limits: KeyCounter | None = None) -> Runtime:
    """Build this process's runtime, inside its event loop; ``limits`` counts what keys use."""
    global _runtime
    _runtime = Runtime(live, writer, RelaySettings.from_environment(), limits, redis_url=settings.REDIS_URL)
    return _runtime
