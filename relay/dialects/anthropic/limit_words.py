"""A request larger than the model, in the words on which Anthropic's clients act.  PURE.

Claude Code compacts at "prompt is too long", and lowers ``max_tokens`` at "exceed context limit: a + b > c".
"""

from relay.neutral.conversation import Json
from relay.neutral.token_limit import TokenLimit


def limit_error(limit: TokenLimit, upstream: str) -> Json:
    """The error object; numbers only where upstream told them, else what it said (``upstream``)."""
    return {"type": "invalid_request_error", "message": limit.said(_sentence(limit), upstream)}


def _sentence(limit: TokenLimit) -> str:
    asked, wanted, most = limit.input_tokens, limit.output_tokens, limit.maximum_tokens
    if limit.about == "output":
        over = "max_tokens: the value is more than"
        if wanted is not None and most is not None:
            over = f"max_tokens: {wanted} > {most}, which is"
        known = f" ({most})" if wanted is None and most is not None else ""
        return f"{over} the maximum allowed number of output tokens{known}"
    if (
        limit.about == "both"
        and asked is not None
        and wanted is not None
        and most is not None
        and asked <= most
    ):
        return (
            f"input length and `max_tokens` exceed context limit: {asked} + {wanted} > {most},"
            " decrease input length or `max_tokens` and try again"
        )
    if asked is not None and most is not None and asked > most:
        return f"prompt is too long: {asked} tokens > {most} maximum"
    return "prompt is too long"
