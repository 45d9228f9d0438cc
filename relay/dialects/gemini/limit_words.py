"""A request larger than the model, in Google's words.  PURE."""

from relay.neutral.token_limit import TokenLimit


def limit_sentence(limit: TokenLimit, upstream: str) -> str:
    """The error's message; numbers only where upstream told them, else what it said (``upstream``)."""
    return limit.said(_sentence(limit), upstream)


def _sentence(limit: TokenLimit) -> str:
    most = limit.maximum_tokens
    if limit.about == "output":
        value = f" value of {limit.output_tokens}" if limit.output_tokens is not None else ""
        reach = f"from 1 (inclusive) to {most + 1} (exclusive)" if most is not None else "lower"
        return (
            f"Unable to submit request because it has a maxOutputTokens{value} but the supported range is"
            f" {reach}."
            " Update the value and try again."
        )
    asked = f" ({limit.input_tokens})" if limit.input_tokens is not None else ""
    if limit.about == "both" and limit.output_tokens is not None:
        asked += f" with {limit.output_tokens} output tokens"
    allowed = f" ({most})" if most is not None else ""
    return f"The input token count{asked} exceeds the maximum number of tokens allowed{allowed}."
