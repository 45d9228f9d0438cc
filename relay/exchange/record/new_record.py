"""The row of an exchange that begins: its id, which sorts by its time, and the process that serves it."""

import os
from collections import deque
from typing import Any

from accounts.groups.scope import as_text, bound_to
from accounts.keys.limits import KeyLimits
from monitor.record.records import RequestRecord
from monitor.record.request_id import RANDOM_BYTES, new_request_id
from relay.exchange.runtime import Runtime
from relay.speakers.speaker import Speaker


def new_id(started_at: float) -> str:
    """The id of an exchange that began at ``started_at``, in epoch seconds."""
    return new_request_id(int(started_at * 1000), _fresh_bytes())


_fresh: deque[bytes] = deque()
_FRESH_IDS = 256


def _fresh_bytes() -> bytes:
    """Random bytes of the system's, each once.

    Asked for in store: to ask lets go of the interpreter's lock, and the event loop may wait 5 ms for a busy
    thread to give it back.
    """
    if not _fresh:
        store = os.urandom(_FRESH_IDS * RANDOM_BYTES)
        _fresh.extend(store[at : at + RANDOM_BYTES] for at in range(0, len(store), RANDOM_BYTES))
    return _fresh.popleft()


def new_record(
    runtime: Runtime,
    request_id: str,
    started_at: float,
    *,
    dialect: str,
    method: str,
    path: str,
    **told: Any,
) -> RequestRecord:
    """The first record of the exchange; ``told`` are other fields of it that are known already."""
    return RequestRecord(
        id=request_id,
        started_at=started_at,
        process_id=runtime.accounts.process_id,
        dialect=dialect,
        method=method,
        path=path,
        in_flight=True,
        **told,
    )


def told_of(speaker: Speaker) -> dict[str, str]:
    """The fields of the record that say who asked."""
    return {
        "conversation": speaker.conversation,
        "agent": speaker.agent,
        "parent_agent": speaker.parent,
        "agent_label": speaker.label,
        "client_name": speaker.client,
        "role": speaker.role,
    }


def key_groups(limits: KeyLimits | None) -> dict[str, str]:
    """For a replay when the key is gone: the groups that it was bound to, also where nobody was asked."""
    return {"key_groups": as_text(bound_to(limits.groups))} if limits is not None and limits.groups else {}
