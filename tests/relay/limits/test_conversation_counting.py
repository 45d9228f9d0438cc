"""The door for conversations: when the rows are read, and what holds where they cannot be."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from accounts.keys.limits import MOST_TURNS, ConversationLimits, KeyLimits
from accounts.loaded.client_keys import CallerKey
from relay.limits import conversation_counting, looking
from relay.limits.conversation_counting import REFUSED_SECONDS, RETRY_SECONDS, ConversationGate
from relay.limits.conversation_rule import HOUR_SECONDS, Verdict
from relay.speakers.speaker import Speaker

NOW = 1_700_003_600.0
CALLER = CallerKey(1, "team", False, KeyLimits(conversation=ConversationLimits(turns=5)))


class Rows:
    """The last hour of every conversation, ``ages`` old in seconds; it can hang."""

    def __init__(self) -> None:
        self.now = NOW
        self.ages: list[float] = []
        self.asked = 0
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.gate = ConversationGate(lambda: self.now)

    def turns_since(self, conversation: str, at: float, most: int) -> list[tuple[float, None, str]]:
        self.asked += 1
        self.goes_on.wait(30)
        return [(NOW - age, None, "") for age in self.ages][-most:]

    def verdict(self, conversation: str = "c", caller: CallerKey = CALLER) -> Verdict:
        speaker = Speaker(conversation=conversation, agent=conversation, role="main")
        return asyncio.run(self.gate.verdict(caller, speaker, None))


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rows]:
    """In place of the store."""
    rows = Rows()
    monkeypatch.setattr(conversation_counting, "turns_since", rows.turns_since)
    yield rows
    rows.goes_on.set()


def test_a_store_that_hangs_keeps_neither_requests_nor_threads(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One waits for it; then it is left alone for a while. The event loop's own threads stay free."""
    usual = looking.LOOK_SECONDS
    monkeypatch.setattr(looking, "LOOK_SECONDS", 0.05)
    rows.goes_on.clear()
    before = {thread.name for thread in threading.enumerate()}
    assert [rows.verdict(f"c{number}") for number in range(20)] == [Verdict()] * 20
    assert rows.asked == 1
    begun = {thread.name for thread in threading.enumerate()} - before
    assert not [name for name in begun if name.startswith("asyncio")]
    rows.goes_on.set()
    monkeypatch.setattr(looking, "LOOK_SECONDS", usual)
    rows.now += RETRY_SECONDS
    rows.ages = [60.0] * 5
    assert rows.verdict().refusal is not None


def test_a_runaway_is_refused_without_reading_its_hour_each_time(rows: Rows) -> None:
    """For a while, with the time that is left; another key, conversation or limit is looked at by itself."""
    rows.ages = [HOUR_SECONDS - 600.0] * 5
    told = []
    for _ in range(10):
        refusal = rows.verdict().refusal
        assert refusal is not None
        told.append(refusal.retry_after_seconds)
        rows.now += 1
    assert told == [600.0 - second for second in range(10)]
    assert rows.asked == 1
    raised = CallerKey(1, "team", False, KeyLimits(conversation=ConversationLimits(turns=50)))
    assert rows.verdict(caller=raised).refusal is None
    rows.verdict("another")
    assert rows.asked == 3
    rows.now += REFUSED_SECONDS
    rows.verdict()
    assert rows.asked == 4


def test_a_refusal_ends_when_something_is_free(rows: Rows) -> None:
    """Not later, however short its time was."""
    rows.ages = [HOUR_SECONDS - 3.0] * 5
    assert rows.verdict().refusal is not None
    rows.now, rows.ages = NOW + 3, []
    assert rows.verdict() == Verdict()


def test_strangers_cannot_fill_the_memory(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what is refused the youngest are remembered."""
    monkeypatch.setattr(conversation_counting, "MOST_REFUSED", 3)
    rows.ages = [60.0] * 5
    for number in range(5):
        rows.verdict(str(number))
    assert [conversation for _, _, conversation, _ in rows.gate._refused] == ["2", "3", "4"]


def test_more_turns_than_are_looked_at_are_too_many(rows: Rows) -> None:
    """For every limit: what stands before them is not known."""
    rows.ages = [60.0] * MOST_TURNS
    for limits in (ConversationLimits(turns=MOST_TURNS * 2), ConversationLimits(units=10**18)):
        refusal = rows.verdict(caller=CallerKey(1, "team", False, KeyLimits(conversation=limits))).refusal
        assert refusal is not None
        assert "10,000 turns" in refusal.message
