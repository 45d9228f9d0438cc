"""Which part of the contract is run: the client's dialects, the upstream's, the faults. PURE."""

from typing import cast

from msgspec import Struct

from proxyproject.faultlab.contract import ALL, CONTRACTS, Contract
from proxyproject.faultlab.run import Case, cases
from proxyproject.faultlab.ways import Form
from relay.simulator.faults.faults import CATALOGUE, FaultStage

STAGE = "stage:"
"""A choice of the page that stands for every fault of a stage."""


class Selection(Struct, frozen=True):
    """Each empty tuple stands for all; ``faults`` are names, rows as they are written, stages, or a
    mapping's switch behind a plus."""

    clients: tuple[str, ...] = ()
    upstreams: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    def contracts(self) -> list[Contract]:
        """The rows of the contract that are chosen."""
        return [contract for contract in CONTRACTS if self._has(contract)]

    def cases(self) -> list[Case]:
        """The exchanges that this comes to."""
        ways = [
            (cast(Form, client), upstream)
            for client in self.clients or ALL
            for upstream in self.upstreams or ALL
        ]
        return list(cases(self.contracts(), ways))

    def arguments(self) -> list[str]:
        """As ``manage.py faultlab`` takes it."""
        named = (("--dialect", self.clients), ("--upstream", self.upstreams), ("--fault", self.faults))
        return [f"{option}={value}" for option, values in named for value in values]

    def _has(self, contract: Contract) -> bool:
        stage = f"{STAGE}{CATALOGUE[contract.name].stage.value}"
        return not self.faults or not {contract.spec, contract.name, f"+{contract.switch}", stage}.isdisjoint(
            self.faults
        )


def faults_by_stage() -> list[tuple[FaultStage, list[str]]]:
    """The rows as they are written, each once, in the contract's order."""
    listed = {stage: list[str]() for stage in FaultStage}
    for contract in CONTRACTS:
        specs = listed[CATALOGUE[contract.name].stage]
        if contract.spec not in specs:
            specs.append(contract.spec)
    return list(listed.items())
