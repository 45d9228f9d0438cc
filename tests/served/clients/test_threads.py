"""Message threads: upstream holds the conversation, and the client sends only what is new."""

import anthropic
import pytest
from anthropic import Anthropic, beta_tool

from tests.served.world import CLAUDE, KEY, World

pytestmark = pytest.mark.stores

BETA = "message-threads-2026-08-12"


@beta_tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"21 degrees in {city[:1]}"


@pytest.fixture
def client(world: World) -> Anthropic:
    """A client without retries of its own."""
    return Anthropic(api_key=KEY, base_url=world.server.base_url, max_retries=0)


def run_tools(client: Anthropic, model: str) -> list[anthropic.types.beta.BetaMessage]:
    """The SDK's tool runner, which threads by itself, for four turns."""
    prompt = "Please use the tool 3 times."
    return list(
        client.beta.messages.tool_runner(
            model=model, max_tokens=1024, messages=[{"role": "user", "content": prompt}], tools=[weather]
        )
    )


def test_a_thread_stays_with_the_account_that_holds_it(client: Anthropic, world: World) -> None:
    """Every turn goes on where the last one ended: one account of three, one session, nothing refused."""
    answers = run_tools(client, CLAUDE)
    assert [answer.stop_reason for answer in answers] == ["tool_use"] * 3 + ["end_turn"]
    asked = world.upstream_bodies()
    assert [body["thread"]["type"] for body in asked] == ["create", "continue", "continue", "continue"]
    assert all(len(body["messages"]) == 1 for body in asked)
    assert {request.status for request in world.simulator.requests} == {200}
    assert len({request.account for request in world.simulator.requests}) == 1
    rows = [world.row(str(answer._request_id)) for answer in answers]
    assert len({row["session_hash"] for row in rows}) == 1


@pytest.mark.parametrize("model", ["claude-on-gemini"])
def test_no_other_upstream_holds_threads_and_the_client_goes_on_without(
    client: Anthropic, world: World, model: str
) -> None:
    """The refusal carries the code on which a client sends the whole conversation, and the tools run."""
    answers = run_tools(client, model)
    assert [answer.stop_reason for answer in answers] == ["tool_use"] * 3 + ["end_turn"]
    assert "The tool said" in answers[-1].content[-1].text
    with pytest.raises(anthropic.BadRequestError) as refused:
        client.beta.messages.create(
            model=model,
            max_tokens=64,
            messages=[{"role": "user", "content": "Hello."}],
            thread={"type": "create"},
            betas=[BETA],
        )
    assert refused.value.body["error"]["details"] == {"error_code": "thread_unsupported_request"}
    assert world.row(str(refused.value.request_id))["status"] == 400


def test_a_lost_thread_is_the_clients_to_know_and_costs_no_account(client: Anthropic, world: World) -> None:
    """The 404 passes as it is after one attempt, and the model stays usable on every account."""
    for _ in range(4):
        with pytest.raises(anthropic.NotFoundError) as lost:
            client.beta.messages.create(
                model=CLAUDE,
                max_tokens=64,
                messages=[{"role": "user", "content": "Go on."}],
                thread={"type": "continue", "previous_message_id": "msg_nobody_has"},
                betas=[BETA],
            )
        assert lost.value.body["error"]["details"] == {"error_code": "thread_not_found"}
        assert world.row(str(lost.value.request_id))["attempts"] == 1
    assert world.messages().status_code == 200


def test_an_unfinished_turn_goes_on_from_no_messages(client: Anthropic) -> None:
    """After ``pause_turn`` a client continues a thread without anything new: upstream judges it."""
    begun = client.beta.messages.create(
        model=CLAUDE,
        max_tokens=64,
        messages=[{"role": "user", "content": "Hello."}],
        thread={"type": "create"},
        betas=[BETA],
    )
    with pytest.raises(anthropic.BadRequestError, match="end with a user message"):
        client.beta.messages.create(
            model=CLAUDE,
            max_tokens=64,
            messages=[],
            thread={"type": "continue", "previous_message_id": begun.id},
            betas=[BETA],
        )
