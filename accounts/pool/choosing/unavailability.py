"""PURE. Why no account can be asked, as a client is told: status, reason, sentence (docs/behaviour.md 4)."""

import math
from typing import assert_never

from accounts.groups.scope import Scope
from accounts.pool.choosing.choice import BlockCause, Blocked, Candidate
from accounts.pool.leases import NoAccount

_CAUSE_WORDS: dict[BlockCause, str] = {
    "quota": "its quota is used up",
    "credential": "its credential or billing was refused",
    "forbidden": "its upstream forbids it the model",
    "model": "it lacks the model",
    "upstream": "its upstream fails nearly always",
}


def all_full(model: str, scope: Scope) -> NoAccount:
    """Every suitable account has as many requests in flight as it may."""
    those = f"accounts{_of(scope)} for {model}"
    message = f"All {those} are busy: each has reached its limit of requests in flight."
    return NoAccount(429, "full", message, retry_after_seconds=1)


def everybody_blocked(model: str, scope: Scope, blocked: Blocked, now: float) -> NoAccount:
    """Every account for the model is hard-marked, or has an upstream that is left alone."""
    every = f"Every account{_of(scope)} for {model}"
    seconds = max(math.ceil(blocked.cause_ends_at - now), 1)
    match blocked.cause:
        case "quota":
            message = f"{every} has used up its quota; the first is free again in {seconds} s."
            return NoAccount(429, "quota", message, seconds)
        case "upstream":
            message = (
                f"No account{_of(scope)} for {model} can be asked: its upstream fails nearly always and is"
                f" left alone; it is tried again in {seconds} s."
            )
            return NoAccount(503, "resting", message, seconds)
        case "credential" | "forbidden":
            message = f"{every} was refused by its upstream (credential or billing)."
            return NoAccount(503, "credential", message, seconds)
        case "model":
            return NoAccount(404, "model", f"No account's upstream{_of(scope)} knows the model {model}.")
        case _:  # pragma: no cover
            assert_never(blocked.cause)


def nobody_offers(model: str, scope: Scope, *, offered_when_enabled: bool, has_members: bool) -> NoAccount:
    """No enabled account offers the model; ``has_members``: somebody is in the groups that were asked for."""
    if not has_members:
        message = f"No account is in {scope.of_groups}, and {model} may be asked of no other."
        return NoAccount(503, "empty_group", message)
    if offered_when_enabled:
        return NoAccount(503, "none_enabled", f"No enabled account{_of(scope)} can serve {model}.")
    return NoAccount(404, "model", f"No account{_of(scope)} offers the model {model}.")


def _of(scope: Scope) -> str:
    return f" of {scope.of_groups}" if scope.bindings else ""


def stand_in_reason(bound: Candidate, now: float) -> str:
    """Why the session's own account was not asked, in words."""
    if bound.block is not None:
        seconds = max(math.ceil(bound.block.until - now), 1)
        return f"{_CAUSE_WORDS[bound.block.cause]}, free again in {seconds} s"
    if bound.full:
        return "all its slots are in use"
    if bound.tried:
        return "it failed in this exchange"
    return "it failed a moment ago"
