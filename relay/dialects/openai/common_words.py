"""Small things that both wire forms say alike: names, schemas, an error in words. PURE."""

from collections.abc import Iterable

from accounts.facts.model_facts import ModelFacts
from relay.dialects.openai.requests.fit_schemas import fit_spec, is_strict
from relay.neutral.conversation import Conversation, Json, Sampling, Text, ToolCall, digest

MAX_USER_LENGTH = 64
"""A longer ``user`` is refused."""

_SCHEMA_NAME = "answer"
_JSON_NOTE = "Answer in JSON."


def asks_for_json(conversation: Conversation, changes: list[str]) -> list[str]:
    """The system prompt's texts; with a note where JSON mode would be refused without the word JSON.

    Only the first turn is looked at besides: a note that went when somebody says the word later would change
    the beginning of the conversation, and nothing of it were read from upstream's cache.
    """
    system = [text.text for text in conversation.system if text.text]
    if not conversation.json_answer or conversation.response_schema is not None:
        return system
    said = [part.text for turn in conversation.turns[:1] for part in turn.parts if isinstance(part, Text)]
    if any("json" in text.lower() for text in [*system, *said]):
        return system
    changes.append(f"added to the system prompt: {_JSON_NOTE}")
    return [*system, _JSON_NOTE]


def reply_schema(schema: Json, changes: list[str]) -> Json:
    """An answer's schema under the name that OpenAI demands; strict where the schema allows it."""
    spec = fit_spec({"name": _SCHEMA_NAME, "schema": schema}, changes)
    strict = is_strict(spec["schema"])
    if not strict:
        changes.append("the answer's schema is not enforced: it leaves open what may be said")
    return {**spec, "strict": strict}


def error_text(text: str) -> str:
    """A failed tool's result: OpenAI has no flag for it, so the text says it."""
    return text if text[:5].lower() == "error" else f"Error: {text}"


def user_name(user_id: str) -> str:
    """``user_id``, or a stable short stand-in where it is too long."""
    return user_id if len(user_id) <= MAX_USER_LENGTH else digest(user_id)


def set_numbers(body: Json, sampling: Sampling, known: Iterable[str], changes: list[str]) -> None:
    """Put the sampling parameters that the form knows into ``body``; the others are named in ``changes``."""
    for name in sampling.__struct_fields__:
        value = getattr(sampling, name)
        if value is None:
            continue
        if name in known:
            body[name] = value
        else:
            changes.append(f"{name} dropped: OpenAI has none")


def asks_to_continue(conversation: Conversation, facts: ModelFacts, changes: list[str]) -> bool:
    """Must a user turn ask to continue the model's unfinished last turn? Otherwise it would answer anew."""
    last = conversation.turns[-1] if conversation.turns else None
    if facts.prefill or last is None or last.role != "assistant":
        return False
    if any(isinstance(part, ToolCall) for part in last.parts):
        return False
    changes.append("the model takes no prefill: a user turn asks it to continue")
    return True
