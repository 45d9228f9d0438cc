"""How a body is healed whose thinking signatures were refused, and healed again.

PURE. Steps 2 to 5 of behaviour section 8. Blocks and the turn of the fix prompt are found again by their
digests; what is not found is not touched.
"""

from typing import Any

from relay.dialects.gemini.carried_signatures import PLACEHOLDER
from relay.dialects.gemini.fields import field, without
from relay.dialects.gemini.turns import contents_of, is_model, is_user, parts_of
from relay.dialects.healing.fix_prompt import FIX_PROMPT
from relay.dialects.healing.result_order import in_order
from relay.dialects.healing.signature_slots import HealedBody
from relay.neutral.conversation import Json, digest


def heal(body: Json) -> HealedBody:
    """All thinking as text, placeholders on function calls, the fix prompt in the last user turn."""
    contents = contents_of(body)
    refused = [part for content in contents if is_model(content) for part in parts_of(content)]
    blocks = {known for part in refused if plain_part(part) is not part for known in _digests(part)}
    turn = _last_speaker(contents)
    prompt_turn = _turn_digest(contents, turn) if turn is not None else ""
    healed = heal_again(body, frozenset(blocks), frozenset([prompt_turn] if prompt_turn else []))
    changes = [f"{_count(refused)} thinking blocks and signatures taken out of the history"]
    if prompt_turn:
        changes.append("fix prompt added to the last user turn")
    return HealedBody(healed, tuple(sorted(blocks)), prompt_turn, tuple(changes))


def heal_again(body: Json, blocks: frozenset[str], prompt_turns: frozenset[str]) -> Json:
    """The heals remembered, done again to the same bytes; the very same object when none applies."""
    contents = contents_of(body)
    healed = [_without_blocks(content, blocks) for content in contents]
    last = _last_speaker(contents)
    is_changed = any(before is not after for before, after in zip(contents, healed, strict=True))
    for index in range(len(contents) - 1, -1, -1):
        if not isinstance(contents[index], dict) or not prompt_turns:
            continue
        if is_user(contents[index]) and _turn_digest(contents, index) in prompt_turns:
            parts = healed[index].get("parts")
            own = parts if isinstance(parts, list) else []
            healed[index] = {**healed[index], "parts": [*own, {"text": FIX_PROMPT}]}
            is_changed = True
        elif index == last and is_model(contents[index]) and _turn_digest(contents, index) in prompt_turns:
            healed.insert(index + 1, {"role": "user", "parts": [{"text": FIX_PROMPT}]})
            is_changed = True
    if not is_changed:
        return body
    said = [content for content in healed if parts_of(content) or not isinstance(content, dict)]
    return {**body, "contents": in_order(said)}


def plain_part(part: Json) -> Json | None:
    """A model's part without thinking and signature; None when nothing is left, itself when it has none."""
    if field(part, "functionCall") is not None:
        if field(part, "thoughtSignature") == PLACEHOLDER:
            return part
        return {**without(part, "thoughtSignature"), "thoughtSignature": PLACEHOLDER}
    if part.get("thought"):
        text = part.get("text")
        return {"text": text} if isinstance(text, str) and text else None
    if field(part, "thoughtSignature") is None:
        return part
    plain = without(part, "thoughtSignature")
    return plain if plain and plain != {"text": ""} else None


def _without_blocks(content: Any, blocks: frozenset[str]) -> Any:
    if not is_model(content) or not blocks:
        return content
    parts = parts_of(content)
    plain = [plain_part(part) if digest(part) in blocks else part for part in parts]
    if all(before is after for before, after in zip(parts, plain, strict=True)):
        return content
    return {**content, "parts": [part for part in plain if part is not None]}


def _digests(part: Json) -> set[str]:
    """A part's digests: as it stands, and as a client that loses signatures sends it the next time."""
    return {digest(part), digest(without(part, "thoughtSignature"))}


def _count(parts: list[Json]) -> int:
    return sum(plain_part(part) is not part for part in parts)


def _last_speaker(contents: list[Any]) -> int | None:
    """The index of the last content that somebody says."""
    spoken = [index for index, content in enumerate(contents) if is_user(content) or is_model(content)]
    return spoken[-1] if spoken else None


def _turn_digest(contents: list[Any], index: int) -> str:
    """The digest of a turn; one that was said before word for word is told apart by how often."""
    turn = contents[index]
    before = sum(1 for content in contents[:index] if content == turn)
    return digest([turn, before]) if before else digest(turn)
