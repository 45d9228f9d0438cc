"""The ids that the error event of a broken stream names, and that its request is found by."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from google import genai
from google.genai import errors, types

from tests.running_server import ServerWorld
from tests.served.kinds.every_kind import openai_account, wait_for_names
from tests.served.speakers import SPEAKERS, Speaker, Wish, data_of
from tests.served.world import CLAUDE, GEMINI, KEY, World, lasting_world

TARGETS = {
    "ids-claude": (CLAUDE, "anthropic"),
    "ids-gemini": (GEMINI, "gemini"),
    "ids-gpt": ("gpt-4.1", "openai"),
}
FAULTS = ("error_event@3=overloaded_error", "cut@3")
"""Upstream's own error event, which is forwarded to a client of its dialect, and one of ours."""


@pytest.fixture(scope="session")
def world_of_three(server_world: ServerWorld) -> Iterator[World]:
    """A server with accounts of the three vendors."""
    with lasting_world(server_world) as world:
        world.import_accounts([openai_account(world, letter) for letter in "abc"])
        world.import_mappings(
            [{"pattern": name, "target": model, "kinds": [kind]} for name, (model, kind) in TARGETS.items()]
        )
        wait_for_names(world, set(TARGETS))
        yield world


@pytest.fixture
def world(world_of_three: World) -> Iterator[World]:
    """That server, with a fresh simulator."""
    yield from world_of_three.fresh()


def ids_in(event: dict[str, Any]) -> tuple[str, str]:
    """Our request id and upstream's, where each dialect has them."""
    error = event.get("error", event)  # a Responses event may be flat
    infos = [one for one in error.get("details", ()) if one["@type"].endswith("google.rpc.RequestInfo")]
    if infos:
        return infos[-1]["requestId"], infos[-1].get("servingData", "").removeprefix("upstream_request_id=")
    holder = event if "request_id" in event else error
    return holder["request_id"], holder.get("upstream_request_id", "")


@pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: speaker.name)
def test_a_broken_stream_names_both_ids(world: World, speaker: Speaker, subtests: pytest.Subtests) -> None:
    """Ours, which the pages find, and upstream's, which its support asks for: forwarded or told by us."""
    for model in TARGETS:
        for fault in FAULTS:
            with subtests.test(f"{model} {fault}"):
                response = speaker.ask(world.client, model, Wish(f"Hello. [fault: {fault}]", is_stream=True))
                ours, theirs = ids_in(data_of(response)[-1])
                assert ours == response.headers["x-request-id"]
                [attempt] = world.attempts(response)
                assert theirs == attempt["upstream_request_id"] != ""


def test_the_sdks_show_both(world: World) -> None:
    """OpenAI's in the error's body, Google's in its details: who reports an error has them at hand."""
    prompt = "Hello. [fault: error_event@3=overloaded_error]"
    chat = openai.OpenAI(base_url=f"{world.server.base_url}/v1", api_key=KEY, max_retries=0)
    with pytest.raises(openai.APIError) as told:
        list(
            chat.chat.completions.create(
                model="ids-gpt", messages=[{"role": "user", "content": prompt}], stream=True
            )
        )
    assert isinstance(told.value.body, dict)
    assert told.value.body["request_id"]
    assert told.value.body["upstream_request_id"]
    google = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=world.server.base_url))
    with pytest.raises(errors.APIError) as refused:
        list(google.models.generate_content_stream(model="ids-gemini", contents=prompt))
    assert "RequestInfo" in str(refused.value.details)
