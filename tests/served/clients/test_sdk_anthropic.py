"""The real ``anthropic`` SDK through the real server: what it accepts, people's programs accept."""

import anthropic
import pytest
from anthropic import Anthropic

from tests.served.world import CLAUDE, KEY, World

TOOL = {
    "name": "weather",
    "description": "The weather in a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
MODELS = (CLAUDE, "claude-on-gemini")
RED_DOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHx"
    "gljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg=="
)


@pytest.fixture
def client(world: World) -> Anthropic:
    """A client as a program makes it, without retries of its own: those of the server are tested."""
    return Anthropic(api_key=KEY, base_url=world.server.base_url, max_retries=0)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "fault", ["ok", "empty, ok", "reset_after_headers, ok", "status=503, ok", "crlf", "slow_drip"]
)
def test_a_stream_accumulates_to_a_message(client: Anthropic, model: str, fault: str) -> None:
    """``messages.stream`` accepts every stream: the text whole, the end the model's own, usage there."""
    with client.messages.stream(
        model=model, max_tokens=1024, messages=[{"role": "user", "content": f"Hello. [fault: {fault}]"}]
    ) as stream:
        pieces = list(stream.text_stream)
        message = stream.get_final_message()
    assert "".join(pieces) == message.content[-1].text
    assert message.stop_reason == "end_turn"
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens > 0
    assert message.model


@pytest.mark.parametrize("model", MODELS)
def test_a_message_in_one_piece_says_the_same(client: Anthropic, model: str) -> None:
    """Not streamed: the collected answer is the streamed one."""
    question = [{"role": "user", "content": "The very same question."}]
    whole = client.messages.create(model=model, max_tokens=1024, messages=question)
    with client.messages.stream(model=model, max_tokens=1024, messages=question) as stream:
        streamed = stream.get_final_message()
    assert [block.type for block in whole.content] == [block.type for block in streamed.content]
    assert whole.content[-1].text == streamed.content[-1].text
    assert (whole.stop_reason, whole.usage.output_tokens) == (
        streamed.stop_reason,
        streamed.usage.output_tokens,
    )


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("is_stream", [True, False])
def test_tools_over_several_turns_with_thinking_passed_back(
    client: Anthropic, model: str, is_stream: bool
) -> None:
    """Thinking, a tool call, its result, an answer; signatures go back as they came and are taken."""
    messages: list[dict[str, object]] = [{"role": "user", "content": "Please use the tool for Paris."}]
    for turn in range(3):
        arguments = {
            "model": model,
            "max_tokens": 4096,
            "messages": messages,
            "tools": [TOOL],
            "thinking": {"type": "enabled", "budget_tokens": 1024},
        }
        if is_stream:
            with client.messages.stream(**arguments) as stream:
                message = stream.get_final_message()
        else:
            message = client.messages.create(**arguments)
        messages.append({"role": "assistant", "content": [block.to_dict() for block in message.content]})
        calls = [block for block in message.content if block.type == "tool_use"]
        if turn == 0:
            assert calls, message
            thinking = [block for block in message.content if block.type == "thinking"]
            assert thinking
            assert all(len(block.signature) >= 50 for block in thinking)
        if calls:
            results = [
                {"type": "tool_result", "tool_use_id": call.id, "content": "21 degrees"} for call in calls
            ]
            messages.append({"role": "user", "content": results})
        else:
            assert message.stop_reason == "end_turn"
            messages.append({"role": "user", "content": "Thank you. One more thing."})


@pytest.mark.parametrize("model", MODELS)
def test_parallel_tool_calls_have_their_own_ids(client: Anthropic, model: str) -> None:
    """Two calls in one turn: stable unique ids, arguments that parse."""
    message = client.messages.create(
        model=model,
        max_tokens=1024,
        messages=[{"role": "user", "content": "Please use the tool in parallel for Paris and Rome."}],
        tools=[TOOL],
    )
    calls = [block for block in message.content if block.type == "tool_use"]
    assert message.stop_reason == "tool_use"
    assert len(calls) == 2
    assert len({call.id for call in calls}) == 2
    assert all(isinstance(call.input, dict) for call in calls)


@pytest.mark.parametrize("model", MODELS)
def test_an_image_is_carried(client: Anthropic, world: World, model: str) -> None:
    """A base64 image reaches upstream in upstream's own shape."""
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": RED_DOT}}
    content = [image, {"type": "text", "text": "What is this?"}]
    message = client.messages.create(
        model=model, max_tokens=1024, messages=[{"role": "user", "content": content}]
    )
    assert message.content[0].type == "text"
    assert RED_DOT in str(world.upstream_bodies()[-1])


ERRORS = [
    ("status=400", anthropic.BadRequestError),
    ("status=404*", anthropic.NotFoundError),
    ("status=429*", anthropic.RateLimitError),
    ("status=500*", anthropic.InternalServerError),
    ("status=529*", anthropic.OverloadedError),
    ("status=401*", anthropic.ServiceUnavailableError),
    ("empty*", anthropic.InternalServerError),
]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("fault", "error"), ERRORS)
def test_errors_are_the_sdks_own_classes(
    client: Anthropic, world: World, model: str, fault: str, error: type[anthropic.APIStatusError]
) -> None:
    """Each failure reaches the program as the exception that it knows, with our request id."""
    if model != CLAUDE and "529" in fault:
        fault = "status=503*"
        error = anthropic.ServiceUnavailableError
    with pytest.raises(error) as raised:
        client.messages.create(
            model=model, max_tokens=64, messages=[{"role": "user", "content": f"Hello. [fault: {fault}]"}]
        )
    assert raised.value.request_id
    assert world.row(raised.value.request_id)["status"] == raised.value.status_code


def test_a_missing_key_is_an_authentication_error(world: World) -> None:
    """401 in the dialect of the path."""
    stranger = Anthropic(api_key="sk-nobody-knows-this-key", base_url=world.server.base_url, max_retries=0)
    with pytest.raises(anthropic.AuthenticationError):
        stranger.messages.create(
            model=CLAUDE, max_tokens=64, messages=[{"role": "user", "content": "Hello."}]
        )


def test_a_cut_stream_raises_in_the_sdk(client: Anthropic) -> None:
    """A stream that breaks after the commit is an exception in the program, never a short answer."""
    with (
        pytest.raises(anthropic.APIStatusError),
        client.messages.stream(
            model=CLAUDE, max_tokens=1024, messages=[{"role": "user", "content": "Hello. [fault: cut@3]"}]
        ) as stream,
    ):
        stream.get_final_message()


@pytest.mark.parametrize("model", MODELS)
def test_tokens_are_counted(client: Anthropic, model: str) -> None:
    """count_tokens gives upstream's own count."""
    counted = client.messages.count_tokens(model=model, messages=[{"role": "user", "content": "Count me."}])
    assert counted.input_tokens > 0


def test_models_are_listed(client: Anthropic) -> None:
    """The list holds mappings and what accounts offer, in the SDK's own type."""
    names = [model.id for model in client.models.list()]
    assert "claude-on-gemini" in names
    assert client.models.retrieve("claude-on-gemini").id == "claude-on-gemini"
