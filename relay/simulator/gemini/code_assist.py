"""What Code Assist answers beside the model: which project an account has, and what is left of its quota."""

from datetime import UTC, datetime
from typing import Final

from relay.simulator.dialect import Json

_PROJECT: Final[Json] = {
    "cloudaicompanionProject": "simulated-project",
    "currentTier": {"id": "standard-tier", "name": "Simulated"},
    "allowedTiers": [{"id": "standard-tier", "isDefault": True}],
}
_LEFT: Final = (("gemini-2.5-pro", "40", 0.4), ("gemini-2.5-flash", "500", 0.5))
"""Model, requests that are left, and their share."""

_DAY_SECONDS: Final = 86_400


def code_assist_setup(method: str, now: float) -> Json:
    """The answer of ``method``; ``now`` is in epoch seconds."""
    if method == "onboardUser":
        project = {"id": "simulated-project", "name": "Simulated"}
        return {"done": True, "response": {"cloudaicompanionProject": project}}
    if method == "retrieveUserQuota":
        tomorrow = datetime.fromtimestamp((now // _DAY_SECONDS + 1) * _DAY_SECONDS, UTC)
        return {
            "buckets": [
                {
                    "modelId": model,
                    "tokenType": "REQUESTS",
                    "remainingAmount": amount,
                    "remainingFraction": share,
                    "resetTime": tomorrow.strftime("%Y-%m-%dT%H:%M:%SZ"),
                }
                for model, amount, share in _LEFT
            ]
        }
    return _PROJECT
