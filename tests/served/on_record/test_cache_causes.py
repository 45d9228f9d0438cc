"""Why the prompt cache was not read, where the history is not it: model, settings, marks, account, time, what
this server changed, and upstream's own word.
"""

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import msgspec
import pytest
import redis

from relay.caching import stored_form
from relay.memory.memory_items import MemoryItem
from tests import stores
from tests.relay.dialects.openai.streams import responses
from tests.running_server import json_value
from tests.served.on_record.test_cache_misses import LONG, MARK, Talk
from tests.served.raw_upstream import CHUNKED, EVENT_STREAM, RawUpstream, chunked, head
from tests.served.world import CLAUDE, PATIENCE_SECONDS, World

OwnWorld = Callable[..., AbstractContextManager[World]]
IDLE_SECONDS = 360


def until(asks: Callable[[], dict[str, Any]], is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first row for which ``is_so``: what an operator changes reaches the server within two seconds."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not is_so(row := asks()):
        assert time.monotonic() < ends_at, "the change did not reach the server"
    return row


def told(row: dict[str, Any]) -> str:
    """What exactly it was, as the row has it."""
    return str(json_value(row["diagnostics"]).get("cache_miss", ""))


def asks_another_model(talk: Talk) -> None:
    talk.model = "claude-haiku-4-5"


def forces_a_tool(talk: Talk) -> None:
    talk.more["tool_choice"] = {"type": "any"}


def marks_nothing(talk: Talk) -> None:
    talk.marks = None


def calls_many_tools_at_once(talk: Talk) -> None:
    """The mark at the end is thirty blocks behind the last one, which is further than Claude looks."""
    calls = [{"type": "tool_use", "id": f"t{n}", "name": "read", "input": {}} for n in range(30)]
    results = [{"type": "tool_result", "tool_use_id": f"t{n}", "content": "Done."} for n in range(30)]
    talk.messages += [
        {"role": "user", "content": "Read them all."},
        {"role": "assistant", "content": calls},
        {"role": "user", "content": results},
        {"role": "assistant", "content": "I have."},
    ]


STAGED = [
    (asks_another_model, "model", f"{CLAUDE} → claude-haiku-4-5"),
    (forces_a_tool, "settings", "tool_choice"),
    (marks_nothing, "unmarked", ""),
    (calls_many_tools_at_once, "lookback", "64"),
]


def test_each_is_named(world: World, subtests: pytest.Subtests) -> None:
    """In the third turn, by what the client did; the turns before it and the one behind it miss nothing."""
    for change, cause, detail in STAGED:
        with subtests.test(change.__name__):
            talk = Talk(world)
            before = [talk.says("One."), talk.says(f"Two. {LONG}")]
            change(talk)
            row, after = talk.says("Three."), talk.says("Four.")
            assert [one["cache_miss"] for one in (*before, row, after)] == ["", "", cause, ""]
            assert row["cache_miss_tokens"] > 1000
            assert row["cache_miss_cost"] > 0
            assert detail in told(row)


MOVES = [
    ("status=429", "its quota is used up"),
    ("empty", "it failed in this exchange"),
    ("reset0", "it failed in this exchange"),
]


def test_why_the_account_changed_is_told(own_world: OwnWorld, subtests: pytest.Subtests) -> None:
    """For its quota, for a fault: from whom, to whom and why; who stands in keeps the conversation."""
    for fault, why in MOVES:
        with subtests.test(fault), own_world() as world:
            talk = Talk(world)
            before, row = talk.says("One."), talk.says(f"Two. [fault: {fault}, ok]")
            assert (row["cache_miss"], row["account"] == before["account"]) == ("account", False)
            assert told(row).startswith(f"{before['account']} → {row['account']}: {why}")
            talk.messages[-2]["content"] = "Two."  # the simulator would do it again
            after = talk.says("Three.")
            assert (after["cache_miss"], after["account"]) == ("", row["account"])


def test_the_account_was_taken_away(own_world: OwnWorld) -> None:
    """By the operator: the conversation goes on elsewhere, and begins its cache anew there once."""
    with own_world() as world:
        talk = Talk(world)
        account = talk.says("One.")["account"]
        off = {"email": account, "kind": "anthropic", "base_url": world.simulator.base_url, "enabled": False}
        world.import_accounts([{**off, "credential": {"api_key": f"sim-{account}"}}])
        row = until(lambda: talk.says("And?"), lambda row: row["account"] != account)
        assert (row["cache_miss"], told(row)) == ("account", f"{account} → {row['account']}")
        assert talk.says("Then?")["cache_miss"] == ""


def test_a_mapping_leads_to_another_model(own_world: OwnWorld) -> None:
    """What the operator changed for all is this server's change, and no client's."""
    with own_world() as world:
        world.import_mappings([{"pattern": "ours", "target": CLAUDE, "kinds": ["anthropic"]}])
        world.wait_for_model("ours")
        talk = Talk(world, "ours")
        talk.says("One.")
        talk.says("Two.")
        other = "claude-haiku-4-5"
        world.import_mappings([{"pattern": "ours", "target": other, "kinds": ["anthropic"]}])
        row = until(lambda: talk.says("And?"), lambda row: row["mapped_model"] == other)
        assert (row["cache_miss"], told(row)) == ("server", f"model: {CLAUDE} → {other}")


def test_claudes_own_word_is_told(world: World) -> None:
    """A session is new here, and says with what to compare it: what Claude names is the cause."""
    talk = Talk(world)
    talk.more["diagnostics"] = {"previous_message_id": None}
    before = talk.says("One.")
    assert before["cache_miss"] == ""
    talk.more["diagnostics"] = {"previous_message_id": talk.last_id}
    talk.session = str(uuid.uuid4())
    talk.tools.reverse()
    row = talk.says("Two.")
    assert row["cache_miss"] == "tools"
    assert json_value(row["diagnostics"])["cache_miss_told"] is True
    assert row["cache_miss_tokens"] > 3000


ITEM = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": []}
TEXT = {"type": "output_text", "text": "Yes.", "annotations": []}
TOLD = {"type": "cache_miss", "reason": "tools_changed", "cache_missed_tokens": 4096}
ANSWER = {
    "id": "resp_2",
    "model": "gpt-5.6-told",
    "status": "completed",
    "output": [{**ITEM, "content": [TEXT]}],
    "usage": {"input_tokens": 5000, "output_tokens": 3, "total_tokens": 5003}
    | {"input_tokens_details": {"cached_tokens": 0}},
    "prompt_cache_diagnostics": TOLD,
}


def test_openais_own_word_is_told(own_world: OwnWorld) -> None:
    """It names what changed since the answer that the request named; the client has its words as they are."""
    stream = responses(
        ("response.created", {"response": {"id": "resp_2", "model": "gpt-5.6-told", "output": []}}),
        ("response.output_item.done", {"output_index": 0, "item": {**ITEM, "content": [TEXT]}}),
        ("response.completed", {"response": ANSWER}),
    )
    script = (head(EVENT_STREAM, CHUNKED) + chunked(stream),)
    with RawUpstream(script) as upstream, own_world() as world:
        account = {"email": "told@openai", "kind": "openai", "base_url": upstream.base_url}
        world.import_accounts(
            [{**account, "models": ["gpt-5.6-told"], "credential": {"api_key": "sim-told"}}]
        )
        world.wait_for_model("gpt-5.6-told")
        asked = {"model": "gpt-5.6-told", "input": "And now?"}
        named = {"prompt_cache_options": {"comparison_response_id": "resp_1"}}
        answer = world.client.post("/v1/responses", json=asked | named)
        assert answer.json()["prompt_cache_diagnostics"] == TOLD
        row = world.row(answer)
        assert (row["cache_miss"], row["cache_miss_tokens"]) == ("tools", 4096)
        assert json_value(row["diagnostics"])["cache_miss_told"] is True


def test_a_loss_is_told_once(own_world: OwnWorld) -> None:
    """A stand-in is asked with a changed system prompt: that is the loss, and the stand-in cost nothing."""
    with own_world() as world:
        talk = Talk(world)
        talk.says("One.")
        moved = talk.says("Two. [fault: status=429, ok]")
        assert moved["cached_tokens_lost"] == moved["cache_miss_tokens"] > 0
        talk.messages[-2]["content"] = "Two."
        talk.system += " It is twelve o'clock."
        row = talk.says("Three.")
        assert (row["cache_miss"], row["account"]) == ("system", moved["account"])
        assert row["cached_tokens_lost"] == 0


@pytest.fixture
def remembering(own_world: OwnWorld) -> Iterator[tuple[World, str]]:
    """A world whose server remembers in a Redis, and that Redis' URL."""
    url, process = stores.start_redis()
    with contextlib.ExitStack() as ending:
        ending.callback(stores.end, process)
        yield ending.enter_context(own_world(REDIS_URL=url)), url


def test_six_minutes_of_silence(remembering: tuple[World, str], subtests: pytest.Subtests) -> None:
    """A cache of five minutes is gone, one of an hour is not: then it is upstream's side."""
    world, url = remembering
    for mark, cause in ((MARK, "expired"), ({**MARK, "ttl": "1h"}, "upstream")):
        with subtests.test(str(mark)):
            talk = Talk(world)
            talk.marks = mark
            talk.says("One.")
            asked_at = time.time()
            before = talk.says("Two.")
            world.simulator.reset()
            falls_silent(url, before["agent"], asked_at)
            row, after = talk.says("Three."), talk.says("Four.")
            assert [row["cache_miss"], after["cache_miss"]] == [cause, ""]
            assert row["cache_miss_tokens"] > 3000
            assert row["cache_miss_cost"] > 0
            if cause == "expired":
                assert 0 <= int(told(row).removesuffix(" s")) - IDLE_SECONDS <= PATIENCE_SECONDS


def falls_silent(url: str, agent: str, asked_at: float) -> None:
    """Its last requests were asked six minutes before they were; that of ``asked_at`` is kept soon."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    with redis.Redis.from_url(url) as client:
        while True:
            items = {name: client.get(name) for name in client.keys(f"evenkeel:memory:*{agent}*")}
            cached = [
                (name, item, stored_form.read(item.value))
                for name, packed in items.items()
                if (item := msgspec.msgpack.decode(packed, type=MemoryItem)).layer == "cached"
            ]
            if any(one.at >= asked_at for _, _, found in cached for one in found):
                break
            assert time.monotonic() < ends_at, "what was asked did not reach Redis"
            time.sleep(0.05)
        [(name, item, found)] = cached
        kept = [msgspec.structs.replace(one, at=one.at - IDLE_SECONDS) for one in found]
        written = msgspec.structs.replace(item, value=stored_form.written(kept))
        client.set(name, msgspec.msgpack.encode(written), keepttl=True)
