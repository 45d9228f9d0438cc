"""Claude's thinking: issued with signatures, and checked when it comes back."""

import pytest

from relay.simulator import Simulator
from tests.relay.simulator.raw import HEADERS, TOOL_SCHEMA, ask

TOOL = {"name": "get_weather", "input_schema": TOOL_SCHEMA}
BINDING = "thinking-binding-controls-2026-08-01"
INVALID = "Invalid `signature` in `thinking` block"


async def post(simulator, model, messages, *, account="sim-a", beta="", **fields):
    body = {"model": model, "max_tokens": 4000, "messages": messages} | fields
    headers = HEADERS["anthropic"] | {"x-api-key": account} | ({"anthropic-beta": beta} if beta else {})
    return await ask(simulator.base_url, "/v1/messages", body, headers)


async def first_turn(simulator, model, prompt="hello", **fields):
    """A conversation of two turns as a client would send it back, and the next question."""
    messages = [{"role": "user", "content": prompt}]
    answer = await post(simulator, model, messages, **fields)
    assert answer.status == 200, answer.json()
    content = answer.json()["content"]
    messages.append({"role": "assistant", "content": content})
    results = [
        {"type": "tool_result", "tool_use_id": block["id"], "content": "42"}
        for block in content
        if block["type"] == "tool_use"
    ]
    messages.append({"role": "user", "content": results or "and now?"})
    return messages


def message(answer):
    return answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("model", "thinking", "shown"),
    [
        ("claude-opus-5-5", None, False),
        ("claude-opus-5-5", {"type": "adaptive", "display": "summarized"}, True),
        ("claude-opus-4-6", {"type": "adaptive"}, True),
        ("claude-opus-4-6", {"type": "adaptive", "display": "omitted"}, False),
        ("claude-haiku-4-5", {"type": "enabled", "budget_tokens": 2000}, True),
        ("claude-sonnet-5-5", {"type": "between_tools"}, False),
    ],
)
async def test_thinking_is_shown_or_omitted_but_signed(simulator, model, thinking, shown):
    """Display and the model's default say whether the text is there; the signature always is."""
    fields = {"thinking": thinking} if thinking else {}
    block = (await first_turn(simulator, model, **fields))[1]["content"][0]
    assert (block["type"], bool(block["thinking"])) == ("thinking", shown)
    assert len(block["signature"]) >= 50


@pytest.mark.parametrize("thinking", [None, {"type": "disabled"}])
async def test_no_thinking_where_it_is_off(simulator, thinking):
    """A model whose thinking is off by default, or switched off, does not think."""
    fields = {"thinking": thinking} if thinking else {}
    content = (await first_turn(simulator, "claude-opus-4-8", **fields))[1]["content"]
    assert [block["type"] for block in content] == ["text"]


@pytest.mark.parametrize(
    "model", ["claude-opus-4-6", "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-4-5"]
)
async def test_thinking_comes_back_unchanged_and_is_accepted(simulator, model):
    """Over several turns with tools, what was issued passes; nothing about it is dropped."""
    kind = {"type": "enabled", "budget_tokens": 2000} if model == "claude-haiku-4-5" else {"type": "adaptive"}
    messages = await first_turn(simulator, model, "use the tool 2 times", tools=[TOOL], thinking=kind)
    for _ in range(2):
        answer = await post(simulator, model, messages, tools=[TOOL], thinking=kind)
        assert answer.status == 200, answer.json()
        content = answer.json()["content"]
        ids = [block["id"] for block in content if block["type"] == "tool_use"]
        results = [{"type": "tool_result", "tool_use_id": one, "content": "42"} for one in ids]
        messages += [
            {"role": "assistant", "content": content},
            {"role": "user", "content": results or "thanks"},
        ]
    assert "The tool said: 42" in content[-1]["text"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"signature": "made up"}, f"messages.1.content.0: {INVALID}"),
        ({"signature": "QUJD" * 20}, f"messages.1.content.0: {INVALID}"),
        ({"thinking": "something else"}, f"messages.1.content.0: {INVALID}"),
        ({"signature": None}, "messages.1.content.0.thinking.signature: Field required"),
        ({"thinking": None}, "messages.1.content.0.thinking.thinking: Field required"),
    ],
)
async def test_a_signature_that_was_not_issued_is_refused(simulator, change, expected):
    """Invented, changed or missing signatures, and changed text, are 400s in the API's words."""
    messages = await first_turn(simulator, "claude-opus-4-6", thinking={"type": "adaptive"})
    messages[1]["content"][0] |= change
    answer = await post(simulator, "claude-opus-4-6", messages)
    assert (answer.status, message(answer)) == (400, expected)


async def test_redacted_thinking_is_checked_too(simulator):
    """``[say: redacted]`` gives a redacted block; with other data it is refused."""
    messages = await first_turn(simulator, "claude-opus-5", "[say: redacted] hello")
    block = messages[1]["content"][0]
    assert block["type"] == "redacted_thinking"
    assert (await post(simulator, "claude-opus-5", messages)).status == 200
    block["data"] = "made up"
    refused = await post(simulator, "claude-opus-5", messages)
    assert "Invalid `data` in `redacted_thinking` block" in message(refused)


async def test_a_gemini_signature_is_no_claude_signature(simulator):
    """A signature of another family is invalid here."""
    body = {"contents": [{"role": "user", "parts": [{"text": "x"}]}]}
    path = "/v1beta/models/gemini-3-flash:generateContent"
    gemini = (await ask(simulator.base_url, path, body, HEADERS["gemini"])).json()
    signature = gemini["candidates"][0]["content"]["parts"][-1]["thoughtSignature"]
    messages = await first_turn(simulator, "claude-opus-5")
    messages[1]["content"][0]["signature"] = signature
    assert INVALID in message(await post(simulator, "claude-opus-5", messages))


async def test_another_conversation_is_refused_by_models_that_preserve_thinking(simulator):
    """Opus 5.5 refuses thinking after an edited prefix, with the exact words; Opus 5 does not look."""
    for model, status in (("claude-opus-5-5", 400), ("claude-opus-5", 200)):
        messages = await first_turn(simulator, model)
        messages[0] = {"role": "user", "content": "edited"}
        answer = await post(simulator, model, messages)
        assert answer.status == status
        if status == 400:
            assert message(answer) == (
                f"messages.1.content.0: {INVALID}. The block is bound to a different conversation. Remove "
                "the "
                'block, or set `thinking.block_binding.prefix_mismatch_behavior` to "drop_block".'
            )


@pytest.mark.parametrize(
    "change",
    [
        lambda fields: fields | {"system": "new"},
        lambda fields: fields | {"tools": [TOOL]},
    ],
)
async def test_system_and_tools_belong_to_the_prefix(simulator, change):
    """A changed system prompt or tool list unbinds the thinking too; cache marks do not."""
    messages = await first_turn(simulator, "claude-opus-5-5")
    assert (await post(simulator, "claude-opus-5-5", messages, **change({}))).status == 400
    messages[0] = {
        "role": "user",
        "content": [{"type": "text", "text": "hello", "cache_control": {"type": "ephemeral"}}],
    }
    assert (await post(simulator, "claude-opus-5-5", messages)).status == 200


async def test_drop_block_drops_and_tells(simulator):
    """With drop_block and its beta the request passes, the block is told as dropped and not billed."""
    messages = await first_turn(simulator, "claude-opus-5-5")
    kept = (await post(simulator, "claude-opus-5-5", messages)).json()["usage"]["input_tokens"]
    messages[0] = {"role": "user", "content": "hellO"}
    binding = {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}}
    answer = (await post(simulator, "claude-opus-5-5", messages, thinking=binding, beta=BINDING)).json()
    assert answer["input_transformations"] == [
        {"type": "thinking_dropped", "path": "messages.1.content.0", "reason": "prefix_binding_mismatch"}
    ]
    assert answer["usage"]["input_tokens"] < kept


@pytest.mark.outside
async def test_the_prefix_check_can_be_off():
    """Accounts from before the check are simulated by ``enforces_prefix=False``."""
    async with Simulator(enforces_prefix=False) as simulator:
        messages = await first_turn(simulator, "claude-opus-5-5")
        messages[0] = {"role": "user", "content": "edited"}
        assert (await post(simulator, "claude-opus-5-5", messages)).status == 200


@pytest.mark.parametrize(("model", "bound"), [("claude-sonnet-5-5", True), ("claude-opus-5-5", False)])
async def test_account_bound_thinking_vanishes_in_silence(simulator, model, bound):
    """On another account a bound block costs no tokens and is not told of; an unbound one stays."""
    messages = await first_turn(simulator, model)
    own = await post(simulator, model, messages, beta=BINDING)
    other = await post(simulator, model, messages, account="sim-b", beta=BINDING)
    assert other.json()["input_transformations"] == []
    saved = own.json()["usage"]["input_tokens"] - other.json()["usage"]["input_tokens"]
    assert (saved > 0) is bound


async def test_another_models_thinking_is_dropped(simulator):
    """A model that cannot read a block drops it and says so; a reader keeps it."""
    messages = await first_turn(simulator, "claude-opus-5")
    dropped = await post(simulator, "claude-opus-4-8", messages, beta=BINDING)
    assert [one["reason"] for one in dropped.json()["input_transformations"]] == ["model_binding_mismatch"]
    first = await first_turn(simulator, "claude-haiku-5-5")
    read = await post(simulator, "claude-opus-5", first, beta=BINDING)
    assert read.json()["input_transformations"] == []


@pytest.mark.parametrize(("found", "strip"), [("text", 1), ("tool_use", 2)])
async def test_budgeted_thinking_wants_thinking_before_its_tool_calls(simulator, found, strip):
    """With ``enabled`` thinking the answered tool turn must begin with thinking; adaptive does not care."""
    enabled = {"type": "enabled", "budget_tokens": 2000}
    messages = await first_turn(simulator, "claude-opus-4-6", "use the tool", tools=[TOOL], thinking=enabled)
    messages[1]["content"] = messages[1]["content"][strip:]
    refused = await post(simulator, "claude-opus-4-6", messages, tools=[TOOL], thinking=enabled)
    assert message(refused).startswith(
        f"messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{found}`."
    )
    adaptive = await post(simulator, "claude-opus-4-6", messages, tools=[TOOL], thinking={"type": "adaptive"})
    assert adaptive.status == 200


async def test_a_history_without_thinking_is_always_legal(simulator):
    """Removing every thinking block is accepted by the strictest model."""
    messages = await first_turn(simulator, "claude-opus-5-5")
    messages[1]["content"] = messages[1]["content"][1:]
    assert (await post(simulator, "claude-opus-5-5", messages)).status == 200
