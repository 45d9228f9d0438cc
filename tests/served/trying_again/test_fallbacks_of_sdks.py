"""Each reason to fall back, asked for by the official SDKs: the model that answered is always told."""

from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from threading import Thread

import anthropic
import httpx
import openai
import pytest
from google import genai
from google.genai import types

from tests.running_server import ServerWorld, json_value
from tests.served.requests.test_too_long import Small
from tests.served.world import CLAUDE, GEMINI, KEY, World, lasting_world

TOO_SMALL, AS_SMALL = "claude-haiku-4-5", "claude-opus-4-1"
"""Of 200,000 tokens both."""

SWITCHES = {f"fallback_on_{why}": True for why in ("overload", "context")}
ANYWAY = {"kinds": ["anthropic", "gemini"]}


@pytest.fixture(scope="module")
def shared(server_world: ServerWorld) -> Iterator[World]:
    """A server on which one model is too small, and another one is overloaded or spent when asked to be."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Small)
    Thread(target=server.serve_forever, daemon=True).start()
    with lasting_world(server_world) as world:
        small = {
            "email": "small@anthropic",
            "kind": "anthropic",
            "base_url": f"http://127.0.0.1:{server.server_port}",
            "models": [TOO_SMALL],
            "priority": 9,
            "credential": {"api_key": "sim-small"},
        }
        world.import_accounts([small])
        world.import_mappings(
            [
                {"pattern": "falls", "target": CLAUDE, "fallbacks": [GEMINI], **ANYWAY, **SWITCHES},
                {
                    "pattern": "grows",
                    "target": TOO_SMALL,
                    "fallbacks": [AS_SMALL, GEMINI],
                    **ANYWAY,
                    **SWITCHES,
                },
                {
                    "pattern": "stays",
                    "target": TOO_SMALL,
                    "fallbacks": [GEMINI],
                    **ANYWAY,
                    "fallback_on_quota": False,
                },
                {"pattern": "refuses", "target": CLAUDE, "fallbacks": [GEMINI], **ANYWAY, **SWITCHES},
            ]
        )
        world.wait_for_model("refuses")
        yield world
        assert "Traceback" not in world.server.log_text
    server.shutdown()
    server.server_close()


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    """What the accounts were marked with is cleared behind each test."""
    yield from shared.fresh()


Asked = tuple[str, httpx.Headers]
"""What was answered, and its headers."""


def by_anthropic(world: World, model: str, prompt: str) -> Asked:
    with anthropic.Anthropic(base_url=world.server.base_url, api_key=KEY, max_retries=0) as client:
        raw = client.messages.with_raw_response.create(
            model=model, max_tokens=256, messages=[{"role": "user", "content": prompt}]
        )
        message = raw.parse()
        return "".join(block.text for block in message.content if block.type == "text"), raw.headers


def by_openai(world: World, model: str, prompt: str) -> Asked:
    with openai.OpenAI(base_url=f"{world.server.base_url}/v1", api_key=KEY, max_retries=0) as client:
        raw = client.chat.completions.with_raw_response.create(
            model=model, messages=[{"role": "user", "content": prompt}]
        )
        return raw.parse().choices[0].message.content or "", raw.headers


def by_google(world: World, model: str, prompt: str) -> Asked:
    client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=world.server.base_url))
    answer = client.models.generate_content(model=model, contents=prompt)
    assert answer.sdk_http_response is not None
    return answer.text or "", httpx.Headers(answer.sdk_http_response.headers)


SDKS: dict[str, Callable[[World, str, str], Asked]] = {
    "anthropic": by_anthropic,
    "openai": by_openai,
    "google": by_google,
}
REASONS = {
    "overload": ("falls", "status=529, status=529, status=529, ok", "the model before it was overloaded"),
    "overload told in a stream": (
        "falls",
        ", ".join(["error_event@0=overloaded_error"] * 3) + ", ok",
        "the model before it was overloaded",
    ),
    "quota": (
        "falls",
        "retry_after=600, retry_after=600, retry_after=600, ok",
        "the quota for the model before",
    ),
    "context": ("grows", "", "the request did not fit the model before it"),
}


@pytest.mark.parametrize("sdk", SDKS)
@pytest.mark.parametrize("why", REASONS)
def test_a_fallback_answers_and_is_told(world: World, sdk: str, why: str) -> None:
    """Header and row name the model that answered, and the row says why the first one did not.

    A fallback into which the request does not fit either is asked by nobody.
    """
    model, faults, reason = REASONS[why]
    way = "[in the stream]" if sdk == "openai" else "[status]"
    text, headers = SDKS[sdk](world, model, f"Hello. {way} [fault: {faults}]" if faults else f"Hello. {way}")
    assert text
    assert headers["x-mapped-model"] == GEMINI
    row = world.row(headers["x-request-id"])
    assert (row["mapped_model"], row["status"]) == (GEMINI, 200)
    told = json_value(row["diagnostics"])["fell_back"]
    assert told.startswith(f"{GEMINI}: ")
    assert reason in told
    asked = world.eventually(
        "SELECT upstream_model FROM monitor_attemptlog WHERE request_id = %s ORDER BY number", (row["id"],)
    )
    assert AS_SMALL not in {attempt["upstream_model"] for attempt in asked}


REFUSED = {"anthropic": anthropic.BadRequestError, "openai": openai.BadRequestError}


@pytest.mark.parametrize("sdk", REFUSED)
def test_without_the_switch_it_does_not_fit(world: World, sdk: str) -> None:
    """The client hears that its request is too long, in the exception that its agent acts on."""
    with pytest.raises(REFUSED[sdk]) as caught:
        SDKS[sdk](world, "stays", "Hello. [status]")
    assert "208310" in str(caught.value)
    assert caught.value.response.headers["x-mapped-model"] == TOO_SMALL


@pytest.mark.parametrize("sdk", SDKS)
def test_what_a_filter_refuses_no_other_model_is_asked(world: World, sdk: str) -> None:
    """A refusal is an answer, whoever asks."""
    _text, headers = SDKS[sdk](world, "refuses", "Hello. [fault: safety*]")
    assert headers["x-mapped-model"] == CLAUDE
    row = world.row(headers["x-request-id"])
    assert (row["outcome"], row["attempts"]) == ("refused", 1)
    assert "fell_back" not in json_value(row["diagnostics"])
