"""Claude on Vertex AI, through the real server: where it is asked, what it is asked, and how it fails."""

import pytest

from tests.served.world import CLAUDE, World, events, text_of

PLACE = "/v1/projects/test-project/locations/europe-west4/publishers/anthropic/models/"
MODEL = "on-vertex-claude"
NEW_VERSION = "2026-10-21"


def test_it_is_asked_at_its_place(kinds_world: World) -> None:
    """The model is in the path and not in the body, the version the other way round; a token signs in."""
    body = {
        "model": MODEL,
        "max_tokens": 64,
        "stream": True,
        "temperature": 0.5,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello."}]}],
    }
    headers = {"anthropic-version": "2023-06-01", "anthropic-beta": "context-1m-2025-08-07"}
    assert kinds_world.client.post("/v1/messages", json=body, headers=headers).status_code == 200
    asked = kinds_world.generations()[-1]
    assert (asked.path, asked.query) == (f"{PLACE}{CLAUDE}:streamRawPredict", "")
    del body["model"]
    assert asked.json() == {"anthropic_version": "vertex-2023-10-16", **body}
    assert asked.headers["anthropic-beta"] == "context-1m-2025-08-07"
    assert asked.account.endswith("-claude-vertex")
    assert "x-api-key" not in asked.headers


def test_the_clients_version_travels(kinds_world: World) -> None:
    """A version that Vertex AI knows by name arrives as it is; an OpenAI client's request gets the first."""
    body = {"model": MODEL, "max_tokens": 64, "messages": [{"role": "user", "content": "Hello."}]}
    headers = {"anthropic-version": NEW_VERSION}
    assert kinds_world.client.post("/v1/messages", json=body, headers=headers).status_code == 200
    assert kinds_world.generations()[-1].json()["anthropic_version"] == NEW_VERSION
    chat = {"model": MODEL, "messages": body["messages"], "temperature": 0.3}
    assert kinds_world.client.post("/v1/chat/completions", json=chat).status_code == 200
    sent = kinds_world.generations()[-1].json()
    assert (sent["anthropic_version"], sent["temperature"]) == ("vertex-2023-10-16", 0.3)


def test_the_count_is_asked_with_the_model(kinds_world: World) -> None:
    """Its counter has a path of its own, so there the body names the model."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": "How many tokens?"}]}
    answer = kinds_world.client.post("/v1/messages/count_tokens", json=body)
    assert answer.headers["x-token-count"] == "exact"
    asked = kinds_world.generations()[-1]
    assert asked.path == f"{PLACE}count-tokens:rawPredict"
    assert asked.json() == {**body, "model": CLAUDE, "anthropic_version": "vertex-2023-10-16"}


def test_the_stream_passes_through(kinds_world: World) -> None:
    """The events are Anthropic's own, so their bytes are the client's."""
    answer = kinds_world.messages("Hello. [say: events=5]", model=MODEL)
    assert [name for name, _ in events(answer)][-1] == "message_stop"
    assert "[4]" in text_of(answer)
    assert answer.headers["x-account-email"].endswith("-claude@vertex")


@pytest.mark.parametrize(
    ("fault", "attempts"),
    [("empty", 2), ("status=500", 2), ("status=529", 2), ("cut@0", 2), ("garbage@0", 2), ("status=403", 2)],
)
def test_faults_before_the_first_word_are_not_seen(kinds_world: World, fault: str, attempts: int) -> None:
    """Empty, broken, refused: another attempt answers."""
    answer = kinds_world.messages(f"Hello. [fault: {fault}, ok]", model=MODEL)
    assert (answer.status_code, answer.headers["x-attempts"]) == (200, str(attempts))
    assert "[0]" in text_of(answer)


def test_a_cut_is_told(kinds_world: World) -> None:
    """After the first word a cut is an error event of the client's dialect."""
    answer = kinds_world.messages("Hello. [fault: cut@3]", model=MODEL)
    assert events(answer)[-1][0] == "error"


def test_googles_quota_is_understood(kinds_world: World) -> None:
    """A 429 at Google's door tells its delay in RetryInfo; the client hears of it in its own dialect."""
    kinds_world.simulator.plan("retry_info@2=77s", path="RawPredict", repeat=True)
    answer = kinds_world.messages(model=MODEL)
    assert answer.status_code == 429
    assert answer.json()["error"]["type"] == "rate_limit_error"
    assert 70 <= int(answer.headers["retry-after"]) <= 77


def test_a_refused_signature_is_healed(kinds_world: World) -> None:
    """The 400 is Anthropic's own, and so is the heal; the healed request has the same form."""
    history = [
        {"role": "user", "content": "Hello."},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "A" * 80},
                {"type": "text", "text": "Yes."},
            ],
        },
        {"role": "user", "content": "Go on."},
    ]
    answer = kinds_world.client.post(
        "/v1/messages", json={"model": MODEL, "max_tokens": 2000, "stream": True, "messages": history}
    )
    assert answer.status_code == 200
    row = kinds_world.row(answer)
    assert row["outcome"] == "healed"
    refused, healed = kinds_world.upstream_bodies_at("RawPredict")
    assert [block["type"] for block in refused["messages"][1]["content"]] == ["thinking", "text"]
    assert [block["type"] for block in healed["messages"][1]["content"]] == ["text", "text"]
    assert "model" not in healed
    assert healed["anthropic_version"] == "vertex-2023-10-16"


def test_only_who_lists_claude_is_asked_for_it(kinds_world: World) -> None:
    """Claude must be enabled in a project first: a Vertex account without a list offers Gemini alone."""
    asked = [kinds_world.messages("Hello.", model=MODEL).headers["x-account-email"] for _ in range(4)]
    assert all(email.partition("@")[0].endswith("-claude") for email in asked)
    gemini = kinds_world.gemini("Hello.", model="on-vertex").headers["x-account-email"]
    assert not gemini.partition("@")[0].endswith("-claude")
