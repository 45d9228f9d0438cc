"""What generateContent refuses, its signatures, and its homes on Vertex and Code Assist."""

import pytest

from relay.simulator import Simulator
from tests.relay.simulator.raw import HEADERS, TOOL_SCHEMA, ask, text_of

USER = {"role": "user", "parts": [{"text": "hello"}]}
CALL = {"functionCall": {"name": "get_weather", "args": {"city": "x"}}}
RESPONSE = {"functionResponse": {"name": "get_weather", "response": {"output": "42"}}}
DECLARED = {"name": "get_weather", "parametersJsonSchema": TOOL_SCHEMA}
TOOLS = [{"functionDeclarations": [DECLARED]}]


async def post(simulator, fields, model="gemini-2.5-flash", method="generateContent", account="sim-a"):
    path = f"/v1beta/models/{model}:{method}"
    headers = {"x-goog-api-key": account}
    return await ask(simulator.base_url, path, {"contents": [USER]} | fields, headers)


def turns(*contents):
    return {"contents": list(contents)}


def model_turn(*parts):
    return {"role": "model", "parts": list(parts)}


def user_turn(*parts):
    return {"role": "user", "parts": list(parts)}


def generation(**fields):
    return {"generationConfig": fields}


def parameters(schema):
    return {"tools": [{"functionDeclarations": [{"name": "f", "parameters": schema}]}]}


def typed(kind, **fields):
    return parameters({"type": "OBJECT", "properties": {"a": {"type": kind, **fields}}})


REFUSED = [
    ({"contents": []}, "contents is not specified"),
    ({"contents": 5}, "expected an object"),
    (generation(thinkingConfig={"thinkingBudget": "much"}), "wrong type"),
    ({"toolConfig": []}, "expected an object"),
    (parameters({"type": "OBJECT", "properties": []}), "expected a map"),
    (parameters({"type": "STRING", "properties": {"a": {"type": "STRING"}}}), "only allowed for OBJECT type"),
    (typed("STRING", enum=[""]), "enum: cannot be empty"),
    (turns(user_turn({"text": 5})), "(TYPE_STRING)"),
    (turns(USER, model_turn({"functionCall": {}}), USER), "name: cannot be empty"),
    (
        turns(
            USER,
            model_turn({"functionCall": {"id": "1", "name": "f"}}),
            user_turn({"functionResponse": {"id": "2", "name": "f", "response": {}}}),
        ),
        "has the id of a function call",
    ),
    ({"tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": 1}]}]}, "expected an object"),
    (generation(responseMimeType="text/html"), "text/html is not allowed"),
    ({"made_up": 1}, 'Unknown name "made_up": Cannot find field.'),
    (generation(made_up=1), "Unknown name \"made_up\" at 'generation_config': Cannot find field."),
    (turns({"role": "assistant", "parts": [{"text": "x"}]}), "Please use a valid role: user, model."),
    (turns({"role": "user", "parts": []}), "contents[0].parts: contents.parts must not be empty."),
    (turns(user_turn({})), "required oneof field 'data'"),
    (turns(user_turn({"text": "x", "inlineData": {}})), "oneof field 'data' is already set"),
    (
        turns(user_turn({"inlineData": {"mimeType": "image/bmp", "data": ""}})),
        "Unsupported MIME type: image/bmp",
    ),
    (turns(user_turn({"inlineData": {"mimeType": "image/png", "data": "?"}})), "Base64 decoding failed"),
    (turns(USER, model_turn(CALL), USER), "number of function response parts is equal"),
    (turns(USER, model_turn(CALL)), "number of function response parts is equal"),
    (turns(model_turn(CALL), user_turn(RESPONSE)), "function call turn comes immediately after a user turn"),
    (turns(user_turn(RESPONSE)), "function response turn comes immediately after a function call turn"),
    (turns(USER, model_turn(CALL, CALL), user_turn(RESPONSE)), "number of function response parts is equal"),
    (
        turns(USER, model_turn(CALL), user_turn({"functionResponse": {"name": "other", "response": {}}})),
        "has the name of a function call",
    ),
    (
        turns(USER, model_turn(CALL), user_turn({"functionResponse": {"name": "get_weather"}})),
        "response' (Struct)",
    ),
    (
        {"systemInstruction": {"parts": [{"inlineData": {"mimeType": "image/png", "data": ""}}]}},
        "only text is supported",
    ),
    (generation(maxOutputTokens=99_999), "maxOutputTokens value of 99999"),
    (generation(temperature=3), "temperature"),
    (generation(stopSequences=list("abcdef")), "stop_sequences"),
    (
        generation(thinkingConfig={"thinkingLevel": "LOW", "thinkingBudget": 1}),
        "only set only one of thinking budget and thinking level",
    ),
    (generation(thinkingConfig={"thinkingLevel": "LOW"}), "Thinking level is not supported for this model."),
    (generation(thinkingConfig={"thinkingBudget": 99_999}), "The thinking budget 99999 is invalid"),
    (generation(responseSchema={"type": "STRING"}), "requires response_mime_type"),
    (
        generation(responseSchema={}, responseJsonSchema={}, responseMimeType="application/json"),
        "mutually exclusive",
    ),
    ({"tools": TOOLS} | generation(responseMimeType="application/json"), "response mime type"),
    ({"tools": [*TOOLS, {"googleSearch": {}}]}, "cannot be combined"),
    ({"tools": [*TOOLS, *TOOLS]}, "Duplicate function declaration found: get_weather"),
    ({"tools": [{"functionDeclarations": [{"name": "1x"}]}]}, "Invalid function name"),
    ({"tools": [{"functionDeclarations": [DECLARED | {"parameters": {}}]}]}, "mutually exclusive"),
    ({"toolConfig": {"functionCallingConfig": {"mode": "SOMETIMES"}}}, "function_calling_config.mode"),
    ({"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}, "without function_declarations"),
    (
        {"tools": TOOLS, "toolConfig": {"functionCallingConfig": {"allowedFunctionNames": ["get_weather"]}}},
        "allowed_function_names should be set only",
    ),
    (
        {
            "tools": TOOLS,
            "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["x"]}},
        },
        "x is not declared",
    ),
    (parameters({"type": "object", "$schema": "x", "properties": {}}), 'Unknown name "$schema"'),
    (typed("string", const="x"), 'Unknown name "const"'),
    (typed("integer", exclusiveMinimum=1), 'Unknown name "exclusiveMinimum"'),
    (typed(["string", "null"]), "cannot start list"),
    (typed("text"), "parameters.properties[a].type"),
    (typed("INTEGER", enum=["1"]), "enum: only allowed for STRING type"),
    (typed("STRING", format="uri"), "only 'enum' and 'date-time' are supported"),
    (typed("ARRAY"), "items: missing field."),
    (typed("OBJECT"), "should be non-empty for OBJECT type"),
    (
        parameters({"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "required": ["b"]}),
        "not defined",
    ),
]


async def test_what_is_wrong_is_refused(subtests: pytest.Subtests, simulator) -> None:
    """A request that the API would refuse is an INVALID_ARGUMENT with its reason."""
    for fields, message in REFUSED:
        with subtests.test(f"{fields, message!r:.120}"):
            answer = await post(simulator, fields)
            assert (answer.status, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
            assert message in answer.json()["error"]["message"]


REFUSED_BY_4 = [
    (generation(thinkingConfig={"thinkingBudget": 100}), "Thinking budget is not supported"),
    (generation(thinkingConfig={"thinkingLevel": "MINIMAL"}), "Thinking level MINIMAL is not supported"),
    (generation(frequencyPenalty=0.1), "frequencyPenalty"),
    (generation(candidateCount=2), "Multiple candidates"),
    ({"cachedContent": "cachedContents/x"}, "cachedContent is not supported"),
    (turns(USER, model_turn({"text": "pre"})), "does not support a trailing model turn"),
]


@pytest.mark.parametrize(("fields", "message"), REFUSED_BY_4)
async def test_gemini_4_refuses_more(simulator, fields, message):
    """Gemini 4 refuses what earlier families take."""
    answer = await post(simulator, fields, "gemini-4-carbon")
    assert answer.status == 400
    assert message in answer.json()["error"]["message"]


ACCEPTED = [
    ("gemini-2.5-flash", {}),
    ("gemini-2.5-flash", generation(thinkingConfig={"thinkingBudget": 0})),
    ("gemini-2.5-flash", turns({"parts": [{"text": "no role"}]})),
    (
        "gemini-2.5-flash",
        {"system_instruction": {"parts": [{"text": "s"}]}, "generation_config": {"top_p": 0.5}},
    ),
    ("gemini-2.5-flash", turns(USER, model_turn({"text": "a"}), model_turn({"text": "b"}), USER)),
    ("gemini-2.5-flash", turns(USER, model_turn({"text": "a prefill"}))),
    ("gemini-2.5-flash", turns({"parts": [{"text": "no role"}]})),
    ("gemini-2.5-flash", turns({"role": "", "parts": [{"text": "an empty role"}]})),
    ("gemini-2.5-flash", typed(1)),
    ("gemini-2.5-flash", turns(USER, model_turn(CALL), user_turn(RESPONSE, {"text": "and?"}))),
    ("gemini-3-flash-preview", generation(thinkingConfig={"thinkingLevel": "minimal"})),
    ("gemini-4-neon", generation(thinkingConfig={"thinkingLevel": "XHIGH"}, temperature=0.3)),
    ("gemini-4-neon", typed("STRING", enum=["a", "b"])),
    ("gemini-3-flash", {"tools": TOOLS} | generation(responseMimeType="application/json")),
]


async def test_what_is_right_is_answered(subtests: pytest.Subtests, simulator) -> None:
    """What the API takes is a 200, in camel case and in snake case."""
    for model, fields in ACCEPTED:
        with subtests.test(f"{model, fields!r:.120}"):
            answer = await post(simulator, fields, model)
            assert answer.status == 200, answer.json()


async def test_2_5_pro_cannot_stop_thinking(simulator):
    """Budget 0 is taken by Flash and refused by Pro."""
    answer = await post(simulator, generation(thinkingConfig={"thinkingBudget": 0}), "gemini-2.5-pro")
    assert "This model only works in thinking mode." in answer.json()["error"]["message"]


async def test_schemas_nest(simulator):
    """A schema inside anyOf and items is checked too."""
    inner = {"type": "ARRAY", "items": {"anyOf": [{"type": "STRING", "format": "uri"}]}}
    assert (
        "format"
        in (await post(simulator, typed("OBJECT", properties={"x": inner}))).json()["error"]["message"]
    )


async def test_results_say_what_they_hold(simulator):
    """A function's output, its error, or its whole response is quoted; files beside it are seen."""
    expected = {
        "ERROR broken": {"response": {"error": "broken"}},
        '{"celsius":4}': {"response": {"celsius": 4}},
        "image/png at https://x": {
            "response": {},
            "parts": [{"fileData": {"mimeType": "image/png", "fileUri": "https://x"}}],
        },
    }
    for said, fields in expected.items():
        response = {"functionResponse": {"name": "get_weather"} | fields}
        answer = await post(simulator, turns(USER, model_turn(CALL), user_turn(response)))
        assert said in answer.json()["candidates"][0]["content"]["parts"][0]["text"]


async def test_a_blocked_prompt_has_no_candidates(simulator):
    """Collected too, a blocked prompt has its feedback and nothing else."""
    simulator.plan("blocked_prompt", "max_tokens_empty")
    blocked = (await post(simulator, {})).json()
    assert (blocked["promptFeedback"], "candidates" in blocked) == ({"blockReason": "SAFETY"}, False)
    empty = (await post(simulator, {}, "gemini-3-flash")).json()["candidates"][0]
    assert (empty["finishReason"], empty["content"]["parts"][0]["text"]) == ("MAX_TOKENS", "")


async def test_wrong_continuation_and_embedding_requests(simulator):
    """An invented token, an empty text and an empty batch are refused; one text gives one vector."""
    for token in ("bm9uZQ==", "$$$"):
        assert (await post(simulator, {"continuationToken": token})).status == 400
    embed = "/v1beta/models/gemini-embedding-001:"
    text = {"content": {"parts": [{"text": "a"}]}}
    one = await ask(simulator.base_url, embed + "embedContent", text, HEADERS["gemini"])
    assert len(one.json()["embedding"]["values"]) == 768
    for body in ({"requests": []}, {"requests": [{"content": {}}]}):
        refused = await ask(simulator.base_url, embed + "batchEmbedContents", body, HEADERS["gemini"])
        assert refused.status == 400


async def call_turns(simulator, model, prompt="use the tool in parallel", **options):
    """A conversation up to the answered function calls, as a client sends it back."""
    start = [user_turn({"text": prompt})]
    answer = (await post(simulator, turns(*start) | {"tools": TOOLS}, model, **options)).json()
    content = answer["candidates"][0]["content"]
    responses = [
        {"functionResponse": {"name": part["functionCall"]["name"], "response": {"output": "42"}}}
        for part in content["parts"]
        if "functionCall" in part
    ]
    return [*start, content, user_turn(*responses)]


def calls_of(content):
    return [part for part in content["parts"] if "functionCall" in part]


@pytest.mark.parametrize("model", ["gemini-3-flash", "gemini-4-neon", "gemini-2.5-pro"])
async def test_the_first_call_of_a_step_is_signed(simulator, model):
    """Parallel calls: a signature on the first only; only 3.x and later name ids."""
    first, second = calls_of((await call_turns(simulator, model))[1])
    assert len(first["thoughtSignature"]) >= 50
    assert "thoughtSignature" not in second
    assert ("id" in first["functionCall"]) is (model != "gemini-2.5-pro")


async def test_text_is_signed_in_its_last_part(simulator):
    """Without calls the signature comes in a late, empty text part of the stream; 2.5 sends none."""
    path = "/v1beta/models/{}:streamGenerateContent?alt=sse"
    body = turns(USER)
    three = await ask(simulator.base_url, path.format("gemini-3-flash"), body, HEADERS["gemini"])
    last = three.events()[-1]["candidates"][0]["content"]["parts"][0]
    assert (last["text"], len(last["thoughtSignature"]) >= 50) == ("", True)
    two = await ask(simulator.base_url, path.format("gemini-2.5-flash"), body, HEADERS["gemini"])
    assert b"thoughtSignature" not in two.payload


@pytest.mark.parametrize("model", ["gemini-3-flash", "gemini-4-neon", "gemini-2.5-pro"])
async def test_signed_calls_come_back_and_are_accepted(simulator, model):
    """The conversation with its signatures is answered with the tool's result."""
    contents = await call_turns(simulator, model)
    answer = await post(simulator, turns(*contents) | {"tools": TOOLS}, model)
    assert "The tool said: 42 | 42" in answer.json()["candidates"][0]["content"]["parts"][0]["text"]


async def test_a_missing_signature_of_the_current_turn_is_refused(simulator):
    """From 3.x on a call without signature is a 400 while its turn is open, not later; 2.5 never asks."""
    contents = await call_turns(simulator, "gemini-3-flash")
    calls_of(contents[1])[0].pop("thoughtSignature")
    fields = turns(*contents) | {"tools": TOOLS}
    refused = await post(simulator, fields, "gemini-3-flash")
    assert refused.json()["error"]["message"].startswith(
        "Function call is missing a thought_signature in functionCall parts."
    )
    assert "Additional data, function call `default_api:get_weather`, position 2." in refused.payload.decode()
    assert (await post(simulator, fields, "gemini-2.5-pro")).status == 200
    later = turns(*contents, model_turn({"text": "done"}), USER) | {"tools": TOOLS}
    assert (await post(simulator, later, "gemini-3-flash")).status == 200


@pytest.mark.parametrize(
    "value", ["skip_thought_signature_validator", "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="]
)
async def test_the_documented_placeholder_is_accepted(simulator, value):
    """The placeholder stands for a signature, plain or as the SDK encodes it."""
    contents = await call_turns(simulator, "gemini-3-flash")
    calls_of(contents[1])[0]["thoughtSignature"] = value
    assert (await post(simulator, turns(*contents) | {"tools": TOOLS}, "gemini-3-flash")).status == 200


async def test_wrong_signatures_are_refused(simulator):
    """Another call's, another family's, an invented one, no base64: each with the API's words."""
    contents = await call_turns(simulator, "gemini-3-flash")
    fields = turns(*contents) | {"tools": TOOLS}
    first = calls_of(contents[1])[0]
    good = first["thoughtSignature"]
    assert (await post(simulator, fields, "gemini-4-neon")).json()["error"]["message"] == (
        "Corrupted thought signature."
    )
    first["functionCall"]["args"]["days"] += 1
    rewritten = await post(simulator, fields, "gemini-3-flash")
    assert rewritten.json()["error"]["message"] == "Corrupted thought signature."
    first["functionCall"]["args"]["days"] -= 1
    first["thoughtSignature"] = "QUJD" * 20
    assert (await post(simulator, fields, "gemini-3-flash")).status == 400
    first["thoughtSignature"] = "$$$"
    assert (
        "thought_signature' (TYPE_BYTES), Base64 decoding failed"
        in (await post(simulator, fields, "gemini-3-flash")).payload.decode()
    )
    first["thoughtSignature"] = good.replace("+", "-").replace("/", "_")
    assert (await post(simulator, fields, "gemini-3-flash")).status == 200


@pytest.mark.outside
async def test_signatures_may_be_bound_to_the_account():
    """With ``binds_gemini_to_account`` another key's signature is corrupted."""
    async with Simulator(binds_gemini_to_account=True) as simulator:
        contents = await call_turns(simulator, "gemini-3-flash")
        fields = turns(*contents) | {"tools": TOOLS}
        assert (await post(simulator, fields, "gemini-3-flash")).status == 200
        assert (await post(simulator, fields, "gemini-3-flash", account="sim-b")).status == 400


async def test_usage_adds_up_and_shows_the_cache(simulator):
    """Total = prompt + candidates + thoughts; a repeated prefix is cached for its account."""
    first = (await post(simulator, {}, "gemini-3-flash")).json()["usageMetadata"]
    parts = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
    assert first["totalTokenCount"] == sum(first[name] for name in parts)
    assert "cachedContentTokenCount" not in first
    second = (await post(simulator, {}, "gemini-3-flash")).json()["usageMetadata"]
    assert second["cachedContentTokenCount"] == first["promptTokenCount"]
    other = await post(simulator, {}, "gemini-3-flash", account="sim-b")
    assert "cachedContentTokenCount" not in other.json()["usageMetadata"]


async def test_counting_and_embedding(simulator):
    """countTokens takes both body forms; embeddings are vectors of the asked length."""
    plain = (await post(simulator, {}, method="countTokens")).json()["totalTokens"]
    path = "/v1/models/gemini-2.5-flash:countTokens"
    inner = {
        "model": "models/gemini-2.5-flash",
        "contents": [USER],
        "systemInstruction": {"parts": [{"text": "s"}]},
    }
    nested = await ask(simulator.base_url, path, {"generateContentRequest": inner}, HEADERS["gemini"])
    assert nested.json()["totalTokens"] > plain > 0
    path = "/v1beta/models/gemini-embedding-001:batchEmbedContents"
    one = {"model": "models/x", "content": {"parts": [{"text": "a"}]}, "outputDimensionality": 8}
    batch = await ask(simulator.base_url, path, {"requests": [one, one]}, HEADERS["gemini"])
    assert [len(vector["values"]) for vector in batch.json()["embeddings"]] == [8, 8]


async def test_models_are_listed_in_geminis_shape(simulator):
    """The list and one model, with the key in a header or in the query."""
    listed = await ask(simulator.base_url, "/v1/models", b"", HEADERS["gemini"], "GET")
    assert listed.json()["models"][0]["name"].startswith("models/gemini-")
    one = await ask(simulator.base_url, "/v1beta/models/gemini-4-neon?key=sim-a", b"", {}, "GET")
    assert one.json()["name"] == "models/gemini-4-neon"
    assert (await ask(simulator.base_url, "/v1beta/models/x", b"", HEADERS["gemini"], "GET")).status == 404
    assert (await post(simulator, {}, "claude-opus-5")).json()["error"]["status"] == "NOT_FOUND"


async def token_for(simulator, refresh_token="sim-alice"):
    form = f"grant_type=refresh_token&refresh_token={refresh_token}&client_id=i&client_secret=s"
    answer = await ask(simulator.base_url, "/token", form.encode(), {})
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


async def test_code_assist_has_an_envelope(simulator):
    """Code Assist takes {model, project, request} with a token and wraps every chunk."""
    headers = await token_for(simulator)
    envelope = {
        "model": "gemini-3-flash",
        "project": "p",
        "user_prompt_id": "u",
        "request": {"contents": [USER]},
    }
    path = "/v1internal:streamGenerateContent?alt=sse"
    answer = await ask(simulator.base_url, path, envelope, headers)
    assert all(set(event) == {"response", "traceId"} for event in answer.events())
    assert "[11]" in text_of("gemini", [event["response"] for event in answer.events()])
    assert simulator.requests[-1].account == "alice"
    without = await ask(simulator.base_url, path, envelope | {"project": ""}, headers)
    assert without.status == 403
    setup = await ask(simulator.base_url, "/v1internal:loadCodeAssist", {}, headers)
    assert setup.json()["cloudaicompanionProject"]
    onboarded = await ask(simulator.base_url, "/v1internal:onboardUser", {}, headers)
    assert onboarded.json()["done"] is True
    count = {"request": {"model": "models/gemini-3-flash", "contents": [USER]}}
    counted = await ask(simulator.base_url, "/v1internal:countTokens", count, headers)
    assert counted.json()["totalTokens"] > 0


async def test_vertex_wants_roles_and_a_token(simulator):
    """Vertex paths answer with a token, without function call ids; a content needs its role."""
    headers = await token_for(simulator)
    path = "/v1/projects/p/locations/us-central1/publishers/google/models/gemini-3-flash:generateContent"
    body = turns(user_turn({"text": "use the tool"})) | {"tools": TOOLS}
    answer = await ask(simulator.base_url, path, body, headers)
    assert "id" not in calls_of(answer.json()["candidates"][0]["content"])[0]["functionCall"]
    roleless = await ask(simulator.base_url, path, turns({"parts": [{"text": "x"}]}), headers)
    assert roleless.status == 400
    made_up = {"authorization": "Bearer made-up"}
    refused = await ask(simulator.base_url, path, turns(USER), made_up)
    assert (refused.status, refused.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


async def test_any_prefix_of_the_path_is_tolerated(simulator):
    """A base URL may have a path of its own."""
    path = "/some/base/v1beta/models/gemini-2.5-flash:generateContent"
    assert (await ask(simulator.base_url, path, turns(USER), HEADERS["gemini"])).status == 200
    unknown = await ask(simulator.base_url, "/v1beta/nowhere", turns(USER), HEADERS["gemini"])
    assert (unknown.status, unknown.json()["error"]["status"]) == (404, "NOT_FOUND")
