"""Asking for the rest of an answer that broke off, in chat completions (behaviour section 7). PURE.

What was said becomes the model's last message: to be continued where the model does that, else with a user's
message behind it that asks for the rest.
"""

from accounts.facts.model_facts import ModelFacts
from relay.dialects.interface import ContinuedBody
from relay.dialects.openai.chat.requests.client_shapes import is_responses
from relay.dialects.openai.chat.requests.fit import LIMITS
from relay.dialects.openai.responses import continuing
from relay.dialects.translation.notes import CONTINUE, what_is_left
from relay.neutral.conversation import Json


def continue_answer(body: Json, said: str, tokens: int, facts: ModelFacts) -> ContinuedBody:
    """``body``, to be continued behind ``said``, which took about ``tokens``."""
    messages = [*body["messages"], {"role": "assistant", "content": said}]
    if not facts.prefill:
        messages.append({"role": "user", "content": CONTINUE})
    going = {**body, "messages": messages}
    for name in LIMITS:
        if type(limit := body.get(name)) is int:
            going[name] = what_is_left(limit, tokens)
    return ContinuedBody(going)


def wants(body: Json) -> str:
    """What the client wants that is no plain text; "" for nothing of the kind."""
    if is_responses(body):
        return continuing.wants(body)
    wanted = body.get("response_format")
    if isinstance(wanted, dict) and wanted.get("type", "text") != "text":
        return "JSON"
    if _is_forced(body.get("tool_choice")) or _is_forced(body.get("function_call")):
        return "a tool call"
    answers = body.get("n")
    if isinstance(answers, int) and answers > 1:
        return "several answers"
    if body.get("audio"):
        return "sound"
    return "log probabilities" if body.get("logprobs") else ""


def _is_forced(choice: object) -> bool:
    return choice is not None and choice not in ("auto", "none")
