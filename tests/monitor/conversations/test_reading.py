"""Pages of conversations: keyset, filters, what a line and an agent add up to, the time axis."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitor.conversations.conversation_turns import LANE, WIDTH, latest_turns, neighbours, on_axis
from monitor.conversations.filters import FLAGS, MISSED, asked_for
from monitor.conversations.models import Conversation
from monitor.conversations.reading import MODELS_SHOWN, agents_of, line_of, page_of
from monitor.history.listing.keyset import moment_of_id
from monitor.record.records import Outcome, RequestRecord
from monitor.statistics.by_conversation import GROUPS_SHOWN, within_conversation
from monitor.store.writer import RecordWriter
from tests.monitor.store.test_writer import ended

NewRecord = Callable[..., RequestRecord]
START = 1_700_000_000
C, SUB = "c" * 32, "a" * 32
EXPLORER = {"role": "sub", "agent_label": "explorer"}


def put(writer: RecordWriter, record: NewRecord, number: int, **fields: object) -> RequestRecord:
    """A turn that has ended, so many seconds after the start."""
    told = {"conversation": C, "agent": C, "role": "main", "client_name": "Claude Code", "account": "ada"}
    told |= {"mapped_model": "claude-opus-5-5", "duration_ms": 500, "attempts": 1, "outcome": Outcome.OK}
    early = {
        "conversation",
        "agent",
        "role",
        "parent_agent",
        "agent_label",
        "client_name",
        "client_key",
        "path",
    }
    told |= fields
    row = record(started_at=float(START + number), **{k: v for k, v in told.items() if k in early})
    row = ended(row, **{name: value for name, value in told.items() if name not in early})
    writer.submit(row)
    return row


def test_pages_follow_each_other(writer: RecordWriter, request_record: NewRecord) -> None:
    """By the last turn, newest first, each conversation once; a line has what its turns add up to."""
    for number in range(120):
        put(writer, request_record, number, conversation=f"{number % 60:032x}", agent=f"{number % 60:032x}")
    assert writer.flush(20)
    first = page_of(asked_for({}))
    second = page_of(asked_for({}), first.older)
    assert [len(first.lines), len(second.lines), second.older] == [50, 10, ""]
    assert [line.id for line in (*first.lines, *second.lines)] == [f"{n:032x}" for n in range(59, -1, -1)]
    assert {line.sums.turns for line in first.lines} == {2}
    assert first.lines[0].duration_ms == 60_500


FILTERS = [
    ({}, {"plain", "bad", "long", "deep", "other"}),
    ({"failed": "1"}, {"bad"}),
    ({"rescued": "1"}, {"deep"}),
    ({"several": "1"}, {"long"}),
    ({"sub": "1"}, {"deep"}),
    ({"client_name": "Codex"}, {"other"}),
    ({"client_key": "laptop"}, {"other"}),
    ({"mapped_model": "gemini-3"}, {"other"}),
    ({"account": "bob", "mapped_model": "claude-opus-5-5"}, {"long"}),
    ({"account": "nobody"}, set()),
    ({"until": "2023-11-14T22:13:21Z"}, {"plain"}),
    ({"since": "2023-11-14T22:14:20Z"}, {"other"}),
    ({"within": "24"}, set()),
    ({"nonsense": "1", "failed": "yes"}, {"plain", "bad", "long", "deep", "other"}),
    ({"missed": "1"}, {"long", "deep"}),
    ({"missed": "1", "rescued": "1"}, {"deep"}),
    ({"missed": "1", "account": "bob"}, {"long"}),
    ({"q": "harbour"}, {"long", "other"}),
    ({"q": "HARBOUR lights"}, {"other"}),
    ({"q": "harbour", "missed": "1"}, {"long"}),
    ({"q": "harbour", "until": "2023-11-14T22:14:00Z"}, {"long"}),
    ({"q": "nothing of the kind"}, set()),
]


@pytest.mark.parametrize(("asked", "names"), FILTERS, ids=[str(asked) for asked, _ in FILTERS])
def test_filters(
    asked: dict[str, str], names: set[str], writer: RecordWriter, request_record: NewRecord
) -> None:
    """Each filter shows what it says."""
    ids = {name: f"{number:032x}" for number, name in enumerate(("plain", "bad", "long", "deep", "other"))}

    def turn(number: int, name: str, **fields: object) -> None:
        put(writer, request_record, number, **{"conversation": ids[name], "agent": ids[name], **fields})

    turn(0, "plain")
    turn(1, "bad", outcome=Outcome.ERROR)
    turn(2, "long", preview="To the harbour, please.")
    turn(3, "long", account="bob", cache_miss="account", cache_miss_tokens=10)
    turn(4, "deep", agent=SUB, role="sub", outcome=Outcome.HEALED, cache_miss="tools", cache_miss_tokens=7)
    of_another = {"client_name": "Codex", "client_key": "laptop", "mapped_model": "gemini-3"}
    turn(70, "other", preview="The lights of a harbour.", **of_another)
    assert writer.flush(20)
    assert {line.id for line in page_of(asked_for(asked)).lines} == {ids[name] for name in names}


def test_every_filter_is_tried_above() -> None:
    """A new filter needs its line."""
    assert {*FLAGS, MISSED, "q"} <= {name for asked, _ in FILTERS for name in asked}


def test_words_that_many_turns_have(
    writer: RecordWriter, request_record: NewRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest turns are looked up, and the page says back to which; a conversation stands there once."""
    monkeypatch.setattr("monitor.conversations.turns_asked_for.TURNS_LOOKED_UP", 3)
    for number in range(6):
        name = f"{number % 2:032x}"
        put(writer, request_record, number, conversation=name, agent=name, preview="The same harbour.")
    assert writer.flush(20)
    page = page_of(asked_for({"q": "harbour"}))
    assert [line.id for line in page.lines] == [f"{1:032x}", f"{0:032x}"]
    assert moment_of_id(page.words_to) == START + 3
    assert not page_of(asked_for({"q": "harbour", "since": "2023-11-14T22:13:23Z"})).words_to


def test_one_conversation(writer: RecordWriter, request_record: NewRecord) -> None:
    """Its agents with their sums, its turns in order, moves of account, and the neighbours of a request."""
    rows = [
        put(writer, request_record, 0, tokens_in=100, tokens_cached=0),
        put(
            writer,
            request_record,
            1,
            agent=SUB,
            role="sub",
            parent_agent=C,
            agent_label="explorer",
            tokens_in=7,
        ),
        put(writer, request_record, 2, path="/v1/messages/count_tokens", tokens_in=9),
        put(writer, request_record, 3, tokens_in=100, tokens_cached=900),
        put(writer, request_record, 4, account="bob", tokens_in=1000, tokens_cached=0, attempts=2),
    ]
    assert writer.flush(20)
    line = line_of(C)
    assert line is not None
    assert (line.sums.turns, line.agents, line.sums.by_sub_agents, line.sums.retried) == (4, 2, 1, 1)
    assert line.cost is not None
    assert line.cost > Decimal(0)
    main, sub = agents_of(C)
    assert (main.id, main.sums.turns, main.accounts, sub.parent) == (C, 3, ("ada", "bob"), main.id)
    assert (sub.role, sub.label, sub.cached_percent) == ("sub", "explorer", 0)
    assert line.cost == (main.cost or 0) + (sub.cost or 0)
    turns, has_older = latest_turns(C)
    assert not has_older
    assert [turn.id for turn in turns] == [row.id for row in rows if row is not rows[2]]
    assert [turn.has_moved for turn in turns] == [False, False, False, True]
    assert [turn.cached_percent for turn in turns] == [0, None, 90, 0]
    assert [turn.id for turn in latest_turns(C, turns[2].id)[0]] == [rows[0].id, rows[1].id]
    assert neighbours(C, rows[1].id) == (rows[0].id, rows[2].id)
    assert neighbours(C, rows[0].id)[0] == neighbours(C, rows[4].id)[1] == ""
    assert neighbours("", rows[0].id) == ("", "")
    bars = on_axis(turns, [C, SUB], float(START + 10))
    assert [bar.y for bar in bars] == [0, LANE, 0, 0]
    assert float(bars[0].x) == 0
    assert abs(float(bars[-1].x) + float(bars[-1].width) - WIDTH) < 1


def test_plans_walk_the_indexes(store: str) -> None:
    """No page of conversations sorts, and none reads conversations that it does not show."""
    for asked, index in (
        ({}, "conversation_by_time"),
        ({"client_key": "team"}, "conversation_by_key"),
        ({"client_name": "Codex"}, "conversation_by_client"),
        ({"failed": "1"}, "conversation_failed"),
        ({"rescued": "1"}, "conversation_rescued"),
        ({"several": "1"}, "conversation_several"),
        ({"sub": "1"}, "conversation_with_sub"),
    ):
        rows = Conversation.objects.filter(asked_for(asked).condition(), last_id__lt="f" * 32)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                for kind in ("seqscan", "sort", "bitmapscan"):
                    cursor.execute(f"SET enable_{kind} = off")
        plan = rows.order_by("-last_id")[:50].explain()
        assert index in plan
        assert "TEMP B-TREE" not in plan
        assert "Sort" not in plan


def test_what_is_read_of_a_conversation_is_bounded(writer: RecordWriter, request_record: NewRecord) -> None:
    """Clients choose how many agents and models there are: those are counted, these and groups are capped."""
    for number in range(GROUPS_SHOWN + 5):
        agent, model = f"{number:032x}", f"model-{number:03}"
        put(writer, request_record, number, agent=agent, role="sub", mapped_model=model)
    put(writer, request_record, 900, conversation=SUB, agent=SUB, mapped_model="other")
    assert writer.flush(20)
    with CaptureQueriesContext(connection) as asked:
        of_one = {line.id: line for line in page_of(asked_for({})).lines}
    assert (of_one[C].agents, of_one[SUB].agents) == (GROUPS_SHOWN + 5, 1)
    assert of_one[C].models == tuple(f"model-{number:03}" for number in range(MODELS_SHOWN))
    assert of_one[SUB].models == ("other",)
    of_parts = [one["sql"] for one in asked if "conversationpart" in one["sql"]]
    assert all("GROUP BY" in sql for sql in of_parts)
    for by in ("agent", "model"):
        assert len(within_conversation(C, "", by)) == GROUPS_SHOWN


def test_a_replay_is_no_running_turn(writer: RecordWriter, request_record: NewRecord) -> None:
    """An operator's replay has the conversation of what it sends again, and is none of its turns."""
    put(writer, request_record, 1)
    writer.submit(request_record(started_at=float(START + 2), conversation=C, agent=C, in_flight=True))
    again = {"conversation": C, "agent": C, "in_flight": True, "replay_of": "0" * 32}
    writer.submit(request_record(started_at=float(START + 3), **again))
    assert writer.flush(20)
    assert [line.running for line in page_of(asked_for({})).lines] == [1]
