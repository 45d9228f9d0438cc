"""The history's pages: keyset, filters, searches that end, and always as many queries."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from monitor.history.listing import keyset
from monitor.history.listing.about_count import AboutCount, about_count
from monitor.history.listing.filters import CHOICES, FLAGS, HASHES, QUICK, HistoryFilter, parse
from monitor.history.listing.keyset import attempts_of, page_of
from monitor.history.listing.sorting import ordered_page
from monitor.models import Body
from monitor.record.records import (
    AttemptRecord,
    BodyKind,
    BodyRecord,
    EndedBy,
    Outcome,
    Phase,
    RequestRecord,
)
from monitor.store.writer import RecordWriter

NewRecord = Callable[..., RequestRecord]
Fill = Callable[..., list[RequestRecord]]

PLAIN = {
    "in_flight": False,
    "outcome": Outcome.OK,
    "status": 200,
    "ended_by": EndedBy.UPSTREAM,
    "ended_in": Phase.AFTER_STOP,
    "account": "a@x",
    "mapped_model": "m",
    "attempts": 1,
}


@pytest.fixture
def fill(writer: RecordWriter, request_record: NewRecord) -> Fill:
    """Stores one ended exchange for each dict of fields, in order of time."""

    def store(*ways: dict[str, object]) -> list[RequestRecord]:
        records = [request_record(**{**PLAIN, **way}) for way in ways]
        for record in records:
            writer.submit(record)
            writer.submit(
                AttemptRecord(
                    request_id=record.id,
                    number=1,
                    account="a@x",
                    account_kind="anthropic",
                    upstream_model="m",
                    started_offset_ms=0,
                )
            )
        assert writer.flush(10)
        return records

    return store


def ids(records: object) -> list[str]:
    return [record.id for record in records]


def test_pages_follow_each_other_without_gap_or_overlap(fill: Fill) -> None:
    """Walking to the end by the cursor shows every exchange once, newest first, and back again."""
    stored = fill(*({"preview": str(number)} for number in range(120)))
    seen, cursor, pages = [], "", []
    while True:
        page = page_of(parse({}), before=cursor)
        pages.append(page)
        seen += ids(page.rows)
        cursor = page.older
        if not cursor:
            break
    assert seen == ids(reversed(stored))
    assert [len(page.rows) for page in pages] == [50, 50, 20]
    assert page_of(parse({}), after=pages[2].newer).rows == pages[1].rows
    assert pages[0].newer == ""
    assert page_of(parse({}), after=pages[1].newer).newer == ""


def test_a_page_knows_the_attempts_of_its_rows(fill: Fill) -> None:
    """The attempts of a page come in one query, each under its exchange."""
    stored = fill({}, {})
    attempts = attempts_of(page_of(parse({})).rows)
    assert {row: [attempt.request_id for attempt in made] for row, made in attempts.items()} == {
        record.id: [record.id] for record in stored
    }


WAYS: dict[str, dict[str, object]] = {
    "plain": {},
    "collected": {"is_stream": False},
    "gemini": {"dialect": "gemini", "client_model": "gemini-3"},
    "mapped": {"mapped_model": "other"},
    "key": {"client_key": "laptop"},
    "account": {"account": "b@x"},
    "quota": {"outcome": Outcome.ERROR, "status": 429, "attempts": 3, "ended_in": Phase.HEADERS},
    "healed": {"outcome": Outcome.HEALED, "healed": True, "attempts": 2},
    "continued": {"outcome": Outcome.CONTINUED, "continued": True},
    "zero": {"outcome": Outcome.ZERO_TOKENS, "status": 502, "tokens_out": 0, "attempts": 3},
    "gone": {"outcome": Outcome.CLIENT_CLOSED, "ended_by": EndedBy.CLIENT, "ended_in": Phase.TEXT},
    "slow": {"first_data_ms": 12_000},
    "main": {"conversation": "c" * 32, "agent": "c" * 32, "role": "main"},
    "sub": {"conversation": "c" * 32, "agent": "a" * 32, "role": "sub", "cache_miss": "tools"},
    "running": {"in_flight": True, "outcome": None, "status": None, "ended_by": None, "ended_in": None},
}

ASKED: list[tuple[dict[str, str], set[str]]] = [
    ({"outcome": "healed"}, {"healed"}),
    ({"status": "429"}, {"quota"}),
    ({"status_class": "4"}, {"quota"}),
    ({"status_class": "5"}, {"zero"}),
    ({"dialect": "gemini"}, {"gemini"}),
    ({"client_model": "gemini-3"}, {"gemini"}),
    ({"mapped_model": "other"}, {"mapped"}),
    ({"client_key": "laptop"}, {"key"}),
    ({"account": "b@x"}, {"account"}),
    ({"stream": "no"}, {"collected"}),
    ({"retried": "1"}, {"quota", "healed", "zero"}),
    ({"zero": "1"}, {"zero"}),
    ({"healed": "1"}, {"healed"}),
    ({"continued": "1"}, {"continued"}),
    ({"rescued": "1"}, {"healed", "continued"}),
    ({"failed": "1"}, {"quota", "zero"}),
    ({"slow": "1"}, {"slow"}),
    ({"running": "1"}, {"running"}),
    ({"conversation": "c" * 32}, {"main", "sub"}),
    ({"agent": "a" * 32}, {"sub"}),
    ({"role": "sub"}, {"sub"}),
    ({"cache_miss": "tools"}, {"sub"}),
    ({"role": "main", "conversation": "c" * 32}, {"main"}),
    ({"ended_by": "client"}, {"gone"}),
    ({"ended_in": "headers"}, {"quota"}),
    ({"failed": "1", "within": "24"}, set()),
    ({"failed": "1", "status": "502"}, {"zero"}),
    ({"retried": "1", "stream": "yes", "account": "a@x", "healed": "1"}, {"healed"}),
    ({"retried": "1", "account": "b@x"}, set()),
    ({"q": "B@X"}, {"account"}),
    ({"q": "laptop", "stream": "yes"}, {"key"}),
    ({"q": "100%"}, set()),
]


@pytest.mark.parametrize(("asked", "names"), ASKED, ids=[str(asked) for asked, _ in ASKED])
def test_filters_combine(asked: dict[str, str], names: set[str], fill: Fill) -> None:
    """Each filter shows what it says, and several show what all of them say."""
    stored = dict(zip(WAYS, fill(*WAYS.values()), strict=True))
    assert set(ids(page_of(parse(asked)).rows)) == {stored[name].id for name in names}


def test_every_filter_is_tried_above() -> None:
    """A new filter needs its line."""
    tried = {name for asked, _ in ASKED for name in asked}
    assert set(FLAGS) | set(CHOICES) | set(HASHES) <= tried


def test_a_time_range_is_from_and_before(fill: Fill) -> None:
    """``since`` is the first moment that is in, ``until`` the first that is not; zones are understood."""
    stored = fill({}, {}, {}, {})
    moment = datetime.fromtimestamp(stored[1].started_at, UTC)
    second, elsewhere = moment.isoformat(), moment.astimezone(timezone(timedelta(hours=9))).isoformat()
    assert ids(page_of(parse({"since": second})).rows) == ids(reversed(stored[1:]))
    assert ids(page_of(parse({"until": second})).rows) == [stored[0].id]
    assert ids(page_of(parse({"until": elsewhere})).rows) == [stored[0].id]


def test_a_request_id_or_its_beginning_finds_its_exchange(fill: Fill) -> None:
    """What is copied from a header or a log line leads to the row, by the primary key."""
    stored = fill({}, {})
    for text in (stored[0].id, stored[0].id[:16].upper()):
        asked = parse({"q": text})
        assert asked.text_condition() is None
        assert ids(page_of(asked).rows) == [stored[0].id]


def test_a_search_for_signs_looks_at_a_bounded_number_of_rows(
    fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has no word no index answers: it says how far it has looked, and goes on from there to the end."""
    monkeypatch.setattr(keyset, "SEARCHED_TEXTS", 10)
    stored = fill(*({"preview": "a => b" if number in (3, 24) else "hay"} for number in range(25)))
    asked = parse({"q": "=>"})
    first = page_of(asked)
    assert ids(first.rows) == [stored[24].id]
    assert first.searched_to == first.older == stored[15].id
    second = page_of(asked, before=first.older)
    assert (second.rows, second.searched_to) == ((), stored[5].id)
    third = page_of(asked, before=second.older)
    assert ids(third.rows) == [stored[3].id]
    assert third.older == third.searched_to == ""


@pytest.mark.parametrize("word", ["Grüße", "grüße", "λόγος", "ΛΌΓΟΣ", "ﾃｽﾄ", "テスト", "ＧＰＴ", "請求書"])
def test_a_word_is_found_in_the_rows_as_in_the_index(fill: Fill, word: str) -> None:
    """The index folds words, the rows hold them as they were written: counts and orders find both."""
    stored = fill({"preview": f"a {word.title()}!"}, {"preview": "hay"})
    asked = parse({"q": word, "dialect": stored[0].dialect})
    assert ids(page_of(parse({"q": word})).rows) == [stored[0].id]
    assert about_count(asked) == AboutCount(1)
    assert ids(ordered_page(asked, "duration").rows) == [stored[0].id]
    assert ids(page_of(asked, after=" ").rows) == [stored[0].id]


def test_several_filters_look_at_a_bounded_number_of_rows(
    fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rarer filter leads; what the others leave of its rows is found to the end, step by step."""
    monkeypatch.setattr(keyset, "SEARCHED_ROWS", 5)
    stored = fill(*({"healed": number % 2 == 0, "account": f"a{number % 3}"} for number in range(24)))
    asked = parse({"account": "a0", "healed": "1"})
    seen, cursor, steps = [], "", 0
    while True:
        page = page_of(asked, before=cursor)
        seen += ids(page.rows)
        cursor, steps = page.older, steps + 1
        if not cursor:
            break
    assert seen == [record.id for record in reversed(stored) if record.healed and record.account == "a0"]
    assert steps == 3
    assert page_of(asked, after=stored[0].id).newer == ""


def test_bodies_are_searched_step_by_step(
    fill: Fill, writer: RecordWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text in a body is found however JSON writes it; each step is short and says where it stopped."""
    stored = fill(*({} for _ in range(45)))
    for record, content in ((stored[2], b'{"a": "Gr\\u00fc\\u00dfe"}'), (stored[44], "Grüße".encode())):
        writer.submit(BodyRecord(request_id=record.id, kind=BodyKind.CLIENT_REQUEST, content=content))
    assert writer.flush(10)
    assert ids(page_of(parse({"body": "grüße"})).rows) == [stored[44].id, stored[2].id]
    assert page_of(parse({"body": "grüße", "account": "b@x"})).rows == ()
    monkeypatch.setattr(keyset, "SCAN_SECONDS", 0.0)
    step = page_of(parse({"body": "grüße"}))
    assert ids(step.rows) == [stored[44].id]
    assert step.searched_to == step.older == stored[25].id


def test_a_search_through_bodies_is_bounded_whatever_else_is_asked(
    fill: Fill, writer: RecordWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Filters that leave nearly nothing do not make a step longer; the steps find all, once, to the end."""
    monkeypatch.setattr(keyset, "CHECKED_AT_ONCE", 10)
    monkeypatch.setattr(keyset, "SCANNED_AT_ONCE", 2)
    monkeypatch.setattr(keyset, "SCAN_SECONDS", 0.0)
    stored = fill(*({"healed": number % 3 == 0, "account": f"a{number % 2}"} for number in range(65)))
    for record in stored:
        writer.submit(BodyRecord(request_id=record.id, kind=BodyKind.RESPONSE, content=b"the needle"))
    assert writer.flush(10)
    wanted = [record.id for record in reversed(stored) if record.healed and record.account == "a1"]
    asked = parse({"body": "needle", "healed": "1", "account": "a1"})
    seen, cursor, steps = [], "", 0
    while True:
        page = page_of(asked, before=cursor)
        seen += ids(page.rows)
        cursor, steps = page.older, steps + 1
        if not cursor:
            break
    assert seen == wanted
    assert len(wanted) // 2 <= steps <= len(stored)
    assert page_of(parse({"body": "nowhere", "healed": "1"}), before=stored[0].id).older == ""


def test_a_step_through_bodies_is_short_however_slowly_they_come(
    fill: Fill, writer: RecordWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends at the row in which the time is over, that one being whole; the next begins after it."""
    stored = fill(*({} for _ in range(7)))
    for record in stored:
        for kind in (BodyKind.CLIENT_REQUEST, BodyKind.RESPONSE):
            writer.submit(BodyRecord(request_id=record.id, kind=kind, content=kind.value.encode()))
    assert writer.flush(10)
    seconds = [0.0]

    def slowly(bodies: Iterable[Body]) -> Iterator[Body]:
        for body in bodies:
            seconds[0] += keyset.SCAN_SECONDS / 2
            yield body

    monkeypatch.setattr(keyset, "fetched", slowly)
    monkeypatch.setattr(keyset, "time", SimpleNamespace(monotonic=lambda: seconds[0]))
    for text in ("client_request", "response"):
        cursor, seen = "", []
        for _ in stored:
            begun = seconds[0]
            page = page_of(parse({"body": text}), before=cursor)
            assert seconds[0] - begun <= 2 * keyset.SCAN_SECONDS
            seen.append(ids(page.rows))
            cursor = page.older
        assert seen == [[record.id] for record in reversed(stored)]
        assert page_of(parse({"body": text}), before=cursor).rows == ()


def test_nonsense_in_the_address_is_no_filter() -> None:
    """A URL that was typed wrongly shows the history and never an error."""
    wild = {"status": "abc", "outcome": "?", "stream": "maybe", "since": "yesterday", "healed": "x", "z": "1"}
    assert parse(wild).values == {}
    assert parse({"q": "  a\0b  "}).values == {"q": "ab"}


def test_a_view_is_its_address() -> None:
    """The query of a filter is read back as the same filter; changes are made on top."""
    asked = parse({"q": "a&b=ü", "failed": "1", "stream": "no"})
    assert parse(dict(pair.split("=") for pair in asked.query(q="").split("&"))).values == {
        "failed": "1",
        "stream": "no",
    }
    assert "q=a%26b%3D%C3%BC" in asked.query()
    assert all(HistoryFilter(values).is_quick(name) for name, values in QUICK.items())
    assert all(parse(values).values == values for values in QUICK.values())
