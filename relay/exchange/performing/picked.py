"""What the engine is told of the account that was picked for a request, or why none was. PURE."""

from accounts.mapping import Target
from accounts.pool.leases import NoAccount
from accounts.snapshot import AccountView
from relay.engine.commands import Picked
from relay.engine.retrying.breaker import LOOK_AGAIN_SECONDS
from relay.engine.retrying.retry_turns import RESTING
from relay.neutral.failures import Failure, Kind
from relay.upstream.request import ClientCall, UpstreamRequest

NOT_THE_CHOSEN = Failure(
    Kind.NO_ACCOUNT, "The chosen account is disabled, busy, left alone, or does not offer this model.", 503
)

TRIED_BY_ANOTHER = Failure(
    Kind.NO_ACCOUNT,
    "The upstream fails nearly always, and another request tries it just now.",
    503,
    RESTING,
    LOOK_AGAIN_SECONDS,
)


def nobody(refusal: NoAccount) -> Failure:
    """The pool's refusal as the failure of the exchange."""
    seconds = refusal.retry_after_seconds
    return Failure(Kind.NO_ACCOUNT, refusal.message, refusal.status, refusal.reason, seconds)


def picked(
    call: ClientCall, target: Target, account: AccountView, request: UpstreamRequest, unseen: int
) -> Picked:
    """``request`` is ready to be sent to ``account``; ``unseen`` is what of a seam cannot show."""
    continues = target.continuation and call.is_stream
    is_same, client = request.is_same_dialect, call.dialect
    return Picked(
        at=0.0,  # the driver's to fill in
        account=account.id,
        email=account.email,
        kind=account.kind,
        model=request.model,
        is_same_dialect=is_same,
        thinks_unseen=request.thinks_unseen,
        has_bound_thinking=request.has_thinking and request.facts.account_bound_thinking,
        continues=continues,
        tool_safe=target.tool_safe and call.is_stream,
        wants=client.wants(call.body) if continues else "",
        unseen=unseen,
        hides_thinking="" if is_same else client.hides_thinking(call.body),
        may_say_nothing=call.answers_tools,
    )
