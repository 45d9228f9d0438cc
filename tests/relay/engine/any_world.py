"""A world in which anything may happen: replies by chance, for each command that is allowed.

Streams keep to the protocol (blocks open before they speak, nothing follows an end), for that is what
decoders guarantee; everything else is left to chance, the clock too.
"""

from random import Random

from relay.engine.commands import (
    Allowed,
    Around,
    Broke,
    CloseUpstream,
    Command,
    ContinueUpstream,
    Data,
    Deliver,
    Done,
    Ended,
    Heal,
    Healed,
    LookAround,
    MarkAccount,
    Note,
    Opened,
    OpenUpstream,
    PickAccount,
    Picked,
    Read,
    Reply,
    Settle,
    Sleep,
    SpendRetry,
    TimedOut,
    Unavailable,
    Unsayable,
)
from relay.neutral.block import BlockKind
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Chunk,
    Event,
    Failed,
    Heartbeat,
    MessageStart,
    Signature,
    Stop,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from relay.neutral.failures import Failure, Kind

STATUSES = [302, 400, 400, 401, 402, 403, 404, 408, 413, 429, 429, 500, 502, 503, 504, 520, 529]
BREAKS = (Kind.NETWORK, Kind.READ_ERROR, Kind.CREDENTIALS, Kind.INTERNAL)
BLOCKS: list[BlockKind] = ["text", "text", "thinking", "redacted", "tool_call", "media", "refusal"]
STOPS = [
    Stop("end_turn", "STOP"),
    Stop("tool_use", "STOP"),
    Stop("max_tokens", "MAX_TOKENS"),
    Stop("refusal", "SAFETY"),
    Stop("other", "OTHER"),
    Stop("malformed", "MALFORMED_FUNCTION_CALL"),
    Stop("missing_signature", "MISSING_THOUGHT_SIGNATURE"),
    *[Stop("continuation", "CONTINUATION", continuation_token="token")] * 3,
]


class Stream:
    """One upstream response: what it says next."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._blocks: list[BlockKind] = []
        self._is_open = False
        self._has_started = False
        self._is_over = False

    def events(self) -> list[Event]:
        """The events of one read, maybe none."""
        events: list[Event] = []
        for _ in range(self._chance.choice([0, 1, 1, 2, 5])):
            if not self._is_over:
                events += self._next()
        return events

    def _next(self) -> list[Event]:
        if not self._has_started:
            self._has_started = True
            return [MessageStart("id", "m-1")]
        match self._chance.choice(["speak"] * 4 + ["block"] * 2 + ["stop"] * 2 + ["beat", "usage", "fail"]):
            case "speak" if self._is_open:
                return self._speech()
            case "block" | "speak":
                closing = self._closing()
                self._blocks.append(self._chance.choice(BLOCKS))
                self._is_open = True
                return [*closing, BlockStart(len(self._blocks) - 1, self._blocks[-1])]
            case "usage":
                return [Usage(input_uncached=5, output=self._chance.randrange(9))]
            case "stop":
                return self.end()
            case "fail":
                self._is_over = True
                return [Failed(self._error())]
            case _:
                return [Heartbeat()]

    @property
    def may_finish(self) -> bool:
        """Could a finish reason have been told?"""
        return self._has_started and not self._is_over

    def end(self) -> list[Event]:
        """The end of the answer."""
        self._is_over = True
        return [*self._closing(), self._chance.choice(STOPS), Terminal()]

    def _speech(self) -> list[Event]:
        index = len(self._blocks) - 1
        match self._blocks[-1]:
            case "thinking":
                thought = self._chance.choice(["hm", "", None])
                if thought is None:
                    return [Signature(index, "s" * 60, "claude")]
                return [ThinkingDelta(index, thought)]
            case "tool_call":
                return [ArgumentsDelta(index, "{}")]
            case "text" | "refusal":
                return [TextDelta(index, self._chance.choice(["", "words "]))]
            case _:
                return []

    def _closing(self) -> list[Event]:
        if not self._is_open:
            return []
        self._is_open = False
        return [BlockStop(len(self._blocks) - 1)]

    def _error(self) -> Failure:
        if self._chance.random() < 0.3:
            return Failure(Kind.GARBAGE, "no JSON object")
        status = self._chance.choice([None, 400, 429, 500, 529])
        is_forwarded = self._chance.choice([True, False])
        return Failure(Kind.ERROR_EVENT, "an error", status=status, from_upstream_event=is_forwarded)


class AnyWorld:
    """Replies to one engine."""

    def __init__(self, chance: Random) -> None:
        self.at = 0.0
        self.has_no_words = False
        self.untold: list[Deliver] = []
        self._chance = chance
        self._troubles = chance.choice([0.05, 0.3, 0.8])
        self._stream = Stream(chance)

    def reply(self, command: Command) -> Reply:
        """Some reply that the command allows."""
        match command:
            case PickAccount():
                return self._picked(command)
            case OpenUpstream(until):
                return self._opened(until)
            case Read(until):
                return self._read(until)
            case Settle():
                return Ended(self.at, Chunk(b"", self._stream.end()))
            case LookAround():
                nearest = self._chance.choice([None, 0.0, 3.0, 60.0])
                free, marked = self._chance.choice([(True, False), (False, False), (False, True)])
                return Around(self.at, free, marked, nearest)
            case Heal():
                return Healed(self.at, self._chance.choice([(), ("2 blocks to text",), ("1 block",)]))
            case SpendRetry(until):
                seconds = self._chance.choice([0.0, 0.0, 3.0, 0.9 * (until - self.at)])
                return Allowed(self.at, not self._has_trouble(0.2), min(seconds, 0.9 * (until - self.at)))
            case Sleep(seconds):
                self.at += seconds
                return Done(self.at)
            case Deliver():
                self.at += self._chance.choice([0.0, 0.0, 0.1, 200.0])
                if self._has_trouble(0.05):
                    self.untold.append(command)
                    return Broke(self.at, Failure(Kind.GARBAGE, "it could not be told", where="encoder.py:1"))
                if self._has_trouble(0.05):
                    self.has_no_words = True
                    return Unsayable(self.at, Failure(Kind.MALFORMED_ANSWER, "no place for it", status=500))
                return Done(self.at)
            case CloseUpstream() | MarkAccount() | ContinueUpstream() | Note():
                return Done(self.at)

    def _picked(self, command: PickAccount) -> Reply:
        self.at += self._chance.choice([0.0, 0.0, 2.0, 10.0])
        if self._has_trouble(0.3):
            return Unavailable(self.at, self._refusal())
        account = command.stay_on or self._chance.randint(1, 4)
        return Picked(
            self.at,
            account,
            f"{account}@example.com",
            self._chance.choice(["gemini", "anthropic"]),
            f"m-{command.target}",
            is_same_dialect=self._chance.random() < 0.4,
            thinks_unseen=self._chance.random() < 0.2,
            has_bound_thinking=self._chance.random() < 0.2,
        )

    def _opened(self, until: float) -> Reply:
        self._stream = Stream(self._chance)
        if not self._comes_before(until):
            return TimedOut(self.at)
        if self._has_trouble(1):
            return Broke(self.at, self._http_error() if self._chance.random() < 0.8 else self._break())
        return Opened(self.at)

    def _read(self, until: float) -> Reply:
        if not self._comes_before(until):
            return TimedOut(self.at)
        if self._has_trouble(0.1):
            return Broke(self.at, self._break())
        if self._has_trouble(0.1):
            return Ended(self.at, Chunk(b"", self._stream.events()))
        events = self._stream.events()
        is_finishing = self._stream.may_finish and self._chance.random() < 0.1
        return Data(self.at, Chunk(b"raw", events, is_finishing))

    def _has_trouble(self, share: float) -> bool:
        return self._chance.random() < self._troubles * share

    def _comes_before(self, until: float) -> bool:
        """Does something come in time? Sooner or later nothing does."""
        seconds = self._chance.choice([0.01, 0.1, 1.0, 14.0])
        if self._has_trouble(0.3):
            seconds = self._chance.choice([59.0, 130.0, 290.0, 610.0])
        comes_at = self.at + seconds
        self.at = max(min(comes_at, until), self.at)
        return comes_at < until

    def _http_error(self) -> Failure:
        status = self._chance.choice(STATUSES)
        fault = self._chance.random() < 0.2 and status in (400, 429)
        return Failure(
            Kind.STATUS,
            f"upstream said {status}",
            status=status,
            retry_after_seconds=self._chance.choice([None, 0.0, 3.0, 3600.0]),
            account_fault=fault,
            is_signature=status == 400 and not fault and self._chance.random() < 0.8,
            offers_drop_block=self._chance.random() < 0.3,
            body=b"{}",
        )

    def _break(self) -> Failure:
        kind = self._chance.choice(BREAKS)
        return Failure(kind, kind.value)

    def _refusal(self) -> Failure:
        if self._chance.random() < 0.2:
            return Failure(Kind.BAD_REQUEST, "no place for audio", status=400)
        status = self._chance.choice([404, 429, 503])
        reason, told = (
            self._chance.choice(["quota", "full", "model", "resting"]),
            self._chance.choice([None, 1.0, 60.0]),
        )
        return Failure(Kind.NO_ACCOUNT, "nobody", status, reason, told)
