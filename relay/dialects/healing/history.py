"""A history is healed, and healed again on each later request to the same bytes (docs/behaviour.md 8).

PURE. Never changes the body it was given. What one request needed is remembered block by block: neither the
400 nor the loss of the prompt cache comes back on a later turn.
"""

from collections.abc import Collection
from typing import Any

from accounts.facts.model_facts import ModelFacts
from relay.dialects.healing.result_order import in_order
from relay.dialects.healing.signature_slots import HealedBody
from relay.dialects.healing.turn_form import TurnForm
from relay.dialects.healing.turn_names import named
from relay.neutral.conversation import Json


def heal(form: TurnForm, body: Json, facts: ModelFacts) -> HealedBody:
    """All thinking as text, the fix prompt, results behind their calls; no changes where none is needed.

    The prompt goes into the last turn that somebody says when it is the user's, else behind it.
    """
    turns = form.turns(body)
    refused = [
        (name, form.known_later(part))
        for turn in turns
        if form.speaker(turn) == "model"
        for part in form.parts(turn)
        if (name := form.refusable(part))
    ]
    if not refused and not form.heals_without_thinking:
        return HealedBody(body, (), "", ())
    last = next((at for at in reversed(range(len(turns))) if form.speaker(turns[at]) != "nobody"), None)
    prompt_turn = "" if last is None else named(form, turns)[last]
    blocks = tuple(dict.fromkeys(name for names in refused for name in names))
    healed = _healed(form, body, frozenset(blocks), frozenset([prompt_turn]))
    if healed is body:
        return HealedBody(body, (), "", ())
    what = (
        "1 thinking block or signature"
        if len(refused) == 1
        else f"{len(refused)} thinking blocks and signatures"
    )
    changes = [f"{what} taken out of the history"] if refused else []
    changes.append("the fix prompt was added")
    healed, taken = form.settled(healed, facts)
    return HealedBody(healed, blocks, prompt_turn, (*changes, taken) if taken else tuple(changes))


def heal_again(form: TurnForm, body: Json, blocks: Collection[str], prompt_turns: Collection[str]) -> Json:
    """What is remembered, done again; the very same body where nothing of it applies."""
    healed = _healed(form, body, blocks, prompt_turns)
    return body if healed is body else form.settled(healed, None)[0]


def _healed(form: TurnForm, body: Json, blocks: Collection[str], prompt_turns: Collection[str]) -> Json:
    turns = form.turns(body)
    names = named(form, turns) if any(prompt_turns) else [""] * len(turns)
    healed: list[Any] = []
    is_changed = False
    for turn, name in zip(turns, names, strict=True):
        speaker = form.speaker(turn)
        said = _without_blocks(form, turn, blocks) if speaker == "model" and blocks else [turn]
        is_prompted = bool(name) and name in prompt_turns and speaker != "nobody"
        if is_prompted and speaker == "user":
            said = [form.with_prompt(turn)]
        is_changed = is_changed or is_prompted or said != [turn]
        healed += [one for one in said if not form.is_empty(one)]
        if is_prompted and speaker != "user":
            healed.append(form.prompt())
    return {**body, form.key: in_order(form, healed)} if is_changed else body


def _without_blocks(form: TurnForm, turn: Any, blocks: Collection[str]) -> list[Any]:
    """What stands in the turn's place; itself where it holds none of the ``blocks``."""
    kept: list[Any] = []
    is_changed = False
    for part in form.parts(turn):
        name = form.refusable(part)
        if name and name in blocks:
            kept += form.as_text(part)
            is_changed = True
        else:
            kept.append(part)
    return form.with_parts(turn, kept) if is_changed else [turn]
