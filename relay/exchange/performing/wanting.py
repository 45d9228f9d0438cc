"""Which accounts an exchange may use, and which of its mapping's fallbacks. PURE."""

from accounts.facts.known_models import facts_for
from accounts.groups.scope import Binding
from accounts.mapping import Target
from accounts.pool.leases import Want
from relay.dialects.token_estimate import estimate
from relay.engine.commands import PickAccount
from relay.engine.retrying.fallbacks import ONLY_WITHOUT_ACCOUNTS, Fallbacks
from relay.upstream.placed_signatures import has_thinking
from relay.upstream.request import ClientCall


def fallbacks_of(call: ClientCall, targets: tuple[Target, ...]) -> Fallbacks:
    """The mapping's switches, and which of its models are large enough for ``call``."""
    switches = targets[0].falls_back_on
    if len(targets) == 1:
        return ONLY_WITHOUT_ACCOUNTS
    windows = tuple(facts_for(target.model).context_tokens for target in targets)
    return Fallbacks(
        on_quota="quota" in switches,
        on_overload="overload" in switches,
        on_context="context" in switches,
        windows=windows,
        needed=estimate(call.body, len(call.raw)),
    )


def reads_history(target: Target) -> bool:
    """Does ``wanted`` look at the whole of a call for ``target``? Other accounts may drop its thinking."""
    return facts_for(target.model).account_bound_thinking


def wanted(
    call: ClientCall, target: Target, key_groups: Binding, command: PickAccount, only: int | None
) -> Want:
    """For ``call`` at ``target``, with a key that is bound to ``key_groups``; with ``only`` that account."""
    return Want(
        model=target.model,
        kinds=target.kinds,
        bindings=target.bound_with(key_groups),
        session=call.session,
        tried=command.tried,
        stay_on=command.stay_on if only is None else only,
        only_hard_rotates=reads_history(target) and has_thinking(call.dialect, call.body),
        admission=command.may_wait,
        is_begun=call.is_begun,
    )
