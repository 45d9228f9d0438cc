"""The real ``openai`` SDK through the real server, to every account kind; other SDKs to OpenAI accounts."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from anthropic import Anthropic
from openai import OpenAI

from tests.served.world import KEY, World

MODELS = ("on-gemini", "on-claude", "on-openai", "on-openai-old", "on-open")
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
FLAT_TOOL: Any = {"type": "function", "strict": False, **TOOL["function"]}  # type: ignore[dict-item]
RED_DOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHx"
    "gljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg=="
)


@pytest.fixture
def client(kinds_world: World) -> Iterator[OpenAI]:
    """A client as a program makes it, without retries of its own."""
    with OpenAI(api_key=KEY, base_url=f"{kinds_world.server.base_url}/v1", max_retries=0) as client:
        yield client


def ask(prompt: str) -> list[Any]:
    return [{"role": "user", "content": prompt}]


ANSWERS = [
    *((model, "ok") for model in MODELS),
    *((model, fault) for model in ("on-claude", "on-openai") for fault in ("empty, ok", "crlf", "slow_drip")),
    ("on-open", "reset_after_headers, ok"),
    ("on-openai", "status=503, ok"),
]
"""Upstreams and what befalls them, each of which ends in a whole answer."""


@pytest.mark.parametrize(("model", "fault"), ANSWERS)
def test_a_chat_stream_accumulates(client: OpenAI, model: str, fault: str) -> None:
    """``chat.completions.stream`` accepts every stream: text whole, usage there, the end the model's own."""
    with client.chat.completions.stream(
        model=model, messages=ask(f"Hello. [fault: {fault}]"), stream_options={"include_usage": True}
    ) as stream:
        completion = stream.get_final_completion()
    choice = completion.choices[0]
    assert choice.message.content
    assert choice.finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.prompt_tokens > 0
    assert completion.usage.completion_tokens > 0


@pytest.mark.parametrize(("model", "fault"), ANSWERS)
def test_a_response_stream_accumulates(client: OpenAI, model: str, fault: str) -> None:
    """``responses.stream`` accepts every stream."""
    with client.responses.stream(model=model, input=f"Hello. [fault: {fault}]") as stream:
        numbers = [event.sequence_number for event in stream]
        response = stream.get_final_response()
    assert numbers == sorted(set(numbers))
    assert response.output_text
    assert response.status == "completed"
    assert response.usage is not None
    assert response.usage.input_tokens > 0
    assert response.usage.output_tokens > 0


@pytest.mark.parametrize("model", MODELS)
def test_usage_comes_only_on_request(client: OpenAI, model: str) -> None:
    """Without ``include_usage`` every chunk has a choice: programs index into it blindly."""
    chunks = list(client.chat.completions.create(model=model, messages=ask("Hi."), stream=True))
    assert all(chunk.choices for chunk in chunks)


@pytest.mark.parametrize("model", MODELS)
def test_in_one_piece(client: OpenAI, model: str) -> None:
    """Not streamed: both forms answer as a whole, with usage."""
    completion = client.chat.completions.create(model=model, messages=ask("The very same question."))
    response = client.responses.create(model=model, input="The very same question.")
    assert completion.choices[0].message.content
    assert response.output_text
    assert completion.usage is not None
    assert completion.usage.total_tokens > 0


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("is_stream", [True, False])
def test_chat_tools_over_several_turns(client: OpenAI, model: str, is_stream: bool) -> None:
    """A call, its result, an answer, and on: ids match, arguments parse, lost signatures are put back."""
    messages = ask("Please use the tool for Paris.")
    for turn in range(3):
        arguments: Any = {"model": model, "messages": messages, "tools": [TOOL], "max_tokens": 4096}
        if is_stream:
            with client.chat.completions.stream(**arguments) as stream:
                message = stream.get_final_completion().choices[0].message
        else:
            message = client.chat.completions.create(**arguments).choices[0].message
        calls = message.tool_calls or []
        told: dict[str, Any] = {"role": "assistant", "content": message.content}
        if calls:
            told["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.function.name, "arguments": call.function.arguments},
                }
                for call in calls
            ]
        messages.append(told)
        assert bool(calls) == (turn == 0)
        for call in calls:
            assert isinstance(json.loads(call.function.arguments), dict)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": "21 degrees"})
        if not calls:
            messages += ask("Thank you. One more thing.")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("is_stream", [True, False])
def test_responses_tools_with_reasoning_passed_back(client: OpenAI, model: str, is_stream: bool) -> None:
    """Reasoning, a call, its result, an answer: items go back as they came, and are taken."""
    items: list[Any] = ask("Please use the tool for Paris.")
    for turn in range(3):
        arguments: Any = {"model": model, "input": items, "tools": [FLAT_TOOL], "store": False}
        if model != "on-openai-old":
            arguments["reasoning"] = {"effort": "low", "summary": "auto"}
        if is_stream:
            with client.responses.stream(**arguments) as stream:
                response = stream.get_final_response()
        else:
            response = client.responses.create(**arguments)
        calls = [item for item in response.output if item.type == "function_call"]
        items += [item.to_dict() for item in response.output]
        for item in items:
            item.pop("parsed_arguments", None)
            for part in item.get("content") or () if isinstance(item.get("content"), list) else ():
                part.pop("parsed", None)
        assert bool(calls) == (turn == 0)
        for call in calls:
            items.append({"type": "function_call_output", "call_id": call.call_id, "output": "21 degrees"})
        if not calls:
            items += ask("Thank you. One more thing.")


@pytest.mark.parametrize("model", MODELS)
def test_parallel_tool_calls(client: OpenAI, model: str) -> None:
    """Two calls in one turn, each with its own id."""
    with client.chat.completions.stream(
        model=model,
        messages=ask("Please use the tool in parallel for Paris and Rome."),
        tools=[TOOL],  # type: ignore[list-item]
    ) as stream:
        message = stream.get_final_completion().choices[0].message
    assert len({call.id for call in message.tool_calls or []}) == 2


@pytest.mark.parametrize("model", MODELS)
def test_an_image_is_carried(client: OpenAI, kinds_world: World, model: str) -> None:
    """A data URL reaches upstream in upstream's own shape."""
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{RED_DOT}"}}
    content: Any = [image, {"type": "text", "text": "What is this?"}]
    client.chat.completions.create(model=model, messages=[{"role": "user", "content": content}])
    assert RED_DOT in str(kinds_world.upstream_bodies()[-1])
    parts: Any = [{"type": "input_image", "image_url": f"data:image/png;base64,{RED_DOT}"}]
    client.responses.create(model=model, input=[{"role": "user", "content": parts}])
    assert RED_DOT in str(kinds_world.upstream_bodies()[-1])


@pytest.mark.parametrize("model", ["on-gemini", "on-claude", "on-openai"])
def test_errors_are_the_sdks_own(client: OpenAI, model: str) -> None:
    """Every failure arrives as the SDK's exception for it; a refused account is not the client's 401."""
    first: tuple[tuple[str, type[openai.APIStatusError]], ...] = (
        ("status=400", openai.BadRequestError),
        ("status=500*", openai.InternalServerError),
        ("status=529*", openai.InternalServerError),
        ("empty*", openai.InternalServerError),
        ("status=404*", openai.NotFoundError),
    )
    rate = (("status=429*", openai.RateLimitError),)
    account = (("status=401*", openai.InternalServerError),)
    # each on a model without a mark from those before
    for name, faults in ((model, first), (f"{model}-2", rate), (f"{model}-3", account)):
        for fault, error in faults:
            with pytest.raises(error) as caught:
                client.chat.completions.create(model=name, messages=ask(f"Hi. [fault: {fault}]"))
            assert caught.value.request_id, fault
            assert caught.value.body, fault


def test_a_wrong_key_and_a_model_that_is_not_there(world: World) -> None:
    """The server's own refusals have OpenAI's shape too."""
    stranger = OpenAI(api_key="sk-wrong", base_url=f"{world.server.base_url}/v1", max_retries=0)
    with pytest.raises(openai.AuthenticationError) as refused:
        stranger.chat.completions.create(model="on-gemini", messages=ask("Hi."))
    assert refused.value.code == "invalid_api_key"
    known = OpenAI(api_key=KEY, base_url=f"{world.server.base_url}/v1", max_retries=0)
    with pytest.raises(openai.NotFoundError) as missing:
        known.responses.create(model="gpt-6-sol", input="Hi.")
    assert missing.value.code == "model_not_found"


@pytest.mark.parametrize("model", ["on-gemini", "on-claude", "on-openai-old"])
def test_a_stored_answer_is_refused_clearly(client: OpenAI, model: str) -> None:
    """``previous_response_id`` names what nobody has stored here: a 400 that says what to do instead."""
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        client.responses.create(model=model, input="Hi.", previous_response_id="resp_1")


@pytest.mark.parametrize("model", MODELS)
def test_a_cut_stream_raises(client: OpenAI, model: str) -> None:
    """A stream that breaks after it began ends with an error that the SDK raises."""
    prompt = "Hello. [fault: reset_after_events=3*] [say: events=20]"
    with pytest.raises(openai.APIError):
        for _ in client.chat.completions.create(model=model, messages=ask(prompt), stream=True):
            pass
    with pytest.raises(openai.APIError), client.responses.stream(model=model, input=prompt) as stream:
        stream.until_done()


@pytest.mark.parametrize("model", MODELS)
def test_an_answer_fits_the_schema(client: OpenAI, model: str) -> None:
    """``response_format`` is obeyed by every upstream; parameters that one refuses are kept from it."""
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    completion = client.chat.completions.create(
        model=model,
        messages=ask("Give me JSON."),
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "x", "schema": schema, "strict": True},
        },
        stop=["END"],
        temperature=0.5,
    )
    assert "a" in json.loads(completion.choices[0].message.content or "")


@pytest.mark.parametrize("model", ["on-openai", "on-openai-old", "on-open"])
@pytest.mark.parametrize("is_stream", [True, False])
def test_the_anthropic_sdk_on_openai(kinds_world: World, model: str, is_stream: bool) -> None:
    """Claude's clients are served by OpenAI accounts: thinking, tools, several turns."""
    client = Anthropic(api_key=KEY, base_url=kinds_world.server.base_url, max_retries=0)
    tool = {"name": "weather", "description": "x", "input_schema": TOOL["function"]["parameters"]}  # type: ignore[index]
    messages: list[Any] = ask("Please use the tool for Paris.")
    for turn in range(3):
        arguments: Any = {
            "model": model,
            "max_tokens": 4096,
            "messages": messages,
            "tools": [tool],
            "thinking": {"type": "enabled", "budget_tokens": 1024},
        }
        if is_stream:
            with client.messages.stream(**arguments) as stream:
                message = stream.get_final_message()
        else:
            message = client.messages.create(**arguments)
        messages.append({"role": "assistant", "content": [block.to_dict() for block in message.content]})
        calls = [block for block in message.content if block.type == "tool_use"]
        assert bool(calls) == (turn == 0)
        if calls:
            results = [
                {"type": "tool_result", "tool_use_id": call.id, "content": "21 degrees"} for call in calls
            ]
            messages.append({"role": "user", "content": results})
        else:
            messages.append({"role": "user", "content": "Thank you. One more thing."})


@pytest.mark.parametrize("model", MODELS)
def test_tokens_of_a_response_are_counted(client: OpenAI, model: str) -> None:
    """``responses.input_tokens`` gives upstream's own count, or an estimate, for every account kind."""
    counted = client.responses.input_tokens.count(
        model=model, input="Count me.", instructions="Be brief.", tools=[FLAT_TOOL]
    )
    assert counted.object == "response.input_tokens"
    assert counted.input_tokens > 0
    with pytest.raises(openai.BadRequestError, match="input is missing"):
        client.responses.input_tokens.count(model=model)
