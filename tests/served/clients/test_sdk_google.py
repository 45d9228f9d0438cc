"""The real ``google-genai`` SDK through the real server."""

import base64

import pytest
from google import genai
from google.genai import errors, types

from tests.served.world import GEMINI, KEY, World

MODELS = (GEMINI, "gemini-on-claude")
WEATHER = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="weather",
            description="The weather in a city.",
            parameters_json_schema={
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        )
    ]
)


@pytest.fixture(params=["v1beta", "v1"])
def client(world: World, request: pytest.FixtureRequest) -> genai.Client:
    """A client for either version of the API; the SDK asks for v1 by itself."""
    options = types.HttpOptions(base_url=world.server.base_url, api_version=request.param)
    return genai.Client(api_key=KEY, http_options=options)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fault", ["ok", "empty, ok", "stop_empty, ok", "status=503, ok", "comments=3, ok"])
def test_a_stream_is_whole(client: genai.Client, model: str, fault: str) -> None:
    """``generate_content_stream`` accepts every stream: text, finish reason, usage."""
    chunks = list(client.models.generate_content_stream(model=model, contents=f"Hello. [fault: {fault}]"))
    assert len("".join(chunk.text or "" for chunk in chunks)) > 50
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP
    assert chunks[-1].usage_metadata.candidates_token_count > 0


@pytest.mark.parametrize("model", MODELS)
def test_an_answer_in_one_piece(client: genai.Client, model: str) -> None:
    """Not streamed."""
    answer = client.models.generate_content(model=model, contents="Hello.")
    assert len(answer.text) > 50
    assert answer.usage_metadata.prompt_token_count > 0


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("is_stream", [True, False])
def test_a_chat_with_tools_and_thoughts_goes_on(client: genai.Client, model: str, is_stream: bool) -> None:
    """A call, its response, an answer; the SDK sends signatures back, re-encoded, and they are taken."""
    config = types.GenerateContentConfig(
        tools=[WEATHER],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_level=types.ThinkingLevel.HIGH),
    )
    contents: list[types.Content] = [types.UserContent("Please use the tool for Paris.")]
    for turn in range(3):
        parts: list[types.Part] = []
        if is_stream:
            for chunk in client.models.generate_content_stream(model=model, contents=contents, config=config):
                parts += (chunk.candidates[0].content and chunk.candidates[0].content.parts) or []
        else:
            parts = (
                client.models.generate_content(model=model, contents=contents, config=config)
                .candidates[0]
                .content.parts
            )
        contents.append(types.ModelContent(parts))
        calls = [part.function_call for part in parts if part.function_call]
        if turn == 0:
            assert [call.name for call in calls] == ["weather"]
            assert any(part.thought_signature for part in parts)
        if calls:
            results = [
                types.Part(
                    function_response=types.FunctionResponse(
                        id=c.id, name=c.name, response={"output": "21 degrees"}
                    )
                )
                for c in calls
            ]
            contents.append(types.UserContent(results))
        else:
            contents.append(types.UserContent("Thank you. One more thing."))


@pytest.mark.parametrize("model", MODELS)
def test_an_image_is_carried(client: genai.Client, world: World, model: str) -> None:
    """Bytes reach upstream in upstream's own shape."""
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    part = types.Part.from_bytes(data=picture, mime_type="image/png")
    assert client.models.generate_content(model=model, contents=[part, "What is this?"]).text
    sent = str(world.upstream_bodies()[-1])
    assert base64.b64encode(picture).decode() in sent or base64.urlsafe_b64encode(picture).decode() in sent


@pytest.mark.parametrize(
    ("fault", "code"),
    [("status=400", 400), ("status=404*", 404), ("status=429*", 429), ("empty*", 502), ("status=403*", 503)],
)
def test_errors_are_the_sdks_own(client: genai.Client, fault: str, code: int) -> None:
    """Each failure is an APIError with its code and status word."""
    with pytest.raises(errors.APIError) as raised:
        client.models.generate_content(model=GEMINI, contents=f"Hello. [fault: {fault}]")
    assert raised.value.code == code
    assert raised.value.status


@pytest.mark.parametrize("model", MODELS)
def test_a_cut_stream_raises_in_the_sdk(client: genai.Client, model: str) -> None:
    """A stream that breaks after the commit is an exception, never a short answer."""
    with pytest.raises(errors.APIError):
        list(client.models.generate_content_stream(model=model, contents="Hello. [fault: cut@3]"))


def test_tokens_are_counted_and_models_listed(client: genai.Client) -> None:
    """countTokens and the model list, in the SDK's own types."""
    assert client.models.count_tokens(model=GEMINI, contents="Count me.").total_tokens > 0
    names = [model.name for model in client.models.list()]
    assert f"models/{GEMINI}" in names
    assert client.models.get(model=GEMINI).name == f"models/{GEMINI}"


def test_v1alpha_is_served_as_well(world: World) -> None:
    """Programs that once needed a preview name this version: models, generation, and errors in JSON."""
    options = types.HttpOptions(base_url=world.server.base_url, api_version="v1alpha")
    client = genai.Client(api_key=KEY, http_options=options)
    assert len(client.models.generate_content(model=GEMINI, contents="Hello.").text) > 50
    assert f"models/{GEMINI}" in [model.name for model in client.models.list()]
    with pytest.raises(errors.ClientError, match="nothing at this path"):
        client.caches.create(model=GEMINI)
