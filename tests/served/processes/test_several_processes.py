"""What holds over several processes of one installation as it does within one."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import redis

from tests.accounts.processes.redis_kinds import cluster
from tests.running_server import ServerWorld
from tests.served.processes.several import SeveralWorld, several
from tests.served.world import PATIENCE_SECONDS, text_of


def converse(world: SeveralWorld, number: int, turns: int, fault: str = "") -> None:
    """One conversation of some turns, each on whichever process answers; ``fault`` meets the first."""
    messages: list[dict[str, Any]] = []
    for turn in range(turns):
        question = f"Question {turn} of conversation {number}. {fault}"
        messages.append({"role": "user", "content": question})
        answer = world.say(messages)
        assert answer.status_code == 200, answer.text
        messages.append({"role": "assistant", "content": text_of(answer)})


def test_a_conversation_keeps_its_account_over_processes(
    server_world: ServerWorld,
) -> None:
    """Each of 24 conversations has one account, whichever process its turns fall to; none was ever told."""
    with several(server_world) as world:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda number: converse(world, number, 3), range(24)))
        world.eventually(
            "SELECT 1 WHERE (SELECT count(*) FROM monitor_requestlog WHERE status = 200) = 72", ()
        )
        rows = world.server.rows(
            "SELECT session_hash, process_id, account FROM monitor_requestlog WHERE status = 200"
        )
        by_session: dict[object, list[dict[str, object]]] = {}
        for row in rows:
            by_session.setdefault(row["session_hash"], []).append(row)
        assert len(by_session) == 24
        assert len({row["process_id"] for row in rows}) == 2
        assert any(len({row["process_id"] for row in turns}) == 2 for turns in by_session.values())
        page = httpx.get(f"{world.server.base_url}/metrics").text
        assert 'evenkeel_exchanges_total{dialect="anthropic",outcome="ok"} 72.0' in page, page
        assert "evenkeel_in_flight 0.0" in page, "the numbers are those of both processes"
        kept = [len({row["account"] for row in turns}) == 1 for turns in by_session.values()]
        assert all(kept), f"{sum(kept)} of 24 conversations kept their account"
        assert len({row["account"] for row in rows}) == 3, "the accounts share the conversations"


TOOL = {"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}


def use_the_tool(world: SeveralWorld, number: int) -> None:
    """A conversation with a client that keeps no signatures, whose turns fall to whichever process."""
    asked = f"Please use the tool 4 times. This is conversation {number}."
    messages: list[dict[str, Any]] = [{"role": "user", "content": asked}]
    for turn in range(4):
        body = {"model": "claude-on-gemini", "tools": [TOOL], "stream": False}
        answer = world.say(messages, **body).json()
        calls = [block for block in answer["content"] if block["type"] == "tool_use"]
        assert calls, (turn, answer)
        calls = [{name: call[name] for name in ("type", "id", "name", "input")} for call in calls]
        messages.append({"role": "assistant", "content": calls})
        results = [{"type": "tool_result", "tool_use_id": call["id"], "content": "21"} for call in calls]
        messages.append({"role": "user", "content": results})
    answer = world.say(messages, model="claude-on-gemini", tools=[TOOL], stream=False)
    assert answer.status_code == 200, answer.text


def test_every_signature_is_found_in_every_process(server_world: ServerWorld) -> None:
    """A signature that one process was given is put back by the other: no call goes up without its own."""
    with several(server_world) as world:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda number: use_the_tool(world, number), range(8)))
        assert_signed(world, 8)


def test_a_cluster_serves_as_one_redis_does(server_world: ServerWorld) -> None:
    """Two workers on a Redis Cluster: signatures are found, and a conversation keeps its account.

    On a busy machine it may answer late and count as away for a moment; what it answers is understood.
    """
    with cluster(PATIENCE_SECONDS) as servers, several(server_world, REDIS_URL=servers.url) as world:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda number: use_the_tool(world, number), range(4)))
        assert_signed(world, 4)
        query = "SELECT 1 WHERE (SELECT count(*) FROM monitor_requestlog WHERE status = 200) = 20"
        world.eventually(query, ())
        rows = world.server.rows(
            "SELECT DISTINCT session_hash, account FROM monitor_requestlog WHERE status = 200"
        )
        assert len(rows) == 4
        assert "Traceback" not in world.server.log_text
        told = [line for line in world.server.log_text.splitlines() if "Redis" in line]
        assert set(re.findall(r"\w+(?:Error|Exception)\b", "\n".join(told))) <= LATE, told
        for kind in ("memory", "session"):
            kept = [len(keys_of(port, f"evenkeel:{kind}:*")) for port in servers.masters]
            assert any(kept), f"no master keeps anything of a conversation's {kind}"


LATE = {"TimeoutError", "ConnectionError", "ClusterDownError"}
"""What a Redis raises that does not answer in time, and no other."""


def keys_of(port: int, pattern: str) -> list[bytes]:
    """What one server of a cluster keeps under such names."""
    with redis.Redis(port=port) as client:
        return list(client.scan_iter(pattern))


def assert_signed(world: SeveralWorld, conversations: int) -> None:
    """Every call of the conversations of ``use_the_tool`` went up with its own signature."""
    calls = [
        part
        for body in world.upstream_bodies()
        for content in body["contents"]
        for part in content["parts"]
        if "functionCall" in part
    ]
    assert len(calls) == conversations * (1 + 2 + 3 + 4)
    signatures = [part.get("thoughtSignature", "") for part in calls]
    lost = [signature for signature in signatures if len(signature) < 50]
    assert not lost, f"{len(lost)} of {len(calls)} calls went up without their signature"
    assert "skip_thought_signature_validator" not in signatures


def test_a_session_that_did_not_begin_at_home_stays_where_it_is(server_world: ServerWorld) -> None:
    """Its first account failed and another answered: every process goes on there, and none goes home.

    (Without soft marks, which would lead one conversation away for another's failures.)
    """
    with several(server_world, POOL_SOFT_MARK_SECONDS="0") as world:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda n: converse(world, n, 3, f"[fault#{n}: empty, ok]"), range(12)))
        world.eventually(
            "SELECT 1 WHERE (SELECT count(*) FROM monitor_requestlog WHERE status = 200) = 36", ()
        )
        rows = world.server.rows(
            "SELECT session_hash, account, attempts FROM monitor_requestlog WHERE status = 200"
        )
        assert sum(row["attempts"] == 2 for row in rows) == 12
        sessions = {row["session_hash"] for row in rows}
        kept = [{row["account"] for row in rows if row["session_hash"] == one} for one in sessions]
        assert all(len(accounts) == 1 for accounts in kept), kept
