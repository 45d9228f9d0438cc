"""A runtime whose only upstream is a simulator inside this process: it asks nobody and costs nothing.

It has accounts, marks, a memory and connections of its own: nothing that happens there is learned for real
conversations, and no credential of a real account can get there.

The simulator is 76 modules and 2 MB: a process loads it when somebody first opens the page that offers it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from accounts.credentials.encryption import encrypt
from accounts.facts.known_models import kinds_offering
from accounts.loaded.live_accounts import LiveAccounts
from accounts.mapping import Target
from accounts.snapshot import AccountView, Snapshot
from relay.exchange.runtime import Runtime

if TYPE_CHECKING:
    from relay.simulator.faults.faults import FaultKind

ACCOUNTS: Final = 3
"""As many as an exchange may ask one after the other."""
KINDS: Final = {"anthropic": "anthropic", "gemini": "gemini", "openai": "openai"}
"""The account kinds that are simulated, with the word for each in the simulator's catalogue of faults."""
EVERY: Final = "every"
"""The fault strikes every attempt; else the first alone."""


def simulated_target(dialect: str, kind: str | None, model: str) -> Target:
    """Who is asked in place of an account of ``kind``: of that kind, or of one that has the model.

    ``dialect`` is the client's, as rows name it: who speaks it comes first.
    """
    if kind not in KINDS:
        speaks = [one for one in (dialect, *KINDS) if one in KINDS]
        offering = kinds_offering(model)
        kind = next((one for one in speaks if one in offering), speaks[0])
    return Target(model, frozenset((kind,)))


def faults_for(target: Target) -> list["FaultKind"]:
    """The faults that an upstream of the target's kind can have, in the catalogue's order.

    It loads the simulator, which takes a tenth of a second: not for the event loop.
    """
    from relay.simulator.faults.faults import CATALOGUE

    words = {KINDS[kind] for kind in target.kinds}
    return [fault for fault in CATALOGUE.values() if fault.name != "ok" and words & set(fault.dialects)]


@asynccontextmanager
async def simulated_runtime(
    current: Runtime, target: Target, fault: str, *, is_everywhere: bool
) -> AsyncIterator[Runtime]:
    """Serve ``target`` from a simulator as long as this is open; ``fault`` is one of the catalogue or blank.

    What runs there is drained with ``current`` and recorded by its writer. Raises OSError where no port is
    free.
    """
    from relay.simulator.faults.faults import CATALOGUE
    from relay.simulator.server import Simulator

    async with Simulator() as simulator:
        if fault:
            simulator.plan(CATALOGUE[fault].spec() + ("*" if is_everywhere else ""))
        accounts = LiveAccounts()  # not started: it reads and writes no database
        accounts.pool.load(Snapshot(accounts=_accounts(target, simulator.base_url)))
        made = Runtime(accounts, current.writer, current.settings, in_flight=current.in_flight, is_apart=True)
        try:
            yield made
        finally:
            await made.upstream.close()


def _accounts(target: Target, base_url: str) -> tuple[AccountView, ...]:
    [kind] = target.kinds
    return tuple(
        AccountView(
            id=number,
            email=f"simulator {number}",
            kind=kind,
            base_url=base_url,
            models=(target.model,),
            priority=ACCOUNTS - number,  # one after the other, whatever session it is
            sealed=encrypt({"api_key": f"sim-replay-{number}"}),
        )
        for number in range(1, ACCOUNTS + 1)
    )
