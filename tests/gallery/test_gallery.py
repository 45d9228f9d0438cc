"""docs/diagnoses.md shows every fault and every outcome, and says what the pages say."""

from monitor.record.records import Outcome
from proxyproject.faultlab.page import HEADINGS
from relay.simulator.faults.faults import CATALOGUE
from tests.gallery.page import PAGE, PICTURES, page, rows
from tests.gallery.reading import told
from tests.gallery.scenes import chosen_cases, played


def test_every_fault_is_played() -> None:
    """What the simulator can do to a server has its scene."""
    assert {case.contract.name for case in chosen_cases()} == set(CATALOGUE)
    assert set(HEADINGS) == {kind.stage for kind in CATALOGUE.values()}


def test_the_page_says_what_the_pages_say() -> None:
    """Every sentence, in both languages, of real requests; every outcome is there; each has its picture."""
    with played() as (lab, scenes):
        said = told(lab, scenes)
    assert list(rows(page(said))) == list(rows(PAGE.read_text()))
    assert {scene.title for scene in scenes} >= {word.value for word in Outcome}
    assert {path.name for path in PICTURES.iterdir()} == {scene.picture for scene in scenes if scene.picture}
