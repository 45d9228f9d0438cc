"""What conversations have had of their limits, as the store has their turns."""

import os
import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ClientKey, ModelMapping
from monitor.conversations.turns_of_last_hour import turns_lately
from monitor.ledger.writing import book
from monitor.record.records import RequestRecord
from monitor.record.request_id import RANDOM_BYTES, new_request_id
from monitor.store.upsert import upsert
from relay.limits.conversations.conversation_reading import of_conversation, of_everybody, of_key
from relay.limits.conversations.conversation_standing import ConversationStanding
from tests.monitor.shelf import ENDED

pytestmark = pytest.mark.django_db
C, OTHER = "c" * 32, "d" * 32


def told(standings: list[ConversationStanding]) -> list[tuple[Any, ...]]:
    """Whose, and of each limit what is used."""
    return [
        (one.conversation, one.limited_by, one.name, [(share.measure, share.used) for share in one.shares])
        for one in standings
    ]


@pytest.fixture
def keys() -> tuple[ClientKey, ClientKey]:
    """Two keys that limit conversations alike."""
    limits = {"conversation_turns_per_hour": 5, "conversation_agents_per_hour": 2}
    one, other = (
        ClientKey.objects.create(name=name, sha256=name, shown_as="sk-…", **limits)
        for name in ("team", "others")
    )
    return one, other


def put(key: ClientKey, conversation: str, seconds_ago: float, **fields: object) -> None:
    """A turn of the conversation."""
    at = time.time() - seconds_ago
    usual: dict[str, Any] = {
        "id": new_request_id(int(at * 1000), os.urandom(RANDOM_BYTES)),
        "started_at": at,
        "process_id": "p1",
        "dialect": "anthropic",
        "method": "POST",
        "path": "/v1/messages",
        "client_key": key.name,
        "client_key_id": key.pk,
        "client_model": "claude-opus-5-5",
        "conversation": conversation,
        "agent": conversation,
        "role": "main",
        **ENDED,
    }
    row = RequestRecord(**{**usual, **fields})
    upsert([row])
    book([row], {})


def test_a_key_is_told_of_its_own(keys: tuple[ClientKey, ClientKey]) -> None:
    """The latest conversation first, of the last hour alone; another key's never, not even by its id."""
    mine, others = keys
    for seconds_ago in (5_000, 900, 800):
        put(mine, C, seconds_ago)
    put(mine, C, 700, role="sub", agent="a" * 32)
    put(mine, OTHER, 100)
    put(others, "e" * 32, 50)
    assert told(of_key(mine, time.time())) == [
        (OTHER, "key", "team", [("turns", 1), ("sub_agents", 0)]),
        (C, "key", "team", [("turns", 3), ("sub_agents", 1)]),
    ]
    assert told(of_key(mine, time.time(), [C])) == told(of_key(mine, time.time()))[1:]
    assert told(of_key(mine, time.time(), ["e" * 32])) == [
        ("e" * 32, "key", "team", [("turns", 0), ("sub_agents", 0)])
    ]


def test_two_keys_in_one_conversation_do_not_meet(keys: tuple[ClientKey, ClientKey]) -> None:
    """Should two rows of two keys ever have one id, each key is told of its own turns."""
    for key, turns in zip(keys, (1, 3), strict=True):
        for number in range(turns):
            put(key, C, 100 + number)
    assert [told(of_key(key, time.time()))[0][3][0] for key in keys] == [("turns", 1), ("turns", 3)]
    assert {(name, turns[1]) for _, _, name, (turns, _) in told(of_conversation(C, time.time()))} == {
        ("team", 1),
        ("others", 3),
    }


def test_of_the_keys_only_those_are_read_that_ask_in_it(keys: tuple[ClientKey, ClientKey]) -> None:
    """However many others limit conversations."""
    put(keys[1], C, 100)
    with CaptureQueriesContext(connection) as asked:
        [one] = of_conversation(C, time.time())
    assert one.name == "others"
    is_there, of_keys = (query["sql"] for query in asked if 'FROM "accounts_clientkey"' in query["sql"])
    assert "LIMIT 1" in is_there
    assert f'"accounts_clientkey"."id" IN ({keys[1].pk})' in of_keys


def test_a_mapping_counts_what_is_in_flight(keys: tuple[ClientKey, ClientKey]) -> None:
    """A turn that runs does not name its upstream model yet: it is a turn of the mapping all the same."""
    key = ClientKey.objects.create(name="free", sha256="free", shown_as="sk-…")
    ModelMapping.objects.create(pattern="fast", target="claude-opus-5-5", conversation_turns_per_hour=4)
    running = {"in_flight": True, "outcome": None, "status": None, "mapped_model": None, "attempts": 0}
    for number in range(3):
        put(key, C, 100 + number, client_model="fast", **running)
    put(key, C, 90, client_model="fast")
    put(key, C, 80, client_model="slow", mapped_model="claude-opus-5-5")
    put(key, C, 70, client_model="slow", **running)
    expected = [(C, "mapping", "fast", [("turns", 4)])]
    assert told(of_everybody(time.time())) == expected
    assert told(of_key(key, time.time())) == expected
    assert told(of_conversation(C, time.time())) == expected
    assert len(turns_lately([], [], time.time() - 3600)) == 0


def test_a_renamed_key_is_told_of_all_its_turns(keys: tuple[ClientKey, ClientKey]) -> None:
    """Also of those that it asked under its earlier name, which another key may have now."""
    mine, others = keys
    put(mine, C, 900)
    put(mine, C, 800)
    put(mine, OTHER, 700)
    mine.name = "squad"
    mine.save()
    others.name = "team"
    others.save()
    put(others, "e" * 32, 600)
    put(mine, C, 100)
    now = time.time()
    assert [(one.conversation, one.shares[0].used) for one in of_key(mine, now)] == [(C, 3), (OTHER, 1)]
    assert [(one.conversation, one.shares[0].used) for one in of_key(mine, now, [C])] == [(C, 3)]


def test_only_a_key_s_own_rows_are_read(keys: tuple[ClientKey, ClientKey]) -> None:
    """SQLite goes into an index by the key's name, or by the conversation, however many rows others have."""
    if connection.vendor != "sqlite":
        return
    for conversations, expected in ([], "client_key=? AND id>"), ([C], "conversation=? AND id>"):
        with CaptureQueriesContext(connection) as asked:
            of_key(keys[0], time.time(), conversations)
        [turns] = [query["sql"] for query in asked if 'FROM "monitor_requestlog"' in query["sql"]]
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + turns)
            plan = " ".join(str(row[-1]) for row in cursor.fetchall())
        assert expected in plan, plan


def test_without_a_limit_nothing_is_told() -> None:
    """However many turns there were."""
    key = ClientKey.objects.create(name="free", sha256="free", shown_as="sk-…")
    put(key, C, 10)
    assert of_everybody(time.time()) == of_key(key, time.time(), [C]) == of_conversation(C, time.time()) == []
