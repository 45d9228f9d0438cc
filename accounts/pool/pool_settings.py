"""The pool's numbers, and how they are read from the environment's settings."""

from typing import Protocol

from msgspec import Struct

from accounts.marks import MarkDurations


class PoolSettings(Struct, frozen=True, kw_only=True):
    """How long the pool waits and remembers, in seconds; the defaults are those of docs/behaviour.md 4."""

    slot_wait_seconds: float = 10
    admission_wait_seconds: float = 2
    rebind_after_seconds: float = 300
    session_limit: int = 10_000
    durations: MarkDurations = MarkDurations()


class PoolEnvironment(Protocol):
    """The fields of ``proxyproject.environment.Environment`` that are read here."""

    pool_slot_wait_seconds: float
    pool_admission_wait_seconds: float
    pool_rebind_after_seconds: float
    pool_session_limit: int
    pool_quota_mark_seconds: tuple[float, ...]
    pool_rate_limit_mark_seconds: float
    pool_capacity_mark_seconds: float
    pool_unknown_limit_mark_seconds: float
    pool_forbidden_mark_seconds: float
    pool_missing_model_mark_seconds: float
    pool_credential_mark_seconds: float
    pool_soft_mark_seconds: float


def pool_settings(environment: PoolEnvironment) -> PoolSettings:
    """The settings as the operator gave them."""
    return PoolSettings(
        slot_wait_seconds=environment.pool_slot_wait_seconds,
        admission_wait_seconds=environment.pool_admission_wait_seconds,
        rebind_after_seconds=environment.pool_rebind_after_seconds,
        session_limit=environment.pool_session_limit,
        durations=MarkDurations(
            quota=environment.pool_quota_mark_seconds,
            rate_limit=environment.pool_rate_limit_mark_seconds,
            capacity=environment.pool_capacity_mark_seconds,
            unknown_limit=environment.pool_unknown_limit_mark_seconds,
            forbidden=environment.pool_forbidden_mark_seconds,
            missing_model=environment.pool_missing_model_mark_seconds,
            credential=environment.pool_credential_mark_seconds,
            soft=environment.pool_soft_mark_seconds,
        ),
    )
