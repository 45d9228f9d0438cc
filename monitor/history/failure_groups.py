"""The newest failures, those that are alike as one: a quota that strikes a hundred times is one line."""

from collections.abc import Sequence
from urllib.parse import urlencode

import msgspec
from django.db.models import Q
from django.utils.translation import gettext

from monitor.diagnosis.cause_words import word_for
from monitor.diagnosis.diagnosis import Diagnosis, diagnose
from monitor.history.listing.keyset import attempts_of, records
from monitor.history.shown_records import with_shown_accounts
from monitor.record.moments import utc_text
from monitor.record.records import AttemptRecord, RequestRecord

LOOKED_AT = 200
"""How many failures are read, in a few milliseconds; a group that reaches further back says "or more"."""
GAP_SECONDS = 900.0
"""After so long without its like, a failure begins a group of its own."""


class FailureGroup(msgspec.Struct, frozen=True):
    """Failures with one cause, outcome, status and model. ``newest`` stands for them, with its diagnosis."""

    newest: RequestRecord
    diagnosis: Diagnosis
    word: str
    count: int
    first_at: float
    is_cut: bool
    """Whether there may be older ones than were looked at."""

    @property
    def last_at(self) -> float:
        """When the newest was admitted, in seconds since the epoch."""
        return self.newest.started_at

    @property
    def word_here(self) -> str:
        """Its word in the reader's language."""
        return gettext(self.word)

    @property
    def query(self) -> str:
        """The history's query that leads to them."""
        asked = {
            "failed": "1",
            "outcome": str(self.newest.outcome),
            "status": str(self.newest.status or ""),
            "client_model": self.newest.client_model,
            "since": utc_text(self.first_at - 0.001),
            "until": utc_text(self.last_at + 0.002),
        }
        return urlencode({name: value for name, value in asked.items() if value})


def failure_groups(limit: int) -> list[FailureGroup]:
    """The newest groups, newest first; accounts masked where that is set."""
    rows = records(Q(is_failure=True, is_simulated=False), limit=LOOKED_AT)
    return grouped(rows, attempts_of(rows), limit)


def grouped(
    rows: Sequence[RequestRecord], attempts: dict[str, list[AttemptRecord]], limit: int
) -> list[FailureGroup]:
    """Rows, newest first, in their groups."""
    members: list[list[RequestRecord]] = []
    open_groups: dict[tuple[object, ...], list[RequestRecord]] = {}
    words = {row.id: word_for(row, attempts[row.id]) for row in rows}
    for row in rows:
        key = (words[row.id], row.outcome, row.status, row.client_model)
        group = open_groups.get(key)
        if group is None or group[-1].started_at - row.started_at > GAP_SECONDS:
            group = open_groups[key] = []
            members.append(group)
        group.append(row)
    is_cut = len(rows) == LOOKED_AT
    oldest_seen = rows[-1].started_at if rows else 0.0
    found = []
    for group in members[:limit]:
        newest, tried = with_shown_accounts(group[0], attempts[group[0].id])
        reaches_edge = is_cut and group[-1].started_at - oldest_seen < GAP_SECONDS
        found.append(
            FailureGroup(
                newest,
                diagnose(newest, tried),
                words[newest.id],
                len(group),
                group[-1].started_at,
                reaches_edge and len(group) > 1,
            )
        )
    return found
