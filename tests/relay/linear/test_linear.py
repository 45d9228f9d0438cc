"""Twice as much takes twice the work, whatever it is: no request and no text holds up the others."""

import functools
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SLACK = 400
"""Operations by which the steps of the count may differ: limits begin to count, numbers get another digit."""


OF_REQUESTS = (" to ", " as it came", " healed", " signed", " looked at", "masked", " on ", " read in ")


@functools.cache
def counts_of(*wanted: str) -> dict[str, list[int]]:
    """The counts of what has one of ``wanted`` in its name, in a process of its own: its modules count."""
    command = [sys.executable, "-m", "tests.relay.linear.measured", *wanted]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    counts: dict[str, list[int]] = json.loads(done.stdout)
    return counts


def is_linear(counts: list[int]) -> bool:
    """From n to 2n takes half of what it takes from 2n to 4n."""
    once, twice, four_times = counts
    return four_times - twice <= 2.1 * max(0, twice - once) + SLACK


@pytest.mark.thorough
@pytest.mark.parametrize("what", OF_REQUESTS)
def test_work_is_linear(what: str) -> None:
    """Conversion between each two dialects, fitting, healing, signatures, masking, wildcards, reading."""
    counts = {name: told for name, told in counts_of(*OF_REQUESTS).items() if what in name}
    assert len(counts) > 20
    assert {name: told for name, told in counts.items() if not is_linear(told)} == {}


@pytest.mark.thorough
def test_work_on_an_answer_is_linear() -> None:
    """Answers are read, told to a client of each dialect, and collected; each thing takes the same steps."""
    counts = counts_of("stream of ")
    steps = {name: told for name, told in counts.items() if name.startswith("steps of ")}
    assert len(steps) == len(counts) // 2 > 300
    assert {name: told for name, told in counts.items() if not is_linear(told)} == {}
    more = {name: fourfold - 3 * twice + 2 * once for name, (once, twice, fourfold) in steps.items()}
    assert {name: steps[name] for name, number in more.items() if number > SLACK // 2} == {}


@pytest.mark.outside
def test_the_count_sees_what_is_quadratic() -> None:
    """Joins, scans, slices and insertions in loops are seen, though the interpreter does each in one step."""
    counts = counts_of("planted")
    seen = {name: is_linear(told) for name, told in counts.items() if not name.startswith("steps of ")}
    assert len(seen) > 10
    assert seen == {name: "linear" in name for name in seen}
