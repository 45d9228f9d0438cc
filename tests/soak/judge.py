"""What a client was given, by name: one rule for our own server and for any other. PURE.

It looks at nothing but the bytes that the client received, and knows what the model said. An answer is good
when it is whole, and honest when the client was told that it is not. Everything else is one of ``BAD``.
"""

import re
from typing import Literal

from msgspec import Struct

from proxyproject.faultlab.reading import HeardAnswer
from relay.simulator.model.prose import answer_text, read_counters, tag_of
from tests.soak.plan import Exchange

Way = Literal["complete", "dropped", "hung", "left"]
"""How the transfer ended: by itself, by the connection's end, not at all, or because the client went."""

Verdict = Literal[
    "whole",
    "error event",
    "status",
    "left",
    "dropped",
    "truncated",
    "pretended",
    "empty",
    "lost or doubled",
    "mixed",
    "unreadable",
    "hung",
]

TOLD: tuple[Verdict, ...] = ("whole", "error event", "status", "left")
BAD: dict[Verdict, str] = {
    "dropped": "the connection broke off, and nothing else told the client",
    "truncated": "an orderly end of the body in the middle of the answer",
    "pretended": "the protocol's normal end behind half an answer, or a call that lacks arguments",
    "empty": "a 200 that says nothing",
    "lost or doubled": "characters that the model did not say, or not there",
    "mixed": "another exchange's characters",
    "unreadable": "what breaks the client's protocol",
    "hung": "neither an end nor an error as long as the client waits",
}

_BIG = re.compile(r"(?:big 大きい )+(?:b(?:i(?:g(?: (?:大(?:きい?)?)?)?)?)?)?")


class Received(Struct, frozen=True):
    """What came, how it ended, and how many bytes of a body there were."""

    way: Way
    answer: HeardAnswer | None = None
    size_bytes: int = 0


def verdict(exchange: Exchange, received: Received) -> tuple[Verdict, str]:
    """The name of what the client was given, and the particulars of anything bad."""
    answer = received.answer
    if received.way == "left":
        return "left", ""
    if answer is None:
        return ("hung" if received.way == "hung" else "dropped"), "before any answer"
    if answer.status != 200:
        return "status", answer.error or answer.why
    said, counters = said_of(exchange, answer), read_counters(answer.text)
    if any(tag != tag_of(exchange.prompt) for _, tag in counters):
        return "mixed", f"another prompt's tag in {counters}"
    if not whole_text(exchange).startswith(said):
        return "lost or doubled", f"{len(said)} characters; {counters}"
    match _ending(answer, received.way):
        case "whole":
            return _ended(exchange, answer, said)
        case "error event":
            return "error event", answer.error
        case "broken" if received.size_bytes:
            return "unreadable", answer.why
    # it merely stopped
    if received.way != "complete":
        return ("hung" if received.way == "hung" else "dropped"), f"behind {len(said)} characters"
    is_silent = not (said or answer.thinking or answer.calls)
    return ("empty" if is_silent else "truncated"), f"behind {len(said)} characters"


def _ending(answer: HeardAnswer, way: Way) -> str:
    """How it ended for a client that takes what it can.

    It stops reading at the end, so that what comes behind it harms nobody; and a reason to stop with an
    orderly end of the body is an end to it, even where the protocol wants one more event.
    """
    if answer.reached in ("whole", "error event"):
        return answer.reached
    return "whole" if answer.ending == "cut" and answer.stop and way == "complete" else answer.ending


def _ended(exchange: Exchange, answer: HeardAnswer, said: str) -> tuple[Verdict, str]:
    """Of an answer that came to its protocol's own end; a reason to stop that names an error tells of it."""
    if "error" in answer.stop:
        return "error event", answer.stop
    if any(strike.kind == "own end" for strike in exchange.strikes):
        return "whole", ""
    if is_whole(exchange, answer):
        return "whole", ""
    if not said and not answer.calls:
        return "empty", answer.stop
    return "pretended", f"{answer.stop!r} behind {len(said)} characters, calls {answer.calls}"


def is_whole(exchange: Exchange, answer: HeardAnswer) -> bool:
    """Is everything there that the model means to say, or to call?"""
    if exchange.asked != "tool":
        return said_of(exchange, answer) == whole_text(exchange)
    return bool(answer.calls) and all(
        name == "weather" and "city" in arguments for _, name, arguments in answer.calls
    )


def whole_text(exchange: Exchange) -> str:
    """Everything that the model means to say."""
    if exchange.asked == "tool":
        return f"{tag_of(exchange.prompt)} I call weather. "
    return answer_text(exchange.prompt, exchange.shape)


def said_of(exchange: Exchange, answer: HeardAnswer) -> str:
    """What the answer says, without the one large event that a fault may put into it."""
    if any(strike.contract.name == "big_event" for strike in exchange.strikes):
        return _BIG.sub("", answer.text, count=1)
    return answer.text
