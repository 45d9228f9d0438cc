"""What a client receives for each fault: the contract, as one table. PURE.

docs/faults.md is written from it, and the lab proves it over real sockets. A fault strikes *once* (the first
attempt meets it, the next finds nothing wrong) or *always* (every attempt meets it), and the client wants a
stream or one JSON answer. The numbers are those of behaviour: three attempts, whatever the pool's size.
"""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from proxyproject.faultlab.ways import Asked

Ends = Literal["whole", "own end", "status", "error event"]
"""``whole``: every character, and the protocol's own end. ``own end``: as far as the model meant to go, with
its own reason. ``status``: an HTTP error. ``error event``: what came of the answer, then one error event."""


ALL = ("anthropic", "gemini", "openai")
"""The dialects."""


class Expected(Struct, frozen=True):
    """What the client receives, and what the row says."""

    ends: Ends
    status: int
    attempts: int
    outcome: str


class Contract(Struct, frozen=True):
    """One row: a fault as it is written, and its four expectations.

    ``upstreams`` and ``clients`` are the dialects for which it holds; ``strikes_account``: the whole account
    is marked by it, not one model of it; ``kind``: of accounts, where it is not the upstream's usual one.
    """

    spec: str
    says: str
    stream_once: Expected
    stream_always: Expected
    collected_once: Expected
    collected_always: Expected
    upstreams: tuple[str, ...] = ALL
    clients: tuple[str, ...] = ALL
    asked: Asked = "plain"
    strikes_account: bool = False
    kind: str = ""

    def expected(self, *, is_stream: bool, always: bool) -> Expected:
        """The expectation of one case."""
        if is_stream:
            return self.stream_always if always else self.stream_once
        return self.collected_always if always else self.collected_once

    @property
    def name(self) -> str:
        """The fault's name in the simulator's catalogue."""
        return self.spec.partition("=")[0].partition("@")[0]


_WHOLE = Expected("whole", 200, 1, "ok")
_RETRIED = Expected("whole", 200, 2, "retried")
_HEALED = Expected("whole", 200, 2, "healed")


def _unharmed(spec: str, says: str, asked: Asked = "plain") -> Contract:
    return Contract(spec, says, _WHOLE, _WHOLE, _WHOLE, _WHOLE, asked=asked)


def _retried(spec: str, status: int, says: str, outcome: str = "error", *, strikes: bool = False) -> Contract:
    """It strikes before a byte of the answer: another attempt, and an HTTP status when there is none left."""
    failed = Expected("status", status, 3, outcome)
    return Contract(spec, says, _RETRIED, failed, _RETRIED, failed, strikes_account=strikes)


def _broken(spec: str, says: str, status: int = 502, asked: Asked = "plain") -> Contract:
    """It strikes in the middle: a stream tells it; a collected answer was promised to nobody yet."""
    told = Expected("error event", 200, 1, "interrupted")
    failed = Expected("status", status, 3, "error")
    return Contract(spec, says, told, told, _RETRIED, failed, asked=asked)


def _final(spec: str, status: int, says: str) -> Contract:
    """The request's own fault: nothing is tried again."""
    failed = Expected("status", status, 1, "error")
    return Contract(spec, says, failed, failed, failed, failed)


def _answered(spec: str, outcome: str, says: str) -> Contract:
    """An answer, though not the one that was hoped for; it is never asked for again."""
    given = Expected("own end", 200, 1, outcome)
    return Contract(spec, says, given, given, given, given)


def _for(upstreams: tuple[str, ...], contract: Contract, clients: tuple[str, ...] = ALL) -> Contract:
    """``contract``, where it holds only for some upstreams, and perhaps only for some clients."""
    return replace(contract, upstreams=upstreams, clients=clients)


_GEMINI, _ANTHROPIC = ("gemini",), ("anthropic",)
_OTHERS = ("anthropic", "openai")
_UNAVAILABLE = ("gemini", "openai")  # an overload is a 503 there, and a 529 at Anthropic

_TOLD_400 = Expected("status", 400, 2, "error")

CONTRACTS: tuple[Contract, ...] = (
    _unharmed("ok", "Nothing is wrong."),
    # instead of an answer
    _retried("hang", 504, "Another account is asked when the time for the first data is over."),
    _retried("reset0", 502, "No answer at all: another account is asked."),
    _final("status=400", 400, "The request's own fault: the client sees it at once."),
    _retried(
        "status=401",
        503,
        "The account is out, another is asked; the client is not logged out by it.",
        strikes=True,
    ),
    _retried("status=402", 503, "The account cannot pay; another is asked.", strikes=True),
    _retried("status=403", 503, "The account may not; another is asked."),
    _retried("status=404", 404, "This account lacks the model; another is asked."),
    _retried("status=408", 408, "Another account is asked."),
    _final("status=422", 422, "The request's own fault: the client sees it at once."),
    _retried("status=429", 429, "Another account is asked; at the end Retry-After tells when to come back."),
    _retried("status=500", 500, "Another account is asked."),
    _retried("status=502", 502, "Another account is asked."),
    _retried(
        "status=503", 503, "The same account is asked again, later: the service is at fault, not the account."
    ),
    _retried("status=504", 504, "Another account is asked."),
    _retried("status=529", 529, "The same account is asked again, later."),
    _retried("retry_info=12s", 429, "Another account is asked; Retry-After is what upstream told."),
    _retried("quota_reset_delay=12s", 429, "Another account is asked; Retry-After is what upstream told."),
    _retried("retry_after=3", 429, "Another account is asked; Retry-After is what upstream told."),
    _retried("retry_after_date=3", 429, "Another account is asked; Retry-After is what upstream told."),
    _for(("anthropic", "gemini"), _retried("quota_exhausted", 429, "Another account is asked.")),
    _for(
        ("openai",),
        _retried("quota_exhausted", 503, "The account's money is used up; another is asked.", strikes=True),
    ),
    _retried("rate_limit", 429, "Another account is asked."),
    _retried("capacity", 429, "Another account is asked."),
    _retried("api_key_invalid", 503, "The account's fault, even as a 400: another is asked.", strikes=True),
    _retried("billing=402", 503, "The account's fault: another is asked.", strikes=True),
    _retried("billing=400", 503, "The account's fault, even as a 400: another is asked.", strikes=True),
    _for(
        _GEMINI,
        replace(
            _retried(
                "invalid_grant",
                503,
                "The account is disabled with its reason; another is asked.",
                strikes=True,
            ),
            kind="code_assist",
        ),
    ),
    _retried("forbidden", 503, "The account may not; another is asked."),
    _retried("html_200", 502, "A page is no answer: another account is asked."),
    # in what the model says
    _retried("stop_empty", 502, "The 0 token answer: another account is asked.", "zero_tokens"),
    _answered(
        "thinking_only", "thinking_only", "Thinking and a normal stop: passed on, and marked in the row."
    ),
    _answered("max_tokens_empty", "ok", "The limit is an answer, also where all went into thinking."),
    _answered("safety", "refused", "A refusal is an answer."),
    _answered("safety@2", "refused", "A refusal is an answer, also in the middle."),
    _answered("blocked_prompt", "refused", "A refusal is an answer."),
    _unharmed("big_event=2000000", "An event may have 16 MiB."),
    _unharmed("duplicate_ids", "Passed on; out of Gemini's dialect each call gets an id of its own.", "tool"),
    _for(_GEMINI, _retried("malformed_function_call", 502, "Nothing was said: another account is asked.")),
    _for(
        _GEMINI, _answered("continuation", "ok", "Passed on: the client follows the token itself."), _GEMINI
    ),
    _for(_GEMINI, _unharmed("continuation", "The server asks on: one message."), _OTHERS),
    # thinking signatures
    _for(
        _GEMINI,
        Contract(
            "missing_thought_signature",
            "The history is repaired once, on the same account.",
            _HEALED,
            _TOLD_400,
            _HEALED,
            _TOLD_400,
            asked="history",
        ),
        _GEMINI,
    ),
    _for(
        ("anthropic", "gemini"),
        Contract(
            "refused_signature",
            "The history is repaired once, on the same account; a second refusal is the client's to see.",
            _HEALED,
            _TOLD_400,
            _HEALED,
            _TOLD_400,
            asked="history",
        ),
    ),
    _for(
        ("openai",), _final("refused_signature", 400, "There are no signatures: the client sees it at once.")
    ),
    _for(
        _ANTHROPIC,
        Contract(
            "bound_signature",
            "The repair that upstream offers: it drops the block itself.",
            _HEALED,
            _HEALED,
            _HEALED,
            _HEALED,
            asked="adaptive history",
        ),
        _ANTHROPIC,
    ),
    # in the bytes of the stream
    _retried("empty", 502, "The 0 token answer: another account is asked.", "zero_tokens"),
    _retried("empty_json", 502, "Nothing said: another account is asked.", "zero_tokens"),
    _retried("comments=3", 502, "Heartbeats are no answer: another account is asked.", "zero_tokens"),
    _retried("pings_forever=0.05", 504, "Heartbeats do not prolong the time for the first data."),
    _retried("stall", 504, "Headers are no answer: another account is asked."),
    _broken("stall@3", "Silence in the middle is told when the idle time is over.", 504),
    _retried("thinking_stall", 504, "An empty thought is no answer: another account is asked."),
    _retried("reset_after_headers", 502, "Another account is asked."),
    _retried("cut", 502, "Another account is asked."),
    _retried("cut@0", 502, "What opens a stream is no answer: another account is asked."),
    _broken("cut@3", "Told by an error event."),
    _retried("reset", 502, "Another account is asked."),
    _broken("reset@3", "Told by an error event."),
    _retried("cut_at_byte=9", 502, "Another account is asked."),
    _broken("cut_inside_event@3", "Whole events only are passed on; then it is told."),
    _broken("cut_inside_character@3", "Whole events only are passed on; then it is told."),
    _broken("cut_in_tool", "The call is never closed; then it is told.", asked="tool"),
    _retried("end", 502, "An orderly end with nothing said is the 0 token answer.", "zero_tokens"),
    _broken("end@3", "An orderly end without the protocol's own is a cut."),
    _broken("no_finish", "Everything said but the end: still a cut, for nobody knows."),
    _unharmed("close_delimited", "The protocol's own end tells that all is there."),
    _for(
        _ANTHROPIC,
        _retried("error_event=overloaded_error", 529, "It is the error that it names: as status 529."),
    ),
    _for(
        _UNAVAILABLE,
        _retried("error_event=overloaded_error", 503, "It is the error that it names: as status 503."),
    ),
    _for(_ANTHROPIC, _broken("error_event@3=overloaded_error", "Told once, in the client's dialect.", 529)),
    _for(_UNAVAILABLE, _broken("error_event@3=overloaded_error", "Told once, in the client's dialect.", 503)),
    _retried("garbage", 502, "What is no JSON object breaks the stream: another account is asked."),
    _retried("garbage=object", 502, "What is no JSON object breaks the stream: another account is asked."),
    _broken("garbage@3", "What is no JSON object breaks the stream; it is told."),
    _broken("garbage@3=object", "What is no JSON object breaks the stream; it is told."),
    _unharmed("after_terminal", "What comes behind the end is read and thrown away."),
    _unharmed("slow_drip", "Bytes may come one by one."),
    _unharmed("crlf", "Lines may end in CR LF."),
    _unharmed("cr", "Lines may end in CR."),
    _unharmed("multi_line_data", "Data may stand on several lines."),
    _unharmed("gzip", "The body may be compressed."),
    _unharmed("wrong_content_type", "What counts is what comes, not what it is called."),
)
