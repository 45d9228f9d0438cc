"""The demo's first requests: what a day brings, in a minute. The simulator breaks some on purpose."""

from collections.abc import Iterator
from typing import Any

import httpx
from msgspec import Struct

_THOUGHTS = "c2ltdWxhdGVkIHNpZ25hdHVyZSBvZiBhbm90aGVyIHNlcnZlciwgbG9uZyBlbm91Z2ggdG8gYmUgb25l"
_WEATHER = {
    "name": "weather",
    "description": "The weather in a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


class Sample(Struct, frozen=True):
    """One request: what it shows, its path and body, and the HTTP status that the client should see."""

    title: str
    path: str
    body: dict[str, Any]
    status: int = 200


def _claude(title: str, prompt: str, *, status: int = 200, **more: Any) -> Sample:
    body = {
        "model": "claude-sonnet-4-6",
        "max_tokens": 1024,
        "stream": True,
        "messages": [{"role": "user", "content": prompt}],
        **more,
    }
    return Sample(title, "/v1/messages", body, status)


def _gemini(title: str, prompt: str, *, model: str = "gemini-3-flash-preview", status: int = 200) -> Sample:
    body = {"contents": [{"role": "user", "parts": [{"text": prompt}]}]}
    return Sample(title, f"/v1beta/models/{model}:streamGenerateContent?alt=sse", body, status)


_HISTORY = [
    {"role": "user", "content": "What is 6 times 7?"},
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "Six sevens are forty-two.", "signature": _THOUGHTS},
            {"type": "text", "text": "42."},
        ],
    },
    {"role": "user", "content": "And 6 times 8? [fault: refused_signature, ok]"},
]

HEALED = _claude(
    "a refused thinking signature, healed",
    "",
    messages=_HISTORY,
    thinking={"type": "enabled", "budget_tokens": 1024},
    max_tokens=4096,
)

SAMPLES: tuple[Sample, ...] = (
    _claude("a plain answer", "Tell me about proxies."),
    HEALED,
    _claude("an empty stream, retried on another account", "Tell me more. [fault: empty, ok]"),
    _claude("an overload, waited out on the same account", "Go on. [fault: status=503, ok]"),
    _claude("a quota, rotated at once", "And then? [fault: retry_after=1, ok]"),
    _claude("an answer cut in the middle", "Speak slowly. [fault: cut@5, ok]"),
    _claude("nothing said three times", "Hello? [fault: stop_empty*]", status=502),
    _claude("a request that upstream refuses", "One moment.", status=400, max_tokens=-1),
    _claude("a Claude client served by Gemini", "Hello from the other side.", model="claude-demo"),
    _claude("a tool call", "Please use the tool for Paris.", tools=[_WEATHER], model="claude-demo"),
    _claude("a whole answer for a client that does not stream", "In one piece.", stream=False),
    _gemini("a Gemini answer", "Tell me about streams."),
    _gemini("an empty first chunk on Gemini, retried", "Once more. [fault: stop_empty, ok]"),
    _gemini("a safety stop: an answer, not retried", "Say it. [fault: safety@1]"),
    _gemini("a Gemini client served by Claude", "Hello to the other side.", model="gemini-demo"),
    _claude("a model that upstream does not have", "Anybody? [fault: status=404*]", status=404),
)


LIMITED = _gemini(
    "a quota for half an hour: one account stays limited", "Enough? [fault: retry_after=1800, ok]"
)
"""Sent last, so that there is an account in trouble to look at."""


class Sent(Struct, frozen=True):
    """What came back for a sample."""

    sample: Sample
    status: int
    attempts: str
    request_id: str


def send(sample: Sample, base_url: str, client_key: str) -> Sent:
    """Send one sample and read its answer to the end; raises httpx.HTTPError when nobody answers."""
    headers = {"authorization": f"Bearer {client_key}", "anthropic-version": "2023-06-01"}
    with httpx.stream(
        "POST", base_url + sample.path, json=sample.body, headers=headers, timeout=120
    ) as response:
        for _ in response.iter_bytes():
            pass
        told = response.headers
    return Sent(sample, response.status_code, told.get("x-attempts", "-"), told.get("x-request-id", "-"))


def send_all(samples: tuple[Sample, ...], base_url: str, client_key: str) -> Iterator[Sent]:
    """Each sample in turn."""
    for sample in samples:
        yield send(sample, base_url, client_key)
