"""Reads the snapshot from the database. Blocking: called in a thread."""

from typing import Any, cast

import msgspec

from accounts.facts.models import stored_overrides
from accounts.groups.strategies import Strategy
from accounts.keys.key_loading import key_view
from accounts.kinds import Kind, default_base_url
from accounts.mapping import Mapping
from accounts.marks import MarkCause
from accounts.models import Account, AccountGroup, AccountMark, ClientKey, ModelMapping
from accounts.pool.quota_windows import Window
from accounts.revisions import Revision
from accounts.snapshot import AccountView, KeptMark, Snapshot, epoch

_ACCOUNT_FIELDS = (
    "id", "email", "kind", "base_url", "offered_models", "priority", "weight", "groups",
    "max_in_flight", "project", "location", "enabled", "disabled_reason", "marks_cleared_at",
    "credential_sealed",
)  # fmt: skip


def load_snapshot() -> Snapshot:
    """What the database says now. The revision is read first: a change during the reading is read again."""
    revision, marks_revision = Revision.both()
    return Snapshot(
        revision=revision,
        marks_revision=marks_revision,
        accounts=tuple(_account(row) for row in Account.objects.order_by("pk").values(*_ACCOUNT_FIELDS)),
        mappings=tuple(mapping_view(row) for row in ModelMapping.objects.all()),
        keys=tuple(key_view(key) for key in ClientKey.objects.filter(enabled=True).order_by("pk")),
        marks=load_marks(),
        windows=load_windows(),
        strategies=_load_strategies(),
        overrides=stored_overrides(),
    )


def load_routing(besides: int | None) -> Snapshot:
    """What decides where a model leads, but for the mapping ``besides``: no key, no credential, no mark."""
    fields = [name for name in _ACCOUNT_FIELDS if name != "credential_sealed"]
    accounts = Account.objects.order_by("pk").values(*fields)
    mappings = ModelMapping.objects.exclude(pk=besides or 0)
    return Snapshot(
        accounts=tuple(_account({**row, "credential_sealed": ""}) for row in accounts),
        mappings=tuple(mapping_view(row) for row in mappings),
        strategies=_load_strategies(),
        overrides=stored_overrides(),
    )


def mapping_view(row: ModelMapping) -> Mapping:
    """One mapping's row as the relay sees it; it may be one that is not saved."""
    return Mapping(
        row.pattern, row.target, frozenset(row.kinds), tuple(row.fallbacks), row.priority,
        row.continuation, row.tool_safe, row.role, frozenset(row.groups),
        row.falls_back_on, row.conversation_limits,
    )  # fmt: skip


def load_marks() -> tuple[KeptMark, ...]:
    """The marks that stand in the database now."""
    return tuple(
        KeptMark(
            row.account_id, row.model, row.reason, row.status, cast(MarkCause, row.cause),
            epoch(row.until), epoch(row.set_at),
        )
        for row in AccountMark.objects.all()
    )  # fmt: skip


def _load_strategies() -> dict[str, Strategy]:
    return {row.name: cast(Strategy, row.strategy) for row in AccountGroup.objects.all()}


def load_windows() -> dict[int, tuple[Window, ...]]:
    """What was last told of each account's quota."""
    rows = Account.objects.exclude(quota_windows=[]).values_list("pk", "quota_windows")
    return {pk: msgspec.convert(kept, tuple[Window, ...]) for pk, kept in rows}


def account_view(account: Account) -> AccountView:
    """One account's row as the relay sees it, for a test of it before the processes have loaded it."""
    return _account({name: getattr(account, name) for name in _ACCOUNT_FIELDS})


def _account(row: dict[str, Any]) -> AccountView:
    location = row["location"]
    return AccountView(
        id=row["id"],
        email=row["email"],
        kind=row["kind"],
        base_url=row["base_url"].rstrip("/") or default_base_url(cast(Kind, row["kind"]), location),
        models=tuple(row["offered_models"]),
        priority=row["priority"],
        weight=row["weight"],
        groups=frozenset(row["groups"]),
        max_in_flight=row["max_in_flight"],
        project=row["project"],
        location=location,
        enabled=row["enabled"],
        disabled_reason=row["disabled_reason"],
        marks_cleared_at=epoch(row["marks_cleared_at"]),
        sealed=row["credential_sealed"],
    )
