"""Claude on Vertex AI as the simulator serves it: what anthropic's own SDK asks, and who refuses what."""

import anthropic
import pytest

from relay.simulator.model.prose import answer_text
from tests.relay.simulator.raw import ask
from tests.relay.simulator.test_gemini_requests import token_for

PLACE = "/v1/projects/p/locations/global/publishers/anthropic/models/"
HELLO = {"max_tokens": 64, "messages": [{"role": "user", "content": "hello"}]}
OLD, NEW = {"anthropic_version": "vertex-2023-10-16"}, {"anthropic_version": "2026-10-21"}


async def test_the_vendors_own_client_is_served(simulator):
    """anthropic's Vertex client: streamed, whole, counted; it sends its version in the body."""
    token = (await token_for(simulator))["authorization"].removeprefix("Bearer ")
    async with anthropic.AsyncAnthropicVertex(
        access_token=token, region="global", project_id="p", base_url=simulator.base_url + "/v1"
    ) as client:
        asked = {"model": "claude-opus-5-5", **HELLO, "max_tokens": 4096}
        async with client.messages.stream(**asked) as stream:
            message = await stream.get_final_message()
        assert message.content[-1].text == answer_text("hello")
        assert (await client.messages.create(**asked)).content[-1].text == answer_text("hello")
        del asked["max_tokens"]
        assert (await client.messages.count_tokens(**asked)).input_tokens > 0
    assert [request.path.rpartition("/")[2] for request in simulator.requests[-3:]] == [
        "claude-opus-5-5:streamRawPredict",
        "claude-opus-5-5:rawPredict",
        "count-tokens:rawPredict",
    ]


@pytest.mark.parametrize(
    ("method", "body", "says"),
    [
        ("rawPredict", HELLO, "anthropic_version: Field required"),
        ("rawPredict", {**HELLO, "anthropic_version": "2024-01-01"}, "anthropic_version: is not valid"),
        ("rawPredict", {**HELLO, **OLD, "model": "claude-opus-5"}, "model: Extra inputs are not permitted"),
        ("streamRawPredict", {**HELLO, **OLD}, "stream: does not go with streamRawPredict"),
        ("rawPredict", {**HELLO, **NEW, "temperature": 1}, "temperature"),
    ],
)
async def test_what_its_body_must_be(simulator, method, body, says):
    """The model stands in the path, the version in the body; refusals are Anthropic's."""
    headers = await token_for(simulator)
    answer = await ask(simulator.base_url, f"{PLACE}claude-sonnet-4-6:{method}", body, headers)
    assert answer.status == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert says in answer.json()["error"]["message"]


async def test_an_older_version_takes_sampling(simulator):
    """What 2026-10-21 took away is there under the older version."""
    path = f"{PLACE}claude-sonnet-4-6:rawPredict"
    body = {**HELLO, **OLD, "temperature": 0.5}
    assert (await ask(simulator.base_url, path, body, await token_for(simulator))).status == 200


@pytest.mark.parametrize(
    ("fault", "status"),
    [("retry_info@2=7s", 429), ("forbidden", 403), ("status=404", 404), ("status=401", 401)],
)
async def test_google_keeps_the_door(simulator, fault, status):
    """A quota, a permission, a credential, an unknown model: refused in Google's words, not Anthropic's."""
    simulator.plan(fault)
    path = f"{PLACE}claude-sonnet-4-6:rawPredict"
    answer = await ask(simulator.base_url, path, {**HELLO, **OLD}, await token_for(simulator))
    assert answer.status == status
    assert answer.json()["error"]["code"] == status
    assert "type" not in answer.json()


async def test_no_token_no_claude(simulator):
    """A key is none here."""
    path = f"{PLACE}claude-sonnet-4-6:rawPredict"
    answer = await ask(simulator.base_url, path, {**HELLO, **OLD}, {"x-goog-api-key": "sim-a"})
    assert (answer.status, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
