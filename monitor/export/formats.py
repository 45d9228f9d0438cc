"""Exchanges as JSON Lines, CSV, HAR 1.2 or curl commands: each format a pure function, in one dict. PURE.

A file is ``head``, then one piece per exchange, ``between`` two of them, then ``tail``: so a hundred thousand
exchanges stream in constant memory. HAR 1.2: http://www.softwareishard.com/blog/har-12-spec/.
"""

import csv
import io
import json
import shlex
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from monitor.export.whole_exchange import Exchange, KeptBody
from monitor.record.moments import utc_text
from monitor.record.records import BodyKind, RequestRecord

CREATOR = {"name": "Evenkeel", "version": "1"}
CSV_COLUMNS = (
    "id", "started_at", "outcome", "status", "method", "path", "dialect", "client_model", "mapped_model",
    "account", "client_key", "is_stream", "attempts", "first_data_ms", "duration_ms", "tokens_in",
    "tokens_cached", "tokens_cache_write", "tokens_out", "tokens_thinking", "cost", "stop_reason", "ended_by",
    "ended_in", "healed", "continued", "cached_tokens_lost", "cache_miss", "cache_miss_tokens",
    "cache_miss_cost", "request_bytes", "response_bytes", "replay_of",
    "is_simulated", "conversation", "agent", "parent_agent", "agent_label", "client_name", "role", "error",
    "preview",
)  # fmt: skip
_FORMULA = frozenset("=+-@\t\r")
"""What a spreadsheet would take for the beginning of a formula."""
ARGUMENT_BYTES = 100_000
"""Linux takes 128 KiB as one argument of a command, its name of an option included (``execve(2)``)."""
_SENT_HEADERS = ("anthropic-version", "anthropic-beta", "openai-beta")


class Format(msgspec.Struct, frozen=True):
    """How one format is written. ``write`` gets an exchange and the server's base URL."""

    suffix: str
    content_type: str
    write: Callable[[Exchange, str], str]
    head: str = ""
    between: str = ""
    tail: str = ""
    needs_bodies: bool = True
    reads: Callable[[Exchange], Exchange] = lambda exchange: exchange
    """The part of an exchange that is written: what stands nowhere in the file needs no redaction."""


def as_json_line(exchange: Exchange, base_url: str) -> str:
    """Everything that is known of the exchange as one line of JSON."""
    value = {
        **_columns(exchange.row),
        "attempt_logs": exchange.attempts,
        "bodies": [
            {
                "kind": body.kind,
                "attempt": body.attempt,
                "headers": body.headers,
                "total_bytes": body.total_bytes,
                "sha256": body.sha256,
                "is_capped": body.is_capped,
                "text": body.text,
                "times": body.times,
            }
            for body in exchange.bodies
        ],
    }
    return msgspec.json.encode(value).decode() + "\n"


def as_csv_line(exchange: Exchange, base_url: str) -> str:
    """The metadata; no cell can be taken for a formula."""
    columns = _columns(exchange.row)
    return _csv([spreadsheet_cell(columns[name]) for name in CSV_COLUMNS])


def as_har_entry(exchange: Exchange, base_url: str) -> str:
    """An entry of HAR's log, on one line; what HAR has no field for stands under ``_evenkeel``."""
    row = exchange.row
    request, response = exchange.body(BodyKind.CLIENT_REQUEST), exchange.body(BodyKind.RESPONSE)
    sent, got = _headers(request), _headers(response)
    wait, total = row.first_data_ms or row.duration_ms or 0, row.duration_ms or 0
    entry = {
        "startedDateTime": utc_text(row.started_at),
        "time": total,
        "request": {
            "method": row.method,
            "url": base_url + row.path,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": sent,
            "queryString": [{"name": n, "value": v} for n, v in parse_qsl(urlsplit(row.path).query)],
            "postData": {"mimeType": _mime(sent), "text": request.text if request else ""},
            "headersSize": -1,
            "bodySize": row.request_bytes,
        },
        "response": {
            "status": row.status or 0,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": got,
            "content": {
                "size": row.response_bytes,
                "mimeType": _mime(got),
                "text": response.text if response else "",
            },
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": row.response_bytes,
        },
        "cache": {},
        "timings": {"send": 0, "wait": wait, "receive": max(0, total - wait)},
        "comment": f"{row.outcome or 'in flight'}, {row.attempts} attempt(s)",
        "_evenkeel": {
            **_columns(row),
            "attempt_logs": [msgspec.to_builtins(attempt) for attempt in exchange.attempts],
        },
    }
    return json.dumps(entry, ensure_ascii=False)


def as_curl(exchange: Exchange, base_url: str) -> str:
    """A command that sends the client's request again, with the key from ``$PROXY_KEY``."""
    row, body = exchange.row, exchange.body(BodyKind.CLIENT_REQUEST)
    header = "x-goog-api-key" if row.dialect == "gemini" else "x-api-key"
    key = f'"{header}: $PROXY_KEY"'
    if row.dialect == "openai":
        key = '"Authorization: Bearer $PROXY_KEY"'
    words = ["curl", "-N", "-X", shlex.quote(row.method), shlex.quote(base_url + _without_key(row.path))]
    lines = [" ".join(words), f"-H {key}", "-H 'content-type: application/json'"]
    for name, value in body.headers if body else []:
        if name.lower() in _SENT_HEADERS:
            lines.append(f"-H {shlex.quote(f'{name}: {value}')}")
    notes = ""
    if body is None or not body.total_bytes:
        notes = "# The body of this request was not recorded.\n"
    else:
        if body.is_capped:
            notes = "# Only the beginning of this body was recorded: the request is not whole.\n"
        lines.append(_data(body.text))
    return f"# {row.id}\n{notes}" + " \\\n  ".join(lines) + "\n"


def _data(text: str) -> str:
    """A small body as an argument, byte for byte; a long one, which no shell takes so, behind the command."""
    if len(text.encode()) <= ARGUMENT_BYTES:
        return f"--data-raw {shlex.quote(text)}"
    end = "END_OF_BODY"
    while end in text:
        end += "_"
    return f"--data-binary @- <<'{end}'\n{text}\n{end}"


def request_of(exchange: Exchange) -> Exchange:
    """What a curl command says of an exchange: the client's request alone."""
    row, body = exchange.row, exchange.body(BodyKind.CLIENT_REQUEST)
    told = msgspec.structs.replace(row, account=None, error=None, preview="", diagnostics={}, changes=())
    return Exchange(told, [], [body] if body else [])


FORMATS: dict[str, Format] = {
    "jsonl": Format("jsonl", "application/x-ndjson", as_json_line),
    "csv": Format(
        "csv", "text/csv; charset=utf-8", as_csv_line, head=",".join(CSV_COLUMNS) + "\r\n", needs_bodies=False
    ),
    "har": Format(
        "har",
        "application/json",
        as_har_entry,
        head='{"log": {"version": "1.2", "creator": ' + json.dumps(CREATOR) + ', "entries": [\n',
        between=",\n",
        tail="\n]}}\n",
    ),
    "curl": Format("sh", "text/x-shellscript; charset=utf-8", as_curl, between="\n", reads=request_of),
}


def _columns(row: RequestRecord) -> dict[str, Any]:
    columns: dict[str, Any] = msgspec.to_builtins(row)
    columns["started_at"] = utc_text(row.started_at)
    return columns


def spreadsheet_cell(value: object) -> object:
    """``value`` so that no spreadsheet takes it for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in _FORMULA else value


def _csv(cells: list[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _headers(body: KeptBody | None) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in (body.headers if body else [])]


def _mime(headers: list[dict[str, str]]) -> str:
    return next((h["value"] for h in headers if h["name"].lower() == "content-type"), "application/json")


def _without_key(path: str) -> str:
    before, _, query = path.partition("?")
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "key"]
    return f"{before}?{urlencode(kept)}" if kept else before
