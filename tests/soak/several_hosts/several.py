"""Conversations over four workers on two hosts, while a host, Redis and PostgreSQL go away one by one.

``talk`` plays the clients: tools and thinking, faults upstream in one conversation of five, each turn at
whichever host takes it. A client that keeps no signatures is one of two: the server has to put them back.
"""

import asyncio
import itertools
import json
from collections.abc import Sequence
from typing import Any, Final

import aiohttp
from msgspec import Struct, field

from tests.served.world import CLAUDE, KEY, events

MODELS: Final = ("claude-on-gemini", CLAUDE)
"""The first one's signatures are lost on the way to the client, the second one's kept by it."""

FAULTS: Final = (
    "empty, ok", "stop_empty, ok", "reset0, ok", "status=500, ok", "status=503, ok", "cut, ok",
    "reset_after_headers, ok", "html_200, ok", "garbage, ok", "status=502, ok",
)  # fmt: skip
"""Each strikes once and before anything was said: by the contract the client is told nothing of it."""

BROKEN: Final = ("cut@3, ok", "no_finish, ok", "reset@3, ok")
"""Each strikes in the middle of an answer: by the contract it ends with an error event."""

TOOL: Final = {
    "name": "weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


class Said(Struct):
    """One request: the id of its exchange, and how it ended."""

    request_id: str
    status: int
    ending: str
    """``whole``, ``error event``, ``cut``, or the client's own error."""
    fault: str
    text: str = ""


class Talk(Struct):
    """One conversation."""

    number: int
    faulty: bool
    said: list[Said] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def model(self) -> str:
        """What its client asks for."""
        return MODELS[self.number % len(MODELS)]

    def fault_of(self, turn: int) -> str:
        """What upstream does to that turn: in a faulty conversation every fourth meets something."""
        if not self.faulty or turn % 4 != 1:
            return ""
        kinds = (*FAULTS, *BROKEN)
        return kinds[(self.number // 5 + turn // 4) % len(kinds)]


async def talk(hosts: Sequence[str], talks: Sequence[Talk], turns: int, at_once: int) -> None:
    """Every conversation to its end, ``at_once`` at a time; what came stands in each ``Talk``."""
    waiting = iter(talks)
    round_about = itertools.cycle(range(len(hosts)))
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    timeout = aiohttp.ClientTimeout(total=180)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def client() -> None:
            for one in waiting:
                for turn in range(turns):
                    await _one_turn(session, hosts, next(round_about), one, turn)

        await asyncio.gather(*(client() for _ in range(at_once)))


async def _one_turn(
    session: aiohttp.ClientSession, hosts: Sequence[str], first: int, one: Talk, turn: int
) -> None:
    """Ask, with a tool's result where one was called for; a broken answer is asked for again."""
    fault = one.fault_of(turn)
    marker = f" [fault#{one.number}-{turn}: {fault}]" if fault else ""
    asked = f"Turn {turn} of conversation {one.number}: use the tool 1 times.{marker}"
    content = [*_results(one.messages), {"type": "text", "text": asked}]
    if turn % 2:
        content[-1]["text"] = f"Turn {turn} of conversation {one.number}: what does that mean?{marker}"
    one.messages.append({"role": "user", "content": content})
    while True:
        said, blocks = await _ask(session, hosts, first, one, fault)
        one.said.append(said)
        if said.ending != "error event" or len(one.said) > 100:
            break
        fault = ""
    one.messages.append({"role": "assistant", "content": blocks or [{"type": "text", "text": "…"}]})


def _results(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    last = messages[-1]["content"] if messages else []
    calls = [block["id"] for block in last if block["type"] == "tool_use"]
    return [{"type": "tool_result", "tool_use_id": call, "content": "21 degrees"} for call in calls]


async def _ask(
    session: aiohttp.ClientSession, hosts: Sequence[str], first: int, one: Talk, fault: str
) -> tuple[Said, list[dict[str, Any]]]:
    """One request, at the next host where one does not listen: as a front does."""
    body = {
        "model": one.model, "max_tokens": 4096, "stream": True, "tools": [TOOL], "messages": one.messages,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    }  # fmt: skip
    headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    said = Said("", 0, "nobody listens", fault)
    for number in range(4 * len(hosts)):
        host = hosts[(first + number) % len(hosts)]
        try:
            async with session.post(f"{host}/v1/messages", json=body, headers=headers) as answer:
                said = Said(answer.headers.get("x-request-id", ""), answer.status, "cut", fault)
                text = await answer.text()
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.05)
            continue
        except (aiohttp.ClientError, TimeoutError) as error:
            said.ending = repr(error)
            return said, []
        told = [data for _, data in events(_Text(text))]  # type: ignore[arg-type]
        types = [data.get("type") for data in told]
        if "error" in types:
            said.ending = "error event"
        elif answer.status == 200 and types[-1:] == ["message_stop"]:
            said.ending = "whole"
        else:
            said.text = text[:300]
        return said, _blocks(told, keeps_signatures=one.model == CLAUDE)
    return said, []


class _Text(Struct):
    text: str


def _blocks(told: Sequence[dict[str, Any]], *, keeps_signatures: bool) -> list[dict[str, Any]]:
    """The message that the events make, as the next request repeats it."""
    blocks: dict[int, dict[str, Any]] = {}
    arguments: dict[int, str] = {}
    for data in told:
        if data["type"] == "content_block_start":
            blocks[data["index"]] = dict(data["content_block"])
        elif data["type"] == "content_block_delta":
            block, delta = blocks[data["index"]], data["delta"]
            match delta["type"]:
                case "text_delta":
                    block["text"] += delta["text"]
                case "thinking_delta":
                    block["thinking"] += delta["thinking"]
                case "signature_delta":
                    block["signature"] = block.get("signature", "") + delta["signature"]
                case "input_json_delta":
                    arguments[data["index"]] = arguments.get(data["index"], "") + delta["partial_json"]
    for index, text in arguments.items():
        blocks[index]["input"] = json.loads(text or "{}")
    kept = blocks.values() if keeps_signatures else [b for b in blocks.values() if b["type"] != "thinking"]
    return [block for block in kept if block["type"] != "text" or block["text"]]
