"""The page of one exchange."""

# ruff: noqa: E501  an event or a body stays on one line

from decimal import Decimal

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitor.models import RequestLog
from monitor.record.attempt_use import AttemptUse
from monitor.record.records import Outcome, RequestRecord
from tests.monitor.shelf import Shelf, attempt_of, operator, shelf, texts_of

__all__ = ["operator", "shelf"]

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def page_of(client: Client, row: RequestRecord) -> str:
    answer = client.get(f"/monitor/history/{row.id}/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_tells_everything_in_a_fixed_number_of_queries(operator: Client, shelf: Shelf) -> None:
    """Diagnosis, facts, attempts, conversation, bodies: however many there are."""
    body = texts_of({"messages": [{"role": "user", "content": "What is 6 times 7?"}]})
    answer = b'event: message_start\ndata: {"type": "content_block_start", "content_block": {"type": "text", "text": "42"}}\n\n'
    counts = []
    for upstream in (b"", b'{"messages": []}'):
        row = shelf.put(body, answer, upstream)
        with CaptureQueriesContext(connection) as queries:
            page = page_of(operator, row)
        counts.append(len(queries))
        for text in ("What is 6 times 7?", ">42<", "ada@example.com answered", "Nothing to do.", "+300 ms"):
            assert text in page
    assert counts[0] == counts[1] <= 10


def test_its_title_says_what_it_is(operator: Client, shelf: Shelf) -> None:
    """A tab, a bookmark and the browser's history tell one request from another; no text is markup there."""
    row = shelf.put(outcome=Outcome.HEALED, client_model="claude-<b>")
    assert "<title> healed · claude-&lt;b&gt; · ada@example.com | Evenkeel</title>" in page_of(operator, row)
    running = shelf.put(outcome=None, in_flight=True)
    assert "<title> in flight · " in page_of(operator, running)


def test_a_missing_request_has_a_page(operator: Client) -> None:
    """It says what may have become of it, and leads on."""
    answer = operator.get("/monitor/history/0123/")
    assert answer.status_code == 404
    assert "Retention may have removed it" in answer.content.decode()
    elsewhere = operator.get("/nowhere/")
    assert elsewhere.status_code == 404
    assert "Retention" not in elsewhere.content.decode()


def test_an_exchange_that_is_gone_is_a_404(operator: Client) -> None:
    """Retention removes exchanges; a kept link says so."""
    assert operator.get("/monitor/history/0123/").status_code == 404
    assert operator.get("/monitor/history/0123/body/response/0/").status_code == 404


def test_an_address_may_hold_anything(operator: Client) -> None:
    """No cursor, id or kind in a URL is an error of the server's."""
    for path in ("%00/", "a%00/replay/", "0/beside/%00/", "0/body/%00/0/", "0/body/response/99999999999/"):
        assert operator.get(f"/monitor/history/{path}").status_code == 404
    for query in ("before=%00", "after=zz", "q=%00", "body=%00", "since=9999999", "id=%00", "status=%C2%B2"):
        for page in ("", "export/"):
            assert operator.get(f"/monitor/history/{page}?{query}").status_code == 200


EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\u202eabc\x00\x1b[31m"


def test_what_models_say_is_text(operator: Client, shelf: Shelf) -> None:
    """Script tags, RTL marks and control characters in every place of a body are shown as text."""
    block = {"type": "tool_use", "name": EVIL, "input": {EVIL: EVIL}}
    body = texts_of({"system": EVIL, "messages": [{"role": EVIL, "content": [block, {"type": EVIL}]}]})
    row = shelf.put(body, texts_of({"type": "message", "content": EVIL}), texts_of({"x": EVIL}), error=EVIL)
    page = page_of(operator, row)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert not set(page) & {"\u202e", "\x00", "\x1b"}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_ten_megabytes_in_one_line_leave_the_page_usable(operator: Client, shelf: Shelf) -> None:
    """A long text folds: the page stays under a megabyte, and what is kept can be downloaded."""
    row = shelf.put(
        texts_of({"messages": [{"role": "user", "content": "x" * 10_000_000}]}), b"y" * 10_000_000
    )
    page = page_of(operator, row)
    assert len(page) < 1_200_000
    assert "cut when it was stored" in page
    file = operator.get(f"/monitor/history/{row.id}/body/client_request/0/")
    assert len(file.content) == 1_000_000
    assert file["Content-Type"].startswith("text/plain")
    assert file["X-Content-Type-Options"] == "nosniff"
    assert file["Content-Disposition"].startswith("attachment")


def test_a_planted_key_is_nowhere(operator: Client, shelf: Shelf) -> None:
    """A secret in a header, a path or a body is masked on the page and in the files."""
    secret = "sk-planted-Key-0123456789abcdef"
    row = shelf.put(texts_of({"messages": [], "api_key": secret}), path=f"/v1/messages?key={secret}")
    assert secret not in page_of(operator, row)
    assert secret.encode() not in operator.get(f"/monitor/history/{row.id}/body/client_request/0/").content


def test_the_page_claims_no_rotation_that_did_not_happen(operator: Client, shelf: Shelf) -> None:
    """One account, asked twice: the page says that no other was free."""
    row = shelf.put(b"{}", attempts=2, outcome=Outcome.RETRIED)
    shelf.add(attempt_of(row, failure_kind="empty", rotate=True, delay_ms=0), attempt_of(row, 2))
    page = page_of(operator, row)
    assert "same account: no other was free" in page
    assert " rotate" not in page


def test_what_failed_attempts_cost_is_told(operator: Client, shelf: Shelf) -> None:
    """Beside the cost of the exchange, and with each attempt; where one attempt used all, nothing is."""
    failed = AttemptUse(
        number=1,
        account="bob@example.com",
        model="claude-opus-5-5",
        tokens_in=10**6,
        tokens_out=0,
        failed=True,
    )
    last = AttemptUse(
        number=2, account="ada@example.com", model="claude-opus-5-5", tokens_in=10, tokens_out=20
    )
    row = shelf.put(attempts=2, used_by_attempt=(failed, last))
    page = page_of(operator, row)
    stored = RequestLog.objects.get(id=row.id)
    assert stored.used_by_attempt is not None
    told = [Decimal(use["cost"]) for use in stored.used_by_attempt]
    assert stored.cost == sum(told)
    assert f"of this, ${told[0]:.2f} by attempts that failed" in page
    assert "by attempts that failed" not in page_of(operator, shelf.put())
