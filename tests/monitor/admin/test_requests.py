"""The operator's plain pages of what happened."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from monitor.admin import requests
from monitor.models import AttemptLog, Body, RequestLog
from monitor.record.records import (
    AttemptRecord,
    BodyKind,
    BodyRecord,
    EndedBy,
    EndedIn,
    Outcome,
    RequestRecord,
)
from monitor.store.writer import RecordWriter
from monitor.words import cells

NewRecord = Callable[..., RequestRecord]
LIST = "admin:monitor_requestlog_changelist"
DETAIL = "admin:monitor_requestlog_change"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def client(store: str) -> Client:
    """A browser with the operator logged in."""
    client = Client()
    client.force_login(User.objects.create_superuser("op"))
    return client


def page(client: Client, address: str) -> str:
    """The page at an address, which must be there."""
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def listed(client: Client, query: str = "") -> list[str]:
    """Ids of the rows that the list shows, in order."""
    response = client.get(f"{reverse(LIST)}?{query}")
    assert response.status_code == 200, response.get("Location")
    return [row.id for row in response.context["cl"].result_list]


@pytest.fixture
def rows(writer: RecordWriter, request_record: NewRecord) -> dict[str, RequestRecord]:
    """Exchanges of several kinds, by name."""
    plain = {"in_flight": False, "outcome": Outcome.OK, "status": 200, "attempts": 1}
    plain |= {"ended_by": EndedBy.UPSTREAM, "ended_in": EndedIn.AFTER_STOP, "account": "ada@example.com"}
    ways: dict[str, dict[str, object]] = {
        "plain": {"tokens_out": 12_345, "duration_ms": 83_000, "first_data_ms": 1250},
        "waiting": {"in_flight": True, "outcome": None, "status": None, "ended_by": None, "account": None},
        "healed": {"outcome": Outcome.HEALED, "healed": True, "attempts": 2, "account": "bob@example.com"},
        "quota": {"outcome": Outcome.ERROR, "status": 429, "error": "All 3 attempts failed."},
        "collected": {"is_stream": False, "dialect": "gemini", "path": "/v1beta/models/g:generateContent"},
        "hostile": {"client_model": SCRIPT, "path": f"/{SCRIPT}", "error": SCRIPT, "preview": SCRIPT},
    }
    records = {name: request_record(**{**plain, **way}) for name, way in ways.items()}
    for record in records.values():
        writer.submit(record)
    assert writer.flush(10)
    return records


def test_the_list_is_newest_first_and_shows_what_is_asked_most(
    client: Client, rows: dict[str, RequestRecord]
) -> None:
    """Outcome, status, path, models, account, times, tokens and key stand in the row."""
    assert listed(client) == [record.id for record in reversed(rows.values())]
    content = page(client, reverse(LIST))
    for text in (
        "in flight",
        "healed",
        "429",
        "POST /v1/messages",
        "claude-opus-5-5",
        "ada@example.com",
        "12,345",
        "0:01:23",
        "1.2 s",
        "team",
    ):
        assert text in content


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("show=errors", ["quota"]),
        ("show=healed", ["healed"]),
        ("show=retried", ["healed"]),
        ("show=in_flight", ["waiting"]),
        ("show=zero", []),
        ("outcome=ok", ["hostile", "collected", "plain"]),
        ("outcome=error", ["quota"]),
        ("status_class=4", ["quota"]),
        ("status_class=2&outcome=healed", ["healed"]),
        ("ended_by=client", []),
        ("ended_in=after_stop&show=errors", ["quota"]),
        ("dialect=gemini", ["collected"]),
        ("account=bob%40example.com", ["healed"]),
        ("account=bob%40example.com&client_key=team&show=healed", ["healed"]),
        ("client_key=nobody", ["hostile", "collected", "quota", "healed", "waiting", "plain"]),
        ("client_model=claude-opus-5-5&outcome=error", ["quota"]),
        ("is_stream__exact=0", ["collected"]),
        ("within=1", []),
        ("q=attempts+failed", ["quota"]),
        ("q=generateContent", ["collected"]),
        ("q=nowhere", []),
    ],
)
def test_filters_and_search_find_their_rows(
    query: str, names: list[str], client: Client, rows: dict[str, RequestRecord]
) -> None:
    """Filters combine, and text is found in path, models, account, error and last user turn."""
    assert listed(client, query) == [rows[name].id for name in names]


def test_a_request_id_is_found_by_its_beginning(client: Client, rows: dict[str, RequestRecord]) -> None:
    """An id from a header or a log line leads to its row, whole or in part."""
    wanted = rows["healed"].id
    assert listed(client, f"q={wanted}") == [wanted]
    assert listed(client, f"q=+{wanted.upper()}+") == [wanted]
    assert wanted in listed(client, f"q={wanted[:10]}")
    assert listed(client, "q=ffffffffffff") == []


def test_a_search_for_text_is_bounded(
    client: Client, rows: dict[str, RequestRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text is looked for in the latest rows only; a million rows are never read."""
    monkeypatch.setattr(requests, "SEARCHED_ROWS", 3)
    assert listed(client, "q=attempts+failed") == [rows["quota"].id]
    assert listed(client, "q=bob") == []


def test_the_list_never_counts_and_asks_a_fixed_number_of_questions(
    client: Client, rows: dict[str, RequestRecord], writer: RecordWriter, request_record: NewRecord
) -> None:
    """However many rows there are, the list costs the same queries, and none of them counts or offsets."""

    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            page(client, reverse(LIST))
        return [query["sql"] for query in captured if "monitor_" in query["sql"]]

    few = queries()
    for _ in range(120):
        writer.submit(request_record())
    assert writer.flush(20)
    many = queries()
    assert len(many) == len(few) <= 7
    assert not [sql for sql in many if "COUNT(" in sql.upper() or "OFFSET" in sql.upper()]
    assert len(listed(client, "p=2")) == 50
    assert len(listed(client, "p=3")) == 26


def test_one_request_is_shown_with_attempts_and_bodies(
    client: Client, rows: dict[str, RequestRecord], writer: RecordWriter
) -> None:
    """The page of a request tells what happened: failure and decision of each attempt, bodies with times."""
    record = rows["healed"]
    writer.submit(
        AttemptRecord(
            request_id=record.id,
            number=1,
            account="ada@example.com",
            account_kind="anthropic",
            upstream_model="claude-opus-5-5",
            started_offset_ms=3,
            status=400,
            failure_kind="signature",
            failure_text="Invalid `signature` in `thinking` block",
            strategy="FixedDelay",
            delay_ms=200,
            rotate=False,
            heal="thinking removed",
            headers_ms=90,
        )
    )
    writer.submit(
        BodyRecord(
            request_id=record.id,
            kind=BodyKind.CLIENT_REQUEST,
            headers=(("x-api-key", "k"), ("user-agent", "cli")),
            content=b'{"prompt":"why?"}',
        )
    )
    writer.submit(
        BodyRecord(
            request_id=record.id, kind=BodyKind.RESPONSE, chunks=((850, b"data: be"), (1900, b"data: cause"))
        )
    )
    assert writer.flush(10)
    content = page(client, reverse(DETAIL, args=[record.id]))
    for text in (
        "Invalid `signature` in `thinking` block",
        "FixedDelay, wait 200 ms, same account, heal: thinking removed",
        "user-agent: cli",
        "x-api-key: [masked]",
        "{&quot;prompt&quot;:&quot;why?&quot;}",
        "+850 ms",
        "data: cause",
        "+1.9 s",
    ):
        assert text in content


def test_what_comes_from_outside_is_text(
    client: Client, rows: dict[str, RequestRecord], writer: RecordWriter
) -> None:
    """No script of a client or a model runs on these pages, and no mark turns the text round."""
    record = rows["hostile"]
    evil = f"{SCRIPT} \u202e \x00 \x1b[31m".encode()
    writer.submit(
        BodyRecord(request_id=record.id, kind=BodyKind.RESPONSE, content=evil, headers=(("x-evil", SCRIPT),))
    )
    writer.submit(BodyRecord(request_id=record.id, kind=BodyKind.CLIENT_REQUEST, chunks=((1, evil),)))
    writer.submit(
        AttemptRecord(
            request_id=record.id,
            number=1,
            account=SCRIPT,
            account_kind="gemini",
            upstream_model=SCRIPT,
            started_offset_ms=0,
            failure_kind=SCRIPT,
            failure_text=SCRIPT,
            strategy=SCRIPT,
            upstream_request_id=SCRIPT,
        )
    )
    assert writer.flush(10)
    for address in (reverse(LIST), reverse(DETAIL, args=[record.id])):
        content = page(client, address)
        assert "<script>alert" not in content
        assert "&lt;script&gt;alert(1)" in content
    assert "\u202e" not in content
    assert "\\u202e" in content
    assert "\x1b" not in content


def test_a_large_body_is_shown_in_part(
    client: Client, rows: dict[str, RequestRecord], writer: RecordWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page stays usable: of a large body the beginning is shown, and that it is one is said."""
    monkeypatch.setattr(cells, "SHOWN_BYTES", 1000)
    record = rows["plain"]
    writer.submit(BodyRecord(request_id=record.id, kind=BodyKind.CLIENT_REQUEST, content=b"w" * 5000))
    pieces = tuple((number, b"v" * 300) for number in range(20))
    writer.submit(BodyRecord(request_id=record.id, kind=BodyKind.RESPONSE, chunks=pieces))
    assert writer.flush(10)
    content = page(client, reverse(DETAIL, args=[record.id]))
    assert "w" * 1000 in content
    assert "w" * 1001 not in content
    assert content.count("v" * 100) <= 1000
    assert content.count("only the beginning is shown here") == 2


def test_nothing_can_be_changed_there(client: Client, rows: dict[str, RequestRecord]) -> None:
    """The pages are for reading: adding, changing and deleting are refused to everybody."""
    record = rows["plain"]
    detail = reverse(DETAIL, args=[record.id])
    assert client.get(reverse("admin:monitor_requestlog_add")).status_code == 403
    assert client.post(detail, {"status": 500}).status_code == 403
    assert client.post(reverse("admin:monitor_requestlog_delete", args=[record.id])).status_code == 403
    assert RequestLog.objects.get(id=record.id).status == 200
    assert not AttemptLog.objects.exists()
    assert not Body.objects.exists()


def test_only_staff_who_may_view_see_it(client: Client, rows: dict[str, RequestRecord]) -> None:
    """A prompt is nobody else's business: without the permission there is no page."""
    stranger = Client()
    stranger.force_login(User.objects.create_user("staff", is_staff=True))
    assert stranger.get(reverse(LIST)).status_code == 403
    assert Client().get(reverse(LIST)).status_code == 302


def test_emails_are_masked_where_that_is_set(
    client: Client, rows: dict[str, RequestRecord], settings: pytest.FixtureRequest
) -> None:
    """With ``PROXY_MASK_EMAILS`` no page shows a whole address."""
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"proxy_mask_emails": True})
    content = page(client, reverse(DETAIL, args=[rows["plain"].id]))
    assert "a***@example.com" in content
    assert "ada@example.com" not in content
    assert "ada@" not in page(client, reverse(LIST)).partition("changelist-form")[2].partition("</table>")[0]
