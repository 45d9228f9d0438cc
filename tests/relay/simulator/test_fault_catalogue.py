"""The catalogue, its notation, and what chooses a fault."""

from pathlib import Path

import pytest

from relay.simulator.faults.faults import (
    CATALOGUE,
    OK,
    SHORTHANDS,
    Fault,
    FaultSequence,
    UnknownFaultError,
    parse_fault,
    parse_sequence,
)
from relay.simulator.faults.plans import Attempt, Match, Plans, model_without_fault

DOCS = Path(__file__).parents[3] / "docs" / "simulator.md"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("empty", Fault("empty")),
        ("cut@3", Fault("cut", 3)),
        ("status=503", Fault("status", None, "503")),
        ("error_event@2=overloaded_error", Fault("error_event", 2, "overloaded_error")),
        ("retry_info@1=12s", Fault("retry_info", 1, "12s")),
        (" pings_forever=0.05 ", Fault("pings_forever", None, "0.05")),
    ],
)
def test_a_spec_is_read_and_written_the_same(spec, expected):
    """``name@n=value`` is read, and a fault writes itself in the same way."""
    assert parse_fault(spec) == (expected,)
    assert str(expected) == spec.strip()


@pytest.mark.parametrize("spec", ["", "nonsense", "cut@x", "cut@", "status=1,2"])
def test_an_unknown_fault_is_told_with_the_known_ones(spec):
    """A spec that names no fault is an error that lists the catalogue."""
    with pytest.raises(UnknownFaultError, match="pings_forever"):
        parse_fault(spec)


def test_every_example_can_be_parsed():
    """Each row's example is a spec of that very fault."""
    for kind in CATALOGUE.values():
        assert [fault.name for fault in parse_fault(kind.spec())] == [kind.name]
    for shorthand, names in SHORTHANDS.items():
        assert tuple(fault.name for fault in parse_fault(shorthand)) == names


def test_every_fault_is_documented():
    """docs/simulator.md has a row for every fault, and none that does not exist."""
    tables = DOCS.read_text().partition("### Instead of an answer")[2]
    rows = [line for line in tables.splitlines() if line.startswith("| `")]
    documented = {row.split("`")[1] for row in rows}
    assert documented == {*CATALOGUE, *SHORTHANDS}


@pytest.mark.parametrize(
    ("specs", "round_about", "expected"),
    [
        ("empty, ok", False, ["empty", "ok", "ok", "ok"]),
        ("empty, cut@1", True, ["empty", "cut@1", "empty", "cut@1"]),
        ("empty, status=503*", False, ["empty", "status=503", "status=503", "status=503"]),
        ("refused_signature_twice, empty", False, ["refused_signature", "refused_signature", "empty", "ok"]),
    ],
)
def test_a_sequence_gives_each_attempt_its_fault(specs, round_about, expected):
    """The i-th attempt takes the i-th fault; after the end none, the last (``*``), or round again."""
    sequence = parse_sequence(specs)
    assert [str(sequence.at(i, round_about=round_about)) for i in range(4)] == expected


def attempt(
    *texts: str, account: str = "a", model: str = "m", path: str = "/v1/messages", generates: bool = True
):
    return Attempt(account, model, path, generates, list(texts))


def test_a_marker_with_an_id_is_counted_over_all_attempts():
    """``[fault#id: …]`` counts by id, whatever account and whatever stands round it."""
    plans = Plans()
    marker = "[fault#x: empty, cut@1]"
    asked = [attempt(marker, account="a"), attempt(f"hi {marker}", account="b"), attempt(marker)]
    assert [str(plans.next_fault(one)) for one in asked] == ["empty", "cut@1", "ok"]


def test_a_marker_without_an_id_begins_again():
    """Without an id the list goes round, so that the same prompt shows the same again."""
    plans = Plans()
    asked = [attempt("[fault: empty, ok] hello")] * 4
    assert [str(plans.next_fault(one)) for one in asked] == ["empty", "ok", "empty", "ok"]


def test_what_is_appended_behind_a_marker_does_not_begin_a_new_count():
    """A prompt that was healed (something was added behind the marker) is still the same attempt chain."""
    plans = Plans()
    assert str(plans.next_fault(attempt("[fault: empty, ok] hello"))) == "empty"
    assert str(plans.next_fault(attempt("[fault: empty, ok] hello, and this", "more"))) == "ok"


def test_the_latest_marker_counts():
    """A later user text's marker rules over an earlier one's."""
    plans = Plans()
    assert str(plans.next_fault(attempt("[fault#a: empty]", "[fault#b: cut@1]", "no marker"))) == "cut@1"


def test_a_model_name_carries_faults():
    """``NAME-sim-FAULTS`` goes round, counted per conversation."""
    plans, model = Plans(), "gemini-3-flash-sim-empty+ok"
    first, second = attempt("one", model=model), attempt("two", model=model)
    assert [str(plans.next_fault(one)) for one in (first, second, first, first)] == [
        "empty",
        "empty",
        "ok",
        "empty",
    ]
    assert model_without_fault(model) == "gemini-3-flash"
    assert model_without_fault("gemini-3-flash") == "gemini-3-flash"


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        (Match(), True),
        (Match(account="a"), True),
        (Match(account="b*"), False),
        (Match(model="claude-*"), True),
        (Match(model="gemini-*"), False),
        (Match(path="messages"), True),
        (Match(path="generateContent"), False),
        (Match(text="please"), True),
        (Match(text="earlier"), False),
    ],
)
def test_a_plan_is_for_what_it_matches(match, fits):
    """Account, model and path are patterns; the text is looked for in the last user text."""
    plans = Plans()
    plans.add(parse_sequence("empty"), match)
    asked = attempt("earlier", "please", model="claude-opus-5")
    assert (plans.next_fault(asked) != OK) is fits


def test_a_plan_without_a_path_is_for_generation_only():
    """A count or a list of models uses up no fault, unless the plan names its path."""
    plans = Plans()
    plans.add(parse_sequence("empty"), Match())
    assert plans.next_fault(attempt(path="/v1/models", generates=False)) == OK
    plans.add(parse_sequence("status=503"), Match(path="/v1/models"))
    assert str(plans.next_fault(attempt(path="/v1/models", generates=False))) == "status=503"


def test_a_plan_runs_out_or_repeats():
    """A plan gives its faults once, then the next one is asked; ``repeat`` begins again."""
    plans = Plans()
    plans.add(parse_sequence("empty, cut@1"), Match())
    plans.add(parse_sequence("status=503, ok"), Match(), repeat=True)
    got = [str(plans.next_fault(attempt())) for _ in range(5)]
    assert got == ["empty", "cut@1", "status=503", "ok", "status=503"]
    plans.clear()
    assert plans.next_fault(attempt()) == OK


def test_a_value_that_is_no_number_is_told():
    """A fault that needs a number says so."""
    with pytest.raises(UnknownFaultError, match="no number"):
        Fault("stall", None, "soon").number(0)


def test_a_sequence_needs_a_fault():
    """An empty list of faults is an error."""
    with pytest.raises(UnknownFaultError):
        parse_sequence(" , ")
    assert FaultSequence((OK,)).at(3) == OK
