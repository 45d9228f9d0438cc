"""Asking Anthropic to drop the thinking that it cannot read by itself (docs/behaviour.md 8.5). PURE."""

from relay.dialects.healing.signature_slots import HealedBody
from relay.neutral.conversation import Json

_BINDING_BETA = ("anthropic-beta", "thinking-binding-controls-2026-08-01")


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
