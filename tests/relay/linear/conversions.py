"""A client's request on its way to an upstream of its own dialect, and of another: each step of it."""

from accounts.facts.known_models import facts_for
from accounts.facts.model_facts import ModelFacts
from relay.dialects.errors.refused_parameters import REMOVABLE, ROWS
from relay.dialects.interface import Dialect
from relay.dialects.names.aliases import aliased
from relay.dialects.translation.paired_calls import paired
from relay.neutral.conversation import Json

MODELS = {
    "anthropic": "claude-opus-4-6",
    "gemini": "gemini-3-flash-preview",
    "chat": "gpt-5.1",
    "responses": "gpt-5.1",
}
TAKEN_BACK = sorted({*REMOVABLE, *(row.taken_back for row in ROWS)})


def to_its_own(dialect: Dialect, model: str, body: Json) -> tuple[ModelFacts, Json]:
    """To an upstream of the same dialect, for another model; the model's facts, and the body."""
    facts = facts_for(model)
    body = dialect.mend(body, [])
    body = dialect.as_stream(dialect.fit(body, model, facts, []))
    body = dialect.known_form(body, facts)
    for name in TAKEN_BACK:
        dialect.take_back(body, name)
    dialect.thinks_unseen(body, facts)
    dialect.hides_thinking(body)
    dialect.wants(body)
    return facts, dialect.continue_answer(body, "said", 9, facts).body


def to_another(dialect: Dialect, other: Dialect, model: str, body: Json) -> Json:
    """To an upstream of another dialect; raises BadRequest, CannotCarry."""
    changes: list[str] = []
    conversation = paired(dialect.read(body), changes)
    conversation, _ = aliased(conversation, other.tool_names, other.property_names, changes)
    facts = facts_for(model)
    return other.known_form(other.as_stream(other.write(conversation, model, facts, changes)), facts)
