"""Claude on Vertex AI: the Messages API on Google's paths, as strict as Google's door and Anthropic's room.

The model stands in the path and must not stand in the body; the version stands in the body and not in a
header; whoever is not let in hears so in Google's words.
"""

from dataclasses import replace

from relay.simulator.anthropic.answer import PreparedMessage
from relay.simulator.anthropic.dialect import Anthropic
from relay.simulator.anthropic.errors import bad_request
from relay.simulator.connection.routes import Action
from relay.simulator.dialect import Inbound, Json
from relay.simulator.faults.refused import OrderedRefusal
from relay.simulator.gemini.errors import error_body as google_error

_VERSIONS = {"vertex-2023-10-16": "2023-06-01", "2023-06-01": "2023-06-01", "2026-10-21": "2026-10-21"}
_AT_THE_DOOR = frozenset({401, 403, 404, 429})


class ClaudeOnVertex(Anthropic):
    """The dialect of ``publishers/anthropic/models/M:rawPredict``, ``:streamRawPredict`` and the counter."""

    door = "gemini"

    def prepare(self, inbound: Inbound) -> PreparedMessage:
        """Check a request as the Messages API does, and what is Vertex AI's own. Raises Refused."""
        if "model" in inbound.body:
            raise bad_request("model", "Extra inputs are not permitted")
        is_stream_path = inbound.route.method == "streamRawPredict"
        if is_stream_path != bool(inbound.body.get("stream")):
            raise bad_request("stream", f"does not go with {inbound.route.method}")
        return super().prepare(_as_message(inbound))

    def count(self, inbound: Inbound) -> Json:
        """``count-tokens:rawPredict``, whose body does name the model. Raises Refused."""
        return super().count(_as_message(inbound))

    def error_body(self, refused: OrderedRefusal, request_id: str) -> Json:
        """Google's body where Google refused, else Anthropic's."""
        if refused.status in _AT_THE_DOOR:
            return google_error(refused)
        return super().error_body(refused, request_id)


def _as_message(inbound: Inbound) -> Inbound:
    """The same request as it would stand on Anthropic's own path. Raises Refused."""
    if "anthropic-version" in inbound.headers:
        raise bad_request("anthropic-version", "is read from the body here: anthropic_version")
    version = inbound.body.get("anthropic_version")
    if version not in _VERSIONS:
        raise bad_request("anthropic_version", "Field required" if version is None else "is not valid")
    body = {name: value for name, value in inbound.body.items() if name != "anthropic_version"}
    if inbound.route.action is Action.GENERATE:
        body["model"] = inbound.model
    return replace(
        inbound, body=body, headers={**inbound.headers, "anthropic-version": _VERSIONS[str(version)]}
    )
