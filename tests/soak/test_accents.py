"""Which exchanges of a campaign are answered in a server's accent."""

import msgspec

from relay.simulator.accents.catalogue import ACCENTS
from tests.soak.accents import accented
from tests.soak.plan import campaign

DRAWN = campaign(7, 900, 300, 0.05, continued=100)
EARLY = {name for name, accent in ACCENTS.items() if accent.says_end_early}


def test_an_accent_changes_nothing_else_of_a_campaign() -> None:
    """The same draws, and the prompt says which accent."""
    spoken = accented(DRAWN, 7, 0.5)
    assert [msgspec.structs.replace(one, accent="") for one in spoken] == DRAWN
    assert all(one.accent == "" or f" [accent: {one.accent}]" in one.prompt for one in spoken)
    assert 0.4 < sum(one.accent != "" for one in spoken) / len(spoken) < 0.6


def test_every_accent_is_heard() -> None:
    """The catalogue's, none left out."""
    assert {one.accent for one in accented(DRAWN, 7, 1.0)} == set(ACCENTS)


def test_no_share_is_no_accent() -> None:
    """A campaign may be run without."""
    assert accented(DRAWN, 7, 0.0) == DRAWN


def test_an_accent_is_one_of_its_upstreams() -> None:
    """Asked of another dialect the simulator would refuse it."""
    for one in accented(DRAWN, 7, 1.0):
        own = {"openai": {"chat", "responses"}}.get(one.upstream, {one.upstream})
        assert own & set(ACCENTS[one.accent].changes), one


def test_nothing_breaks_off_behind_its_own_end() -> None:
    """Nobody could tell that it broke: neither with a fault, nor where the client reads it as it is."""
    early = [one for one in accented(DRAWN, 7, 1.0) if one.accent in EARLY]
    assert early
    assert not [one for one in early if one.strikes or one.form == one.upstream]
