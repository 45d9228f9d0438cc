"""The ``response`` object that stands in a stream's first and last events. PURE."""

from typing import Any

from relay.neutral.conversation import Json

# What the answer repeats of the request, and how it stands there when the client said nothing.
_REPEATED: dict[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": None,
    "truncation": "disabled",
    "user": None,
}


def answer_object(identity: str, model: str, created_at: int, request: Json) -> Json:
    """A response in progress, without storage: nothing said, nothing counted."""
    repeated = {key: value if request.get(key) is None else request[key] for key, value in _REPEATED.items()}
    return {
        "id": identity,
        "object": "response",
        "created_at": created_at,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "model": model,
        "output": [],
        "previous_response_id": None,
        "store": False,
        "usage": None,
        **repeated,
    }
