"""The fault lab's page: for superusers; the last run as a table, its differences, its bytes."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import User
from django.test import Client

from proxyproject.faultlab import background, views
from proxyproject.faultlab.background import AlreadyRunning, BackgroundLab
from proxyproject.faultlab.contract import CONTRACTS, Expected
from proxyproject.faultlab.report import ClientReceived, Report, RunProgress, Seen, write
from proxyproject.faultlab.run import shortened
from proxyproject.faultlab.selection import Selection, faults_by_stage
from proxyproject.faultlab.table import rows

PAGE = "/monitor/faultlab/"


def seen(spec: str, *, is_kept: bool = True, client: str = "anthropic", **more: Any) -> Seen:
    """A case that expected a whole answer."""
    expected = Expected("whole", 200, 2, "retried")
    received = ClientReceived("whole" if is_kept else "cut", 200, 2, "retried", "")
    differences = [] if is_kept else ["ending 'cut' instead of 'whole'"]
    usual: dict[str, Any] = {"is_stream": True, "always": False}
    usual |= more
    return Seen(
        spec, client, "gemini", usual["is_stream"], usual["always"], expected, received, differences, 12,
        "POST /v1/messages\n{}", "HTTP/1.1 200\n\nevent: <b>x</b>", 17,
    )  # fmt: skip


def report(*cases: Seen) -> Report:
    return Report("0.1.0", 1_700_000_000.0, 61.5, "ada", Selection(), list(cases))


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BackgroundLab:
    """The page's lab, in a folder of its own."""
    found = BackgroundLab(tmp_path)
    monkeypatch.setattr(views, "background_lab", found)
    return found


@pytest.fixture
def root(db: None) -> Client:
    """A superuser's browser."""
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def test_it_is_for_superusers_alone(lab: BackgroundLab, db: None) -> None:
    """Staff get a 403 and no link; others are asked to log in."""
    assert Client().get(PAGE).status_code == 302
    staff = Client()
    staff.force_login(User.objects.create_user("staff", is_staff=True))
    for answer in (
        staff.get(PAGE),
        staff.get(f"{PAGE}state/"),
        staff.post(f"{PAGE}start/"),
        staff.post(f"{PAGE}cancel/"),
    ):
        assert answer.status_code == 403
    assert PAGE not in staff.get("/admin/").content.decode()


def test_superusers_find_it_in_the_navigation(lab: BackgroundLab, root: Client) -> None:
    """And without a run it says what to do."""
    assert PAGE in root.get("/admin/").content.decode()
    page = root.get(PAGE).content.decode()
    assert "No run yet." in page
    assert "stage:refusal" in page
    assert root.get(f"{PAGE}state/").json() == {"state": "none"}
    assert root.get(f"{PAGE}start/").status_code == 405


def test_the_last_run_is_told_as_a_table(lab: BackgroundLab, root: Client, tmp_path: Path) -> None:
    """When, how long, which version; a line for a fault; differences first."""
    kept, broken = seen("cut@3"), seen("hang", is_kept=False)
    write(tmp_path / background.REPORT, report(kept, seen("cut@3", client="gemini"), broken))
    page = root.get(PAGE).content.decode()
    assert "1 of 3 exchanges were not as the contract says." in page
    assert "Evenkeel 0.1.0" in page
    assert "1m 1" in page or "61" in page
    assert page.index(">hang<") < page.index(">cut@3<")
    assert "2 / 2" in page
    assert "0 / 1" in page


def test_only_differences_and_one_fault(lab: BackgroundLab, root: Client, tmp_path: Path) -> None:
    """Both are links; each case tells expected, received and what came over the wire, as text."""
    write(tmp_path / background.REPORT, report(seen("cut@3"), seen("hang", is_kept=False)))
    different = root.get(f"{PAGE}?differences=1").content.decode()
    assert different.count("lab-case") == 1
    assert "ending &#x27;cut&#x27; instead of &#x27;whole&#x27;" in different
    assert "event: &lt;b&gt;x&lt;/b&gt;" in different
    one = root.get(f"{PAGE}?fault=cut@3").content.decode()
    assert one.count("lab-case") == 1
    assert "Anthropic ← Gemini" in one
    assert "No difference" in root.get(f"{PAGE}?fault=cut@3&differences=1").content.decode()
    assert "not part of the last run" in root.get(f"{PAGE}?fault=garbage").content.decode()


def test_a_run_under_way_is_told(
    lab: BackgroundLab, root: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How far it is, with a button that ends it, and none that starts another."""
    monkeypatch.setattr(lab, "is_running", lambda: True)
    progress = RunProgress("running", 1.0, "ada", Selection(("gemini",)), 5, 12)
    write(tmp_path / background.PROGRESS, progress)
    page = root.get(PAGE).content.decode()
    assert "5 / 12" in page
    assert f"{PAGE}cancel/" in page
    assert f"{PAGE}start/" not in page
    assert root.get(f"{PAGE}state/").json() == {"state": "running", "done": 5, "total": 12}


def test_what_is_chosen_is_run(lab: BackgroundLab, root: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The form's words as a selection; one that comes to nothing, or a second run, is refused in words."""
    started: list[tuple[Selection, str]] = []
    monkeypatch.setattr(lab, "start", lambda selection, by: started.append((selection, by)))
    chosen = {"client": ["gemini", "evil"], "upstream": ["openai"], "fault": ["stage:stream"]}
    assert root.post(f"{PAGE}start/", chosen).status_code == 302
    root.post(f"{PAGE}start/", {"client": ["anthropic", "gemini", "openai"], "fault": [""]})
    assert started == [
        (Selection(("gemini",), ("openai",), ("stage:stream",)), "root"),
        (Selection(), "root"),
    ]
    refused = root.post(f"{PAGE}start/", {"fault": "no such"}, follow=True)
    assert "No promise of the contract is about this selection." in refused.content.decode()
    assert len(started) == 2

    def busy(*_: object) -> None:
        raise AlreadyRunning

    monkeypatch.setattr(lab, "start", busy)
    assert "one at a time" in root.post(f"{PAGE}start/", follow=True).content.decode()


def test_a_selection_is_what_the_command_takes() -> None:
    """Nothing chosen is everything; a stage stands for its faults."""
    assert len(Selection().contracts()) == len(CONTRACTS)
    assert Selection().arguments() == []
    assert Selection(("gemini",), (), ("cut",)).arguments() == ["--dialect=gemini", "--fault=cut"]
    stages = dict(faults_by_stage())
    assert sum(map(len, stages.values())) == len({contract.spec for contract in CONTRACTS})
    by_stage = [
        contract for stage in stages for contract in Selection(faults=(f"stage:{stage}",)).contracts()
    ]
    assert {contract.spec for contract in by_stage} == {contract.spec for contract in CONTRACTS}


def test_a_line_adds_up_its_ways() -> None:
    """A cell for a way that was not tried is empty."""
    [line] = rows(
        report(seen("cut@3"), seen("cut@3", is_kept=False, client="gemini"), seen("cut@3", is_stream=False))
    )
    assert [(cell.kept, cell.tried) for cell in line.cells] == [(1, 2), (0, 0), (1, 1), (0, 0)]
    assert line.cells[0].expected == "whole (2)"
    assert not line.is_kept


def test_a_notable_outcome_is_told_without_markup() -> None:
    """The asterisks belong to the Markdown page."""
    told = Expected("status", 502, 3, "zero_tokens")
    [line] = rows(report(msgspec.structs.replace(seen("empty"), expected=told)))
    assert line.cells[0].expected == "502 (3) zero_tokens"


def test_long_answers_are_shortened() -> None:
    """Their beginning and their end are kept, and how much is left out; bytes that are no text are shown."""
    assert shortened(b"short \xff") == "short \\xff"
    text = shortened(b"a" * 1500 + b"b" * 1000 + b"c" * 800)
    assert text == "a" * 1500 + "\n… 1,000 bytes …\n" + "c" * 800
