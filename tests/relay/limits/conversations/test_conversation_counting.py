"""The door for conversations: when the rows are read, and what holds where they cannot be."""

import asyncio
import itertools
import threading
from collections.abc import Iterator

import pytest

from accounts.keys.limits import MOST_TURNS, ConversationLimits, KeyLimits
from accounts.loaded.client_keys import CallerKey
from accounts.mapping import Target
from monitor.conversations.past_turns import PastTurn
from relay.limits import looking
from relay.limits.conversations import conversation_counting
from relay.limits.conversations.conversation_counting import REFUSED_SECONDS, RETRY_SECONDS, ConversationGate
from relay.limits.conversations.conversation_rule import HOUR_SECONDS, Verdict
from relay.speakers.speaker import Speaker

NOW = 1_700_003_600.0
UNMAPPED = Target("m")
MAPPED = Target("x", pattern="claude-*", conversation=ConversationLimits(turns=5))
FREE = CallerKey(2, "free", False)
CALLER = CallerKey(1, "team", False, KeyLimits(conversation=ConversationLimits(turns=5)))


class Rows:
    """The last hour of every conversation, ``ages`` old in seconds; it can hang."""

    def __init__(self) -> None:
        self.now = NOW
        self.ages: list[float] = []
        self.asked = 0
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.gate = ConversationGate(self.targets, lambda: self.now)
        self.models = ["m"]

    def targets(self, model: str, role: str) -> tuple[Target, ...] | None:
        """Every model but ``m`` is mapped."""
        return None if model == "m" else (MAPPED,)

    def turns_since(self, conversation: str, at: float, most: int) -> list[PastTurn]:
        self.asked += 1
        self.goes_on.wait(30)
        told = [
            PastTurn(NOW - age, None, "", model, "main")
            for age, model in zip(self.ages, itertools.cycle(self.models), strict=False)
        ]
        return told[-most:]

    def verdict(
        self, conversation: str = "c", caller: CallerKey = CALLER, target: Target = UNMAPPED
    ) -> Verdict:
        speaker = Speaker(conversation=conversation, agent=conversation, role="main")
        return asyncio.run(self.gate.verdict(caller, target, speaker, None))


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


def test_a_mapping_limits_those_turns_that_go_by_it(rows: Rows) -> None:
    """Others of the conversation do not count for it; a key without limits is refused all the same."""
    rows.ages, rows.models = [60.0] * 8, ["m", "claude-x"]
    warned = rows.verdict(caller=FREE, target=MAPPED)
    assert "The mapping 'claude-*' allows 5 turns" in warned.warning
    assert "80 %" in warned.warning
    rows.ages = [60.0] * 10
    refusal = rows.verdict(caller=FREE, target=MAPPED).refusal
    assert refusal is not None
    assert "The mapping 'claude-*' allows 5 turns" in refusal.message
    assert rows.verdict(caller=FREE) == Verdict()


def test_key_and_mapping_hold_together(rows: Rows) -> None:
    """Whichever is reached first; what both warn of is told."""
    rows.ages, rows.models = [60.0] * 4, ["claude-x"]
    both = rows.verdict(target=MAPPED).warning
    assert "The client key 'team'" in both
    assert "The mapping 'claude-*'" in both
    rows.ages = [60.0] * 5
    refusal = rows.verdict(target=MAPPED).refusal
    assert refusal is not None
    assert "The client key 'team'" in refusal.message
