"""What an attempt wants of an account, in the pool's words. PURE."""

from accounts.mapping import Target
from accounts.pool.leases import Want
from relay.engine.commands import PickAccount
from relay.upstream.request import ClientCall, has_bound_thinking


def wanted(call: ClientCall, target: Target, command: PickAccount, only: int | None) -> Want:
    """For ``call`` at ``target``; with ``only`` that account and no other."""
    return Want(
        model=target.model,
        kinds=target.kinds,
        bindings=target.bindings,
        session=call.session,
        tried=command.tried,
        stay_on=command.stay_on if only is None else only,
        only_hard_rotates=has_bound_thinking(call, target.model),
        admission=command.may_wait,
        is_begun=call.is_begun,
    )
