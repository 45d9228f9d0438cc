"""The catalogue: every fault by name, what it does, its parameters, and how one is written.

One fault is written ``name``, ``name@n``, ``name=value`` or ``name@n=value``; several attempts'
faults are separated by commas (in a model's name by ``+``), and ``*`` after the last repeats it.
``n`` counts *content* events: those that carry text, thinking or tool arguments.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

_SPEC = re.compile(r"(?P<name>[A-Za-z_0-9]+?)(?:@(?P<at>\d+))?(?:=(?P<value>[^,+*]*))?")
_ALL = ("anthropic", "gemini", "openai")


class FaultStage(StrEnum):
    """Where a fault strikes: instead of the answer, in what the model says, or in its bytes."""

    REFUSAL = "refusal"
    REPLY = "reply"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A row of the catalogue; ``example`` is a spec that a campaign can run as it stands."""

    name: str
    stage: FaultStage
    description: str
    parameters: str = ""
    example: str = ""
    dialects: tuple[str, ...] = _ALL

    def spec(self) -> str:
        """A spec to try it with."""
        return self.example or self.name


def _refusal(
    name: str, description: str, parameters: str = "", example: str = "", *dialects: str
) -> FaultKind:
    return FaultKind(name, FaultStage.REFUSAL, description, parameters, example, dialects or _ALL)


def _reply(name: str, description: str, parameters: str = "", example: str = "", *dialects: str) -> FaultKind:
    return FaultKind(name, FaultStage.REPLY, description, parameters, example, dialects or _ALL)


def _stream(
    name: str, description: str, parameters: str = "", example: str = "", *dialects: str
) -> FaultKind:
    return FaultKind(name, FaultStage.STREAM, description, parameters, example, dialects or _ALL)


CATALOGUE: dict[str, FaultKind] = {
    kind.name: kind
    for kind in (
        _refusal("ok", "no fault: the answer as it should be"),
        # instead of an answer
        _refusal("hang", "takes the request and never answers", "=seconds: then answers"),
        _refusal("reset0", "resets the connection before any header, and the one that replaces a kept one"),
        _refusal("status", "an HTTP error with the dialect's own body", "=status", "status=503"),
        _refusal(
            "retry_info", "429 with RetryInfo", "=duration, @n: at index n of details", "retry_info=12s"
        ),
        _refusal(
            "quota_reset_delay", "429 that tells quotaResetDelay", "=duration, @n", "quota_reset_delay=12s"
        ),
        _refusal("retry_after", "429 with Retry-After in seconds", "=seconds", "retry_after=3"),
        _refusal(
            "retry_after_date", "429 with Retry-After as an HTTP date", "=seconds", "retry_after_date=3"
        ),
        _refusal("quota_exhausted", "429: the quota is used up, no delay told"),
        _refusal("rate_limit", "429: too many requests, no delay told"),
        _refusal("capacity", "429: the model has no capacity, no delay told"),
        _refusal("api_key_invalid", "the key is not valid (Gemini says so with a 400)"),
        _refusal("billing", "no credit left", "=402 or 400", "billing=402"),
        _refusal("forbidden", "403: the account may not"),
        _refusal("invalid_grant", "the token endpoint refuses the refresh token", "", "", "oauth"),
        _refusal("refused_signature", "400: a thinking signature is invalid, whatever was sent"),
        _refusal(
            "bound_signature",
            "400 for thinking of another conversation, until drop_block is sent",
            "",
            "",
            "anthropic",
        ),
        _refusal("html_200", "200 with an HTML page"),
        # in what the model says
        _reply("stop_empty", "a normal stop with nothing said"),
        _reply("thinking_only", "thinking, then a normal stop"),
        _reply("max_tokens_empty", "all tokens went into thinking"),
        _reply("safety", "the answer is broken off as unsafe", "@n: after n text events", "safety@2"),
        _reply("blocked_prompt", "the prompt is refused, nothing is said"),
        _reply("malformed_function_call", "the model's call cannot be read", "", "", "gemini"),
        _reply("missing_thought_signature", "ends for a missing signature", "", "", "gemini"),
        _reply("continuation", "half the answer and a token to go on", "", "", "gemini"),
        _reply("big_event", "one text event of many bytes", "=bytes", "big_event=2000000"),
        _reply("duplicate_ids", "two tool calls with the same id (with tools)"),
        # in the stream
        _stream("empty", "200 and the end, without a byte"),
        _stream("empty_json", "200 with one empty JSON object"),
        _stream("comments", "heartbeats only, then the end", "=count", "comments=3"),
        _stream("pings_forever", "heartbeats only, for ever", "=seconds between", "pings_forever=0.05"),
        _stream("stall", "headers, then silence", "@n: after n content events; =seconds: then goes on"),
        _stream("thinking_stall", "opens an empty thinking block, then silence", "=seconds: then goes on"),
        _stream("reset_after_headers", "resets the connection after the headers"),
        _stream("cut", "closes without the end of the body", "@n", "cut@3"),
        _stream("reset", "resets the connection", "@n", "reset@3"),
        _stream("cut_at_byte", "closes after that many bytes of the body", "=bytes", "cut_at_byte=777"),
        _stream("cut_inside_event", "closes in the middle of content event n", "@n", "cut_inside_event@3"),
        _stream("cut_inside_character", "closes inside a UTF-8 character", "@n", "cut_inside_character@3"),
        _stream("cut_in_tool", "closes inside a tool call's arguments (with tools)", "@n: after n fragments"),
        _stream("end", "orderly end of the body without the terminal event", "@n", "end@3"),
        _stream("no_finish", "everything but the terminal event"),
        _stream("close_delimited", "no length, no chunks: the body ends with the connection"),
        _stream(
            "error_event",
            "an error object inside the 200, then the end",
            "@n, =error type or status",
            "error_event@3=overloaded_error",
        ),
        _stream(
            "garbage",
            "data that is not JSON, then goes on",
            "@n, =object: JSON that is no object",
            "garbage@3",
        ),
        _stream("after_terminal", "junk after the terminal event"),
        _stream("slow_drip", "byte by byte", "=seconds between"),
        _stream("crlf", "lines end in CR LF"),
        _stream("cr", "lines end in CR"),
        _stream("multi_line_data", "one event's data on several data lines"),
        _stream("gzip", "compressed body"),
        _stream("wrong_content_type", "the stream says it is text/plain"),
    )
}
# other words for faults above, and words for several attempts in a row
SHORTHANDS: dict[str, tuple[str, ...]] = {
    "refuse_connection": ("reset0",),
    "quotaResetDelay": ("quota_reset_delay",),
    "refused_signature_twice": ("refused_signature", "refused_signature"),
}


class UnknownFaultError(ValueError):
    """A spec that names no fault of the catalogue."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault for one attempt."""

    name: str = "ok"
    at: int | None = None
    value: str = ""

    @property
    def kind(self) -> FaultKind:
        """Its row of the catalogue."""
        return CATALOGUE[self.name]

    def number(self, default: float) -> float:
        """``value`` as a number (``12`` or ``12s``), else ``default``. Raises UnknownFaultError."""
        try:
            return float(self.value.removesuffix("s")) if self.value else default
        except ValueError as error:
            raise UnknownFaultError(f"{self}: {self.value!r} is no number") from error

    def __str__(self) -> str:
        at = "" if self.at is None else f"@{self.at}"
        return f"{self.name}{at}" + (f"={self.value}" if self.value else "")


OK = Fault()


@dataclass(frozen=True, slots=True)
class FaultSequence:
    """The faults of successive attempts; ``repeats_last`` after the end, else no fault."""

    faults: tuple[Fault, ...]
    repeats_last: bool = False

    def at(self, attempt: int, *, round_about: bool = False) -> Fault:
        """The fault of the attempt with this index (from 0); ``round_about`` begins again at the end."""
        if attempt < len(self.faults):
            return self.faults[attempt]
        if self.repeats_last:
            return self.faults[-1]
        return self.faults[attempt % len(self.faults)] if round_about else OK


def parse_fault(spec: str) -> tuple[Fault, ...]:
    """The faults that one spec stands for (a shorthand may be several). Raises UnknownFaultError."""
    found = _SPEC.fullmatch(spec.strip())
    name = found["name"] if found else ""
    if not found or (name not in CATALOGUE and name not in SHORTHANDS):
        raise UnknownFaultError(f"unknown fault {spec.strip()!r}; known: {', '.join(CATALOGUE)}")
    at, value = found["at"], found["value"] or ""
    names = SHORTHANDS.get(name, (name,))
    return tuple(Fault(one, int(at) if at is not None else None, value.strip()) for one in names)


def parse_sequence(specs: str | list[str], separator: str = ",") -> FaultSequence:
    """The faults of successive attempts from ``a, b, c*`` or a list. Raises UnknownFaultError."""
    parts = specs.split(separator) if isinstance(specs, str) else list(specs)
    parts = [part.strip() for part in parts if part.strip()]
    if not parts:
        raise UnknownFaultError("no fault given")
    repeats_last = parts[-1].endswith("*")
    parts[-1] = parts[-1].rstrip("*")
    return FaultSequence(tuple(fault for part in parts for fault in parse_fault(part)), repeats_last)
