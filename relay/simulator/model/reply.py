"""What the simulated model answers, before a dialect puts it on the wire."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class ReplyStop(StrEnum):
    """Why the model stopped; each dialect has its own word for it."""

    END = "end"
    MAX_TOKENS = "max_tokens"
    STOP_SEQUENCE = "stop_sequence"
    TOOL = "tool"
    SAFETY = "safety"
    BLOCKED_PROMPT = "blocked_prompt"
    MALFORMED_CALL = "malformed_call"
    MISSING_SIGNATURE = "missing_signature"
    CONTINUATION = "continuation"


@dataclass(slots=True)
class SaidText:
    """Plain text, one segment per stream event; ``source`` is the address that a search found it at."""

    segments: list[str]
    source: str = ""


@dataclass(slots=True)
class SaidThinking:
    """A thought; ``shown`` says whether its text goes out or its signature alone."""

    segments: list[str]
    shown: bool
    redacted: bool = False


@dataclass(slots=True)
class Call:
    """A tool call with its whole arguments."""

    id: str
    name: str
    arguments: dict[str, Any]


Block = SaidText | SaidThinking | Call


@dataclass(slots=True)
class Reply:
    """One answer: blocks in order, the reason of the end, and where a continuation goes on."""

    blocks: list[Block]
    stop: ReplyStop = ReplyStop.END
    stop_sequence: str | None = None
    continues_at: int | None = None
    thinking_tokens: int = 0
    output_tokens: int = 0  # text and calls, without thinking
    id_suffix: str = field(default="")

    def text(self) -> str:
        """All text of the answer, without thinking."""
        return "".join("".join(block.segments) for block in self.blocks if isinstance(block, SaidText))

    def calls(self) -> list[Call]:
        """The tool calls of the answer, in order."""
        return [block for block in self.blocks if isinstance(block, Call)]
