"""What a client receives for each fault: the contract, as one table. PURE.

docs/faults.md is written from it, and the lab proves it over real sockets. A fault strikes *once* (the first
attempt meets it, the next finds nothing wrong) or *always* (every attempt meets it), and the client wants a
stream or one JSON answer. The numbers are those of behaviour: three attempts, whatever the pool's size.
"""

from msgspec.structs import replace

from proxyproject.faultlab.promises import (
    ALL,
    HEALED,
    Contract,
    Ends,
    Expected,
    answered,
    broken,
    final,
    only,
    retried,
    unharmed,
)
from proxyproject.faultlab.switched import SWITCHED

__all__ = ["ALL", "CONTRACTS", "Contract", "Ends", "Expected"]

_GEMINI, _ANTHROPIC = ("gemini",), ("anthropic",)
_OTHERS = ("anthropic", "openai")
_UNAVAILABLE = ("gemini", "openai")  # an overload is a 503 there, and a 529 at Anthropic

_THOUGHT = answered(
    "thinking_only", "thinking_only", "Thinking and a normal stop: passed on, and marked in the row."
)
_TOLD_400 = Expected("status", 400, 2, "error")

CONTRACTS: tuple[Contract, ...] = (
    unharmed("ok", "Nothing is wrong."),
    # instead of an answer
    retried("hang", 504, "Another account is asked when the time for the first data is over."),
    retried("reset0", 502, "No answer at all: another account is asked."),
    final("status=400", 400, "The request's own fault: the client sees it at once."),
    retried(
        "status=401",
        503,
        "The account is out, another is asked; the client is not logged out by it.",
        strikes=True,
    ),
    retried("status=402", 503, "The account cannot pay; another is asked.", strikes=True),
    retried("status=403", 503, "The account may not; another is asked."),
    retried("status=404", 404, "This account lacks the model; another is asked."),
    retried("status=408", 408, "Another account is asked."),
    final("status=422", 422, "The request's own fault: the client sees it at once."),
    retried("status=429", 429, "Another account is asked; at the end Retry-After tells when to come back."),
    retried("status=500", 500, "Another account is asked."),
    retried("status=502", 502, "Another account is asked."),
    retried(
        "status=503", 503, "The same account is asked again, later: the service is at fault, not the account."
    ),
    retried("status=504", 504, "Another account is asked."),
    retried("status=529", 529, "The same account is asked again, later."),
    retried("retry_info=12s", 429, "Another account is asked; Retry-After is what upstream told."),
    retried("quota_reset_delay=12s", 429, "Another account is asked; Retry-After is what upstream told."),
    retried("retry_after=3", 429, "Another account is asked; Retry-After is what upstream told."),
    retried("retry_after_date=3", 429, "Another account is asked; Retry-After is what upstream told."),
    only(("anthropic", "gemini"), retried("quota_exhausted", 429, "Another account is asked.")),
    only(
        ("openai",),
        retried("quota_exhausted", 503, "The account's money is used up; another is asked.", strikes=True),
    ),
    retried("rate_limit", 429, "Another account is asked."),
    retried("capacity", 429, "Another account is asked."),
    retried("api_key_invalid", 503, "The account's fault, even as a 400: another is asked.", strikes=True),
    retried("billing=402", 503, "The account's fault: another is asked.", strikes=True),
    retried("billing=400", 503, "The account's fault, even as a 400: another is asked.", strikes=True),
    only(
        _GEMINI,
        replace(
            retried(
                "invalid_grant",
                503,
                "The account is disabled with its reason; another is asked.",
                strikes=True,
            ),
            kind="code_assist",
        ),
    ),
    retried("forbidden", 503, "The account may not; another is asked."),
    retried("html_200", 502, "A page is no answer: another account is asked."),
    # in what the model says
    retried("stop_empty", 502, "The 0 token answer: another account is asked.", "zero_tokens"),
    only(ALL, _THOUGHT, _UNAVAILABLE),
    only(_ANTHROPIC, _THOUGHT, _ANTHROPIC),
    only(
        _UNAVAILABLE,
        retried(
            "thinking_only",
            502,
            "The client did not ask for thinking and is told none, so nothing was said: another account is"
            " asked.",
            "zero_tokens",
        ),
        _ANTHROPIC,
    ),
    answered("max_tokens_empty", "ok", "The limit is an answer, also where all went into thinking."),
    answered("safety", "refused", "A refusal is an answer."),
    answered("safety@2", "refused", "A refusal is an answer, also in the middle."),
    answered("blocked_prompt", "refused", "A refusal is an answer."),
    unharmed("big_event=2000000", "An event may have 64 MiB."),
    unharmed("duplicate_ids", "Passed on; out of Gemini's dialect each call gets an id of its own.", "tool"),
    only(_GEMINI, retried("malformed_function_call", 502, "Nothing was said: another account is asked.")),
    only(_GEMINI, answered("continuation", "ok", "Passed on: the client follows the token itself."), _GEMINI),
    only(_GEMINI, unharmed("continuation", "The server continues it: one message."), _OTHERS),
    # thinking signatures
    only(
        _GEMINI,
        Contract(
            "missing_thought_signature",
            "The history is healed once, on the same account.",
            HEALED,
            _TOLD_400,
            HEALED,
            _TOLD_400,
            asked="history",
        ),
        _GEMINI,
    ),
    only(
        ("anthropic", "gemini"),
        Contract(
            "refused_signature",
            "The history is healed once, on the same account; a second refusal is the client's to see.",
            HEALED,
            _TOLD_400,
            HEALED,
            _TOLD_400,
            asked="history",
        ),
    ),
    only(
        ("openai",), final("refused_signature", 400, "There are no signatures: the client sees it at once.")
    ),
    only(
        _ANTHROPIC,
        Contract(
            "bound_signature",
            "Healed as upstream offers it: it drops the block itself.",
            HEALED,
            HEALED,
            HEALED,
            HEALED,
            asked="adaptive history",
        ),
        _ANTHROPIC,
    ),
    # in the bytes of the stream
    retried("empty", 502, "The 0 token answer: another account is asked.", "zero_tokens"),
    retried("empty_json", 502, "Nothing said: another account is asked.", "zero_tokens"),
    retried("comments=3", 502, "Heartbeats are no answer: another account is asked.", "zero_tokens"),
    retried("pings_forever=0.05", 504, "Heartbeats do not prolong the time for the first data."),
    retried("stall", 504, "Headers are no answer: another account is asked."),
    broken("stall@3", "Silence in the middle is told when the idle time is over.", 504),
    retried("thinking_stall", 504, "An empty thought is no answer: another account is asked."),
    retried("reset_after_headers", 502, "Another account is asked."),
    retried("cut", 502, "Another account is asked."),
    retried("cut@0", 502, "What opens a stream is no answer: another account is asked."),
    broken("cut@3", "Told by an error event."),
    retried("reset", 502, "Another account is asked."),
    broken("reset@3", "Told by an error event."),
    retried("cut_at_byte=9", 502, "Another account is asked."),
    broken("cut_inside_event@3", "Whole events only are passed on; then it is told."),
    broken("cut_inside_character@3", "Whole events only are passed on; then it is told."),
    broken("cut_in_tool", "The call is never closed; then it is told.", asked="tool"),
    retried("end", 502, "An orderly end with nothing said is the 0 token answer.", "zero_tokens"),
    broken("end@3", "An orderly end without the protocol's own is a cut."),
    broken("no_finish", "Everything said but the end: still a cut, for nobody knows."),
    unharmed("close_delimited", "The protocol's own end tells that all is there."),
    only(
        _ANTHROPIC,
        retried("error_event=overloaded_error", 529, "It is the error that it names: as status 529."),
    ),
    only(
        _UNAVAILABLE,
        retried("error_event=overloaded_error", 503, "It is the error that it names: as status 503."),
    ),
    only(_ANTHROPIC, broken("error_event@3=overloaded_error", "Told once, in the client's dialect.", 529)),
    only(_UNAVAILABLE, broken("error_event@3=overloaded_error", "Told once, in the client's dialect.", 503)),
    retried("garbage", 502, "What is no JSON object breaks the stream: another account is asked."),
    retried("garbage=object", 502, "What is no JSON object breaks the stream: another account is asked."),
    broken("garbage@3", "What is no JSON object breaks the stream; it is told."),
    broken("garbage@3=object", "What is no JSON object breaks the stream; it is told."),
    unharmed("after_terminal", "What comes behind the end is read and thrown away."),
    unharmed("slow_drip", "Bytes may come one by one."),
    unharmed("crlf", "Lines may end in CR LF."),
    unharmed("cr", "Lines may end in CR."),
    unharmed("multi_line_data", "Data may stand on several lines."),
    unharmed("gzip", "The body may be compressed."),
    unharmed("wrong_content_type", "What counts is what comes, not what it is called."),
    *SWITCHED,
)
