"""Reads an Anthropic conversation: its running digest, and whether its thinking may stand where it does.

Three things can be wrong with a thinking block: a signature that nobody issued (400), another
conversation before it (400, or dropped where ``drop_block`` is asked), and a model or account that
cannot read it (dropped in silence: the input merely costs fewer tokens).
"""

from dataclasses import dataclass, field
from typing import Any

from relay.simulator.anthropic.fields import thinking_type
from relay.simulator.anthropic.history import blocks_of, merged_turns
from relay.simulator.anthropic.rules import ClaudeRules, rules_for
from relay.simulator.dialect import Inbound
from relay.simulator.faults.refused import OrderedRefusal
from relay.simulator.model.prefix import Point, Prefix
from relay.simulator.model.signatures import NotBase64Error, SignatureSeal, digest, read

Json = dict[str, Any]

FAMILY = "claude"
_THINKING_TOKENS = 40  # a block's cost as input, whatever of it is shown
_MEDIA_TOKENS = 250
MOST_BREAKPOINTS = 4


@dataclass(slots=True)
class ReadHistory:
    """What was read: the digest of all of it, the cache breakpoints, and what was dropped and told.

    ``ahead`` is how many of the prefix's points are of tools and system, before the messages.
    """

    prefix: Prefix = field(default_factory=Prefix)
    breakpoints: list[Point] = field(default_factory=list)
    transformations: list[Json] = field(default_factory=list)
    ahead: int = 0


def read_conversation(inbound: Inbound, rules: ClaudeRules) -> ReadHistory:
    """Digest tools, system and messages, and check every thinking block on the way. Raises Refused."""
    body = inbound.body
    _check_order(body, rules)
    conversation = ReadHistory()
    for tool in body.get("tools") or []:
        _add(conversation, ["tool", without_cache_marks(tool)], tool)
    for block in blocks_of(body.get("system") or []):
        _add(conversation, ["system", block.get("text")], block)
    conversation.ahead = len(conversation.prefix.points)
    for position, message in enumerate(body["messages"]):
        for index, block in enumerate(blocks_of(message["content"])):
            path = f"messages.{position}.content.{index}"
            tokens = None
            if block["type"] in ("thinking", "redacted_thinking"):
                kept = _is_kept(block, path, conversation, inbound, rules)
                tokens = _THINKING_TOKENS if kept else 0
            elif block["type"] in ("image", "document"):
                tokens = _MEDIA_TOKENS
            _add(conversation, canonical(message["role"], block), block, tokens)
    if body.get("cache_control") and conversation.prefix.points:
        conversation.breakpoints.append(conversation.prefix.points[-1])
    if (found := len(conversation.breakpoints)) > MOST_BREAKPOINTS:
        raise OrderedRefusal(
            400,
            f"A maximum of {MOST_BREAKPOINTS} blocks with cache_control may be provided. Found {found}.",
        )
    return conversation


def canonical(role: str, block: Json) -> list[Any]:
    """A block as the digest knows it: the same however a client writes it back."""
    match block["type"]:
        case "text":
            return [role, "text", block["text"]]
        case "thinking" | "redacted_thinking":
            return [role, "thinking", block.get("signature") or block.get("data")]
        case "tool_use":
            return [role, "tool_use", block["id"], block["name"], block["input"]]
        case "tool_result":
            inner = [canonical(role, one) for one in blocks_of(block.get("content") or [])]
            return [role, "tool_result", block["tool_use_id"], bool(block.get("is_error")), inner]
        case _:
            return [role, without_cache_marks(block)]


def without_cache_marks(value: Any) -> Any:
    """``value`` without ``cache_control`` and without nulls, at any depth."""
    if isinstance(value, dict):
        return {k: without_cache_marks(v) for k, v in value.items() if k != "cache_control" and v is not None}
    if isinstance(value, list):
        return [without_cache_marks(one) for one in value]
    return value


def drops_mismatches(body: Json) -> bool:
    """Whether the request asks to drop thinking of another conversation instead of refusing it."""
    binding = (body.get("thinking") or {}).get("block_binding") or {}
    return bool(binding.get("prefix_mismatch_behavior") == "drop_block")


def _add(conversation: ReadHistory, item: list[Any], source: Json, tokens: int | None = None) -> None:
    conversation.prefix.add(item, tokens)
    if source.get("cache_control"):
        conversation.breakpoints.append(conversation.prefix.points[-1])


def _check_order(body: Json, rules: ClaudeRules) -> None:
    """With budgeted thinking, the turn whose tool calls are being answered begins with thinking."""
    if thinking_type(body, rules) != "enabled":
        return
    turns = list(merged_turns(body["messages"]))
    if len(turns) < 2 or turns[-1][1][0][2]["type"] != "tool_result":
        return
    position, _, first = turns[-2][1][0]
    if first["type"] not in ("thinking", "redacted_thinking"):
        raise OrderedRefusal(
            400,
            f"messages.{position}.content.0.type: Expected `thinking` or `redacted_thinking`, but found "
            f"`{first['type']}`. When `thinking` is enabled, a final `assistant` message must start with a "
            "thinking block (preceding the lastmost set of `tool_use` and `tool_result` blocks). To avoid "
            "this requirement, disable `thinking`.",
        )


def _is_kept(block: Json, path: str, conversation: ReadHistory, inbound: Inbound, rules: ClaudeRules) -> bool:
    seal = _seal(block, path)
    produced_by = rules_for(seal.model)
    readers = produced_by.readers if produced_by else ()
    if seal.model != inbound.base_model and not any(
        reader == "*" or inbound.base_model.startswith(reader) for reader in readers
    ):
        conversation.transformations.append(_dropped(path, "model_binding_mismatch"))
        return False
    if produced_by and produced_by.account_bound and seal.account != inbound.account:
        return False  # measured: not even told
    asked = "prefix_mismatch_behavior" in ((inbound.body.get("thinking") or {}).get("block_binding") or {})
    checked = rules.prefix_checked and (inbound.options.enforces_prefix or asked)
    if checked and seal.prefix != conversation.prefix.digest:
        if not drops_mismatches(inbound.body):
            raise bound_elsewhere(path)
        conversation.transformations.append(_dropped(path, "prefix_binding_mismatch"))
        return False
    return True


def _seal(block: Json, path: str) -> SignatureSeal:
    if block["type"] == "redacted_thinking":
        value, shown = block.get("data"), ""
        refusal = OrderedRefusal(400, f"{path}: Invalid `data` in `redacted_thinking` block")
    else:
        for name in ("signature", "thinking"):
            if not isinstance(block.get(name), str):
                raise OrderedRefusal(400, f"{path}.thinking.{name}: Field required")
        value, shown = block["signature"], block["thinking"]
        refusal = invalid_signature(path)
    try:
        seal = read(value) if isinstance(value, str) else None
    except NotBase64Error:
        seal = None
    if seal is None or seal.family != FAMILY or (shown and seal.content != digest(shown.encode())):
        raise refusal
    return seal


def invalid_signature(path: str) -> OrderedRefusal:
    """The refusal of a signature that was never issued, or not for this text."""
    return OrderedRefusal(400, f"{path}: Invalid `signature` in `thinking` block")


def bound_elsewhere(path: str) -> OrderedRefusal:
    """The refusal of a thought from another conversation, with the offer to drop it."""
    return OrderedRefusal(
        400,
        f"{path}: Invalid `signature` in `thinking` block. The block is bound to a different conversation. "
        'Remove the block, or set `thinking.block_binding.prefix_mismatch_behavior` to "drop_block".',
    )


def _dropped(path: str, reason: str) -> Json:
    return {"type": "thinking_dropped", "path": path, "reason": reason}


def first_thinking_path(messages: Any) -> str:
    """Where the first thinking block stands, for a refusal that was ordered; a likely place without one."""
    for position, message in enumerate(messages if isinstance(messages, list) else []):
        content = message.get("content") if isinstance(message, dict) else None
        for index, block in enumerate(content if isinstance(content, list) else []):
            if isinstance(block, dict) and block.get("type") == "thinking":
                return f"messages.{position}.content.{index}"
    return "messages.1.content.0"
