"""How a history is healed whose thinking signatures upstream refused (behaviour section 8).

PURE. Never changes the body it was given. What one request needed is remembered block by block:
``heal_again`` makes the same bytes out of the same blocks on every later turn, so that neither the 400 nor
the loss of the prompt cache comes back.
"""

from collections import Counter
from typing import Any

from accounts.facts.model_facts import ModelFacts
from relay.dialects.anthropic.block_order import in_order
from relay.dialects.anthropic.fit_thinking import thinking_type
from relay.dialects.anthropic.turn_edits import (
    last_spoken_index,
    with_text_at,
    without_unopened_thinking,
)
from relay.dialects.anthropic.wire_messages import (
    THINKING_TYPES,
    blocks_of,
    digest_of_turn,
    messages_of,
    type_of,
)
from relay.dialects.healing.fix_prompt import FIX_PROMPT
from relay.dialects.healing.signature_slots import HealedBody
from relay.neutral.conversation import Json, digest

_BINDING_BETA = ("anthropic-beta", "thinking-binding-controls-2026-08-01")


def heal(body: Json, facts: ModelFacts) -> HealedBody:
    """Steps 2 to 5: all thinking as text, the fix prompt, the block order, no thinking where it is refused.

    ``prompt_turn`` is the digest of the last turn that is no system turn: the prompt was put into it, or
    behind it when it is the model's.
    """
    messages = messages_of(body)
    blocks = [digest(block) for message in messages for block in _thinking_in(message)]
    last = last_spoken_index(messages)
    prompt_turn = _turn_digests(messages)[last] if last >= 0 else ""
    healed = heal_again(body, frozenset(blocks), frozenset([prompt_turn]))
    if "enabled" in facts.thinking_modes and thinking_type(healed) == "adaptive":
        healed = without_unopened_thinking(healed)
    changes = [f"{len(blocks)} thinking blocks became text or were dropped"] if blocks else []
    changes.append("the fix prompt was added")
    if "thinking" in body and "thinking" not in healed:
        changes.append("thinking left out of this request: its last turn has tool calls and no thinking")
    return HealedBody(healed, tuple(dict.fromkeys(blocks)), prompt_turn, tuple(changes))


def heal_again(body: Json, blocks: frozenset[str], prompt_turns: frozenset[str]) -> Json:
    """The heals remembered, done again; the very same body when none of them applies."""
    messages = messages_of(body)
    demoted = [_demoted(message, blocks) for message in messages]
    prompted = [
        index
        for index, turn in enumerate(_turn_digests(messages) if prompt_turns else ())
        if turn in prompt_turns
    ]
    if not prompted and all(old is new for old, new in zip(messages, demoted, strict=True)):
        return body
    for index in reversed(prompted):
        demoted = with_text_at(demoted, index, FIX_PROMPT)
    healed = {**body, "messages": in_order(demoted)}
    return without_unopened_thinking(healed) if thinking_type(body) == "enabled" else healed


def drop_blocks(body: Json) -> HealedBody | None:
    """The body that asks upstream to drop what it cannot read itself, with the beta header that this takes.

    None where the thinking configuration has no place for it, or asks for it already.
    """
    thinking = body.get("thinking")
    if thinking is None:
        thinking = {"type": "adaptive"}  # the default of every model that binds blocks
    if not isinstance(thinking, dict) or thinking.get("type") != "adaptive":
        return None
    told = thinking.get("block_binding")
    binding: Json = {**(told if isinstance(told, dict) else {}), "prefix_mismatch_behavior": "drop_block"}
    if binding == told:
        return None
    return HealedBody(
        {**body, "thinking": {**thinking, "block_binding": binding}},
        blocks=(),
        prompt_turn="",
        changes=("upstream drops the thinking blocks that it cannot read",),
        headers=(_BINDING_BETA,),
    )


def _thinking_in(message: Json) -> list[Any]:
    if message.get("role") != "assistant":
        return []
    return [block for block in blocks_of(message.get("content")) if type_of(block) in THINKING_TYPES]


def _demoted(message: Json, blocks: frozenset[str]) -> Json:
    """``message`` with those thinking blocks as text; the same object when it has none of them."""
    refused = {id(block) for block in _thinking_in(message) if digest(block) in blocks}
    if not refused:
        return message
    content: list[Any] = []
    for block in message["content"]:
        content += demoted_block(block) if id(block) in refused else [block]
    return {**message, "content": content}


def demoted_block(block: Json) -> list[Json]:
    """A thinking block as plain text; none where it says nothing that can be read."""
    thought = block.get("thinking")
    return [{"type": "text", "text": thought}] if isinstance(thought, str) and thought.strip() else []


def _turn_digests(messages: list[Json]) -> list[str]:
    """Each turn's digest; one that was said before word for word is told apart by how often it was."""
    seen: Counter[str] = Counter()
    digests = []
    for message in messages:
        plain = digest_of_turn(message)
        digests.append(digest([plain, seen[plain]]) if seen[plain] else plain)
        seen[plain] += 1
    return digests
