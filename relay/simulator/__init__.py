"""A scriptable upstream that speaks all dialects over real sockets and fails on request.

Tests, the demo, the fault lab and the benchmark talk to it instead of to a vendor. It imports
nothing of the rest of the relay: a wrong belief about a wire format must not be on both sides.
"""

from relay.simulator.model.prose import Prose
from relay.simulator.server import Simulator
from relay.simulator.thread import SimulatorThread

__all__ = ["Prose", "Simulator", "SimulatorThread"]
