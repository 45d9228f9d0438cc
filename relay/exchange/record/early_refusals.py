"""The rows of what was refused before the application was asked: no key, too large, too slow, no room."""

import time

from relay import metrics
from relay.dialects.registry import path_at
from relay.exchange.admitting import refusals
from relay.exchange.record.new_record import new_record
from relay.exchange.record.recording import Recorder
from relay.exchange.runtime import Runtime
from relay.neutral.failures import Failure, Kind
from relay.upstream.request import ClientCall

_KINDS = {401: Kind.UNAUTHORIZED, 413: Kind.TOO_LARGE}


def record_refusal(
    runtime: Runtime, request_id: str, method: str, path: str, status: int, message: str
) -> None:
    """Put it on record, if it was an exchange that was refused: a POST to a path of one.

    Anybody may cause such a row: at most ten a second are kept, as of other requests without a key.
    """
    found = path_at(path)
    if method != "POST" or found is None:
        return
    if status == 401:
        metrics.REFUSED_KEYS.inc()
    if not refusals.allows_row():
        return
    dialect, _ = found
    row = new_record(runtime, request_id, time.time(), dialect=dialect.recorded_as, method=method, path=path)
    unread = ClientCall(dialect, {}, b"", {}, "", False, "")
    recorder = Recorder(runtime.writer.submit, row, unread, at=lambda: 0.0, bodies=None)
    recorder.refused(Failure(_KINDS.get(status, Kind.BAD_REQUEST), message, status=status), status)
