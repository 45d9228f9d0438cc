"""The contract has a row for every fault, its page is current, and the server keeps it over real sockets."""

import asyncio
import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from proxyproject.faultlab.contract import ALL, CONTRACTS
from proxyproject.faultlab.page import faults_page
from proxyproject.faultlab.reading import read
from proxyproject.faultlab.run import accounts_for, cases, mappings_for, run
from proxyproject.faultlab.ways import Form
from proxyproject.faultlab.world import ENVIRONMENT, lab_world
from relay.simulator.faults.faults import CATALOGUE, parse_fault

PAGE = Path(__file__).parents[3] / "docs" / "faults.md"
WAYS: tuple[tuple[Form, str], ...] = (
    ("anthropic", "anthropic"),
    ("gemini", "gemini"),
    ("openai", "openai"),
    ("anthropic", "gemini"),
    ("gemini", "anthropic"),
)
"""Each dialect passed through, and the two translations that people use most; the command runs all nine."""


def test_every_fault_has_a_row() -> None:
    """What the simulator can do to a server is in the contract, for every upstream that can have it."""
    missing = []
    for name, kind in CATALOGUE.items():
        told = {up for contract in CONTRACTS if contract.name == name for up in contract.upstreams}
        dialects = {"gemini"} if kind.dialects == ("oauth",) else set(kind.dialects)
        if dialects - told:
            missing.append(name)
    assert missing == []


def test_every_row_is_a_fault() -> None:
    """Each is written so that the simulator takes it."""
    assert [c.spec for c in CONTRACTS if not parse_fault(c.spec)] == []


def test_no_case_is_told_twice() -> None:
    """For a fault, a client and an upstream there is one expectation."""
    ways = [(c.label, c.asked, client, up) for c in CONTRACTS for client in c.clients for up in c.upstreams]
    assert len(ways) == len(set(ways))


def test_the_page_is_current() -> None:
    """docs/faults.md says what the contract says (``manage.py faultlab --write docs/faults.md``)."""
    assert PAGE.read_text() == faults_page()


@pytest.mark.outside
@pytest.mark.timeout(900)
def test_the_server_keeps_the_contract() -> None:
    """Every row, streamed and collected, once and always; one row on record each, no traceback."""
    chosen = list(cases(CONTRACTS, WAYS))
    with lab_world(accounts_for(chosen), ENVIRONMENT, mappings_for(chosen)) as lab:
        results = asyncio.run(run(lab, chosen))
        log = (lab.data_dir / "logs" / "app.log").read_text()
    broken = [f"{result.case.title}: {result.differences}" for result in results if result.differences]
    assert broken == []
    assert len(results) > 4 * len(CONTRACTS)
    assert "Traceback" not in log


@pytest.mark.outside
def test_the_command_says_that_all_is_kept() -> None:
    """Exit code 0 and one line."""
    out = io.StringIO()
    call_command("faultlab", dialect=["anthropic"], upstream=["anthropic"], fault=["cut"], stdout=out)
    assert "16 exchanges, 4 rows of the contract: all as it says." in out.getvalue()


@pytest.mark.outside
def test_the_command_fails_on_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that waits longer than the client is told does not keep the contract, and is shown to."""
    monkeypatch.setitem(
        ENVIRONMENT, "RELAY_PATIENCE_SECONDS", "0.2"
    )  # opens early: no status is left to tell
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 of 4 exchanges"):
        call_command("faultlab", dialect=["gemini"], upstream=["gemini"], fault=["hang"], stdout=out)
    assert "expected  504 status" in out.getvalue()
    assert "received  200 error event" in out.getvalue()


def test_a_fault_that_is_none_is_told() -> None:
    """In words."""
    with pytest.raises(CommandError, match="No row of the contract is about nothing"):
        call_command("faultlab", fault=["nothing"])


TERMINAL = 'event: message_stop\ndata: {"type":"message_stop"}\n\n'
START = 'event: message_start\ndata: {"type":"message_start"}\n\n'
ERROR = 'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"x"}}\n\n'


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("anthropic", START + TERMINAL),
        ("anthropic", START + START),
        ("anthropic", ERROR + ERROR),
        ("anthropic", START + ERROR + TERMINAL),
        ("anthropic", START + "data: {\n\n"),
        ("anthropic", START + "event: ping"),
        ("gemini", 'data: {"candidates":[{"finishReason":"STOP"}]}\n\ndata: {"candidates":[]}\n\n'),
        ("gemini", 'data: {"error":{"message":"","status":"INTERNAL"}}\n\n'),
        ("openai", "data: [DONE]\n\n"),
        ("openai", 'data: {"choices":[]}\n\ndata: {"error":{"message":"x"}}\n\ndata: [DONE]\n\n'),
        ("responses", 'data: {"type":"response.completed","response":{"output":[]}}\n\n'),
    ],
)
def test_the_labs_reader_is_strict(form: Form, body: str) -> None:
    """A reader that forgives would prove nothing."""
    assert read(form, True, 200, body.encode(), is_complete=True).ending == "broken"


@pytest.mark.parametrize("form", [*ALL, "responses"])
def test_a_stream_that_merely_stops_is_a_cut(form: Form) -> None:
    """Whatever it said before, and also when the connection ended in order."""
    for is_complete in (True, False):
        assert read(form, True, 200, b"", is_complete=is_complete).ending == "cut"
    assert read(form, True, 200, START.encode()[:20], is_complete=False).ending == "cut"
