"""A conversation's sums: each turn once, the ledger's money, whatever is written twice, corrected or lost."""

import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from django.db.models import Sum

from monitor.conversations.conversation_sums import ConversationSums
from monitor.conversations.filters import asked_for
from monitor.conversations.models import Conversation, ConversationPart
from monitor.conversations.reading import agents_of, line_of, page_of
from monitor.conversations.writing import KNOWN_SECONDS
from monitor.ledger.models import LedgerHour
from monitor.models import RequestLog
from monitor.record.attempt_use import AttemptUse
from monitor.record.records import Outcome, RequestRecord
from monitor.retention.orphans import close_rows_of_dead
from monitor.retention.pruner import Limits, planned, prune
from monitor.statistics.by_conversation import within_conversation
from monitor.store.writer import RecordWriter
from tests.monitor.store.test_writer import ended, locked

NewRecord = Callable[..., RequestRecord]
C = "c" * 32


def turn(record: NewRecord, conversation: str = C, agent: str = "", **fields: object) -> RequestRecord:
    """A turn of a conversation's main agent, or of a sub-agent of it."""
    told = {"conversation": conversation, "agent": agent or conversation, "role": "sub" if agent else "main"}
    told |= {"client_name": "Claude Code", "parent_agent": conversation if agent else ""}
    return record(**{**told, **fields})


def summed(model: Any) -> dict[str, int]:
    """All sums of a table."""
    found = model.objects.aggregate(**{f"{name}_": Sum(name) for name in ConversationSums._fields})
    return {name: int(found[f"{name}_"] or 0) for name in ConversationSums._fields}


def test_each_turn_counts_once(
    store: str, new_writer: Callable[..., RecordWriter], request_record: NewRecord
) -> None:
    """Over two processes, with a store that failed, rows written twice and corrected: sums of rows, parts,
    conversations and ledger are one.
    """
    chance = random.Random(15)
    writers = [new_writer(), new_writer()]
    rows = [
        turn(request_record, f"{number % 7:032x}", chance.choice(("", "a" * 32, "b" * 32)), client_key_id=1)
        for number in range(300)
    ]
    for number, row in enumerate(rows):
        writers[number % 2].submit(row)
    ends = [
        ended(
            row,
            outcome=chance.choice((Outcome.OK, Outcome.ERROR, Outcome.HEALED)),
            healed=chance.random() < 0.2,
            account=chance.choice("ab"),
            mapped_model=chance.choice(("claude-opus-5-5", "gemini-3-pro-preview")),
            attempts=chance.choice((1, 1, 2)),
            tokens_in=chance.randrange(9_000),
            tokens_out=chance.randrange(900),
            tokens_cached=chance.choice((None, 0, 50_000)),
        )
        for row in rows
    ]
    with locked(store):
        for number, row in enumerate(ends):
            writers[number % 2].submit(row)
    assert all(writer.flush(60) for writer in writers)
    for number, row in enumerate(ends):
        if chance.random() < 0.2:
            writers[1 - number % 2].submit(row)
        elif chance.random() < 0.2:
            better = {
                "tokens_in": row.tokens_in // 2,
                "account": "d",
                "cost": None,
                "outcome": Outcome.RETRIED,
            }
            writers[number % 2].submit(msgspec.structs.replace(row, **better))
    assert all(writer.flush(60) for writer in writers)
    told = summed(Conversation)
    assert told == summed(ConversationPart)
    assert told["turns"] == 300
    history = RequestLog.objects.all()
    assert told["failed"] == history.filter(is_failure=True).count()
    assert told["by_sub_agents"] == history.filter(role="sub").count() > 0
    assert told["retried"] == history.filter(attempts__gt=1).count() > 0
    ledger = LedgerHour.objects.aggregate(
        **{f"{name}_": Sum(name) for name in ("tokens_in", "tokens_out", "tokens_cached", "cost_units")}
    )
    assert {name[:-1]: number for name, number in ledger.items()} == {
        name: told[name] for name in ("tokens_in", "tokens_out", "tokens_cached", "cost_units")
    }
    for conversation in Conversation.objects.all():
        ids = history.filter(conversation=conversation.id).order_by("id").values_list("id", flat=True)
        assert (conversation.first_id, conversation.last_id) == (ids[0], list(ids)[-1])


def test_what_failed_attempts_used_is_their_accounts(writer: RecordWriter, request_record: NewRecord) -> None:
    """The turn counts where it ended; tokens and money with who was asked, also where nothing else was."""
    failed = AttemptUse(
        number=1, account="b", model="gemini-3-pro-preview", tokens_in=5, tokens_out=0, failed=True
    )
    last = AttemptUse(number=2, account="a", model="claude-opus-5-5", tokens_in=7, tokens_out=1)
    row = ended(
        turn(request_record),
        account="a",
        mapped_model="claude-opus-5-5",
        attempts=2,
        tokens_in=7,
        tokens_out=1,
        used_by_attempt=(failed, last),
    )
    writer.submit(row)
    assert writer.flush(10)
    parts = {part.account: part for part in ConversationPart.objects.all()}
    assert [(parts[one].turns, parts[one].tokens_in) for one in "ab"] == [(1, 7), (0, 5)]
    assert all(part.cost_units > 0 for part in parts.values())
    assert summed(Conversation) == summed(ConversationPart)
    groups = within_conversation(C, "", "account")
    assert sum(group.sums.cost for group in groups) == RequestLog.objects.get().cost
    [agent] = agents_of(C)
    assert set(agent.accounts) == {"a", "b"}


@pytest.mark.parametrize(
    "told",
    [
        {"tokens_in": 5},
        {"tokens_out": 5},
        {"tokens_cached": 5},
        {"tokens_cache_write": 5},
        {"diagnostics": {"estimated_tokens_out": 5}},
    ],
    ids=str,
)
def test_an_account_is_told_whatever_an_attempt_used_of_it(
    writer: RecordWriter, request_record: NewRecord, told: dict[str, Any]
) -> None:
    """Also where upstream told but one count, or none, and nobody knows a price; and who looks for the
    account finds the conversation.
    """
    uses = (
        AttemptUse(number=1, account="b", model="nobodys-model", failed=True, **told),
        AttemptUse(number=2, account="a", model="claude-opus-5-5", tokens_in=7, tokens_out=1),
    )
    row = turn(request_record)
    writer.submit(ended(row, account="a", mapped_model="claude-opus-5-5", attempts=2, used_by_attempt=uses))
    assert writer.flush(10)
    assert {account for agent in agents_of(C) for account in agent.accounts} == {"a", "b"}
    assert {group.label for group in within_conversation(C, "", "account")} == {"a", "b"}
    for account in "ab":
        assert [line.id for line in page_of(asked_for({"account": account})).lines] == [C]
    of_both = {"account": "b", "mapped_model": "claude-opus-5-5"}
    assert page_of(asked_for(of_both)).lines == ()


def test_what_costs_nothing_is_known_beside_a_turn_without_a_price(
    writer: RecordWriter, request_record: NewRecord
) -> None:
    """A turn has no price once, though two of its attempts have none: the other one's $0 is still told."""
    nobodys = [
        AttemptUse(number=number, account=account, model="nobodys-model", tokens_in=5, tokens_out=1)
        for number, account in enumerate("ab", 1)
    ]
    asked = {"account": "b", "attempts": 2, "mapped_model": "nobodys-model"}
    writer.submit(ended(turn(request_record), **asked, used_by_attempt=tuple(nobodys)))
    writer.submit(ended(turn(request_record), account="a", mapped_model="claude-opus-5-5"))
    assert writer.flush(10)
    line = line_of(C)
    assert line is not None
    assert (line.sums.turns, line.sums.unpriced, line.cost) == (2, 1, 0)


def test_a_turn_in_flight_makes_its_conversation_known(
    writer: RecordWriter, request_record: NewRecord
) -> None:
    """It is listed at once and counts nothing yet; when its process dies, it counts as a failed turn."""
    row = turn(request_record)
    writer.submit(row)
    assert writer.flush(10)
    known = Conversation.objects.get()
    assert (known.id, known.client_name, known.client_key, known.turns) == (C, "Claude Code", "team", 0)
    assert len(close_rows_of_dead(["p1"])) == 1
    known = Conversation.objects.get()
    assert (known.turns, known.failed) == (1, 1)
    writer.submit(ended(row, tokens_in=10))  # it was only slow
    assert writer.flush(10)
    known = Conversation.objects.get()
    assert (known.turns, known.failed, known.tokens_in) == (1, 0, 10)


def test_most_turns_write_once(writer: RecordWriter, request_record: NewRecord) -> None:
    """A turn that begins shortly after another one of its conversation writes there at its end alone; after
    a pause, and after a failure of the store, it is known again from its beginning.
    """
    start = 1_700_000_000.0
    ids = []

    def last_id_at(begun: float) -> str:
        row = turn(request_record, started_at=begun)
        ids.append(row.id)
        writer.submit(row)
        assert writer.flush(10)
        known = Conversation.objects.get().last_id
        writer.submit(ended(row, tokens_in=10))
        assert writer.flush(10)
        assert Conversation.objects.get().last_id == row.id
        return known

    assert last_id_at(start) == ids[0]
    assert last_id_at(start + 20) == ids[0]
    assert last_id_at(start + 40) == ids[1]
    assert last_id_at(start + 40 + KNOWN_SECONDS) == ids[3]
    writer.submit(turn(request_record, started_at=start + 110, tokens_in="no number"))
    assert writer.flush(10)
    assert last_id_at(start + 111) == ids[4]
    told = Conversation.objects.get()
    assert (told.turns, told.tokens_in) == (5, 50)


@pytest.mark.parametrize(
    "fields",
    [
        {"path": "/v1/messages/count_tokens?beta=true"},
        {"is_simulated": True},
        {"replay_of": "1" * 32},
        {"conversation": "", "agent": ""},
    ],
)
def test_what_is_no_turn_counts_nowhere(
    fields: dict[str, object], writer: RecordWriter, request_record: NewRecord
) -> None:
    """A count, a simulated exchange, a replay of the operator's, a request of nobody."""
    writer.submit(ended(turn(request_record, **fields), tokens_in=10))
    assert writer.flush(10)
    assert not Conversation.objects.exists()
    assert not ConversationPart.objects.exists()


def test_a_conversation_goes_with_its_last_exchange(writer: RecordWriter, request_record: NewRecord) -> None:
    """Retention that has taken its beginning leaves what was counted; with the end it goes, parts too."""
    start = 1_700_000_000
    for second in (0, 86_400 * 3):
        writer.submit(ended(turn(request_record, started_at=float(start + second))))
    writer.submit(ended(turn(request_record, "d" * 32, started_at=float(start + 1))))
    assert writer.flush(10)
    list(prune(planned(Limits(2, 0), start + 86_400 * 4)))
    assert Conversation.objects.get().turns == 2
    assert ConversationPart.objects.get().turns == 2
    list(prune(planned(Limits(2, 0), start + 86_400 * 8)))
    assert not Conversation.objects.exists()
    assert not ConversationPart.objects.exists()
