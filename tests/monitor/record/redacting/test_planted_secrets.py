"""Secrets planted wherever one can stand, and then searched for wherever one could come out."""

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from monitor.export.formats import FORMATS
from monitor.live.opening import snapshot
from monitor.live.window import LiveWindow
from monitor.models import Body, RequestLog
from monitor.record.records import AttemptRecord, BodyKind, BodyRecord, Outcome, RequestRecord
from monitor.search.tokenizer import words_of
from monitor.store.writer import RecordWriter
from tests import stores
from tests.monitor.pages.every_page import every_page
from tests.monitor.shelf import ENDED, NewRecord

HEART = "Zq9PlantedHeart0123456789"
"""What every planted secret has inside; it is nowhere in anything that may be shown."""
SECRETS = {
    "account key": f"sk-ant-api03-{HEART}AA",
    "client key": f"sk-{HEART}",
    "google key": f"AIzaSy{HEART}abcdefgh",
    "bearer": f"Bearer {HEART}",
    "query": f"/v1beta/models/m:generateContent?alt=sse&key={HEART}",
    "encoded query": f"https%3A%2F%2Fexample.com%2F%3Fkey%3D{HEART}%26alt%3Dsse",
    "basic": "Authorization: Basic " + base64.b64encode(f"operator:{HEART}".encode()).decode(),
    "named": json.dumps({"client_secret": HEART}),
    "GitHub": f"ghp_{HEART}abcdefghijk",
    "Slack": f"xoxb-{HEART}",
    "JWT": f"eyJhbGciOiJIUzI1NiJ9.{HEART}.{HEART}",
    "environment": f"MY_SERVICE_API_KEY={HEART}",
    "assignment": f"api_key: {HEART}",
    "URL": f"postgres://app:{HEART}@db.example/x",
    "escaped": f"sk\\u002dant\\u002dapi03\\u002d{HEART}",
    "percent-encoded": f"sk%2Dant%2Dapi03%2D{HEART}",
    "in JSON in JSON": json.dumps({"arguments": json.dumps({"password": HEART})}),
}
TRACES = (
    HEART.encode(),
    HEART[:12].lower().encode(),
    HEART[6:].lower().encode(),
    base64.b64encode(f"operator:{HEART}".encode()).rstrip(b"=")[12:-2],
)
"""What must not be found: the heart, its halves as an index would keep them, and its base64."""


def has_trace(data: bytes) -> bool:
    return any(trace in data or trace in data.lower() for trace in TRACES)


@pytest.fixture
def planted(writer: RecordWriter, request_record: NewRecord) -> list[RequestRecord]:
    """An exchange for each secret, which holds it in every field and body that comes from outside."""
    rows = []
    for number, secret in enumerate(SECRETS.values()):
        row = request_record(
            **{
                **ENDED,
                "outcome": Outcome.ERROR,
                "status": 502,
                "attempts": 2,
                "path": f"/v1/messages?key={HEART}&note={secret}",
                "preview": f"please use {secret} for it",
                "error": f"upstream said: {secret} is wrong",
                "diagnostics": {"said": secret},
                "changes": (f"left {secret} out",),
            }
        )
        rows.append(row)
        headers = (
            ("authorization", f"Bearer {HEART}"),
            ("x-api-key", HEART),
            ("x-goog-api-key", HEART),
            ("cookie", f"session={HEART}"),
            ("proxy-authorization", SECRETS["basic"].partition(" ")[2]),
            ("referer", f"http://h/?key={HEART}"),
            ("x-note", secret),
        )
        asked = {
            "system": secret,
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": f"{secret}\n"}]},
                {"role": "assistant", "content": [{"type": "tool_use", "input": {"command": secret}}]},
            ],
        }
        text = f"the value is {secret}, as asked"
        cut = len("the value is ") + 3 + 2 * number
        events = [
            b"data: "
            + msgspec.json.encode(
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
            )
            + b"\n\n"
            for piece in (text[:cut], text[cut : cut + 5], text[cut + 5 :])
        ]
        body = msgspec.json.encode(asked)
        for record in (
            row,
            AttemptRecord(
                request_id=row.id, number=1, account="a@x", account_kind="anthropic", upstream_model="m",
                started_offset_ms=1, failure_kind="refused", failure_text=f"no: {secret}",
            ),
            BodyRecord(request_id=row.id, kind=BodyKind.CLIENT_REQUEST, headers=headers, content=body),
            BodyRecord(
                request_id=row.id, kind=BodyKind.UPSTREAM_REQUEST, attempt=1, headers=headers,
                content=body.replace(b"assistant", b"model"),
            ),
            BodyRecord(
                request_id=row.id, kind=BodyKind.RESPONSE, headers=headers,
                chunks=tuple((at, event) for at, event in enumerate(events)),
            ),
        ):  # fmt: skip
            writer.submit(record)
    assert writer.flush(10)
    return rows


def everything_stored(store: str) -> Iterator[tuple[str, bytes]]:
    """The database in clear text: its files, or all rows of all its tables; and each body unpacked."""
    if stores.wanted():
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                cursor.execute(f'SELECT t::text FROM "{table}" AS t')
                yield table, "\n".join(row for (row,) in cursor.fetchall()).encode()
    else:
        for file in Path(store).parent.glob(f"{Path(store).name}*"):
            yield file.name, file.read_bytes()
    for body in Body.objects.all():
        yield f"body {body.kind}", body.data() + body.headers.encode()


def test_no_store_holds_a_planted_secret(planted: list[RequestRecord], store: str) -> None:
    """Rows, attempts, bodies and the search index; the check itself is seen to find what is there."""
    found = dict(everything_stored(store))
    assert [name for name, data in found.items() if has_trace(data)] == []
    assert any(b"please" in data for data in found.values())
    assert has_trace(f"x{HEART}y".encode())
    assert RequestLog.objects.count() == Body.objects.count() // 3 == len(SECRETS)


@pytest.mark.thorough
def test_no_page_and_no_export_shows_a_planted_secret(planted: list[RequestRecord], store: str) -> None:
    """Every page, and every export, also with nothing else taken out."""
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    ids = [row.id for row in planted]
    pages = [
        "/admin/",
        "/monitor/history/",
        "/monitor/history/?q=please+use",
        "/monitor/history/?body=asked",
        f"/monitor/history/{ids[0]}/beside/{ids[1]}/",
        "/admin/monitor/requestlog/",
    ]
    pages += every_page(besides=pages)
    for request_id in ids:
        pages += [f"/monitor/history/{request_id}/", f"/admin/monitor/requestlog/{request_id}/change/"]
        pages += [
            f"/monitor/history/{request_id}/body/{kind}/{attempt}/"
            for kind, attempt in (("client_request", 0), ("upstream_request", 1), ("response", 0))
        ]
    for name in FORMATS:
        pages.append(f"/monitor/history/export/?format={name}&emails=keep&images=keep")
        pages.append(f"/monitor/history/export/file/?format={name}&emails=keep&images=keep")
    for path in pages:
        answer = client.get(path, follow=True)
        assert answer.status_code == 200, path
        assert not has_trace(read(answer)), path


def test_no_live_page_is_told_a_planted_secret(planted: list[RequestRecord]) -> None:
    """Neither what it finds when it opens nor what comes while it is open."""
    now = planted[-1].started_at + 1
    assert not has_trace(json.dumps(snapshot(now=now)).encode())
    told: list[Any] = []

    async def listen() -> None:
        window = LiveWindow(lambda label: label or "")
        writer = RecordWriter(body_cap_bytes=1000)
        writer.on_committed(window.add)
        writer.start()
        for row in planted:
            writer.submit(row)
        assert await asyncio.to_thread(writer.flush, 10)
        told.append(window.take())
        await asyncio.to_thread(writer.stop, 5)

    async_to_sync(listen)()
    assert len(told[0].rows) == len(SECRETS)
    assert not has_trace(msgspec.json.encode(told[0].rows))


def test_a_search_for_a_planted_secret_finds_nothing(planted: list[RequestRecord], store: str) -> None:
    """Neither the index nor the bodies know any word of it."""
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    for word in (HEART, *words_of(HEART), HEART[:10]):
        for parameter in ("q", "body"):
            page = client.get("/monitor/history/", {parameter: word}).content.decode()
            assert "<tr data-row>" not in page, (parameter, word)


def read(answer: Any) -> bytes:
    """The whole answer, also one that is streamed."""
    if not answer.streaming:
        return bytes(answer.content)

    async def pieces() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])

    return async_to_sync(pieces)()
