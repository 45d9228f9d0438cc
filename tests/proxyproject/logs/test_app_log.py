"""logs/app.log: its lines, its rolling, its queue."""

import logging
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import pytest

from proxyproject.logs import app_log
from proxyproject.logs.app_log import AppLog, LineFormatter
from proxyproject.logs.rolled_file import RolledFile

KEY = "sk-" + "Ab3dEf6hIj9kLm2nOp5qRs8t"


def record(message: str, *args: object, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("relay.exchange.driver", logging.WARNING, __file__, 1, message, args, None)
    made.__dict__.update(fields)
    return made


def raised(error: Exception) -> logging.LogRecord:
    try:
        raise error
    except type(error):
        made = record("It failed")
        made.exc_info = sys.exc_info()
    return made


def test_a_line_carries_request_attempt_account_and_model() -> None:
    """Each line names the exchange's id, attempt, account and model."""
    line = LineFormatter().format(
        record("Rotating", request_id="req_1", attempt=2, account="a@x.org", model="gemini-3-pro")
    )
    assert line.endswith(
        " WARNING [req_1 attempt=2 account=a@x.org model=gemini-3-pro] relay.exchange.driver: Rotating"
    )
    datetime.fromisoformat(line[:29])


def test_what_a_line_does_not_know_is_a_dash() -> None:
    """A line that belongs to no exchange has the same shape."""
    assert "[- attempt=- account=- model=-] relay.exchange.driver: Hello" in LineFormatter().format(
        record("Hello")
    )


@pytest.mark.parametrize("evil", ["\n", "\r", "\r\n", "\x1b[2J", "\x00", "\x85", "\u2028", "\x9b", "\t"])
def test_a_line_cannot_be_forged(evil: str) -> None:
    """Control characters in a message or field are escaped: an event is one line and moves no cursor."""
    line = LineFormatter().format(record("before %s after", evil, model=f"m{evil}2026-01-01 ERROR"))
    assert len(line.splitlines()) == 1
    assert evil not in line
    assert "before " in line
    assert " after" in line


def test_a_traceback_cannot_pass_for_lines() -> None:
    """Its lines follow indented, also those that an exception's text brings along."""
    first, *rest = LineFormatter().format(raised(ValueError("x\n2026-01-01 ERROR forged"))).splitlines()
    assert first.endswith("It failed")
    assert "Traceback" in rest[0]
    assert all(line.startswith("    | ") for line in rest)


@pytest.mark.parametrize(
    "text", [KEY, f"Bearer {KEY[3:]}xyz0123456789", f"GET /v1/models?key={KEY[3:]}", "AIza" + "Sy0" * 12]
)
def test_what_looks_like_a_key_is_masked(text: str) -> None:
    """In messages, fields and tracebacks: nothing that looks like a credential reaches the file."""
    formatter = LineFormatter()
    secret = text.rpartition("=")[2].removeprefix("Bearer ")
    for line in (
        formatter.format(record(f"sent {text} up")),
        formatter.format(record("sent %s up", text)),
        formatter.format(record("sent", account=text)),
        formatter.format(raised(ValueError(text))),
    ):
        assert secret not in line


@pytest.mark.outside
def test_processes_that_write_at_once_lose_no_line(tmp_path: Path) -> None:
    """Three processes, 1,000 lines each, one file: 3,000 whole lines."""
    path = tmp_path / "logs" / "app.log"
    script = (
        "import logging, sys\n"
        "from proxyproject.logs.app_log import AppLog\n"
        "handler = AppLog(sys.argv[1], 3, console=False)\n"
        "logger = logging.getLogger('w')\n"
        "logger.addHandler(handler)\n"
        "for n in range(1000):\n"
        "    logger.warning('line %s-%04d.', sys.argv[2], n)\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", script, str(path), str(n)]) for n in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    told = [line.partition("line ")[2] for line in path.read_text().splitlines()]
    assert sorted(told) == [f"{writer}-{n:04d}." for writer in range(3) for n in range(1000)]


def test_logging_never_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the file hangs, lines are queued up to a limit; then they are counted, and the count is told."""
    monkeypatch.setattr(app_log, "QUEUE_LIMIT_LINES", 10)
    monkeypatch.setattr(app_log, "BATCH_LINES", 1)
    hangs = threading.Event()
    really_write = RolledFile.write

    def write(self: RolledFile, lines: bytes) -> None:
        hangs.wait(30)
        really_write(self, lines)

    monkeypatch.setattr(RolledFile, "write", write)
    handler = AppLog(str(tmp_path / "app.log"), 1, console=False)
    for number in range(100):
        handler.handle(record(f"line {number}"))
    hangs.set()
    handler.flush()
    handler.handle(record("after"))
    handler.close()
    lines = (tmp_path / "app.log").read_text().splitlines()
    told = [line for line in lines if "log lines were left out here" in line]
    assert len(told) == 1
    assert len(lines) - 2 + int(told[0].split(": ", 1)[1].split()[0]) == 100
    assert lines[-1].endswith("after")


HUNG = """
import logging, os, sys
from proxyproject.logs import app_log

app_log.END_SECONDS = 0.2
handler = app_log.AppLog(sys.argv[1], 1)
logging.getLogger().addHandler(handler)
logging.warning("x" * 7000)
for _ in range(100):
    logging.warning("y" * 7000)
handler.flush()
os.write(1, b"flushed")
"""


@pytest.mark.outside
def test_a_terminal_that_hangs_keeps_no_process_alive(tmp_path: Path) -> None:
    """A pager that reads no further: neither a flush nor the end waits for it for ever."""
    arguments = [sys.executable, "-c", HUNG, str(tmp_path / "app.log")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.wait(60) == 0
        assert process.stdout.read() == b"flushed"


def test_the_console_says_the_same(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What stands in the file stands on stderr."""
    handler = AppLog(str(tmp_path / "app.log"), 1)
    handler.handle(record("one"))
    handler.handle(record("two"))
    handler.close()
    assert capfd.readouterr().err == (tmp_path / "app.log").read_text()


def test_a_record_is_what_it_was_when_it_was_logged(tmp_path: Path) -> None:
    """The text is fixed at the call; what its arguments become later does not reach the file."""
    handler = AppLog(str(tmp_path / "app.log"), 1, console=False)
    argument = ["now"]
    handler.handle(record("%s", argument))
    argument[0] = "later"
    handler.handle(raised(ValueError("why")))
    handler.close()
    text = (tmp_path / "app.log").read_text()
    assert "['now']" in text
    assert "ValueError: why" in text


def test_a_log_that_says_nothing_makes_no_file(tmp_path: Path) -> None:
    """A command that logs nothing leaves no directory and no thread behind."""
    before = threading.active_count()
    AppLog(str(tmp_path / "logs" / "app.log"), 1).close()
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() == before


def test_a_closed_log_takes_nothing(tmp_path: Path) -> None:
    """After the end of logging no thread is started: the interpreter may be ending."""
    handler = AppLog(str(tmp_path / "app.log"), 1)
    handler.close()
    handler.handle(record("too late"))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_is_told_once_without_the_lines(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What the standard library prints of a failed line holds its arguments; ours does not."""
    handler = AppLog(str(tmp_path / "app.log"), 1, console=False)
    (tmp_path / "app.log").mkdir()
    for _ in range(5):
        handler.handle(record("secret %s", "argument"))
        handler.flush()
    handler.close()
    said = capfd.readouterr().err
    assert said.count("The log cannot be written: ") == 1
    assert "argument" not in said


def test_a_line_has_a_bound(tmp_path: Path) -> None:
    """Whatever somebody sends, its line keeps its beginning and its end; a traceback too, and a field."""
    log = AppLog(str(tmp_path / "app.log"), 9, console=False)
    log.handle(record("a path /%s!", "é" * 1_000_000, model="m" * 10_000))
    log.handle(raised(ValueError("y" * 1_000_000)))
    log.flush()
    log.close()
    first, second, *trace = (tmp_path / "app.log").read_text().splitlines()
    assert len(first) < 9_000
    assert "a path /éé" in first
    assert first.endswith("é!")
    assert "characters were left out" in first
    assert second.endswith("It failed")
    assert sum(map(len, trace)) < 40_000
