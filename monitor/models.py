"""The tables of what happened: exchanges, their attempts, their bodies.

Rows are written by ``writer`` alone, in its own SQL; nothing here has a ``save`` of its own. Accounts,
models and keys are snapshots as text, since history outlives them. ``NULL`` means "not known (yet)".

A request id sorts by time, so ``id`` is the order of every page, each index of a filter ends in it, and a
time range is a range of ids. An index costs its writing on every exchange, and most exchanges just end
well: how one ended is indexed for the ``is_notable`` only. Who asks for one of the plain values (``ok``,
200, …) finds them by walking the rows; who asks for another adds ``is_notable=True`` (``queries`` does).
"""

# ruff: noqa: D106, DJ001  Meta says nothing that needs a docstring; an unknown text is NULL, "" is known

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, TypeVar

import zstandard
from django.db import models
from django.db.models import ExpressionWrapper, F, Q
from django.utils.translation import gettext_lazy as _

from monitor.conversations.models import Conversation as Conversation
from monitor.conversations.models import ConversationPart as ConversationPart
from monitor.history.listing.saved_views import SavedView as SavedView  # here Django looks for models
from monitor.ledger.models import LedgerCorrection as LedgerCorrection
from monitor.ledger.models import LedgerHour as LedgerHour
from monitor.object_store.reading import content_of
from monitor.pricing.prices import ModelPrice as ModelPrice
from monitor.record.cache_misses import SUMMED
from monitor.record.outcome import FAILURES as FAILURES
from monitor.record.outcome import RESCUED as RESCUED
from monitor.search.models import SearchProgress as SearchProgress
from monitor.statistics.models import DailyStatistic as DailyStatistic
from monitor.statistics.models import HourStatistic as HourStatistic
from monitor.statistics.models import RemovedHistory as RemovedHistory
from monitor.statistics.models import StatisticChange as StatisticChange
from monitor.words.labels import (
    BODY_LABELS,
    CACHE_MISS_LABELS,
    DIALECT_LABELS,
    ENDED_BY_LABELS,
    ENDED_IN_LABELS,
    OUTCOME_LABELS,
    ROLE_LABELS,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

E = TypeVar("E", bound=StrEnum)

ASKED_BY_A_CLIENT = Q(is_simulated=False, replay_of="")
"""No replay and no example: what a client did, and what its conversations and its money are made of."""

PLAIN_END: dict[str, object] = {
    "outcome": "ok",
    "status": 200,
    "ended_by": "upstream",
    "ended_in": "after_stop",
}
"""How most exchanges end; each other end is notable."""

VIEW_BODIES, EXPORT = "view_bodies", "export_requestlog"
"""Rights of their own: to read what was asked and answered, and to take requests away in a file."""

SLOW_FIRST_DATA_MS = 10_000
"""From where on the wait for first data counts as slow: half of what makes Claude Code warn (20 s)."""


def _choices(labels: Mapping[E, "StrOrPromise"]) -> list[tuple[str, "StrOrPromise"]]:
    return [(member.value, label) for member, label in labels.items()]


def _filter_index(column: str, **condition: object) -> models.Index:
    """The index of a filter by one column, for all rows or some."""
    return models.Index(
        fields=[column, "id"], name=f"request_{column}", condition=Q(**condition) if condition else None
    )


def _subset_index(name: str, **condition: object) -> models.Index:
    """The index of a filter that asks for a small part of the rows, and always for the same one."""
    return models.Index(fields=["id"], name=f"request_{name}", condition=Q(**condition))


def _generated(expression: Q) -> models.GeneratedField:
    """A yes or no that the database works out by itself."""
    return models.GeneratedField(
        expression=ExpressionWrapper(expression, models.BooleanField()),
        output_field=models.BooleanField(),
        db_persist=True,
    )


class RequestLog(models.Model):
    """One exchange; the fields are those of ``records.RequestRecord``."""

    id = models.CharField(_("request id"), primary_key=True, max_length=32)
    started_at = models.DateTimeField(_("time"))
    process_id = models.CharField(_("process"), max_length=64)
    dialect = models.CharField(_("dialect"), max_length=16, choices=DIALECT_LABELS)
    method = models.CharField(_("method"), max_length=8)
    path = models.TextField(_("path"))
    client_key = models.CharField(_("client key"), max_length=100)
    client_key_id = models.BigIntegerField(null=True)
    client_model = models.CharField(_("client's model"), max_length=200)
    is_stream = models.BooleanField(_("stream"))
    preview = models.TextField(_("last user turn"))
    session_hash = models.CharField(_("session"), max_length=64)
    conversation = models.CharField(_("conversation"), max_length=32, default="")
    agent = models.CharField(_("agent"), max_length=32, default="")
    parent_agent = models.CharField(_("parent agent"), max_length=32, default="")
    agent_label = models.CharField(_("agent's name"), max_length=64, default="")
    client_name = models.CharField(_("client"), max_length=40, default="")
    role = models.CharField(_("role"), max_length=8, choices=ROLE_LABELS, default="")
    request_bytes = models.BigIntegerField(_("request size"))
    replay_of = models.CharField(_("replay of"), max_length=32)
    is_simulated = models.BooleanField(_("sent to the simulator"), default=False)

    in_flight = models.BooleanField(_("in flight"))
    mapped_model = models.CharField(_("mapped model"), max_length=200, null=True)
    account = models.CharField(_("account"), max_length=254, null=True)
    status = models.SmallIntegerField(_("status"), null=True)
    status_class = models.GeneratedField(
        expression=F("status") / 100, output_field=models.SmallIntegerField(), db_persist=True
    )
    outcome = models.CharField(_("outcome"), max_length=16, choices=_choices(OUTCOME_LABELS), null=True)
    ended_by = models.CharField(_("ended by"), max_length=16, choices=_choices(ENDED_BY_LABELS), null=True)
    ended_in = models.CharField(_("ended in"), max_length=16, choices=_choices(ENDED_IN_LABELS), null=True)
    attempts = models.SmallIntegerField(_("attempts"))
    first_data_ms = models.BigIntegerField(_("first data (ms)"), null=True)
    duration_ms = models.BigIntegerField(_("duration (ms)"), null=True)
    tokens_in = models.BigIntegerField(_("tokens in"), null=True)
    tokens_out = models.BigIntegerField(_("tokens out"), null=True)
    tokens_cached = models.BigIntegerField(_("cached tokens"), null=True)
    tokens_cache_write = models.BigIntegerField(_("tokens written to the cache"), null=True)
    tokens_thinking = models.BigIntegerField(_("thinking tokens"), null=True)
    cost = models.DecimalField(_("cost (US$)"), max_digits=18, decimal_places=10, null=True)
    stop_reason = models.CharField(_("stop reason"), max_length=64, null=True)
    response_bytes = models.BigIntegerField(_("response size"))
    error = models.TextField(_("error"), null=True)
    cached_tokens_lost = models.BigIntegerField(_("cached tokens lost"), null=True)
    cache_miss = models.CharField(
        _("why the cache was not read"), max_length=16, choices=CACHE_MISS_LABELS, default=""
    )
    cache_miss_tokens = models.BigIntegerField(_("tokens not read from the cache"), null=True)
    cache_miss_cost = models.DecimalField(
        _("lost by that (US$)"), max_digits=18, decimal_places=10, null=True
    )
    healed = models.BooleanField(_("healed"))
    continued = models.BooleanField(_("continued"))
    seams = models.JSONField(_("seams"))
    changes = models.JSONField(_("what was changed"))
    diagnostics = models.JSONField(_("diagnostics"))
    used_by_attempt = models.JSONField(_("used by each attempt"), null=True)

    is_notable = _generated(Q(in_flight=False) & ~Q(**PLAIN_END))
    is_failure = _generated(Q(outcome__in=FAILURES))

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        ordering: ClassVar = ["-id"]
        permissions: ClassVar = [
            (VIEW_BODIES, "Can read what was asked and answered"),
            (EXPORT, "Can export requests"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="request_ended_has_an_outcome",
                condition=Q(in_flight=True, outcome__isnull=True) | Q(in_flight=False, outcome__isnull=False),
            )
        ]
        indexes: ClassVar = [
            *map(_filter_index, ("client_key", "client_model", "dialect")),
            _filter_index("mapped_model", mapped_model__isnull=False),
            _filter_index("account", account__isnull=False),
            _filter_index("replay_of", replay_of__gt=""),
            _filter_index("conversation", conversation__gt=""),
            _filter_index("agent", agent__gt=""),
            models.Index(fields=SUMMED, name="request_missed", condition=Q(cache_miss__gt="")),
            _subset_index("by_sub_agents", role="sub"),
            *(_filter_index(column, is_notable=True) for column in (*PLAIN_END, "status_class")),
            _subset_index("streamed", is_stream=True),
            _subset_index("collected", is_stream=False),
            _subset_index("in_flight", in_flight=True),
            _subset_index("failed", is_failure=True),
            _subset_index("healed", healed=True),
            _subset_index("continued", continued=True),
            _subset_index("retried", attempts__gt=1),
            _subset_index("zero_tokens", tokens_out=0),
            _subset_index("slow", first_data_ms__gte=SLOW_FIRST_DATA_MS),
        ]

    def __str__(self) -> str:
        return self.id


class AttemptLog(models.Model):
    """One try upstream; the fields are those of ``records.AttemptRecord``."""

    # No constraint in the database: on overload an attempt may be kept whose row was left out.
    request = models.ForeignKey(
        RequestLog, models.DO_NOTHING, related_name="attempt_logs", db_constraint=False, db_index=False
    )
    number = models.SmallIntegerField(_("attempt"))
    account = models.CharField(_("account"), max_length=254)
    account_kind = models.CharField(_("kind"), max_length=20)
    upstream_model = models.CharField(_("model"), max_length=200)
    started_offset_ms = models.BigIntegerField(_("started after (ms)"))
    status = models.SmallIntegerField(_("status"), null=True)
    phase = models.CharField(_("phase"), max_length=16, choices=_choices(ENDED_IN_LABELS), null=True)
    failure_kind = models.CharField(_("failure"), max_length=64, null=True)
    failure_text = models.TextField(_("failure text"), null=True)
    strategy = models.CharField(_("strategy"), max_length=64, null=True)
    delay_ms = models.BigIntegerField(_("wait (ms)"), null=True)
    rotate = models.BooleanField(_("rotate"), null=True)
    heal = models.CharField(_("heal"), max_length=64, null=True)
    connect_ms = models.BigIntegerField(_("connected (ms)"), null=True)
    headers_ms = models.BigIntegerField(_("headers (ms)"), null=True)
    first_data_ms = models.BigIntegerField(_("first data (ms)"), null=True)
    end_ms = models.BigIntegerField(_("end (ms)"), null=True)
    upstream_request_id = models.CharField(_("upstream's request id"), max_length=128, null=True)
    tokens_in = models.BigIntegerField(_("tokens in"), null=True)
    tokens_out = models.BigIntegerField(_("tokens out"), null=True)
    tokens_cached = models.BigIntegerField(_("cached tokens"), null=True)
    tokens_cache_write = models.BigIntegerField(_("tokens written to the cache"), null=True)
    tokens_thinking = models.BigIntegerField(_("thinking tokens"), null=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering: ClassVar = ["request", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["request", "number"], name="attempt_is_one_of_its_request")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["upstream_request_id"],
                condition=models.Q(upstream_request_id__isnull=False),
                name="attempt_upstream_request_id",
            )
        ]

    def __str__(self) -> str:
        return f"{self.request_id} {self.number}"


class Body(models.Model):
    """One body of an exchange: masked, capped, compressed."""

    request = models.ForeignKey(
        RequestLog, models.DO_NOTHING, related_name="bodies", db_constraint=False, db_index=False
    )
    kind = models.CharField(_("body"), max_length=20, choices=_choices(BODY_LABELS))
    attempt = models.SmallIntegerField(_("attempt"))
    total_bytes = models.BigIntegerField(_("size"))
    """Of the whole body as it was, also of what is not kept."""
    kept_bytes = models.BigIntegerField(_("kept"))
    """Of what is kept, masked, before compression."""
    is_capped = models.BooleanField(_("capped"))
    """Whether its end was left out."""
    stored_bytes = models.BigIntegerField(_("stored"))
    """What the row takes in the database, about: retention by size adds these up."""
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    """Of the whole body as it was, before masking."""
    headers = models.TextField()
    content = models.BinaryField()
    """Compressed; empty where it lies in a store of objects (``monitor/object_store``)."""
    timing = models.BinaryField()

    class Meta:
        verbose_name = _("body")
        verbose_name_plural = _("bodies")
        ordering: ClassVar = ["request", "attempt", "kind"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["request", "kind", "attempt"], name="body_is_one_of_its_request")
        ]
        indexes: ClassVar = [models.Index(fields=["request", "stored_bytes"], name="body_stored_bytes")]

    def __str__(self) -> str:
        return f"{self.request_id} {self.kind} {self.attempt}"

    def header_pairs(self) -> list[tuple[str, str]]:
        """The headers in order, their secrets masked."""
        return [(name, value) for name, value in json.loads(self.headers)]

    def data(self) -> bytes:
        """What is kept of the body, its secrets masked. Raises BodyUnreachable."""
        return zstandard.decompress(self.content or content_of(self))

    def events(self) -> list[tuple[int, bytes]]:
        """A response as it was sent: pieces with their milliseconds since admission."""
        data, start, pieces = self.data(), 0, []
        for offset_ms, end in json.loads(zstandard.decompress(self.timing)) if self.timing else []:
            pieces.append((offset_ms, data[start:end]))
            start = end
        return pieces
