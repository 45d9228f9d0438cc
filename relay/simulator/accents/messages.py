"""How gateways speak Anthropic's dialect."""

from relay.simulator.accents.accent import Accent, each, unchanged
from relay.simulator.dialect import EventKind, Json

_METRICS = {"inputTokenCount": 25, "outputTokenCount": 4, "invocationLatency": 1204, "firstByteLatency": 804}


def _bedrock(told: Json, kind: EventKind) -> None:
    if told.get("type") == "message_start":
        told["message"]["id"] = told["message"]["id"].replace("msg_", "msg_bdrk_")
    if told.get("type") == "message_stop":
        told["amazon-bedrock-invocationMetrics"] = _METRICS


def _private(told: Json, kind: EventKind) -> None:
    told["private_field"] = {"nested": {"values": [1, 2]}}


MESSAGES: tuple[Accent, ...] = (
    Accent("bare", "no `event:` lines", {"anthropic": unchanged}, has_names=False),
    Accent("bedrock", "Bedrock's ids, and its metrics on `message_stop`", {"anthropic": each(_bedrock)}),
    Accent("private", "a field that nobody knows in every event", {"anthropic": each(_private)}),
)
