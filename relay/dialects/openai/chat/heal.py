"""A chat completions body, healed: reasoning in its history becomes plain text. PURE.

OpenAI's own chat completions take no reasoning back. Compatible servers in front of other vendors'
models do (``reasoning_content``, ``reasoning``, ``reasoning_details``; Google's ``extra_content``), and
pass their refusals on.
"""

from collections.abc import Collection, Iterator

from relay.dialects.healing.fix_prompt import FIX_PROMPT
from relay.dialects.healing.signature_slots import HealedBody
from relay.dialects.healing.turn_names import named, positions
from relay.dialects.openai.chat.blocks import reasoning_text
from relay.neutral.conversation import Json, digest

_REASONING = ("reasoning_content", "reasoning", "reasoning_details")
SKIP_VALIDATOR = "skip_thought_signature_validator"
"""Google's documented stand-in for a signature on a function call (docs/wire.md section 2.3)."""

_PROMPT_PART = {"type": "text", "text": FIX_PROMPT}


def heal(body: Json) -> HealedBody:
    """The body without reasoning, and what is to be remembered of the heal."""
    messages: list[Json] = body["messages"]
    refused = [digest(block) for message in messages if (block := _refused(message))]
    if not refused:
        return HealedBody(body, (), "", ())
    at = _prompt_position(messages)
    healed = _healed(messages, frozenset(refused), {at} if at is not None else set())
    if at is None:
        healed.append({"role": "user", "content": [_PROMPT_PART]})
    changes = (f"thinking of {len(refused)} turns became text", "fix prompt added")
    prompt_turn = named(messages)[at] if at is not None else ""
    return HealedBody({**body, "messages": healed}, tuple(dict.fromkeys(refused)), prompt_turn, changes)


def heal_again(body: Json, blocks: Collection[str], prompt_turns: Collection[str]) -> Json:
    """The heals remembered, done again; the very same object when none applies."""
    messages: list[Json] = body["messages"]
    at = positions(messages, prompt_turns)
    has_refused = any((block := _refused(message)) and digest(block) in blocks for message in messages)
    if not at and not has_refused:
        return body
    return {**body, "messages": _healed(messages, blocks, at)}


def _refused(message: Json) -> Json:
    """What a server may refuse of an assistant message: its reasoning, and its calls' signatures."""
    if message.get("role") != "assistant":
        return {}
    block = {key: message[key] for key in _REASONING if message.get(key)}
    signed = [[call.get("id"), _signature(call)] for call in _calls(message) if _signature(call)]
    if signed:
        block["signed_calls"] = signed
    return block


def _calls(message: Json) -> list[Json]:
    told = message.get("tool_calls")
    return [call for call in told if isinstance(call, dict)] if isinstance(told, list) else []


def _signature(call: Json) -> str:
    match call:
        case {"extra_content": {"google": {"thought_signature": str(signature)}}}:
            return signature
        case _:
            return ""


def _prompt_position(messages: list[Json]) -> int | None:
    """The last turn, system turns aside, if it is not the model's."""
    for index in range(len(messages) - 1, -1, -1):
        role = messages[index].get("role")
        if role not in ("system", "developer"):
            return index if role in ("user", "tool", "function") else None
    return None


def _healed(messages: list[Json], blocks: Collection[str], at: set[int]) -> list[Json]:
    out: list[Json] = []
    for index, message in enumerate(messages):
        block = _refused(message)
        kept = _as_text(message) if block and digest(block) in blocks else message
        if index not in at:
            out.append(kept)
        elif message.get("role") == "user":
            out.append({**kept, "content": [*_parts(kept.get("content")), _PROMPT_PART]})
        else:
            out += [kept, {"role": "user", "content": [_PROMPT_PART]}]
    return list(_in_order([message for message in out if not _is_empty(message)]))


def _as_text(message: Json) -> Json:
    """An assistant message whose reasoning stands before its words, as one of them."""
    thought = next((text for key in _REASONING if (text := reasoning_text(message.get(key)))), "")
    plain = {key: value for key, value in message.items() if key not in _REASONING}
    if thought:
        content = plain.get("content")
        if isinstance(content, list):
            plain["content"] = [{"type": "text", "text": thought}, *content]
        else:
            plain["content"] = f"{thought}\n\n{content}" if content else thought
    if calls := _calls(plain):
        plain["tool_calls"] = [_without_signature(call) for call in calls]
    return plain


def _without_signature(call: Json) -> Json:
    if not _signature(call):
        return call
    extra = call["extra_content"]
    google = {**extra["google"], "thought_signature": SKIP_VALIDATOR}
    return {**call, "extra_content": {**extra, "google": google}}


def _parts(content: object) -> list[Json]:
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if content else []


def _is_empty(message: Json) -> bool:
    return message.get("role") == "assistant" and not any(
        message.get(key) for key in ("content", "tool_calls", "function_call", "refusal", "audio")
    )


def _in_order(messages: list[Json]) -> Iterator[Json]:
    """Tool results directly behind the calls that they answer."""
    moved: set[int] = set()
    for index, message in enumerate(messages):
        if index in moved:
            continue
        yield message
        for call in _calls(message):
            at = _answer_to(call.get("id"), messages, index, moved)
            if at is not None:
                moved.add(at)
                yield messages[at]


def _answer_to(call_id: object, messages: list[Json], called_at: int, moved: set[int]) -> int | None:
    """Where the answer to a call stands; not beyond the next call of the same id."""
    for index in range(called_at + 1, len(messages)):
        message = messages[index]
        if message.get("role") == "tool" and message.get("tool_call_id") == call_id and index not in moved:
            return index
        if any(call.get("id") == call_id for call in _calls(message)):
            return None
    return None
