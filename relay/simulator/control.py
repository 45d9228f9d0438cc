"""The simulator's own paths, for a test or a person in another process.

``POST /__plan`` ``{"plans": [{"match": {…}, "faults": […], "repeat": true}]}`` · ``GET /__requests`` ·
``GET /__counts`` · ``GET /__faults`` · ``POST /__expire`` (access tokens) · ``POST /__reset``.
"""

from typing import Any

import msgspec

from relay.simulator.accounts import TokenDesk
from relay.simulator.connection.http_connection import HttpRequest
from relay.simulator.connection.stream_steps import HttpAnswer, document
from relay.simulator.dialect import encode_json
from relay.simulator.faults.faults import CATALOGUE, UnknownFaultError, parse_sequence
from relay.simulator.faults.plans import Match, Plans
from relay.simulator.ledger import Ledger
from relay.simulator.model.prefix import PromptCache

Json = dict[str, Any]


class PlanBody(msgspec.Struct):
    """One plan as JSON."""

    faults: list[str]
    match: dict[str, str] = {}
    repeat: bool = False


class PlansBody(msgspec.Struct):
    """What ``/__plan`` takes."""

    plans: list[PlanBody]


class Control:
    """Plans, ledger, tokens and caches behind the control paths and the Python API."""

    def __init__(self, plans: Plans, ledger: Ledger, desk: TokenDesk, cache: PromptCache) -> None:
        self.plans, self.ledger, self.desk, self.cache = plans, ledger, desk, cache

    def is_control(self, path: str) -> bool:
        """Whether ``path`` is one of the simulator's own."""
        return path.startswith("/__")

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Serve a control path."""
        status, body = self._answer(request.method, request.path, request.body)
        return document(status, {"Content-Type": "application/json"}, encode_json(body))

    def counts(self) -> Json:
        """How many requests there were, in all, by fault and by account, and the token refreshes."""
        return {
            "requests": self.ledger.total,
            "by_fault": dict(self.ledger.by_fault),
            "by_account": dict(self.ledger.by_account),
            "refreshes": dict(self.desk.refreshes),
        }

    def reset(self) -> None:
        """Forget plans, requests, counts and caches; access tokens stay valid."""
        self.plans.clear()
        self.ledger.clear()
        self.cache.clear()
        self.desk.refreshes.clear()

    def _answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        match method, path:
            case "POST", "/__plan":
                return self._plan(body)
            case "POST", "/__reset":
                self.reset()
                return 200, {}
            case "POST", "/__expire":
                self.desk.expire()
                return 200, {}
            case "GET", "/__requests":
                return 200, [received.as_json() for received in self.ledger.received]
            case "GET", "/__counts":
                return 200, self.counts()
            case "GET", "/__faults":
                return 200, list(CATALOGUE.values())
            case _:
                return 404, {"error": f"no control path {method} {path}"}

    def _plan(self, body: bytes) -> tuple[int, Json]:
        try:
            given = msgspec.json.decode(body, type=PlansBody)
            plans = [(plan, Match(**plan.match), parse_sequence(plan.faults)) for plan in given.plans]
        except (msgspec.MsgspecError, UnknownFaultError, TypeError) as error:
            return 400, {"error": str(error)}
        for plan, match, sequence in plans:
            self.plans.add(sequence, match, repeat=plan.repeat)
        return 200, {"plans": len(self.plans.plans)}
