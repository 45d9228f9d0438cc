"""What the tests of the monitor's pages share: an operator's browser, and exchanges to look at."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from monitor.record.records import (
    AttemptRecord,
    BodyKind,
    BodyRecord,
    EndedBy,
    Outcome,
    Phase,
    Record,
    RequestRecord,
)
from monitor.store.writer import RecordWriter

NewRecord = Callable[..., RequestRecord]
ENDED = {
    "in_flight": False,
    "outcome": Outcome.OK,
    "status": 200,
    "ended_by": EndedBy.UPSTREAM,
    "ended_in": Phase.AFTER_STOP,
    "account": "ada@example.com",
    "mapped_model": "claude-opus-5-5",
    "attempts": 1,
    "first_data_ms": 300,
    "duration_ms": 1500,
    "tokens_in": 10,
    "tokens_out": 20,
}


def operator_named(name: str, *permissions: str) -> Client:
    """A browser in which a new staff user with these permissions is logged in."""
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def attempt_of(row: RequestRecord, number: int = 1, **fields: object) -> AttemptRecord:
    """An attempt that went well, but for ``fields``."""
    usual: dict[str, Any] = {
        "request_id": row.id,
        "number": number,
        "account": "ada@example.com",
        "account_kind": "anthropic",
        "upstream_model": "claude-opus-5-5",
        "started_offset_ms": 2,
        "status": 200,
        "headers_ms": 100,
        "first_data_ms": 298,
        "end_ms": 1498,
    }
    return AttemptRecord(**{**usual, **fields})


class Shelf:
    """Puts exchanges into the history."""

    def __init__(self, writer: RecordWriter, new: NewRecord) -> None:
        self._writer = writer
        self._new = new

    def put(
        self, request: bytes = b"", response: bytes = b"", upstream: bytes = b"", **fields: object
    ) -> RequestRecord:
        """An exchange that ended well, but for ``fields``, with one attempt and these bodies."""
        row = self._new(**{**ENDED, **fields})
        records: list[Record] = [row, attempt_of(row)]
        headers = (("content-type", "application/json"), ("x-api-key", "sk-planted-Key-0123456789abcdef"))
        if request:
            records.append(
                BodyRecord(request_id=row.id, kind=BodyKind.CLIENT_REQUEST, headers=headers, content=request)
            )
        if upstream:
            records.append(
                BodyRecord(request_id=row.id, kind=BodyKind.UPSTREAM_REQUEST, attempt=1, content=upstream)
            )
        if response:
            chunks = ((300, response[:10]), (900, response[10:]))
            records.append(BodyRecord(request_id=row.id, kind=BodyKind.RESPONSE, chunks=chunks))
        self.add(*records)
        return row

    def add(self, *records: Record) -> None:
        """Put records there as they are."""
        for record in records:
            self._writer.submit(record)
        assert self._writer.flush(10)


@pytest.fixture
def operator(store: str) -> Client:
    """A browser with an operator logged in."""
    return operator_named("operator", "view_requestlog", "view_bodies", "export_requestlog")


@pytest.fixture
def shelf(writer: RecordWriter, request_record: NewRecord) -> Shelf:
    """Where exchanges are put."""
    return Shelf(writer, request_record)


def texts_of(messages: object) -> bytes:
    """A value as JSON."""
    return msgspec.json.encode(messages)
