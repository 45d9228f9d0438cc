"""What a client key may do, as far as nothing has to be counted for it. PURE.

Each rule gives the failure that the client is told, or None. Who has no limits is never asked here.
"""

from collections.abc import Callable

from msgspec.structs import replace

from accounts.groups.scope import ANYONE, Scope, bound_to
from accounts.keys.limits import KeyLimits, as_refused, is_inside
from accounts.mapping import Target
from relay.dialects.translation.effort import budget_for, rank_of
from relay.neutral.conversation import ThinkingConfig
from relay.neutral.failures import BadRequest, Failure, Kind


def is_expired(limits: KeyLimits | None, now: float) -> bool:
    """Is the key's time over at ``now`` (epoch seconds)?"""
    return limits is not None and 0 < limits.expires_at <= now


def expired(name: str) -> Failure:
    """What the holder of a key is told whose time is over."""
    message = f"The client key {name!r} has expired; its operator can give it a later end, or make another."
    return Failure(Kind.KEY_EXPIRED, message, status=401)


def refused_address(limits: KeyLimits, name: str, address: Callable[[], str]) -> Failure | None:
    """The key is used from elsewhere; ``address`` is asked only where it matters."""
    if not limits.networks:
        return None
    told = address()
    if is_inside(told, limits.networks):
        return None
    return _not_allowed(f"The client key {name!r} may not be used from {told or 'an unknown address'}.")


def refused_model(limits: KeyLimits, name: str, model: str) -> Failure | None:
    """The model's name, as the client says it, is not allowed, or refused."""
    if limits.refused is not None and limits.refused.find(as_refused(model)) is not None:
        return _not_allowed(f"The client key {name!r} may not ask for the model {model!r}.")
    if limits.allowed is not None and limits.allowed.find(model) is None:
        return _not_allowed(f"The client key {name!r} may ask for other models, not for {model!r}.")
    return None


def allowed_targets(
    limits: KeyLimits, name: str, model: str, targets: tuple[Target, ...]
) -> tuple[Target, ...] | Failure:
    """The upstream models that are not refused, each of the kinds and groups that may serve the key."""
    if limits.refused is not None:
        refused = limits.refused
        targets = tuple(target for target in targets if refused.find(as_refused(target.model)) is None)
        if not targets:
            return _not_allowed(f"The client key {name!r} may not ask for what {model!r} is mapped to.")
    if limits.kinds:
        targets = tuple(
            replace(target, kinds=kinds)
            for target in targets
            if (kinds := target.kinds & limits.kinds if target.kinds else limits.kinds)
        )
        if not targets:
            named = ", ".join(sorted(limits.kinds))
            return _not_allowed(
                f"The client key {name!r} is served by accounts of these kinds alone: {named}; the model"
                f" {model!r} is mapped to others."
            )
    if limits.groups:
        targets = tuple(replace(target, key_groups=limits.groups) for target in targets)
    return targets


def scope_of(limits: KeyLimits | None) -> Scope:
    """The accounts that may serve a key at all."""
    return ANYONE if limits is None else Scope(limits.kinds, bound_to(limits.groups))


def refused_effort(limits: KeyLimits, name: str, asked: Callable[[], ThinkingConfig]) -> Failure | None:
    """More thinking is asked for than the key may: a level above its own, or a budget above that level's.

    Who asks for no level leaves it to the model, and is let through. A word that is not known may mean
    anything, and is refused. ``asked`` may raise BadRequest for it.
    """
    highest = limits.highest_effort
    if not highest:
        return None
    try:
        config = asked()
    except BadRequest as error:
        return _not_allowed(f"The client key {name!r} may ask for effort {highest} at most. {error}")
    is_over = config.mode != "off" and (
        (config.effort is not None and rank_of(config.effort) > rank_of(highest))
        or (config.budget_tokens or 0) > budget_for(highest)
    )
    if not is_over:
        return None
    told = config.effort or f"{config.budget_tokens} tokens of thinking"
    return _not_allowed(f"The client key {name!r} may ask for effort {highest} at most, not {told}.")


def _not_allowed(message: str) -> Failure:
    return Failure(Kind.NOT_ALLOWED, message, status=403)
