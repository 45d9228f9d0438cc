"""What a front makes of a stream: event by event, kept alive through its silence, nothing lost at its end."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from relay.simulator.model.prose import read_counters
from tests.fronts.conftest import READ_TIMEOUT_SECONDS, Front
from tests.served.world import CLAUDE, GEMINI, World, events, text_of

FRONTS = ("nginx", "nginx with gzip", "caddy", "documented nginx", "documented caddy")
SILENCE_SECONDS = 2.5 * READ_TIMEOUT_SECONDS

FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "anthropic": ("/v1/messages", {"model": CLAUDE, "max_tokens": 1024, "stream": True}),
    "gemini": (f"/v1beta/models/{GEMINI}:streamGenerateContent?alt=sse", {}),
    "gemini array": (f"/v1beta/models/{GEMINI}:streamGenerateContent", {}),
    "openai": ("/v1/chat/completions", {"model": CLAUDE, "stream": True}),
}


def asked(form: str, prompt: str) -> tuple[str, dict[str, Any]]:
    """Path and body."""
    path, body = FORMS[form]
    if form.startswith("gemini"):
        return path, body | {"contents": [{"role": "user", "parts": [{"text": prompt}]}]}
    return path, body | {"messages": [{"role": "user", "content": prompt}]}


@pytest.mark.parametrize("name", FRONTS)
def test_events_come_one_by_one(front: Front, behind: World, name: str) -> None:
    """What was said arrives while the answer is far from its end, in every form of stream."""
    with front(name) as client:
        for form in FORMS:
            path, body = asked(form, "Hello. [say: events=400, delay=0.05]")
            with client.stream("POST", path, json=body) as response:
                assert response.status_code == 200
                said = ""
                pieces: Iterator[str] = response.iter_text()
                while "[3] " not in said:
                    said += next(pieces)
                assert "[200] " not in said, form
                row = behind.eventually(
                    "SELECT in_flight FROM monitor_requestlog WHERE id = %s",
                    (response.headers["x-request-id"],),
                )
                assert row[0]["in_flight"], form


@pytest.mark.parametrize("name", FRONTS)
def test_keep_alives_hold_the_front(front: Front, name: str) -> None:
    """Silence before the first data and in the middle outlasts the front's read timeout; all arrives."""
    faults = (f"hang={SILENCE_SECONDS}, ok", f"stall@3={SILENCE_SECONDS}")
    tried = [(form, fault) for form in FORMS for fault in faults]
    with front(name) as client, ThreadPoolExecutor(len(tried)) as clients:

        def answer(form: str, fault: str) -> httpx.Response:
            path, body = asked(form, f"Hello, {form}. [fault#{form[:2]}{len(form)}{fault[:4]}: {fault}]")
            return client.post(path, json=body)

        answers = list(clients.map(lambda one: answer(*one), tried))
    for (form, fault), response in zip(tried, answers, strict=True):
        assert response.status_code == 200, (form, fault)
        counters = [counter for counter, _ in read_counters(said(form, response))]
        assert counters, (form, fault)
        assert counters == list(range(len(counters))), (form, fault)


def said(form: str, response: httpx.Response) -> str:
    """The text of the answer."""
    if form == "gemini array":
        parts = [chunk["candidates"][0]["content"].get("parts", []) for chunk in response.json()]
        return "".join(part.get("text", "") for group in parts for part in group)
    if form == "openai":
        deltas = [data["choices"][0]["delta"] for _, data in events(response) if data["choices"]]
        return "".join(delta.get("content") or "" for delta in deltas)
    return text_of(response)


def test_nginx_gives_up_on_a_collected_answer_by_default(front: Front) -> None:
    """Nothing can be sent before it is whole, so its 60 s end it: why the documented ones are longer."""
    path, body = asked("anthropic", f"Hello. [fault: hang={SILENCE_SECONDS}, ok]")
    with front("nginx") as client:
        assert client.post(path, json=body | {"stream": False}).status_code == 504


@pytest.mark.parametrize("name", ["caddy", "documented nginx", "documented caddy"])
def test_a_collected_answer_is_waited_for(front: Front, name: str) -> None:
    """With a longer limit, or without one, it arrives whole."""
    path, body = asked("anthropic", f"Hello. [fault: hang={SILENCE_SECONDS}, ok]")
    with front(name) as client:
        response = client.post(path, json=body | {"stream": False})
    assert response.status_code == 200
    assert response.json()["stop_reason"] == "end_turn"


@pytest.mark.parametrize("name", FRONTS)
def test_a_cut_is_told_through_the_front(front: Front, name: str) -> None:
    """The error event arrives as the last thing, and the four headers stand on the answer."""
    path, body = asked("anthropic", "Hello. [fault: cut@3]")
    with front(name) as client:
        response = client.post(path, json=body)
    assert response.status_code == 200
    assert [event for event, _ in events(response)][-1] == "error"
    for header in ("x-account-email", "x-mapped-model", "x-request-id", "x-attempts"):
        assert response.headers[header]


@pytest.mark.parametrize("name", FRONTS)
def test_the_client_s_going_reaches_upstream(front: Front, behind: World, name: str) -> None:
    """A client that leaves the front leaves the server: the row says so, upstream is cancelled."""
    path, body = asked("anthropic", "Hello. [say: events=3000, delay=0.05]")
    with front(name) as client:
        with client.stream("POST", path, json=body) as response:
            next(response.iter_bytes())
            request_id = response.headers["x-request-id"]
        assert behind.row(request_id)["outcome"] == "client_closed"
