"""The lines of app.log about one request."""

import os
from pathlib import Path

import pytest

from monitor.history.one_exchange.log_lines import log_lines


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
