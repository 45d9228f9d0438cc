"""Exports: each format is read back by what reads it; nothing leaves that should stay."""

import base64
import csv
import io
import json
import shlex
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from monitor.export import reading
from monitor.export.anonymizing import Redaction, redacted
from monitor.export.formats import CSV_COLUMNS, FORMATS
from monitor.export.whole_exchange import Exchange, KeptBody
from monitor.record.attempt_use import AttemptUse
from monitor.record.records import Outcome, RequestRecord
from tests.monitor.shelf import Shelf, operator, shelf, texts_of

__all__ = ["operator", "shelf"]

IMAGE = "iVBORw0KGgo" + "A" * 200
SECRET_KEY = "sk-ant-api03-abcdefghijklmnopqrstu1"
SHOWN_KEY = "sk-[masked]"
BODY = {
    "model": "claude-opus-5-5",
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Write to bob@example.org about the secret plan"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": IMAGE}},
            ],
        }
    ],
}


def downloaded(client: Client, query: str, chosen: dict[str, object] | None = None) -> str:
    path = f"/monitor/history/export/file/?{query}"
    answer = client.get(path) if chosen is None else client.post(path, chosen)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment")
    if hasattr(answer.streaming_content, "__aiter__"):

        async def collected() -> bytes:
            return b"".join([piece async for piece in answer.streaming_content])

        return async_to_sync(collected)().decode()
    return b"".join(answer.streaming_content).decode()


def test_json_lines_hold_everything_redacted(operator: Client, shelf: Shelf) -> None:
    """One line per exchange, newest first; keys, addresses and images are out, with their traces."""
    first = shelf.put(texts_of(BODY), b"data: {}\n\n", preview="mail bob@example.org")
    drew = {"drawn_image_out": 5, "drawn_by": f"{SECRET_KEY} of ada@example.com"}
    failed = AttemptUse(
        number=1, account="ada@example.com", model="m", tokens_in=7, failed=True, diagnostics=drew
    )
    second = shelf.put(attempts=2, used_by_attempt=(failed,), diagnostics=drew)
    lines = [json.loads(line) for line in downloaded(operator, "format=jsonl").splitlines()]
    assert [line["id"] for line in lines] == [second.id, first.id]
    text = json.dumps(lines)
    for gone in ("bob@example.org", "ada@example.com", IMAGE, "sk-planted", SECRET_KEY):
        assert gone not in text
    sent = json.loads(lines[1]["bodies"][0]["text"])
    assert sent["messages"][0]["content"][0]["text"] == "Write to b***@example.org about the secret plan"
    assert sent["messages"][0]["content"][1]["source"]["data"].startswith(
        f"[image removed: {len(IMAGE)} characters, sha256 "
    )
    assert lines[1]["attempt_logs"][0]["number"] == 1
    [used] = lines[0]["used_by_attempt"]
    facts = used.pop("diagnostics")
    assert used == {
        "number": 1, "account": "a***@example.com", "model": "m", "tokens_in": 7, "failed": True,
    }  # fmt: skip
    assert facts["drawn_by"] == lines[0]["diagnostics"]["drawn_by"] == f"{SHOWN_KEY} of a***@example.com"


def test_redaction_can_be_widened_and_narrowed(operator: Client, shelf: Shelf) -> None:
    """Prompts go on request; addresses and images stay on request; keys never stay."""
    shelf.put(texts_of(BODY), preview="the secret plan", error="no secret plan")
    text = downloaded(operator, "prompts=remove")
    assert "secret plan" not in text
    assert "claude-opus-5-5" in text
    assert "[text removed: 15 characters" in text
    text = downloaded(operator, "emails=keep&images=keep")
    assert "bob@example.org" in text
    assert IMAGE in text
    assert "sk-planted" not in text


@pytest.mark.parametrize("format_", list(FORMATS))
def test_addresses_that_are_masked_everywhere_stay_in_no_export(
    operator: Client, shelf: Shelf, settings: Any, format_: str
) -> None:
    """``PROXY_MASK_EMAILS`` holds whatever the export's own choice says, and that is not offered."""
    shelf.put(texts_of(BODY), account="ada@example.com", preview="mail bob@example.org")
    query = f"format={format_}&emails=keep"
    page = f"/monitor/history/export/?{query}"
    assert (
        'value="keep"' in operator.get(page).content.decode().split('name="emails"')[1].split("</select>")[0]
    )
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"proxy_mask_emails": True})
    shown = operator.get(page).content.decode()
    assert 'value="keep"' not in shown.split('name="emails"')[1].split("</select>")[0]
    for text in (shown, downloaded(operator, query)):
        assert "ada@example.com" not in text
        assert "bob@example.org" not in text


def test_csv_is_a_table_without_formulas(operator: Client, shelf: Shelf) -> None:
    """A header line, one line per exchange, and no cell that a spreadsheet would run."""
    row = shelf.put(preview='=HYPERLINK("x")', error="a\nb")
    table = list(csv.DictReader(io.StringIO(downloaded(operator, "format=csv"))))
    assert list(table[0]) == list(CSV_COLUMNS)
    assert table[0]["id"] == row.id
    assert table[0]["preview"] == '\'=HYPERLINK("x")'
    assert table[0]["error"] == "a\nb"
    assert table[0]["tokens_out"] == "20"


def test_har_has_what_the_format_requires(operator: Client, shelf: Shelf) -> None:
    """Every required field of HAR 1.2 is there, and times add up."""
    shelf.put(texts_of(BODY), b'data: {"a": 1}\n\n', path="/v1/messages?beta=true")
    shelf.put(outcome=Outcome.ERROR, status=429)
    log = json.loads(downloaded(operator, "format=har"))["log"]
    assert log["version"] == "1.2"
    assert set(log["creator"]) == {"name", "version"}
    assert len(log["entries"]) == 2
    for entry in log["entries"]:
        assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= set(entry)
        assert {
            "method",
            "url",
            "httpVersion",
            "cookies",
            "headers",
            "queryString",
            "headersSize",
            "bodySize",
        } <= set(entry["request"])
        assert {"status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL"} <= set(
            entry["response"]
        )
        assert sum(entry["timings"].values()) == entry["time"] == 1500
    assert log["entries"][1]["request"]["url"] == "http://testserver/v1/messages?beta=true"
    assert log["entries"][1]["request"]["queryString"] == [{"name": "beta", "value": "true"}]


@pytest.mark.outside
def test_a_curl_command_is_what_a_shell_makes_of_it(operator: Client, shelf: Shelf) -> None:
    """The command sends the same bytes to the same path, with the key from the environment."""
    body = texts_of({"messages": [{"role": "user", "content": 'it\'s $HOME `x` "y"\n'}]})
    row = shelf.put(body, path="/v1/messages?key=sk-planted-Key-0123456789abcdef&beta=true")
    command = downloaded(operator, f"format=curl&id={row.id}")
    words = shlex.split(command, comments=True)
    assert words[0] == "curl"
    assert "http://testserver/v1/messages?beta=true" in words
    assert words[words.index("--data-raw") + 1].encode() == body
    script = "curl() { printf '%s\\n' \"$@\"; }\n" + command
    said = subprocess.run(
        ["sh", "-c", script], env={"PROXY_KEY": "the-key"}, capture_output=True, text=True, check=True
    ).stdout
    assert "x-api-key: the-key" in said


@pytest.mark.outside
def test_a_long_body_stands_behind_its_command(operator: Client, shelf: Shelf, tmp_path: Path) -> None:
    """A shell takes no argument of 200 KB; what it reads is the body, whatever lines it has."""
    body = texts_of({"messages": [{"role": "user", "content": "END_OF_BODY\n$HOME `x` ' \\ " * 12_000}]})
    command = downloaded(operator, f"format=curl&id={shelf.put(body).id}")
    (tmp_path / "again.sh").write_text("curl() { cat; }\n" + command)
    said = subprocess.run(["sh", tmp_path / "again.sh"], capture_output=True, check=True).stdout
    assert len(body) > 200_000
    assert said == body + b"\n"


def test_what_a_command_does_not_say_is_not_counted_as_removed(operator: Client, shelf: Shelf) -> None:
    """The row's own address stands in no curl command: nothing was taken out of it."""
    row = shelf.put(texts_of({"messages": [{"role": "user", "content": "Hello"}]}))
    address = "</b> e-mail addresses"
    assert address in operator.get(f"/monitor/history/export/?format=jsonl&id={row.id}").content.decode()
    assert address not in operator.get(f"/monitor/history/export/?format=curl&id={row.id}").content.decode()


def test_a_selection_or_a_view_is_exported(operator: Client, shelf: Shelf) -> None:
    """Chosen exchanges, or all that the filters show, and nothing else."""
    rows = [shelf.put(healed=number == 1) for number in range(3)]
    ids = lambda query: [json.loads(line)["id"] for line in downloaded(operator, query).splitlines()]  # noqa: E731
    assert ids(f"id={rows[0].id}&id={rows[2].id}") == [rows[2].id, rows[0].id]
    assert ids("healed=1") == [rows[1].id]
    assert len(ids("")) == 3


def test_more_rows_are_chosen_than_fit_into_an_address(operator: Client, shelf: Shelf) -> None:
    """450 and more go by form: the page and the file have each; over the limit the page says so."""
    ids = [shelf.put().id for _ in range(reading.SELECTED_LIMIT // 100)]
    chosen = {"id": ids + [f"{number:032x}" for number in range(950)], "format": "jsonl"}
    page = operator.post("/monitor/history/export/", chosen)
    assert page.content.decode().count('name="id"') == 950 + len(ids)
    assert "More were chosen" not in page.content.decode()
    file = downloaded(operator, "", chosen)
    assert sorted(json.loads(line)["id"] for line in file.splitlines()) == sorted(ids)
    chosen["id"] = [f"{number:032x}" for number in range(reading.SELECTED_LIMIT + 1)]
    assert "More were chosen" in operator.post("/monitor/history/export/", chosen).content.decode()


@pytest.mark.parametrize("name", FORMATS)
def test_a_view_longer_than_a_chunk_is_whole(
    name: str, operator: Client, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunk by chunk, every exchange is written once, with what stands between two of them."""
    monkeypatch.setattr(reading, "ROWS_AT_ONCE", 7)
    monkeypatch.setattr(reading, "BODY_BYTES_AT_ONCE", 5)
    rows = [shelf.put(b"{}") for _ in range(20)]
    text = downloaded(operator, f"format={name}")
    if name == "har":
        json.loads(text)
    assert all(text.count(row.id) >= 1 for row in rows)


def test_the_page_shows_what_will_leave(operator: Client, shelf: Shelf) -> None:
    """The preview is the beginning of the file, and counts what was taken out."""
    shelf.put(texts_of(BODY))
    page = operator.get("/monitor/history/export/?format=jsonl").content.decode()
    assert "b***@example.org" in page
    assert "bob@example.org" not in page
    assert "images" in page


STREAM = 'event: x\ndata: {"type": "text_delta", "text": "my plan"}\n\ndata: [DONE]\n\ndata: {"cut": "my pl'


def test_streams_are_redacted_event_by_event() -> None:
    """The protocol stays to be read, the words go, also those of an event that was cut."""
    row = RequestRecord(
        id="0", started_at=0, process_id="p", dialect="openai", method="POST", path="/", in_flight=True
    )
    body = KeptBody("response", 0, [], STREAM, len(STREAM), "", True, [(1, 5)])
    removed: Counter[str] = Counter()
    kept = redacted(Exchange(row, [], [body]), Redaction(prompts=True), removed).bodies[0]
    assert "my pl" not in kept.text
    assert '"type": "text_delta"' in kept.text
    assert "data: [DONE]" in kept.text
    assert removed["texts"] == 2
    assert kept.times == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_stream_is_redacted_whatever_its_lines_end_with(end: str) -> None:
    """A lone CR ends a line of a stream, too; names of events stay, words in their place go."""
    lines = ["event: delta", 'data: {"type": "d", "text": "my plan"}', "", "event: my plan", ": my plan", ""]
    kept = export_of(end.join(lines), Redaction(prompts=True))
    assert "my plan" not in kept
    assert kept.startswith(f'event: delta{end}data: {{"type": "d", "text": "[text removed: 7 characters')
    assert kept.count(end) == len(lines) - 1


@pytest.mark.parametrize(
    "message",
    [
        {"source": {"type": "base64", "media_type": "image/png", "data": IMAGE}},
        {"image_url": {"url": f"data:image/png;base64,{IMAGE}"}},
        {"file": {"file_data": f"data:text/plain;charset=utf-8;base64,{IMAGE}"}},
        {"arguments": json.dumps({"data": IMAGE})},
    ],
)
@pytest.mark.parametrize("before", ["", "data: "])
def test_an_image_goes_from_a_body_that_was_cut_within_it(message: dict[str, object], before: str) -> None:
    """A body that is longer than its cap is mostly one with an image, and no JSON any more."""
    text = before + json.dumps({"messages": [{"role": "user", "content": [message]}]}).split(IMAGE)[0]
    kept = export_of(text + IMAGE[:150], Redaction())
    assert IMAGE[:20] not in kept
    assert '"role": "user"' in kept
    assert "[image removed: " in kept
    assert IMAGE[:150] in export_of(text + IMAGE[:150], Redaction(images=False))


WRAPPED = base64.encodebytes(bytes(range(256)) * 2).decode()
"""As mail and Python's own encoder have it: lines of 76 characters."""


@pytest.mark.parametrize(
    "message",
    [
        {"source": {"type": "base64", "media_type": "image/png", "data": WRAPPED}},
        {"image_url": {"url": f"data:image/png;base64,{WRAPPED}"}},
        {"image_url": {"url": f"DATA:image/png;BASE64,{WRAPPED.replace(chr(10), '')}"}},
    ],
)
def test_an_image_goes_however_its_data_are_written(message: dict[str, object]) -> None:
    """In lines, and behind a scheme in capitals; words behind one in one line stay."""
    kept = export_of(json.dumps({"messages": [message]}), Redaction())
    for line in WRAPPED.splitlines():
        assert line not in kept
    words = export_of(json.dumps({"text": f"data:image/png;base64,{IMAGE}\nwordsbehindit"}), Redaction())
    assert "wordsbehindit" in words


def export_of(text: str, rules: Redaction) -> str:
    """A body as it leaves."""
    row = RequestRecord(
        id="0", started_at=0, process_id="p", dialect="openai", method="POST", path="/", in_flight=True
    )
    body = KeptBody("client_request", 0, [], text, len(text), "", True)
    return redacted(Exchange(row, [], [body]), rules, Counter()).bodies[0].text


def test_tool_arguments_are_prompt_text_whatever_their_keys() -> None:
    """Inside a tool's arguments and results no key makes its value part of the protocol."""
    row = RequestRecord(
        id="0", started_at=0, process_id="p", dialect="openai", method="POST", path="/", in_flight=True
    )
    text = json.dumps({"type": "tool_use", "name": "send", "input": {"name": "my plan", "id": ["my plan"]}})
    body = KeptBody("client_request", 0, [], text, len(text), "", False)
    kept = redacted(Exchange(row, [], [body]), Redaction(prompts=True), Counter()).bodies[0]
    assert "my plan" not in kept.text
    assert '"name": "send"' in kept.text


@pytest.mark.parametrize(
    "unit", ["0123456789abcdef", "a.", "a@", "a@b", "data:a", "data:image/png;base64,", "[" * 50]
)
@pytest.mark.timeout(30)
def test_a_hostile_text_is_exported_in_linear_time(unit: str) -> None:
    """Long runs of what addresses and data URLs are made of; 160 kB of hex and an @ took 25 s once."""
    text = (unit * 160_000)[:160_000] + "@"
    exchange = Exchange(
        row=RequestRecord(
            id="r", started_at=0, process_id="p", dialect="anthropic", method="POST", path="/v1/messages",
            in_flight=False, preview=text, error=text,
        ),
        bodies=[KeptBody("client_request", 0, [("x-note", text)], json.dumps({"text": text}), 9, "", False)],
    )  # fmt: skip
    removed: Counter[str] = Counter()
    assert redacted(exchange, Redaction(), removed).row.id == "r"


def test_a_body_that_is_nested_too_deeply_is_exported_as_text(operator: Client, shelf: Shelf) -> None:
    """JSON that no walk gets to the end of breaks no export off."""
    shelf.put(b'{"a":' * 900 + b'"bob@example.org"' + b"}" * 900)
    text = downloaded(operator, "format=jsonl")
    assert "broke off" not in text
    assert "b***@example.org" in text
