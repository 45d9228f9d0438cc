"""What a client key may use, through the real server: rates, budgets, how many at once."""

import concurrent.futures
import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import httpx
import openai
import pytest
from google import genai
from google.genai import errors, types

from tests.running_server import ServerWorld
from tests.served.keys.test_key_rules import wait_for
from tests.served.processes.several import several
from tests.served.world import CLAUDE, GEMINI, PATIENCE_SECONDS, World, lasting_world
from tests.soak.budgets import Budget, run

KNOWN_IN_A_ROW = 8
"""Of two processes one may know a key a second before the other."""

RATE = 2
"""Requests a minute of the keys with such a limit."""


MINUTE_IS_YOUNG_SECONDS = 40
"""What has to fall into one minute begins before this, or most of it would be done twice."""


@pytest.fixture(scope="module")
def world(server_world: ServerWorld) -> Iterator[World]:
    """A server whose keys may not use without end."""
    with lasting_world(server_world) as world:
        yield world
        assert "Traceback" not in world.server.log_text


def new_key(world: World, name: str, *options: str) -> str:
    """A key with limits, known to the server."""
    key = made_key(world, name, *options)
    wait_until_known(world, key)
    return key


def made_key(world: World, name: str, *options: str) -> str:
    """A key with limits; the server will know it soon."""
    key = f"sk-key-of-{name}"
    world.server.manage("create_client_key", name, "--key", key, *options)
    return key


def wait_until_known(world: World, key: str) -> None:
    """Return when every process knows the key."""
    known = itertools.count()

    def is_known_to_all() -> bool:
        headers = {"x-api-key": key, "connection": "close"}
        answer = httpx.get(f"{world.server.base_url}/v1/models", headers=headers)
        return answer.status_code == 200 and next(known) >= KNOWN_IN_A_ROW

    wait_for(is_known_to_all)


def ask(world: World, key: str, prompt: str = "Hello.", **more: Any) -> httpx.Response:
    body = {"model": CLAUDE, "max_tokens": 100, "messages": [{"role": "user", "content": prompt}], **more}
    return world.client.post("/v1/messages", json=body, headers={"x-api-key": key})


def within_a_minute(
    world: World, name: str, option: str, asks: Callable[[str], list[Any]]
) -> tuple[str, list[Any]]:
    """What ``asks`` finds with a fresh key, all of it within one minute; the key, and the answers."""
    for attempt in itertools.count():
        key = new_key(world, f"{name}{attempt}", option, str(RATE))
        wait_for(lambda: time.time() % 60 < MINUTE_IS_YOUNG_SECONDS)
        minute = time.time() // 60
        found = asks(key)
        if time.time() // 60 == minute:
            return key, found
    raise AssertionError


def test_a_rate_is_refused_with_its_moment(world: World) -> None:
    """429, Retry-After to the minute's end, headers of what is left; counting and lists are not counted."""
    key, (first, second, third) = within_a_minute(
        world,
        "rate",
        "--requests-per-minute",
        lambda key: [ask(world, key), ask(world, key, stream=True), ask(world, key)],
    )
    assert (first.status_code, second.status_code, third.status_code) == (200, 200, 429)
    assert first.headers["anthropic-ratelimit-requests-limit"] == "2"
    assert first.headers["anthropic-ratelimit-requests-remaining"] == "1"
    assert second.headers["anthropic-ratelimit-requests-remaining"] == "0"
    assert third.json()["error"]["type"] == "rate_limit_error"
    reset = third.headers["anthropic-ratelimit-requests-reset"]
    assert reset in third.json()["error"]["message"]
    assert 0 < int(third.headers["retry-after"]) <= 60
    assert "x-should-retry" not in third.headers
    row = world.row(third)
    assert (row["outcome"], row["attempts"]) == ("rate_limited", 0)
    count = {"model": CLAUDE, "messages": [{"role": "user", "content": "Hello."}]}
    counted = world.client.post("/v1/messages/count_tokens", json=count, headers={"x-api-key": key})
    assert counted.status_code == 200
    assert world.client.get("/v1/models", headers={"x-api-key": key}).status_code == 200


def test_requests_at_a_time(world: World) -> None:
    """The one beyond is refused, to come again in a second; when one has ended the next is let in."""
    key = new_key(world, "narrow-door", "--requests-at-a-time", "1")
    body = {"model": CLAUDE, "max_tokens": 100, "stream": True}
    stalls = body | {"messages": [{"role": "user", "content": "Hello. [fault: stall@2]"}]}
    with world.client.stream("POST", "/v1/messages", json=stalls, headers={"x-api-key": key}) as running:
        pieces = running.iter_raw()  # held: an iterator that is dropped hangs up
        assert next(pieces)
        refused = ask(world, key)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    wait_for(lambda: ask(world, key).status_code == 200)


def test_the_sdks_do_not_hammer_a_spent_budget(world: World) -> None:
    """Each raises its own exception for a limit after one request, though it would retry a 429 else."""
    key = new_key(world, "spent", "--tokens-in-total", "5")
    assert ask(world, key).status_code == 200
    wait_for(lambda: ask(world, key).status_code == 429)
    refusals = "SELECT id FROM monitor_requestlog WHERE client_key = 'spent' AND outcome = 'over_budget'"
    world.row(ask(world, key))
    before = len(world.server.rows(refusals))
    claude = anthropic.Anthropic(api_key=key, base_url=world.server.base_url, max_retries=5)
    with pytest.raises(anthropic.RateLimitError) as a:
        claude.messages.create(model=CLAUDE, max_tokens=9, messages=[{"role": "user", "content": "Hello."}])
    chat = openai.OpenAI(api_key=key, base_url=f"{world.server.base_url}/v1", max_retries=5)
    with pytest.raises(openai.RateLimitError) as o:
        chat.chat.completions.create(model=CLAUDE, messages=[{"role": "user", "content": "Hello."}])
    assert o.value.code == "insufficient_quota"
    google = genai.Client(api_key=key, http_options=types.HttpOptions(base_url=world.server.base_url))
    with pytest.raises(errors.ClientError) as g:
        google.models.generate_content(model=GEMINI, contents="Hello.")
    assert g.value.code == 429
    with pytest.raises(openai.RateLimitError) as r:
        chat.responses.create(model=CLAUDE, input="Hello.")
    assert all("5 tokens in all" in str(error.value) for error in (a, o, g, r))
    assert a.value.response.headers["x-should-retry"] == "false"
    assert "retry-after" not in a.value.response.headers
    world.row(world.messages())  # by now the rows before it are written too
    assert len(world.server.rows(refusals)) == before + 4


def by_anthropic(world: World, key: str) -> None:
    claude = anthropic.Anthropic(api_key=key, base_url=world.server.base_url)
    claude.messages.create(model=CLAUDE, max_tokens=9, messages=[{"role": "user", "content": "Hello."}])


def by_openai_chat(world: World, key: str) -> None:
    chat = openai.OpenAI(api_key=key, base_url=f"{world.server.base_url}/v1")
    chat.chat.completions.create(model=CLAUDE, messages=[{"role": "user", "content": "Hello."}])


def by_openai_responses(world: World, key: str) -> None:
    openai.OpenAI(api_key=key, base_url=f"{world.server.base_url}/v1").responses.create(
        model=CLAUDE, input="Hello."
    )


def by_google(world: World, key: str) -> None:
    google = genai.Client(api_key=key, http_options=types.HttpOptions(base_url=world.server.base_url))
    google.models.generate_content(model=GEMINI, contents="Hello.")


def seconds_until_asked_again(monkeypatch: pytest.MonkeyPatch, asks: Callable[[], None]) -> float:
    """How long a client waits before it asks again; Google's asks no more, and is told in ``RetryInfo``."""

    def sleep(seconds: float) -> None:
        raise Waits(seconds)

    with monkeypatch.context() as patched:
        patched.setattr("time.sleep", sleep)
        with pytest.raises((Waits, errors.ClientError)) as refused:
            asks()
    if isinstance(refused.value, Waits):
        return float(refused.value.args[0])
    assert isinstance(refused.value, errors.ClientError)
    assert (refused.value.code, refused.value.status) == (429, "RESOURCE_EXHAUSTED")
    [delay] = [one["retryDelay"] for one in refused.value.details["error"]["details"] if "retryDelay" in one]
    return float(delay.removesuffix("s"))


class Waits(BaseException):
    """A client would wait so many seconds now."""


SDKS = [by_anthropic, by_openai_chat, by_openai_responses, by_google]


@pytest.mark.parametrize("asks", SDKS)
def test_the_sdks_wait_as_long_as_a_rate_says(
    world: World, monkeypatch: pytest.MonkeyPatch, asks: Callable[[World, str], None]
) -> None:
    """To the end of the minute, and not longer: as each official client understands it."""

    def found(key: str) -> list[float]:
        for _ in range(RATE):
            asks(world, key)
        asked_at = time.time()
        waits = seconds_until_asked_again(monkeypatch, lambda: asks(world, key))
        return [asked_at, waits, time.time()]

    _, (asked_at, waits, refused_at) = within_a_minute(
        world, f"waits-{asks.__name__}", "--requests-per-minute", found
    )
    ends_at = (asked_at // 60 + 1) * 60
    assert ends_at - refused_at <= waits <= ends_at - asked_at + 1  # whole seconds, and not too few


@pytest.mark.parametrize("asks", SDKS)
def test_the_sdks_come_again_when_one_has_ended(
    world: World, monkeypatch: pytest.MonkeyPatch, asks: Callable[[World, str], None]
) -> None:
    """One too many at a time: each is told to wait for a second."""
    key = new_key(world, f"crowd-{asks.__name__}", "--requests-at-a-time", "1")
    body = {"model": CLAUDE, "max_tokens": 100, "stream": True}
    stalls = body | {"messages": [{"role": "user", "content": "Hello. [fault: stall@2]"}]}
    with world.client.stream("POST", "/v1/messages", json=stalls, headers={"x-api-key": key}) as running:
        pieces = running.iter_raw()  # held: an iterator that is dropped hangs up
        assert next(pieces)
        assert seconds_until_asked_again(monkeypatch, lambda: asks(world, key)) == 1


def test_a_budget_outlives_a_restart(world: World) -> None:
    """Also one by kill -9: the process that comes next begins with what the ledger says."""
    key = new_key(world, "lasting", "--usd-per-month", "0.0001")
    row = world.row(ask(world, key))
    assert float(row["cost"]) > 0.0001
    world.server.kill()
    world.server.start()
    wait_for(lambda: world.client.get("/readyz").status_code == 200)
    refused = ask(world, key)
    assert (refused.status_code, refused.headers["x-should-retry"]) == (429, "false")
    assert int(refused.headers["retry-after"]) > 60
    assert "of this month" in refused.json()["error"]["message"]


def test_a_budget_counts_what_runs_when_it_is_set(world: World) -> None:
    """Of a key without any limit before: what its running exchange comes to is missing at its end."""
    key = new_key(world, "late-budget")
    body = {"model": CLAUDE, "max_tokens": 100, "stream": True}
    stalls = body | {"messages": [{"role": "user", "content": "Hello. [say: events=40] [fault: stall@5*]"}]}
    budget = (
        "from accounts.models import ClientKey;"
        "key = ClientKey.objects.get(name='late-budget'); key.tokens_per_day = 10**6; key.save()"
    )

    def left() -> int:
        return int(ask(world, key).headers.get("anthropic-ratelimit-tokens-remaining", 0))

    with world.client.stream("POST", "/v1/messages", json=stalls, headers={"x-api-key": key}) as running:
        pieces = running.iter_raw()
        assert next(pieces)
        world.server.manage("shell", "-v0", "-c", budget)
        wait_for(left)
        first, second = left(), left()
        world.simulator.release()
        assert b"message_stop" in b"".join(pieces)
    row = world.row(running)
    of_running = sum(int(row[name] or 0) for name in ("tokens_in", "tokens_out", "tokens_cached"))
    assert of_running > 20
    assert second - left() == first - second + of_running


AT_ONCE = 12


def check_campaign(world: World) -> None:
    """No key passes its budget by more than what was in flight, and none is refused below it.

    The same on a large scale: ``python -m tests.soak.budget_run``.
    """
    limits = {"small": 300, "middle": 1500, "great": 10**9}
    drawn = {name: Budget("tokens", "--tokens-per-day", most) for name, most in limits.items()}
    keys = {name: new_key(world, name, *budget.arguments) for name, budget in drawn.items()}
    found = run(world, keys, drawn, exchanges=150, at_once=AT_ONCE)
    assert {name: came.problems for name, came in found.items()} == dict.fromkeys(limits, ())
    assert found["small"].refused
    assert not found["great"].refused


def test_a_campaign_of_keys_with_budgets(world: World) -> None:
    """In one process."""
    check_campaign(world)


def test_a_campaign_on_two_workers(server_world: ServerWorld) -> None:
    """One count through Redis: the same holds for two processes, and a rate is exact over both."""
    with several(server_world) as world:
        check_campaign(world)

        def asks(key: str) -> list[int]:
            with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
                return list(pool.map(lambda _: ask_anew(world, key), range(20)))

        _, statuses = within_a_minute(world, "exact", "--requests-per-minute", asks)
        assert sorted(statuses) == [200] * RATE + [429] * (20 - RATE)


def ask_anew(world: World, key: str) -> int:
    """The status of a question on a connection of its own: the kernel chooses the process.

    A process that has not heard of the key yet is asked again.
    """
    body = {"model": CLAUDE, "max_tokens": 9, "messages": [{"role": "user", "content": "Hello."}]}
    headers = {"x-api-key": key, "connection": "close"}
    ends_at, status = time.monotonic() + PATIENCE_SECONDS, 401
    while status == 401 and time.monotonic() < ends_at:
        url = f"{world.server.base_url}/v1/messages"
        status = httpx.post(url, json=body, headers=headers, timeout=60).status_code
    return status
