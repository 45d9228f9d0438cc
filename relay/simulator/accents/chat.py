"""How compatible servers speak chat completions."""

from collections.abc import Callable
from typing import Any

from relay.simulator.accents.accent import Accent, Change, each, edited
from relay.simulator.dialect import EventKind, Json, SimulatedEvent, encode_json

_DELTA_FIELDS = ("role", "content", "reasoning_content", "tool_calls")
_SAFE = {"hate": {"filtered": False, "severity": "safe"}, "violence": {"filtered": False, "severity": "safe"}}


def _chunks(edit: Callable[[Json, Json, Json, EventKind], None]) -> dict[str, Change]:
    """For chat: ``edit`` gets each chunk with a choice: the chunk, the choice, its delta, and the kind."""

    def change(told: Json, kind: EventKind) -> None:
        for choice in told.get("choices") or ():
            edit(told, choice, choice.setdefault("delta", {}), kind)

    return {"chat": each(change)}


def _vllm(told: Json, choice: Json, delta: Json, kind: EventKind) -> None:
    choice.update(logprobs=None, token_ids=None)
    if choice.get("finish_reason"):
        choice["stop_reason"] = None
        delta["content"] = ""


def _sglang(told: Json, choice: Json, delta: Json, kind: EventKind) -> None:
    choice["delta"] = {name: delta.get(name) for name in _DELTA_FIELDS}
    choice["matched_stop"] = 200012 if choice.get("finish_reason") else None
    told.setdefault("usage", None)


def _ollama(told: Json, choice: Json, delta: Json, kind: EventKind) -> None:
    told["system_fingerprint"] = "fp_ollama"
    delta["role"] = "assistant"
    if "reasoning_content" in delta:
        delta["reasoning"] = delta.pop("reasoning_content")
    delta.setdefault("content", "")
    if choice.get("finish_reason") == "tool_calls":
        choice["finish_reason"] = "stop"


def _llama_cpp(told: Json, kind: EventKind) -> None:
    told.update(created=0, system_fingerprint="b10964")
    if told.get("usage"):
        told["timings"] = {"cache_n": 0, "predicted_ms": 103.942, "prompt_ms": 75.096}


def _openrouter(told: Json, choice: Json, delta: Json, kind: EventKind) -> None:
    told["provider"] = "Simulated"
    choice["native_finish_reason"] = choice.get("finish_reason")
    delta["role"] = "assistant"
    delta.setdefault("content", "")
    if "reasoning_content" in delta:
        words = delta.pop("reasoning_content")
        delta["reasoning"] = words
        delta["reasoning_details"] = [{"type": "reasoning.text", "text": words, "index": 0}]


def _kimi(events: list[SimulatedEvent]) -> list[SimulatedEvent]:
    """The usage moves into the choice that finishes; ids are the function's name and a number."""
    usage: dict[str, Any] = {}
    for event in events:
        edited(event, lambda told: usage.update(told.get("usage") or {}))

    def edit(told: Json) -> None:
        for choice in told.get("choices") or ():
            if choice.get("finish_reason") and usage:
                choice["usage"] = usage
            for call in choice.get("delta", {}).get("tool_calls") or ():
                if call.get("id"):
                    call["id"] = f"functions.{call['function']['name']}:{call['index']}"

    return [edited(event, edit) for event in events if not _is_usage_alone(event)]


def _is_usage_alone(event: SimulatedEvent) -> bool:
    return event.kind is EventKind.END and b'"choices":[]' in event.data


def _mistral(told: Json, choice: Json, delta: Json, kind: EventKind) -> None:
    if "reasoning_content" in delta:
        words = {"type": "text", "text": delta.pop("reasoning_content")}
        delta["content"] = [{"type": "thinking", "thinking": [words], "closed": True}]
    for call in delta.get("tool_calls") or ():
        call["function"].setdefault("name", "")
    told["p"] = "abcdefghij"


def _azure(events: list[SimulatedEvent]) -> list[SimulatedEvent]:
    """Filter results before the answer, beside it, and behind it in a choice without a delta."""
    found = {"prompt_index": 0, "content_filter_results": _SAFE}
    empty = {
        "choices": [],
        "created": 0,
        "id": "",
        "model": "",
        "object": "",
        "prompt_filter_results": [found],
    }
    late = {"index": 0, "finish_reason": None, "content_filter_results": _SAFE}
    behind = {"id": "", "object": "", "created": 0, "model": "", "choices": [late], "usage": None}

    def edit(told: Json) -> None:
        for choice in told.get("choices") or ():
            choice["content_filter_results"] = _SAFE if choice.get("delta") else {}

    changed = [edited(event, edit) for event in events]
    at = next((n for n, event in enumerate(changed) if event.kind is EventKind.END), len(changed))
    changed.insert(at, SimulatedEvent(EventKind.CLOSE, encode_json(behind)))
    return [SimulatedEvent(EventKind.OPEN, encode_json(empty)), *changed]


def _deepseek(told: Json, choice: Json, delta: Json, kind: EventKind) -> None:
    if "reasoning_content" in delta:
        delta["content"] = None
    elif "content" in delta:
        delta["reasoning_content"] = None


def _qwen(told: Json, kind: EventKind) -> None:
    for choice in told.get("choices") or ():
        choice.setdefault("delta", {})["role"] = "assistant"


def _minimax(told: Json, choice: Json, delta: Json, kind: EventKind) -> None:
    if "role" not in delta:
        delta["role"] = ""
    told.setdefault("usage", {"total_tokens": 0, "total_characters": 0})
    told.update(input_sensitive=False, output_sensitive=False)
    if choice.get("finish_reason"):
        choice["message"] = {"role": "assistant", "content": "", "name": "Simulated"}
        told["base_resp"] = {"status_code": 0, "status_msg": ""}


def _groq(told: Json, kind: EventKind) -> None:
    told["x_groq"] = {"id": "req_sim"} | ({"usage": told["usage"]} if told.get("usage") else {})


def _xai(told: Json, kind: EventKind) -> None:
    """No finish reason but the last; the output tokens leave the thoughts out."""
    for choice in told.get("choices") or ():
        if choice.get("finish_reason") is None:
            choice.pop("finish_reason", None)
    if usage := told.get("usage"):
        usage["completion_tokens"] -= usage["completion_tokens_details"]["reasoning_tokens"]


def _bent(told: Json, kind: EventKind) -> None:
    told["id"] = 12345
    for choice in told.get("choices") or ():
        choice["index"] = "0"


CHAT: tuple[Accent, ...] = (
    Accent(
        "vllm",
        "`stop_reason` and `token_ids` beside the finish reason",
        _chunks(_vllm),
    ),
    Accent("sglang", "every delta tells every field, null but one; `matched_stop`", _chunks(_sglang)),
    Accent(
        "ollama",
        "the role in every delta, thoughts as `reasoning` beside an empty content, `stop` behind calls",
        _chunks(_ollama),
    ),
    Accent("llama_cpp", "`created` is 0, timings beside the usage", {"chat": each(_llama_cpp)}),
    Accent(
        "openrouter",
        "thoughts told twice, as `reasoning` and `reasoning_details`; `native_finish_reason`",
        _chunks(_openrouter),
    ),
    Accent("kimi", "the usage inside the choice that finishes; ids like `functions.NAME:0`", {"chat": _kimi}),
    Accent(
        "mistral",
        "thoughts in a list in place of the content, an empty name in a call's later fragments",
        _chunks(_mistral),
    ),
    Accent(
        "azure",
        "filter results before, beside and behind the answer",
        {"chat": _azure},
    ),
    Accent("deepseek", "content is null while it thinks, thoughts while it speaks", _chunks(_deepseek)),
    Accent(
        "qwen",
        "the role in every delta, and no blank behind `data:`",
        {"chat": each(_qwen)},
        data_head=b"data:",
    ),
    Accent("minimax", "an empty role, totals of nothing, a message beside the last delta", _chunks(_minimax)),
    Accent("groq", "the usage also in a field of the vendor's own", {"chat": each(_groq)}),
    Accent("xai", "no finish reason but the last; output tokens without the thoughts", {"chat": each(_xai)}),
    Accent("bent", "an id that is a number, and an index that is a text", {"chat": each(_bent)}),
)
