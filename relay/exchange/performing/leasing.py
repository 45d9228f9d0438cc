"""Takes a slot for an attempt, on an account that may serve the client's key as that is bound now."""

from functools import partial

from accounts.groups.scope import Binding, Scope, as_text, bound_to
from accounts.mapping import Target
from accounts.pool.leases import Lease, NoAccount
from relay.engine.commands import PickAccount
from relay.engine.retrying.retry_turns import RESTING
from relay.exchange.large_bodies import beside_the_loop
from relay.exchange.performing.picked import NOT_THE_CHOSEN, nobody
from relay.exchange.performing.wanting import reads_history, wanted
from relay.exchange.record.recording import Recorder
from relay.exchange.runtime import Runtime
from relay.neutral.failures import Failure
from relay.upstream.request import ClientCall


class Leasing:
    """For one exchange. With ``only`` that account is taken, and no other."""

    def __init__(self, runtime: Runtime, call: ClientCall, recorder: Recorder, only: int | None) -> None:
        self._runtime = runtime
        self._call = call
        self._recorder = recorder
        self._only = only
        self._named = frozenset[Binding]()

    async def take(self, command: PickAccount, target: Target) -> Lease | Failure:
        """A slot on an account that offers the target, or why there is none.

        Where the key is bound to other groups while it is waited for, it is asked for again.
        """
        while True:
            groups = self._groups_now(target)
            self._name(target, groups)
            want = partial(wanted, self._call, target, groups, command, self._only)
            size = self._call.weight if reads_history(target) else 0
            lease = await self._runtime.pool.acquire(await beside_the_loop(size, want))
            if groups == self._groups_now(target):
                break
            if not isinstance(lease, NoAccount):
                lease.release()
        if isinstance(lease, NoAccount):
            if lease.reason == RESTING:
                self._recorder.diagnosed("upstream_resting", True)
            return nobody(lease)
        if self._only is not None and lease.account.id != self._only:
            lease.release()
            return NOT_THE_CHOSEN
        return lease

    def scope(self, target: Target) -> Scope:
        """Who may serve the target now."""
        return Scope(target.kinds, target.bound_with(self._groups_now(target)))

    def _groups_now(self, target: Target) -> Binding:
        """Those of the client's key; of one that is gone meanwhile, those that it had."""
        key_id = self._recorder.row.client_key_id
        caller = self._runtime.accounts.keys.of_id(key_id) if key_id is not None else None
        if caller is None:
            return target.key_groups
        return caller.limits.groups if caller.limits is not None else frozenset()

    def _name(self, target: Target, groups: Binding) -> None:
        """Put the groups on record, where they are others than before."""
        bindings = target.bound_with(groups)
        if bindings != self._named:
            self._named = bindings
            self._recorder.diagnosed("groups", as_text(bindings))
        if groups != target.key_groups:
            self._recorder.diagnosed("key_groups", as_text(bound_to(groups)))
