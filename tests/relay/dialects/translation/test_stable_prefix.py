"""A conversation's translated prefix is stable: the request for a turn begins with the request before it.

That is what every vendor's prompt cache asks for. It holds for every pair of dialects, through lost
signatures, heals and aliases, and whatever a later turn says.
"""

import itertools
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.snapshot import AccountView
from relay.dialects.anthropic.requests.cache_marks import MOST_MARKS, without_cache_marks
from relay.engine.healing.healed import HealedSessions
from relay.engine.healing.signatures import Remembered, SignatureCache
from relay.exchange.performing.healing import healed_request
from relay.neutral.conversation import Conversation, Part, Text, Thinking, Tool, ToolCall, ToolResult, Turn
from relay.upstream.request import ClientCall, UpstreamRequest, prepare
from tests.relay.dialects.every_dialect import DIALECTS, KINDS
from tests.relay.dialects.translation.test_round_trips import CLOSED, arguments, facts, words

PAIRS = [pair for pair in itertools.permutations(DIALECTS, 2) if pair != ("chat", "responses")]
"""A chat client is served in chat completions wherever there are any."""

MODELS = {
    "anthropic": "claude-sonnet-4-6",
    "gemini": "gemini-3.8-flash",
    "chat": "deepseek-sim",
    "responses": "gpt-6.2-sol",
}
"""The upstream model that makes an account of the kind speak the dialect."""

SESSION = "a session"
NOW = 1_000_000.0


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """Of several turns with tools, thinking, images' neighbours and words that rules listen to (JSON)."""
    said = words | st.sampled_from(["Answer in JSON.", "  ends in white space  ", "Error: no such file"])
    turns: list[Turn] = []
    for number in range(draw(st.integers(2, 4))):
        turns.append(Turn("user", tuple(Text(draw(said)) for _ in range(draw(st.integers(1, 2))))))
        for step in range(draw(st.integers(0, 2))):
            calls = tuple(
                ToolCall(
                    draw(st.sampled_from([f"call_{number}_{step}_{index}", f"functions.look:{index}"])),
                    draw(st.sampled_from(["weather", "a tool.with/odd name" + "y" * 60])),
                    draw(arguments),
                )
                for index in range(draw(st.integers(1, 3)))
            )
            if len({call.id for call in calls}) < len(calls):
                continue
            thought: tuple[Part, ...] = (Thinking(draw(words)),) if draw(st.booleans()) else ()
            turns.append(Turn("assistant", (*thought, *calls)))
            turns.append(
                Turn(
                    "user",
                    tuple(ToolResult(c.id, c.name, (Text(draw(said)),), draw(st.booleans())) for c in calls),
                )
            )
        turns.append(Turn("assistant", (Text(draw(said)),)))
    turns.append(Turn("user", (Text(draw(said)),)))
    tools = tuple(Tool(name, draw(words), CLOSED) for name in ("weather", "a tool.with/odd name" + "y" * 60))
    return Conversation(
        turns=tuple(turns),
        system=tuple(Text(draw(said)) for _ in range(draw(st.integers(0, 2)))),
        tools=tools,
        max_tokens=999,
        json_answer=draw(st.booleans()),
    )


def requests_of(conversation: Conversation) -> list[Conversation]:
    """The conversation as it was at each turn at which the model was asked."""
    turns = conversation.turns
    ends = [n for n in range(1, len(turns) + 1) if turns[n - 1].role == "user"]
    return [msgspec.structs.replace(conversation, turns=turns[:end]) for end in ends]


def call_of(client: str, conversation: Conversation) -> ClientCall:
    """As a client of that dialect asks it, over the wire."""
    dialect = DIALECTS[client]
    if client == "anthropic":  # has no JSON mode
        conversation = msgspec.structs.replace(conversation, json_answer=False)
    body = json.loads(json.dumps(dialect.write(conversation, "some-model", facts(client), [])))
    body = without_cache_marks(body) if client == "anthropic" else body
    return ClientCall(dialect, body, b"", {}, "some-model", True, SESSION)


def account_for(upstream: str) -> AccountView:
    return AccountView(id=1, email="a@b", kind=KINDS[upstream], base_url="http://127.0.0.1:1")


def begins(upstream: str, body: dict[str, Any]) -> list[Any]:
    """What stands in the prompt, piece by piece in the order that caches look at it, but for the last turn's
    instructions and the cache marks."""
    if upstream == "anthropic":
        body = without_cache_marks(body)
        return [
            *([tool] for tool in body.get("tools", [])),
            *body.get("system", []),
            *([m["role"], block] for m in body["messages"] for block in m["content"]),
        ]
    if upstream == "gemini":
        head = [body.get("tools"), body.get("systemInstruction")]
        return [*head, *([c["role"], part] for c in body["contents"] for part in c["parts"])]
    if upstream == "chat":
        return [body.get("tools"), *body["messages"]]
    return [body.get("tools"), body.get("instructions"), *body["input"]]


def check(upstream: str, requests: list[UpstreamRequest]) -> None:
    """Each request begins with the one before it."""
    assert all(request.dialect is DIALECTS[upstream] for request in requests)
    for before, after in itertools.pairwise(requests):
        old, new = begins(upstream, before.body), begins(upstream, after.body)
        if "Answer with one JSON object and nothing else" in str(old[-1]):  # said for that answer alone
            old.pop()
        assert new[: len(old)] == old


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@given(data=st.data())
def test_a_request_begins_with_the_one_before(pair: tuple[str, str], data: st.DataObject) -> None:
    """Whatever the conversation says: the prompt only grows, and asks for no more marks than are taken."""
    client, upstream = pair
    cache = SignatureCache()
    requests = [
        prepare(
            call_of(client, asked),
            account_for(upstream),
            MODELS[upstream],
            cache,
            None,
            NOW,
            (),
            "conversation",
        )
        for asked in requests_of(data.draw(conversations()))
    ]
    check(upstream, requests)
    for request in requests:
        assert json.dumps(request.body).count('"cache_control"') <= MOST_MARKS


@pytest.mark.thorough
@pytest.mark.parametrize("client", ["anthropic", "chat", "responses", "gemini"])
@pytest.mark.parametrize("upstream", ["anthropic", "gemini"])
@given(data=st.data())
def test_the_prefix_stays_through_signatures_and_a_heal(
    client: str, upstream: str, data: st.DataObject
) -> None:
    """Signatures are put back at the same places on every turn; a heal once done stays done, to the byte."""
    if client == upstream:
        return
    cache, healed = SignatureCache(), HealedSessions()
    family = "claude" if upstream == "anthropic" else "gemini-3"
    dialect, account = DIALECTS[upstream], account_for(upstream)
    conversation = msgspec.structs.replace(data.draw(conversations()), json_answer=False)
    asked = requests_of(conversation)
    whole = prepare(call_of(client, asked[-1]), account, MODELS[upstream], cache, None, NOW)
    for slot in dialect.slots(whole.body):  # what the answers taught
        cache.cache_session_signature(
            SESSION, slot.turn, slot.kind, Remembered("s" * 60 + slot.turn, family, NOW)
        )
    heals_at = data.draw(st.integers(0, len(asked) - 1))
    requests = []
    for number, one in enumerate(asked):
        call = call_of(client, one)
        request = prepare(
            call, account, MODELS[upstream], cache, healed.get(SESSION), NOW + 60 * number, (), "conversation"
        )
        if number == heals_at:
            done = healed_request(request, "history", "", account, SESSION, NOW)
            if done is not None:
                request = done.request
                for item in done.remembered:
                    if item.layer == "block":
                        healed.remember(SESSION, (item.name,), "")
                    elif item.layer == "prompt":
                        healed.remember(SESSION, (), item.name)
                for item in done.forgotten:
                    cache.forget(SESSION, item.value)
            requests = []  # what stood before the heal is another prefix, and has to be
        requests.append(request)
    check(upstream, requests)
