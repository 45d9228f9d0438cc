"""The page of one exchange."""

# ruff: noqa: E501  an event or a body stays on one line

import os
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitor.diagnosis.timeline import next_accounts, timeline
from monitor.history.one_exchange.body_diff import body_diff
from monitor.history.one_exchange.log_lines import log_lines
from monitor.record.records import AttemptRecord, Outcome, RequestRecord
from monitor.turns import request_turns, response_turns
from monitor.turns.parts import image, image_at
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


def test_log_lines_are_found_by_request_id(tmp_path: Path) -> None:
    """Lines come from all files that may hold them, in order; older files are not read."""
    (tmp_path / "app.log.2026-11-20").write_text("one [id1 x]\nother [id2 x]\n")
    (tmp_path / "app.log").write_text("two [id1 x]\nthree [id2]\nfour [id1] no end")
    os.utime(tmp_path / "app.log.2026-11-20", (1000, 1000))
    assert log_lines(tmp_path, "id1", 0)[0] == ["one [id1 x]", "two [id1 x]", "four [id1] no end"]
    assert log_lines(tmp_path, "id1", 2000)[0] == ["two [id1 x]", "four [id1] no end"]
    assert log_lines(tmp_path / "none", "id1", 0) == ([], True)


def test_a_log_too_long_is_read_from_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search is bounded, and tells when it did not see everything."""
    monkeypatch.setattr("monitor.history.one_exchange.log_lines.SEARCH_BYTES", 12)
    (tmp_path / "app.log").write_text("early id1\nmiddle...\nlate id1\n")
    assert log_lines(tmp_path, "id1", 0) == (["late id1"], False)


# --- conversations --------------------------------------------------------------------------------
REQUESTS = {
    "anthropic": {
        "system": "be brief",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}]},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}, {"type": "tool_use", "name": "weather", "input": {"city": "Paris"}}]},
            {"role": "user", "content": [{"type": "tool_result", "content": "sunny"}]},
        ],
    },
    "gemini": {
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "look"}, {"inlineData": {"mimeType": "image/png", "data": PIXEL}}]},
            {"role": "model", "parts": [{"text": "hm", "thought": True}, {"functionCall": {"name": "weather", "args": {"city": "Paris"}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "weather", "response": {"said": "sunny"}}}]},
        ],
    },
    "openai": {
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}]},
            {"role": "assistant", "reasoning_content": "hm", "tool_calls": [{"function": {"name": "weather", "arguments": '{"city": "Paris"}'}}]},
            {"role": "tool", "content": "sunny"},
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("dialect", REQUESTS)
def test_a_request_reads_the_same_in_each_dialect(dialect: str) -> None:
    """System, turns, thinking, tool calls with arguments, results and images."""
    turns = request_turns(dialect, texts_of(REQUESTS[dialect]))
    assert turns is not None
    assert [turn.role for turn in turns][:3] == ["system", "user", "assistant"]
    kinds = [[part.kind for part in turn.parts] for turn in turns]
    assert kinds == [["text"], ["text", "image"], ["thinking", "tool"], ["result"]]
    assert turns[1].parts[1].image == f"data:image/png;base64,{PIXEL}"
    assert turns[2].parts[1].title == "tool call weather"
    assert '"city": "Paris"' in turns[2].parts[1].text
    assert "sunny" in turns[3].parts[0].text


STREAMS = {
    "anthropic": (
        [
            {"type": "message_start", "message": {"content": []}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
            {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "4"}},
            {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "2"}},
            {"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "name": "f", "input": {}}},
            {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"a":'}},
            {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "1}"}},
        ],
        [("thinking", "hm"), ("text", "42"), ("tool", '{\n  "a": 1\n}')],
    ),
    "gemini": (
        [
            {"candidates": [{"content": {"parts": [{"text": "hm", "thought": True}]}}]},
            {"candidates": [{"content": {"parts": [{"text": "4"}]}}]},
            {"candidates": [{"content": {"parts": [{"text": "2"}]}}]},
            {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "args": {"a": 1}}}]}}]},
        ],
        [("thinking", "hm"), ("text", "42"), ("tool", '{\n  "a": 1\n}')],
    ),
    "openai": (
        [
            {"choices": [{"delta": {"role": "assistant", "reasoning_content": "hm"}}]},
            {"choices": [{"delta": {"content": "4"}}]},
            {"choices": [{"delta": {"content": "2"}}]},
            {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": '{"a"'}}]}}]},
            {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}]}}]},
        ],
        [("thinking", "hm"), ("text", "42"), ("tool", '{\n  "a": 1\n}')],
    ),
}  # fmt: skip


@pytest.mark.parametrize("dialect", STREAMS)
def test_a_stream_is_put_together(dialect: str) -> None:
    """The answer reads as if it had come in one piece, whatever a line ends in, also when it was cut."""
    events, parts = STREAMS[dialect]
    for line_end in (b"\n", b"\r\n"):
        stream = b"".join(b"data: " + texts_of(event) + line_end * 2 for event in events)
        for data in (stream, stream + b'data: {"cut'):
            turns = response_turns(dialect, data)
            assert turns is not None
            assert [(part.kind, part.text) for turn in turns for part in turn.parts] == parts


def test_openai_responses_are_put_together() -> None:
    """The other form: items replace their deltas, and a stream that broke shows what had come."""
    begun = [
        {"type": "response.output_text.delta", "output_index": 0, "delta": "4"},
        {"type": "response.output_text.delta", "output_index": 0, "delta": "2"},
    ]
    done = {
        "type": "response.output_item.done",
        "output_index": 0,
        "item": {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "42."}]},
    }
    for events, text in ((begun, "42"), ([*begun, done], "42.")):
        stream = b"".join(b"data: " + texts_of(event) + b"\n\n" for event in events)
        turns = response_turns("openai", stream)
        assert turns is not None
        assert [part.text for turn in turns for part in turn.parts] == [text]


def test_openai_responses_that_broke_show_thinking_and_arguments_too() -> None:
    """What had come of a thought and of a call, though neither was finished."""
    events = [
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {"type": "reasoning", "summary": []},
        },
        {"type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": "hm"},
        {
            "type": "response.output_item.added",
            "output_index": 1,
            "item": {"type": "function_call", "name": "f", "arguments": ""},
        },
        {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": '{"a"'},
    ]
    turns = response_turns("openai", b"".join(b"data: " + texts_of(event) + b"\n\n" for event in events))
    assert turns is not None
    assert [(part.kind, part.text) for turn in turns for part in turn.parts] == [
        ("thinking", "hm"),
        ("tool", '{"a"'),
    ]


@pytest.mark.parametrize(
    ("dialect", "request_body", "response_body", "asked", "answered"),
    [
        (
            "openai",
            {"input": ["a cat", [1, 2]]},
            {"data": [{"embedding": [0.1, 0.2]}, {"embedding": [0.3, 0.4]}]},
            ["a cat", "[\n  1,\n  2\n]"],
            "2 × 2",
        ),
        ("openai", {"input": "a cat"}, {"data": [{"embedding": "base64=="}]}, ["a cat"], "1"),
        (
            "gemini",
            {"content": {"parts": [{"text": "a cat"}]}},
            {"embedding": {"values": [1] * 1536}},
            ["a cat"],
            "1 × 1,536",
        ),
        (
            "gemini",
            {"requests": [{"content": {"parts": [{"text": text}]}} for text in "ab"]},
            {"embeddings": [{"values": [1]}, {"values": [2]}]},
            ["a", "b"],
            "2 × 1",
        ),
    ],
)
def test_what_was_embedded_is_read_and_its_vectors_are_counted(
    dialect: str, request_body: object, response_body: object, asked: list[str], answered: str
) -> None:
    """No person reads the numbers: how many vectors, of how many numbers."""
    turns = request_turns(dialect, texts_of(request_body))
    assert turns is not None
    assert [(turn.role, part.text) for turn in turns for part in turn.parts] == [
        ("user", text) for text in asked
    ]
    [turn] = response_turns(dialect, texts_of(response_body)) or []
    assert [(part.kind, part.text) for part in turn.parts] == [("result", answered)]


def test_what_gemini_counts_is_read() -> None:
    """countTokens may wrap the whole request."""
    body = {"generateContentRequest": {"contents": [{"parts": [{"text": "count me"}]}]}}
    [turn] = request_turns("gemini", texts_of(body)) or []
    assert turn.parts[0].text == "count me"


def test_no_body_is_too_broken_to_look_at(subtests: pytest.Subtests) -> None:
    """A body that is no conversation is no error."""
    for dialect in REQUESTS:
        for data in [
            b"",
            b"{",
            b"[]",
            b"null",
            b'{"messages": 1, "contents": "x", "input": {}}',
            b"\xff",
            b"[" * 9999,
        ]:
            with subtests.test(f"{dialect, data!r:.120}"):
                request_turns(dialect, data)
                response_turns(dialect, data)


def test_images_are_never_fetched_and_never_scripts() -> None:
    """Only the four plain kinds of image with real base64 become an image; an address stays text."""
    assert image("image/png", PIXEL).image
    for kind, data in (("image/svg+xml", PIXEL), ("image/png", '"><script>'), ("text/html", PIXEL), (1, 2)):
        assert image(kind, data).image == ""
    assert image_at("https://example.com/x.png").text == "https://example.com/x.png"
    assert image_at("https://example.com/x.png").image == ""


# --- timeline and diff ----------------------------------------------------------------------------
def test_the_timeline_has_every_phase_where_it_was() -> None:
    """Spans follow each other in percent of the whole, waits included."""
    row = RequestRecord(
        id="0", started_at=0, process_id="p", dialect="gemini", method="POST", path="/", in_flight=False,
        outcome=Outcome.RETRIED, duration_ms=1000,
    )  # fmt: skip
    first = AttemptRecord(
        request_id="0", number=1, account="a", account_kind="k", upstream_model="m", started_offset_ms=0,
        headers_ms=100, end_ms=200, failure_kind="empty", delay_ms=300,
    )  # fmt: skip
    second = AttemptRecord(
        request_id="0", number=2, account="a", account_kind="k", upstream_model="m", started_offset_ms=500,
        headers_ms=100, first_data_ms=200, end_ms=500,
    )  # fmt: skip
    bars = timeline(row, [first, second], next_accounts([first, second]))
    assert [[(span.phase, span.left, span.width) for span in bar.spans] for bar in bars] == [
        [("headers", "0.000", "10.000"), ("peek", "10.000", "10.000"), ("wait", "20.000", "30.000")],
        [("headers", "50.000", "10.000"), ("peek", "60.000", "10.000"), ("stream", "70.000", "30.000")],
    ]


def test_the_timeline_says_where_an_answer_was_gone_on_with() -> None:
    """Each seam stands at the attempt that spoke behind it; one that said nothing has none."""
    row = RequestRecord(
        id="0", started_at=0, process_id="p", dialect="gemini", method="POST", path="/", in_flight=False,
        outcome=Outcome.CONTINUED, duration_ms=1000, continued=True, seams=(80,),
    )  # fmt: skip

    def attempt(number: int, first_data_ms: int | None) -> AttemptRecord:
        return AttemptRecord(
            request_id="0", number=number, account="a", account_kind="k", upstream_model="m",
            started_offset_ms=0, first_data_ms=first_data_ms,
        )  # fmt: skip

    tried = [attempt(1, None), attempt(2, 5), attempt(3, None), attempt(4, 5)]
    assert [bar.seam for bar in timeline(row, tried, next_accounts(tried))] == [None, None, None, 80]


def test_a_rotation_is_told_only_where_another_account_was_asked() -> None:
    """``rotate`` is what was decided; where no other account was free, the same one was asked again."""

    def attempt(number: int, account: str, kind: str = "k", rotate: bool | None = True) -> AttemptRecord:
        return AttemptRecord(
            request_id="0", number=number, account=account, account_kind=kind, upstream_model="m",
            started_offset_ms=0, rotate=rotate,
        )  # fmt: skip

    tried = [attempt(1, "a"), attempt(2, "b"), attempt(3, "b"), attempt(4, "b", "other", False)]
    tried.append(attempt(5, "b", "other", None))
    assert next_accounts(tried) == ["another", "only one left", "another", "same", ""]
    assert next_accounts([]) == []


def test_the_page_claims_no_rotation_that_did_not_happen(operator: Client, shelf: Shelf) -> None:
    """One account, asked twice: the page says that no other was free."""
    row = shelf.put(b"{}", attempts=2, outcome=Outcome.RETRIED)
    shelf.add(attempt_of(row, failure_kind="empty", rotate=True, delay_ms=0), attempt_of(row, 2))
    page = page_of(operator, row)
    assert "same account: no other was free" in page
    assert " rotate" not in page


def test_a_diff_shows_what_was_changed_and_gives_up_on_too_much() -> None:
    """Lines are compared as JSON is indented; a long text is compared and shown by its beginning."""
    lines = body_diff(b'{"a":1,"b":"' + b"x" * 9000 + b'"}', b'{"a":2,"b":"' + b"x" * 8999 + b'y"}')
    assert lines is not None
    assert [line.text[:10] for line in lines if line.kind == "add"] == ['+  "a": 2,', '+  "b": "x']
    assert all(len(line.text) < 500 for line in lines)
    assert body_diff(b'{"a": 1}', b'{"a":1}') == []
    assert body_diff(b"no json", b"{}") is None
    long = texts_of(list(range(10_000)))
    assert body_diff(long, long) is None
