"""The finder of all accounts' credentials follows them, and nobody waits for it."""

import pytest

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


async def test_the_end_waits_for_no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A finder that was just made does not keep the process."""
    monkeypatch.setattr(others, "PAUSE_SECONDS", 86_400.0)
    accounts = Accounts()
    found = OtherSecrets(accounts)
    accounts.have(FIRST)
    found()
    await found.stop()
    assert found._making is None
