"""Asking a Gemini model to continue an answer that broke off (behaviour section 7).

PURE. What was said becomes the last content, the model's: to be continued where the model does that, else
with a user's content behind it that asks for the rest.
"""

from accounts.facts.model_facts import ModelFacts
from relay.dialects.gemini.fields import field, with_field
from relay.dialects.gemini.requests.write_turns import with_user_at_end
from relay.dialects.gemini.turns import contents_of
from relay.dialects.interface import ContinuedBody
from relay.dialects.translation.notes import what_is_left
from relay.neutral.conversation import Json


def continue_answer(body: Json, said: str, tokens: int, facts: ModelFacts) -> ContinuedBody:
    """``body``, to be continued behind ``said``, which took about ``tokens``."""
    contents = [*contents_of(body), {"role": "model", "parts": [{"text": said}]}]
    going = {**body, "contents": with_user_at_end(contents, facts, [])}
    config = field(body, "generationConfig")
    limit = field(config, "maxOutputTokens") if isinstance(config, dict) else None
    if type(limit) is int:
        config = with_field(config, "maxOutputTokens", what_is_left(limit, tokens))
        going = with_field(going, "generationConfig", config)
    return ContinuedBody(going)


def wants(body: Json) -> str:
    """What the client wants that is no plain text; "" for nothing of the kind."""
    config, tools = field(body, "generationConfig"), field(body, "toolConfig")
    choice = field(tools, "functionCallingConfig") if isinstance(tools, dict) else None
    if isinstance(choice, dict) and str(choice.get("mode", "")).upper() == "ANY":
        return "a tool call"
    if not isinstance(config, dict):
        return ""
    media_type = field(config, "responseMimeType") or "text/plain"
    if media_type != "text/plain" or field(config, "responseSchema") or field(config, "responseJsonSchema"):
        return "JSON"
    candidates = field(config, "candidateCount")
    if isinstance(candidates, int) and candidates > 1:
        return "several answers"
    return "log probabilities" if field(config, "responseLogprobs") else ""
