"""The campaign under attack: its plan comes out of the seed, and its judge knows what a client may expect."""

import random
import socket
from collections import Counter
from typing import Any

import pytest

from proxyproject.faultlab.reading import HeardAnswer
from tests.served.raw_upstream import RawUpstream, Then
from tests.soak.attacked.attackers import ATTACKS, SOURCE, Attack, from_source, rubbish, wrong_key
from tests.soak.attacked.hostile import Hostile, broken_exchanges, hostile_table, judged_broken
from tests.soak.attacked.mutated_upstream import MutatedUpstream
from tests.soak.judge import Received
from tests.soak.plan import Exchange

ROW: list[dict[str, Any]] = [{"in_flight": False}]
REQUEST = b"POST /v1/messages HTTP/1.1\r\nhost: x\r\n\r\n"


def exchange(form: str = "openai", upstream: str = "anthropic") -> Exchange:
    return Exchange(1, form, upstream, True, 3, (), None)  # type: ignore[arg-type]


def test_the_plan_comes_out_of_the_seed() -> None:
    """The same in every run, with every pair of dialects; the broken upstream's answers likewise."""
    assert broken_exchanges(1, 300) == broken_exchanges(1, 300)
    assert broken_exchanges(1, 300) != broken_exchanges(2, 300)
    assert len({(one.form, one.upstream) for one in broken_exchanges(1, 300)}) == 12
    first, again = (MutatedUpstream(7), MutatedUpstream(7))
    scripts = [first.script_for(REQUEST) for _ in range(200)]
    assert scripts == [again.script_for(REQUEST) for _ in range(200)]
    assert len({str(script) for script in scripts}) > 100


@pytest.mark.parametrize(
    ("one", "answer", "way", "rows", "is_fine"),
    [
        (exchange(), HeardAnswer(200, "whole"), "complete", ROW, True),
        (exchange(), HeardAnswer(200, "error event", error="api_error: cut"), "complete", ROW, True),
        (exchange(), HeardAnswer(502, "status", error="All 3 attempts failed."), "complete", ROW, True),
        (exchange(), HeardAnswer(500, "status", error="the server failed"), "complete", ROW, False),
        (exchange(), HeardAnswer(200, "cut"), "complete", ROW, False),
        (exchange(), HeardAnswer(200, "whole"), "complete", [], False),
        (exchange(), HeardAnswer(200, "whole"), "complete", ROW * 2, False),
        (exchange(), HeardAnswer(200, "whole"), "complete", [{"in_flight": True}], False),
        (exchange(), HeardAnswer(200, "broken", why="KeyError: 'function'"), "complete", ROW, False),
        (
            exchange("openai", "openai"),
            HeardAnswer(200, "broken", why="KeyError: 'x'"),
            "complete",
            ROW,
            True,
        ),
        (
            exchange("openai", "openai"),
            HeardAnswer(200, "broken", why="JSONDecodeError"),
            "complete",
            ROW,
            False,
        ),
        (exchange(), None, "dropped", ROW, False),
        (exchange(), None, "hung", ROW, False),
    ],
)  # fmt: skip
def test_what_a_client_of_a_broken_upstream_may_expect(
    one: Exchange, answer: HeardAnswer | None, way: Any, rows: list[dict[str, Any]], is_fine: bool
) -> None:
    """An end, or an error that it can read; one row; nothing that is this server's fault."""
    _, problem = judged_broken(one, Received(way, answer), rows)
    assert (problem == "") == is_fine, problem


@pytest.mark.outside
async def test_an_attack_tells_what_it_got() -> None:
    """The status that was told, or that the connection was closed or refused."""
    with RawUpstream((b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", Then.CLOSE)) as server:
        got: Counter[str] = Counter()
        attack = Attack("127.0.0.1", server.port, random.Random(1), got)
        await attack.once(wrong_key)
        assert got["401"] == 1
        server.says((Then.RESET,))
        await attack.once(wrong_key)
        assert got["closed"] == 1
    await attack.once(rubbish)
    assert got["refused"] == 1


@pytest.mark.outside
def test_attackers_take_no_port_from_others() -> None:
    """Theirs is chosen when they connect; one that is bound before is nobody else's."""
    with from_source() as mine, socket.create_server(("127.0.0.1", 0)) as listener:
        assert mine.getsockname() == (SOURCE, 0)
        mine.setblocking(True)
        mine.connect(listener.getsockname())
        address, port = mine.getsockname()
    assert address == SOURCE
    assert port


def test_the_table_tells_attacks_and_stalls() -> None:
    """What each kind of attack got, how the broken answers ended, and the longest stalls."""
    attacks = {name: {"401": 3} for name in ATTACKS}
    told = hostile_table(Hostile(None, attacks, Counter(whole=2), ["x"], [21, 500, 30]))  # type: ignore[arg-type]
    assert "wrong keys          401 3" in told
    assert "broken answers      whole 2; problems 1" in told
    assert "stalls over 20 ms   3; the longest [500, 30, 21] ms" in told
