"""One exchange whole, with its attempts and bodies, as exporters and redaction take it. PURE."""

import msgspec

from monitor.record.records import AttemptRecord, RequestRecord


class KeptBody(msgspec.Struct, frozen=True):
    """What is kept of a body. ``times`` are pairs of (milliseconds, bytes sent by then), for a response."""

    kind: str
    attempt: int
    headers: list[tuple[str, str]]
    text: str
    total_bytes: int
    sha256: str
    is_capped: bool
    times: list[tuple[int, int]] = []


class Exchange(msgspec.Struct, frozen=True):
    """An exchange."""

    row: RequestRecord
    attempts: list[AttemptRecord] = []
    bodies: list[KeptBody] = []

    def body(self, kind: str) -> KeptBody | None:
        """The first body of that kind."""
        return next((body for body in self.bodies if body.kind == kind), None)
