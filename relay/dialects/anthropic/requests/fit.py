"""An Anthropic body, fitted to a Claude model: what the model refuses is mapped to the nearest, or dropped.

PURE. The one place for these rules: a body that was mapped from another Claude model comes through here, and
so does one that was written out of another dialect. Each change is named. Which model refuses what is data
(ModelFacts); an unknown field is upstream's to judge.
"""

from accounts.facts.model_facts import ModelFacts
from relay.dialects.anthropic.requests.fit_schemas import fit_schemas
from relay.dialects.anthropic.requests.fit_thinking import (
    fit_thinking,
    is_thinking,
    switch_off,
    thinking_type,
)
from relay.dialects.anthropic.requests.turn_edits import (
    last_spoken_index,
    with_text_at,
    without_unopened_thinking,
)
from relay.dialects.anthropic.wire_messages import blocks_of, messages_of, type_of
from relay.dialects.translation.notes import CONTINUE, system_note
from relay.neutral.conversation import Json

_SAMPLING = ("temperature", "top_p", "top_k")
_SMALLEST_TOP_P_WITH_THINKING = 0.95
# A trailing turn of the model's that ends so is no prefill: the API continues it (pause_turn).
_CONTINUED = ("server_tool_use", "mcp_tool_use", "tool_use", "compaction")


def fit(body: Json, model: str, facts: ModelFacts, changes: list[str]) -> Json:
    """A client's own body for ``model``; ``changes`` gets what was mapped or dropped. Never raises."""
    return fit_model(fit_schemas(body, changes), model, facts, changes)


def fit_model(body: Json, model: str, facts: ModelFacts, changes: list[str]) -> Json:
    """``body`` for ``model``; ``changes`` gets what was mapped or dropped. Never raises."""
    body = {**body, "model": model}
    body = _limit(body, facts, changes)
    body = fit_thinking(body, facts, changes)
    body = _history(body, changes)
    body = _tool_choice(body, facts, changes)
    body = _sampling(body, facts, changes)
    if isinstance(body.get("messages"), list):
        body = _system_turns(body, facts, changes)
        body = fit_prefill(body, facts, changes)
    return body


def _limit(body: Json, facts: ModelFacts, changes: list[str]) -> Json:
    limit = body.get("max_tokens")
    if type(limit) is not int or limit <= facts.max_output_tokens:
        return body
    changes.append(f"max_tokens {limit} became {facts.max_output_tokens}")
    return {**body, "max_tokens": facts.max_output_tokens}


def _history(body: Json, changes: list[str]) -> Json:
    """Without ``enabled`` thinking where the history, which another model made, does not allow it."""
    if thinking_type(body) != "enabled":
        return body
    fitted = without_unopened_thinking(body)
    if fitted is not body:
        changes.append("thinking left out: the last turn has tool calls and no thinking")
    return fitted


def _sampling(body: Json, facts: ModelFacts, changes: list[str]) -> Json:
    given = {name: body[name] for name in _SAMPLING if body.get(name) is not None}
    if not given:
        return body
    match facts.sampling:
        case "refused" | "default_only":
            gone = list(given)
        case _:
            gone = _conflicting(given, is_thinking(body, facts))
    if not gone:
        return body
    # 1 is the default of temperature and top_p: to leave it out changes nothing.
    changes += [f"{name} dropped" for name in gone if name == "top_k" or given[name] != 1]
    return {key: value for key, value in body.items() if key not in gone}


def _conflicting(given: Json, thinks: bool) -> list[str]:
    """What may not stand beside thinking, or (top_p) beside a temperature."""
    gone: list[str] = []
    if thinks:
        gone += [name for name in ("temperature", "top_k") if name in given and given[name] != 1]
        top_p = given.get("top_p")
        if isinstance(top_p, int | float) and top_p < _SMALLEST_TOP_P_WITH_THINKING:
            gone.append("top_p")
    if "top_p" in given and "temperature" in given and not {"top_p", "temperature"} & set(gone):
        gone.append("top_p")
    return gone


def _tool_choice(body: Json, facts: ModelFacts, changes: list[str]) -> Json:
    choice = body.get("tool_choice")
    if not isinstance(choice, dict) or choice.get("type") not in ("any", "tool"):
        return body
    if facts.forced_tool_choice == "yes":
        return body
    if facts.forced_tool_choice == "not_with_thinking":
        if is_thinking(body, facts):
            return switch_off(body, facts, changes, "the model takes no forced tool choice with it")
        return body
    name = choice.get("name")
    free = {key: value for key, value in choice.items() if key not in ("type", "name")}
    changes.append(f"tool_choice {choice['type']} became auto and an instruction")
    body = {**body, "tool_choice": {"type": "auto", **free}}
    return instructed(body, f"Answer with a call of the tool {name}." if name else "Answer with a tool call.")


def instructed(body: Json, text: str) -> Json:
    """``body`` with an instruction for this answer alone, in the last user turn: no earlier turn changes."""
    messages = messages_of(body)
    index = last_spoken_index(messages)
    return {**body, "messages": with_text_at(messages, index, text)} if index >= 0 else body


def _system_turns(body: Json, facts: ModelFacts, changes: list[str]) -> Json:
    """System turns between the others, where they may stand: as the last turn or before the model's."""
    messages = messages_of(body)
    if all(message.get("role") != "system" for message in messages):
        return body
    fitted: list[Json] = []
    is_changed = False
    for message, after in zip(messages, [*messages[1:], None], strict=True):
        if message.get("role") != "system" or (facts.system_turns and _is_placed(fitted[-1:], after)):
            fitted.append(message)
            continue
        is_changed = True
        blocks = blocks_of(message.get("content"))
        noted = [_note(block) for block in blocks if type_of(block) == "text"]
        if noted:
            fitted.append({"role": "user", "content": noted})
        if len(noted) < len(blocks):
            changes.append("changes of the tools in a system turn dropped")
    if not is_changed:
        return body
    changes.append("system turns became notes in the user's turn")
    return {**body, "messages": fitted}


def _is_placed(before: list[Json], after: Json | None) -> bool:
    """May a system turn stand here: behind the user, or what the model's own server tools continue."""
    if not before or (after is not None and after.get("role") != "assistant"):
        return False
    return before[0].get("role") == "user" or _is_continued(before[0])


def _note(block: Json) -> Json:
    return {**block, "text": system_note(block.get("text", ""))}


def _is_continued(message: Json) -> bool:
    """Does this turn of the model's end in a call that its API continues?"""
    last = "".join(type_of(block) for block in blocks_of(message.get("content"))[-1:])
    return last in _CONTINUED or last.endswith("_tool_result")


def fit_prefill(body: Json, facts: ModelFacts, changes: list[str]) -> Json:
    """A turn of the model's at the end, to be continued; where that is refused, the user asks for it."""
    messages = messages_of(body)
    if not messages or messages[-1].get("role") != "assistant":
        return body
    if facts.prefill and not is_thinking(body, facts):
        return body
    if _is_continued(messages[-1]):
        return body
    changes.append("the unfinished last turn is continued on the user's request: the model takes no prefill")
    return {**body, "messages": with_text_at(messages, len(messages) - 1, CONTINUE)}
