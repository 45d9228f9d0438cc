"""Is there an answer in this stream? Looked at before a byte of it goes to the client.

PURE. Heartbeats, role-only and usage-only chunks and empty blocks say nothing. Text, thinking with
text or signature, a tool call, media, or an end with a reason that means something is valid data:
the commit. A stream that stops with nothing said is the "0 token" answer, and no answer. But behind the
results of tools a model may have nothing to add: Anthropic documents such an end of a turn, of two or three
tokens. To ask again would not help, and would be paid for, so where tokens were told it is an answer.
"""

from collections.abc import Iterable
from typing import assert_never

from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Citation,
    Event,
    Extra,
    Failed,
    Heartbeat,
    MessageStart,
    Signature,
    Stop,
    StreamState,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from relay.neutral.failures import Failure, Kind

_WHOLE_BLOCKS = frozenset({"redacted", "tool_call", "server_call", "server_result", "media", "opaque"})
_MEANINGFUL_STOPS = frozenset(
    {"max_tokens", "stop_sequence", "refusal", "pause_turn", "context_window", "continuation", "unknown"}
)


EMPTY = Failure(Kind.EMPTY, "upstream closed the stream with nothing said")


def examine(events: Iterable[Event], state: StreamState, may_say_nothing: bool = False) -> Failure | bool:
    """True: valid data is there. False: nothing yet. A Failure: this attempt is over.

    ``state`` must have folded ``events`` already. What counts is which comes first: an error behind
    valid data is a cut, not a peek failure. ``may_say_nothing``: the request gives results of tools.
    """
    for event in events:
        match event:
            case TextDelta(_, text) | ThinkingDelta(_, text):
                if text:
                    return True
            case BlockStart(_, kind) if kind in _WHOLE_BLOCKS:
                return True
            case Signature(index):
                if state.blocks[index].kind == "thinking":
                    return True
            case Stop():
                flaw = stop_flaw(event)
                if flaw is not None:
                    return flaw
                if event.reason in _MEANINGFUL_STOPS:
                    return True
                if may_say_nothing and event.reason == "end_turn" and state.usage.output:
                    return True
                return Failure(
                    Kind.EMPTY_STOP, f"upstream stopped ({event.upstream_reason}) with nothing said"
                )
            case Failed(failure):
                return failure
            case Terminal():
                return Failure(Kind.EMPTY_STOP, "upstream finished with nothing said")
            case MessageStart() | BlockStart() | ArgumentsDelta() | BlockStop() | Citation():
                pass
            case Usage() | Heartbeat() | Extra():
                pass
            case _:
                assert_never(event)
    return False


def unsaid(state: StreamState, may_say_nothing: bool = False) -> Failure | None:
    """The failure in an answer that ended with nothing said that its client is told of."""
    said = examine([state.stop], state, may_say_nothing) if state.stop is not None else True
    return said if isinstance(said, Failure) else None


def stop_flaw(stop: Stop) -> Failure | None:
    """The failure in a finish reason that means "no answer", in an answer for another dialect or a peek."""
    said = stop.explanation or stop.upstream_reason
    if stop.reason == "malformed":
        return Failure(
            Kind.MALFORMED_ANSWER, f"upstream gave up its own answer: {said}", reason=stop.upstream_reason
        )
    if stop.reason == "missing_signature":
        return Failure(
            Kind.MISSING_SIGNATURE,
            f"upstream misses a thinking signature: {said}",
            status=400,
            reason=stop.upstream_reason,
            is_signature=True,
        )
    return None
