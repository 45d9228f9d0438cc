"""The response in a stream's last event, as a client's SDK can read it. PURE."""

from typing import NamedTuple

from relay.dialects.openai.usage import with_responses_names
from relay.dialects.reading.token_counts import counts_at, with_counts
from relay.neutral.conversation import Json


class LastResponse(NamedTuple):
    """It, with the ``usage`` as it was told where that is ``bent``: the paths of what was put right."""

    response: Json
    usage: Json | None
    bent: list[str]


def as_read(response: Json, identity: str) -> LastResponse:
    """``response`` with counts in its usage and items in its output, under the ``identity`` it began with.

    The very same where nothing is to do: then nothing is bent.
    """
    usage, output = response.get("usage"), response.get("output")
    found = counts_at(usage)
    counted = with_counts(with_responses_names(found)) if found else usage
    fields: Json = {} if counted is usage else {"usage": counted}
    if isinstance(output, list) and None in output:
        fields["output"] = [item for item in output if item is not None]
    if identity and response.get("id") != identity:
        fields["id"] = identity
    bent = [f"response.{name}" for name in fields]
    whole = {**response, **fields} if fields else response
    return LastResponse(whole, found if "usage" in fields else None, bent)
