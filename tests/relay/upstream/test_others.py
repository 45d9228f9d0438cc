"""The finder of all accounts' credentials follows them, and nobody waits for it."""

from threading import get_ident

import pytest

from monitor.masking import finder
from monitor.masking.known import NOTHING_KNOWN, known_secrets
from monitor.record.redacting import redaction
from monitor.record.redacting.redaction import find_secrets, may_hold_secrets
from relay.upstream import others
from relay.upstream.others import OtherSecrets


class Accounts:
    """Credentials that change."""

    version = 0

    def __init__(self) -> None:
        self._values: set[str] = set()

    def have(self, *values: str) -> None:
        self._values = set(values)
        self.version += 1

    def values(self) -> set[str]:
        return self._values


FIRST, SECOND = "tenant_1/Qwerty+uiop", "tenant_2/Qwerty+uiop"


async def test_the_first_finder_is_there_at_the_start() -> None:
    """Before a request is served; short words are in nobody's."""
    accounts = Accounts()
    accounts.have(FIRST, "ollama-local")
    found = OtherSecrets(accounts)
    await found.start()
    assert found().secrets == {FIRST}


async def test_a_change_makes_another_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks meanwhile gets the one before; changes behind one another make one finder each pause."""
    monkeypatch.setattr(others, "PAUSE_SECONDS", 0.0)
    accounts = Accounts()
    accounts.have(FIRST)
    found = OtherSecrets(accounts)
    await found.start()
    accounts.have(SECOND)
    assert found().secrets == {FIRST}
    assert found._making is not None
    await found._making
    assert found().secrets == {SECOND}
    await found.stop()


async def test_what_is_new_is_known_before_it_is_used() -> None:
    """The accounts wait for it before they take over what the database says."""
    accounts = Accounts()
    accounts.have(FIRST)
    found = OtherSecrets(accounts)
    await found.start()
    accounts.have(FIRST, SECOND)
    await found.follow()
    assert found().secrets == {FIRST, SECOND}
    assert found._making is None


async def test_the_end_waits_for_no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A finder that was just made does not keep the process."""
    monkeypatch.setattr(others, "PAUSE_SECONDS", 86_400.0)
    accounts = Accounts()
    found = OtherSecrets(accounts)
    accounts.have(FIRST)
    found()
    await found.stop()
    assert found._making is None


async def test_what_a_text_is_looked_at_with_is_made_beside_the_loop(
    monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    """The set that tells shapes apart, and one automaton for each change, however many looks and texts."""
    monkeypatch.setattr(others, "PAUSE_SECONDS", 0.0)
    made: list[int] = []
    usual = finder.pattern_set

    def noted(patterns: list[bytes]) -> object:
        made.append(get_ident())
        return usual(patterns)

    monkeypatch.setattr(finder, "pattern_set", noted)
    for late in ("_together", "_look"):
        redaction._finder.__dict__.pop(late, None)
    accounts = Accounts()
    accounts.have("Qwerty0uiop1asdf2")
    found = OtherSecrets(accounts)
    await found.start()
    with subtests.test("the sets of shapes are there when the process serves, and this one's"):
        assert len(made) == 3
        assert get_ident() not in made
    before = found()
    made.clear()
    accounts.have(new := "Zxcvb3nm4qwer5ty6")
    found()
    assert found._making is not None
    await found._making
    with subtests.test("one is made, in another thread"):
        assert len(made) == 1
        assert get_ident() not in made
    made.clear()
    for known in (known_secrets((), found()), known_secrets((), before), NOTHING_KNOWN):
        for text in (b"nothing", b'{"k": "sk-0123456789abcdefABCDEF"}', new.encode()):
            find_secrets(text, known)
            may_hold_secrets(text, known)
    with subtests.test("nothing is made for a text, nor for who began before the change"):
        assert made == []
    await found.stop()
