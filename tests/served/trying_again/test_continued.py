"""Behaviour 7 over real sockets: a broken answer of plain text is continued, and is one answer."""

from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types

from relay.simulator.model.prose import Prose, answer_text
from tests.running_server import ServerWorld, json_value
from tests.served.kinds.every_kind import openai_account, wait_for_names
from tests.served.speakers import SPEAKERS, Speaker, Wish, data_of
from tests.served.world import KEY, World, events, lasting_world

UPSTREAMS = {
    "prefill-claude": ("claude-haiku-4-5", "anthropic"),
    "claude": ("claude-sonnet-4-6", "anthropic"),
    "prefill-gemini": ("gemini-3-flash-preview", "gemini"),
    "gemini": ("gemini-4-carbon", "gemini"),
    "gpt": ("gpt-4.1", "openai"),
}
"""Models that take a prefill, and such as are asked by a user's turn."""

REASONING = ("gpt-6-sol", "openai")
FAULTS = (
    "cut@4",
    "reset@2",
    "end@7",
    "cut_inside_event@3",
    "garbage@5",
    "error_event@3=api_error",
)


@pytest.fixture(scope="session")
def continuing_world(server_world: ServerWorld) -> Iterator[World]:
    """A server whose mappings continue, and hold tool calls."""
    with lasting_world(server_world) as world:
        world.import_accounts([openai_account(world, letter) for letter in "abc"])
        switched = [*UPSTREAMS.items(), ("reasoning", REASONING)]
        world.import_mappings(
            [
                {"pattern": f"{more}{name}", "target": model, "kinds": [kind], **switches}
                for name, (model, kind) in switched
                for more, switches in (
                    ("on-", {"continuation": True}),
                    ("safe-", {"tool_safe": True}),
                    ("both-", {"continuation": True, "tool_safe": True}),
                )
            ]
        )
        wait_for_names(world, {f"both-{name}" for name, _ in switched})
        yield world


@pytest.fixture
def world(continuing_world: World) -> Iterator[World]:
    """That server, with a fresh simulator."""
    yield from continuing_world.fresh()


def prompt_of(faults: str, echo: int = 2, events: int = 12) -> str:
    return f"Tell me. [say: events={events}, echo={echo}] [fault: {faults}]"


@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: speaker.name)
def test_every_pair_of_dialects(world: World, speaker: Speaker, upstream: str) -> None:
    """Broken twice in different ways: every character once, the protocol's own end, one row that says so."""
    prompt = prompt_of("cut@4, error_event@3=overloaded_error, ok")
    wish = Wish(prompt, is_stream=True)
    response = speaker.ask(world.client, f"on-{upstream}", wish)
    heard = speaker.heard(response, wish)
    assert heard.text == answer_text(prompt, Prose(events=12))
    assert heard.is_complete
    row = world.row(response)
    assert (row["outcome"], row["attempts"], row["status"]) == ("continued", 3, 200)
    first, second = json_value(row["seams"])
    assert heard.text[first:].startswith("[4] ")
    assert first < second < len(heard.text)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("echo", [0, 1, 5, 1000])
def test_every_way_to_break_and_to_echo(world: World, fault: str, echo: int) -> None:
    """Whatever the upstream does, and whatever of it the next one says again."""
    for speaker, upstream in ((SPEAKERS[0], "claude"), (SPEAKERS[1], "prefill-gemini"), (SPEAKERS[3], "gpt")):
        prompt = prompt_of(f"{fault}, ok", echo)
        wish = Wish(prompt, is_stream=True)
        response = speaker.ask(world.client, f"on-{upstream}", wish)
        heard = speaker.heard(response, wish)
        assert heard.text == answer_text(prompt, Prose(events=12)), (speaker.name, response.text[-600:])
        assert heard.is_complete
        assert world.row(response)["outcome"] == "continued"


@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: speaker.name)
def test_two_continuations_are_all(world: World, speaker: Speaker, upstream: str) -> None:
    """Then one error event and no end; what came is a beginning of the answer, character for character."""
    prompt = prompt_of("cut@3*")
    response = speaker.ask(world.client, f"on-{upstream}", Wish(prompt, is_stream=True))
    heard = speaker.hear_stream([data for data in data_of(response) if "error" not in data])
    assert answer_text(prompt, Prose(events=12)).startswith(heard.text)
    assert len(heard.text) > len(answer_text(prompt, Prose(events=3)))
    assert sum("error" in data for data in data_of(response)) == 1
    assert not heard.is_complete
    row = world.row(response)
    assert (row["outcome"], row["attempts"], row["continued"]) == ("interrupted", 3, 1)


def test_how_the_partial_text_travels(world: World) -> None:
    """As a prefill where the model takes one, else with a user's turn; less tokens are asked for."""
    for model, last in (("on-prefill-claude", "assistant"), ("on-claude", "user")):
        world.simulator.reset()
        response = world.messages(prompt_of("cut@4, ok"), model=model)
        whole, rest = world.upstream_bodies()
        assert rest["messages"][-1]["role"] == last
        assert 0 < whole["max_tokens"] - rest["max_tokens"] < 200
        assert world.row(response)["outcome"] == "continued"
    for model, last in (("on-prefill-gemini", "model"), ("on-gemini", "user")):
        world.simulator.reset()
        world.gemini(prompt_of("cut@4, ok"), model=model, generationConfig={"maxOutputTokens": 2000})
        _, rest = world.upstream_bodies()
        assert rest["contents"][-1]["role"] == last
        assert 1800 < rest["generationConfig"]["maxOutputTokens"] < 2000


def test_usage_is_summed(world: World) -> None:
    """What the client hears at the end is what both legs cost, as far as upstream told it."""
    response = world.gemini(prompt_of("cut@4, ok"), model="on-gemini")
    row = world.row(response)
    told = [data["usageMetadata"] for _, data in events(response) if "usageMetadata" in data][-1]
    first, second = world.attempts(response)
    assert row["tokens_in"] == first["tokens_in"] + second["tokens_in"] == told["promptTokenCount"]
    assert row["tokens_out"] == first["tokens_out"] + second["tokens_out"]
    assert told["candidatesTokenCount"] + told.get("thoughtsTokenCount", 0) == row["tokens_out"]


def test_the_array_form(world: World) -> None:
    """One JSON array, whole, with every character."""
    prompt = prompt_of("cut@4, reset@2, ok")
    response = world.gemini(prompt, model="on-gemini", method="streamGenerateContent")
    chunks = response.json()
    parts = [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]
    assert "".join(part.get("text", "") for part in parts) == answer_text(prompt, Prose(events=12))
    assert len({chunk["responseId"] for chunk in chunks}) == 1
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"


NEVER: dict[str, tuple[str, dict[str, Any]]] = {
    "thinking": ("claude", {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 4096}),
    "forced tool": (
        "claude",
        {"tools": [{"name": "look", "input_schema": {"type": "object"}}], "tool_choice": {"type": "any"}},
    ),
    "schema": (
        "claude",
        {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
    ),
}


@pytest.mark.parametrize("case", NEVER)
def test_what_is_never_continued(world: World, case: str) -> None:
    """An error event, as without the switch, and the reason in the row."""
    upstream, more = NEVER[case]
    fault = "cut_in_tool" if case == "forced tool" else "cut@5"
    response = world.messages(prompt_of(f"{fault}, ok"), model=f"on-{upstream}", **more)
    assert [name for name, _ in events(response)][-1] == "error"
    row = world.row(response)
    assert (row["outcome"], row["attempts"], row["continued"]) == ("interrupted", 1, 0)
    assert "not_continued" in row["diagnostics"]


def test_reasoning_that_upstream_tells_is_never_continued(world: World) -> None:
    """OpenAI's reasoning models begin Responses with a reasoning item, be it empty."""
    wish = Wish(prompt_of("cut@5, ok"), is_stream=True)
    response = SPEAKERS[3].ask(world.client, "on-reasoning", wish)
    assert data_of(response)[-1]["type"] == "error"
    assert world.row(response)["outcome"] == "interrupted"


@pytest.mark.parametrize("upstream", ["claude", "gemini", "gpt"])
def test_a_text_that_was_whole_gets_nothing_more(world: World, upstream: str) -> None:
    """All was said but the end: nobody makes more of it, and nobody makes up the end."""
    prompt = prompt_of("no_finish, ok")
    wish = Wish(prompt, is_stream=True)
    response = SPEAKERS[0].ask(world.client, f"on-{upstream}", wish)
    heard = SPEAKERS[0].hear_stream(data_of(response))
    assert heard.text == answer_text(prompt, Prose(events=12))
    assert [name for name, _ in events(response)][-1] == "error"
    assert world.row(response)["outcome"] == "interrupted"


@pytest.mark.parametrize("status", [401, 403])
def test_an_account_s_trouble_does_not_log_the_client_out(world: World, status: int) -> None:
    """Behaviour 6 holds behind the commit, too: what a continuation was refused for is not the client's."""
    response = world.messages(prompt_of(f"cut@4, status={status}, status={status}"), model="on-claude")
    name, data = events(response)[-1]
    assert name == "error"
    assert data["error"]["type"] not in ("authentication_error", "permission_error")
    assert world.row(response)["outcome"] == "interrupted"


def test_a_collected_answer_is_asked_for_again(world: World) -> None:
    """Nothing of it was given to anybody."""
    response = world.messages(prompt_of("cut@4, ok"), model="on-claude", stream=False)
    assert response.json()["content"][0]["text"] == answer_text(prompt_of("cut@4, ok"), Prose(events=12))
    assert world.row(response)["outcome"] == "retried"


def test_the_log_tells_each_continuation(world: World) -> None:
    """One searchable line for the break, one for the seam."""
    response = world.messages(prompt_of("cut@4, ok"), model="on-claude")
    lines = world.log_lines(response)
    assert any("Stream broke after commit: " in line and "continuing..." in line for line in lines)
    assert any("Continuing the answer behind " in line for line in lines)


# --- a tool call that is held until it is whole -----------------------------------------------------
TOOL = {"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}


def test_a_held_tool_call_comes_in_one_piece(world: World) -> None:
    """All of its events, unchanged, and no half of it."""
    response = world.messages("Please use the tool. [fault: ok]", model="safe-claude", tools=[TOOL])
    assert [name for name, _ in events(response)][-1] == "message_stop"
    row = world.row(response)
    assert (row["outcome"], row["stop_reason"]) == ("ok", "tool_use")


HALF_CALLS = ('"tool_use"', "functionCall", '"tool_calls"', '"function_call"')


@pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: speaker.name)
@pytest.mark.parametrize("upstream", ["claude", "gemini", "gpt"])
def test_a_cut_in_a_held_call(world: World, speaker: Speaker, upstream: str) -> None:
    """It is asked for again when nothing was sent; behind text it is told, and nobody sees half a call."""
    wish = Wish("Please use the tool. [fault: cut_in_tool@1, ok]", is_stream=True, tools=True)
    response = speaker.ask(world.client, f"safe-{upstream}", wish)
    row = world.row(response)
    if row["outcome"] == "retried":  # text and call came in one read, so the text was held as well
        assert speaker.heard(response, wish).is_complete
        return
    assert row["outcome"] == "interrupted"
    assert sum("error" in data for data in data_of(response)) == 1
    assert [sign for sign in HALF_CALLS if sign in response.text.replace('"tool_choice"', "")] == []


@pytest.mark.parametrize("upstream", ["claude", "gemini", "gpt"])
def test_a_cut_in_a_held_call_is_gone_on_with(world: World, upstream: str) -> None:
    """With both switches the answer is whole, whether the text before the call was sent already or not."""
    response = world.messages(
        "Please use the tool. [fault: cut_in_tool@1, ok]", model=f"both-{upstream}", tools=[TOOL]
    )
    assert [name for name, _ in events(response)][-1] == "message_stop"
    assert world.row(response)["outcome"] in ("continued", "retried")


# --- the real SDKs ----------------------------------------------------------------------------------
def test_the_anthropic_sdk(world: World) -> None:
    """``messages.stream`` sees one message: one id, one block, the model's own end."""
    client = anthropic.Anthropic(api_key=KEY, base_url=world.server.base_url, max_retries=0)
    for model in ("on-prefill-claude", "on-claude", "on-gemini", "on-gpt"):
        prompt = prompt_of("cut@4, error_event@2=api_error, ok", echo=3)
        messages = [{"role": "user", "content": prompt}]
        with client.messages.stream(model=model, max_tokens=4096, messages=messages) as stream:
            pieces = list(stream.text_stream)
            message = stream.get_final_message()
        [block] = message.content
        assert "".join(pieces) == block.text == answer_text(prompt, Prose(events=12))
        assert message.stop_reason == "end_turn"
        assert message.usage.output_tokens > 0


def test_the_google_sdk(world: World) -> None:
    """``generate_content_stream`` sees one answer, of one id."""
    options = types.HttpOptions(base_url=world.server.base_url, api_version="v1beta")
    client = genai.Client(api_key=KEY, http_options=options)
    for model in ("on-prefill-gemini", "on-gemini", "on-claude", "on-gpt"):
        prompt = prompt_of("cut@4, reset@2, ok", echo=3)
        chunks = list(client.models.generate_content_stream(model=model, contents=prompt))
        assert "".join(chunk.text or "" for chunk in chunks) == answer_text(prompt, Prose(events=12))
        assert len({chunk.response_id for chunk in chunks}) == 1
        assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP


def test_the_openai_sdk(world: World) -> None:
    """``chat.completions.stream`` and ``responses.stream`` accumulate to one whole answer."""
    client = openai.OpenAI(api_key=KEY, base_url=f"{world.server.base_url}/v1", max_retries=0)
    for model in ("on-gpt", "on-claude", "on-gemini"):
        prompt = prompt_of("cut@4, reset@2, ok", echo=3)
        asked: list[Any] = [{"role": "user", "content": prompt}]
        with client.chat.completions.stream(model=model, messages=asked) as stream:
            ids = {event.chunk.id for event in stream if event.type == "chunk"}
            completion = stream.get_final_completion()
        assert completion.choices[0].message.content == answer_text(prompt, Prose(events=12))
        assert completion.choices[0].finish_reason == "stop"
        assert len(ids) == 1
        with client.responses.stream(model=model, input=prompt) as responses:
            told = list(responses)
            response = responses.get_final_response()
        assert response.output_text == answer_text(prompt, Prose(events=12))
        assert [event.sequence_number for event in told] == list(range(len(told)))
        assert len([item for item in response.output if item.type == "message"]) == 1
