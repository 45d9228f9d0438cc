"""Which accents the lab's cases are answered in."""

from msgspec.structs import replace

from proxyproject.faultlab.accents import accented
from proxyproject.faultlab.selection import Selection
from relay.simulator.accents.catalogue import ACCENTS

CASES = Selection().cases()
SPOKEN = accented(CASES, 1)


def test_an_accent_changes_nothing_else_of_a_case() -> None:
    """The same fault for the same client; the prompt asks for it, and the title tells it."""
    assert [replace(case, accent="") for case in SPOKEN] == CASES
    for case in SPOKEN:
        assert bool(case.accent) == (case.contract.name != "invalid_grant")
        assert not case.accent or (f"[accent: {case.accent}]" in case.prompt and case.accent in case.title)
    assert accented(CASES, 1) == SPOKEN != accented(CASES, 2)


def test_every_accent_is_heard() -> None:
    """A run of the whole contract leaves none out."""
    assert {case.accent for case in SPOKEN} - {""} == set(ACCENTS)


def test_nothing_breaks_off_behind_its_own_end() -> None:
    """Nobody could tell that it broke: neither with a fault, nor where the client reads it as it is."""
    early = [case for case in SPOKEN if case.accent and ACCENTS[case.accent].says_end_early]
    assert early
    assert not [case for case in early if case.contract.name != "ok" or case.client == case.upstream]
