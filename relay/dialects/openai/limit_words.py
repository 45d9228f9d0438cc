"""A request larger than the model, in the words on which OpenAI's clients act.  PURE.

Agents compact their history at the code ``context_length_exceeded``.
"""

from relay.neutral.conversation import Json
from relay.neutral.token_limit import TokenLimit


def limit_error(limit: TokenLimit, upstream: str) -> Json:
    """The error object; numbers only where upstream told them, else what it said (``upstream``)."""
    is_output = limit.about == "output"
    return {
        "message": limit.said(_output(limit) if is_output else _context(limit), upstream),
        "type": "invalid_request_error",
        "param": "max_tokens" if is_output else None,
        "code": "invalid_value" if is_output else "context_length_exceeded",
    }


def _output(limit: TokenLimit) -> str:
    wanted, most = limit.output_tokens, limit.maximum_tokens
    begin = "max_tokens is too large" + (f": {wanted}" if wanted is not None else "")
    if most is None:
        return f"{begin}. This model supports fewer completion tokens."
    end = f", whereas you provided {wanted}" if wanted is not None else ""
    return f"{begin}. This model supports at most {most} completion tokens{end}."


def _context(limit: TokenLimit) -> str:
    asked, wanted, most = limit.input_tokens, limit.output_tokens, limit.maximum_tokens
    if asked is None or most is None:
        return "Your input exceeds the context window of this model. Please adjust your input and try again."
    begin = f"This model's maximum context length is {most} tokens. However, "
    if limit.about == "both" and wanted is not None:
        return (
            f"{begin}you requested {limit.total_tokens} tokens ({asked} in the messages, {wanted} in the"
            f" completion)."
            " Please reduce the length of the messages or completion."
        )
    return f"{begin}your messages resulted in {asked} tokens. Please reduce the length of the messages."
