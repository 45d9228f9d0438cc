"""How old models, and proxies, speak Gemini's dialect."""

from relay.simulator.accents.accent import Accent, Change, each, edited
from relay.simulator.dialect import EventKind, Json, SimulatedEvent

GOOGLE = ("gemini", "vertex", "code_assist")


def _for_all(change: Change) -> dict[str, Change]:
    return dict.fromkeys(GOOGLE, change)


def _stop_everywhere(told: Json, kind: EventKind) -> None:
    for candidate in told.get("candidates") or ():
        candidate.setdefault("finishReason", "STOP")
        candidate.get("content", {}).pop("role", None)


def _stop_first(events: list[SimulatedEvent]) -> list[SimulatedEvent]:
    """The first chunk, without its words, goes out twice before the answer, and says STOP."""

    def edit(told: Json) -> None:
        told["candidates"] = [{"content": {"parts": [], "role": "model"}, "finishReason": "STOP", "index": 0}]

    if not events:
        return events
    empty = edited(SimulatedEvent(EventKind.OPEN, events[0].data, events[0].name), edit)
    return [empty, empty, *events]


def _late_usage(events: list[SimulatedEvent]) -> list[SimulatedEvent]:
    """The last chunk's usage comes in a chunk of its own, without a candidate."""
    if not events:
        return events
    *before, last = events

    def without(told: Json) -> None:
        usage = told.get("usageMetadata") or {}
        told["usageMetadata"] = {"promptTokenCount": usage.get("promptTokenCount", 0)}

    return [
        *(edited(event, without) for event in before),
        edited(last, without),
        edited(
            SimulatedEvent(EventKind.END, last.data, last.name), lambda told: told.pop("candidates", None)
        ),
    ]


GEMINI: tuple[Accent, ...] = (
    Accent(
        "stop_everywhere",
        "STOP on every chunk, and no role",
        _for_all(each(_stop_everywhere)),
        says_end_early=True,
    ),
    Accent(
        "stop_first",
        "two empty chunks with STOP before the answer",
        _for_all(_stop_first),
        says_end_early=True,
    ),
    Accent("late_usage", "the usage in a chunk of its own, behind the finish", _for_all(_late_usage)),
)
