"""Each filter of the history is answered by an index, on SQLite and on PostgreSQL."""

import re
from collections.abc import Callable

import msgspec
import pytest
from django.db import connection
from django.db.models import Q

from monitor.history.queries import (
    LISTED_COLUMNS,
    admitted_since,
    asked_upstream_as,
    distinct_values,
    ended_with,
    replays_of,
)
from monitor.models import PLAIN_END, SLOW_FIRST_DATA_MS, RequestLog
from monitor.partitions.making import make_ahead
from monitor.record.records import EndedBy, Outcome, Phase, RequestRecord
from monitor.record.request_id import first_request_id
from monitor.store.writer import RecordWriter

NewRecord = Callable[..., RequestRecord]


def plan_of(condition: Q) -> str:
    """How the store would find the first page of these rows, before any id; over days where it has them."""
    page = RequestLog.objects.filter(condition, id__lt="f" * 32)[:50]
    if connection.vendor != "postgresql":
        return page.explain()
    make_ahead(1_790_000_000, 30)
    with connection.cursor() as cursor:  # a small table is read whole otherwise
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("SET enable_sort = off")
        cursor.execute("SET enable_bitmapscan = off")
        plan = page.explain()
        cursor.execute(
            "SELECT inhrelid::regclass, inhparent::regclass FROM pg_inherits"
            " JOIN pg_class ON oid = inhrelid WHERE relkind = 'i'"
        )
        whole = dict(cursor.fetchall())
    # A partition's index is told by the name of the whole table's; what merges partitions sorts nothing.
    told = re.sub(r"(?<= using )\S+", lambda found: whole.get(found[0], found[0]), plan)
    return re.sub("Sort Key: .*", "", told)


FILTERS = [
    ("request_client_key", Q(client_key="team")),
    ("request_client_model", Q(client_model="m")),
    ("request_dialect", Q(dialect="openai")),
    ("request_streamed", Q(is_stream=True)),
    ("request_collected", Q(is_stream=False)),
    ("request_mapped_model", Q(mapped_model="m")),
    ("request_account", Q(account="a")),
    ("request_replay_of", replays_of("a")),
    ("request_conversation", Q(conversation="c", conversation__gt="")),
    ("request_agent", Q(agent="a", agent__gt="")),
    ("request_by_sub_agents", Q(role="sub")),
    ("request_missed", Q(cache_miss="tools", cache_miss__gt="")),
    ("request_outcome", ended_with("outcome", "healed")),
    ("request_status", ended_with("status", 429)),
    ("request_status_class", ended_with("status_class", 5)),
    ("request_ended_by", ended_with("ended_by", "client")),
    ("request_ended_in", ended_with("ended_in", "peek")),
    ("request_in_flight", Q(in_flight=True)),
    ("request_failed", Q(is_failure=True)),
    ("request_healed", Q(healed=True)),
    ("request_continued", Q(continued=True)),
    ("request_retried", Q(attempts__gt=1)),
    ("request_zero_tokens", Q(tokens_out=0)),
    ("request_slow", Q(first_data_ms__gte=SLOW_FIRST_DATA_MS)),
]


@pytest.mark.parametrize(("index", "condition"), FILTERS, ids=[name for name, _ in FILTERS])
def test_a_filter_walks_its_index_in_the_page_s_order(index: str, condition: Q, store: str) -> None:
    """No filter reads rows that it does not show, and none sorts: its index ends in the id."""
    plan = plan_of(condition)
    assert index in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


def test_an_id_of_upstream_s_leads_to_its_exchange_by_an_index(store: str) -> None:
    """The attempts are not read through for it."""
    assert "attempt_upstream_request_id" in plan_of(asked_upstream_as("req_011CSHoEeqs5C35K2UUqR7Fy"))


def test_every_index_is_that_of_a_filter() -> None:
    """No index is written on every exchange for nothing."""
    assert {index.name for index in RequestLog._meta.indexes} == {name for name, _ in FILTERS}


def test_pages_without_a_filter_walk_the_ids(store: str) -> None:
    """The first page and each page after a time or an id comes from the primary key."""
    for condition in (Q(), admitted_since(1.0)):
        plan = plan_of(condition)
        assert "pkey" in plan or "autoindex" in plan
        assert "TEMP B-TREE" not in plan
        assert "Sort" not in plan


@pytest.fixture
def rows(writer: RecordWriter, request_record: NewRecord) -> dict[str, RequestRecord]:
    """One exchange of each way to end, by name."""
    plain = {"in_flight": False, "outcome": Outcome.OK, "status": 200}
    plain |= {"ended_by": EndedBy.UPSTREAM, "ended_in": Phase.AFTER_STOP}
    ways: dict[str, dict[str, object]] = {
        "plain": {},
        "in flight": {"in_flight": True, "outcome": None, "status": None, "ended_by": None},
        "healed": {"outcome": Outcome.HEALED, "healed": True},
        "quota": {"outcome": Outcome.ERROR, "status": 429},
        "gone": {"outcome": Outcome.CLIENT_CLOSED, "ended_by": EndedBy.CLIENT, "ended_in": Phase.PEEK},
        "gone unanswered": {"outcome": Outcome.CLIENT_CLOSED, "status": None, "ended_by": EndedBy.CLIENT},
        "interrupted": {"outcome": Outcome.INTERRUPTED, "ended_in": Phase.TEXT},
        "unauthorized": {"outcome": Outcome.UNAUTHORIZED, "status": 401, "ended_by": EndedBy.PROXY},
        "zero": {"outcome": Outcome.ZERO_TOKENS, "status": 502, "ended_in": Phase.PEEK},
    }
    records = {name: request_record(**{**plain, **way}) for name, way in ways.items()}
    for record in records.values():
        writer.submit(record)
    assert writer.flush(10)
    return records


@pytest.mark.parametrize(
    ("column", "value", "names"),
    [
        ("outcome", "ok", {"plain"}),
        ("outcome", "client_closed", {"gone", "gone unanswered"}),
        ("status", 200, {"plain", "healed", "gone", "interrupted"}),
        ("status", 429, {"quota"}),
        ("status_class", 2, {"plain", "healed", "gone", "interrupted"}),
        ("status_class", 4, {"quota", "unauthorized"}),
        ("status_class", 5, {"zero"}),
        ("ended_by", "client", {"gone", "gone unanswered"}),
        ("ended_by", "proxy", {"unauthorized"}),
        ("ended_by", "upstream", {"plain", "healed", "quota", "interrupted", "zero"}),
        ("ended_in", "peek", {"gone", "zero"}),
        ("ended_in", "text", {"interrupted"}),
    ],
)
def test_a_filter_by_how_it_ended_misses_nothing(
    column: str, value: object, names: set[str], rows: dict[str, RequestRecord]
) -> None:
    """The condition on notable rows, there for the index, leaves out no exchange that ended so."""
    found = set(RequestLog.objects.filter(ended_with(column, value)).values_list("id", flat=True))
    assert found == {rows[name].id for name in names}


def test_failures_are_those_that_left_the_client_without_its_answer(rows: dict[str, RequestRecord]) -> None:
    """``is_failure`` holds of errors, cuts, empty answers and refused keys; not of what is in flight."""
    found = set(RequestLog.objects.filter(is_failure=True).values_list("id", flat=True))
    assert found == {rows[name].id for name in ("quota", "interrupted", "unauthorized", "zero")}


def test_the_plain_end_is_not_notable(rows: dict[str, RequestRecord]) -> None:
    """Neither the plain end nor what has not ended is notable; everything else is."""
    others = set(RequestLog.objects.filter(is_notable=True).values_list("id", flat=True))
    assert others == {row.id for name, row in rows.items() if name not in ("plain", "in flight")}
    assert set(PLAIN_END) == {"outcome", "status", "ended_by", "ended_in"}


def test_a_time_range_is_a_range_of_ids(rows: dict[str, RequestRecord]) -> None:
    """Asking for a time gives the rows admitted then or later."""
    times = sorted(record.started_at for record in rows.values())
    for number, at in enumerate(times):
        assert RequestLog.objects.filter(admitted_since(at)).count() == len(times) - number
    assert RequestLog.objects.filter(id__lt=first_request_id(int(times[3] * 1000))).count() == 3


def test_the_values_of_a_column_are_told_once_each(writer: RecordWriter, request_record: NewRecord) -> None:
    """Each value that is there is listed once, sorted, unknown ones not at all, up to a limit."""
    for name in ("b@x", "a@x", None, "b@x", "", "ü@x"):
        writer.submit(request_record(account=name))
    assert writer.flush(10)
    assert distinct_values("account") == ["", "a@x", "b@x", "ü@x"]
    assert distinct_values("account", limit=2) == ["", "a@x"]
    assert distinct_values("mapped_model") == []
    assert distinct_values("client_model") == ["claude-opus-5-5"]


@pytest.mark.parametrize("column", ["id", "preview", "outcome", "account; drop table x"])
def test_only_columns_with_an_index_for_all_rows_are_listed(column: str) -> None:
    """A column without such an index would be read whole, and a name that is none is never SQL."""
    assert column not in LISTED_COLUMNS
    with pytest.raises(ValueError, match="not indexed"):
        distinct_values(column)


def test_listing_values_walks_the_index(writer: RecordWriter, request_record: NewRecord) -> None:
    """The list of accounts costs steps by the number of accounts, not of rows."""
    writer.submit(msgspec.structs.replace(request_record(), account="a"))
    assert writer.flush(10)
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's plan for so few rows says nothing")
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN SELECT min(account) FROM monitor_requestlog WHERE account > 'x'")
        assert "USING COVERING INDEX request_account" in str(cursor.fetchall())
