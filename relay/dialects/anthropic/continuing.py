"""Asking a Claude model to continue an answer that broke off (behaviour section 7).

PURE. What was said becomes the model's last turn: to be continued where the model takes a prefill, else with
a user turn behind it that asks for the rest (requests/fit.py's rule, and the facts' to decide).
"""

from accounts.facts.model_facts import ModelFacts
from relay.dialects.anthropic.requests.fit import fit_prefill
from relay.dialects.anthropic.requests.fit_thinking import switch_off, thinking_type
from relay.dialects.anthropic.wire_messages import messages_of
from relay.dialects.interface import ContinuedBody
from relay.dialects.translation.notes import what_is_left
from relay.neutral.conversation import Json


def continue_answer(body: Json, said: str, tokens: int, facts: ModelFacts) -> ContinuedBody:
    """``body``, to be continued behind ``said``, which took about ``tokens``."""
    changes: list[str] = []
    if thinking_type(body) == "enabled":  # its budget has no room left, and it refuses a prefill
        body = switch_off(body, facts, changes, "the answer is under way already")
    turn = {"role": "assistant", "content": [{"type": "text", "text": said}]}
    going = fit_prefill({**body, "messages": [*messages_of(body), turn]}, facts, [])
    unseen = 0
    if going["messages"][-1] is turn:
        shown = said.rstrip()  # white space at the end of a prefill is refused
        unseen = len(said) - len(shown)
        last = {"role": "assistant", "content": [{"type": "text", "text": shown}]}
        going = {**going, "messages": [*going["messages"][:-1], last]}
    limit = body.get("max_tokens")
    if type(limit) is int:
        going["max_tokens"] = what_is_left(limit, tokens)
    return ContinuedBody(going, unseen, tuple(changes))


def wants(body: Json) -> str:
    """What the client wants that is no plain text; "" for nothing of the kind.

    Where upstream keeps the conversation the broken answer stays in it, whatever is made of it here.
    """
    output, choice = body.get("output_config"), body.get("tool_choice")
    if body.get("output_format") or (isinstance(output, dict) and output.get("format")):
        return "JSON"
    if isinstance(choice, dict) and choice.get("type") in ("any", "tool"):
        return "a tool call"
    return "a conversation that upstream keeps" if body.get("thread") else ""
