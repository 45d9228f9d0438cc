"""Asking for the rest of an answer that broke off, in Responses (behaviour section 7). PURE.

What was said becomes the model's last message, with a user's behind it that asks for the rest where the model
does not continue its own.
"""

from accounts.facts.model_facts import ModelFacts
from relay.dialects.interface import ContinuedBody
from relay.dialects.openai.responses.requests.fit import MIN_OUTPUT_TOKENS
from relay.dialects.openai.responses.turn_form import items_of
from relay.dialects.translation.notes import CONTINUE, what_is_left
from relay.neutral.conversation import Json


def continue_answer(body: Json, said: str, tokens: int, facts: ModelFacts) -> ContinuedBody:
    """``body``, to be continued behind ``said``, which took about ``tokens``."""
    items = [*items_of(body), _message("assistant", "output_text", said)]
    if not facts.prefill:
        items.append(_message("user", "input_text", CONTINUE))
    going = {**body, "input": items}
    limit = body.get("max_output_tokens")
    if type(limit) is int:
        going["max_output_tokens"] = what_is_left(limit, tokens, MIN_OUTPUT_TOKENS)
    return ContinuedBody(going)


def wants(body: Json) -> str:
    """What the client wants that is no plain text; "" for nothing of the kind.

    Who has upstream keep the conversation gets an answer there that broke off, whatever is made of it here.
    """
    text, choice = body.get("text"), body.get("tool_choice")
    wanted = text.get("format") if isinstance(text, dict) else None
    if isinstance(wanted, dict) and wanted.get("type", "text") != "text":
        return "JSON"
    if choice is not None and choice not in ("auto", "none"):
        return "a tool call"
    if body.get("previous_response_id") or body.get("conversation"):
        return "a conversation that upstream keeps"
    return "log probabilities" if body.get("top_logprobs") else ""


def _message(role: str, kind: str, text: str) -> Json:
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}
